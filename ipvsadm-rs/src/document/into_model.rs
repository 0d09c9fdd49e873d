// SPDX-License-Identifier: MIT OR GPL-2.0

//! From the schema to values, with the checks that the command line makes.

use lvs_uapi::flags;
use lvs_uapi::limits;

use crate::cli::sched_flags::sched_flags;
use crate::model;
use crate::model::extras::starts_slowly;
use crate::model::extras::Extras;
use crate::model::extras::LONGEST_SLOW_START;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Netmask;
use crate::model::Protocol;
use crate::model::Role;
use crate::model::ServiceId;

use super::schema::*;

/// Highest weight and threshold.
const INT_MAX: u32 = i32::MAX as u32;

/// Services with their servers.
pub type Services = Vec<(model::Service, Vec<model::Dest>)>;

/// What is wrong with a document.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct DocumentError {
    place: String,
    problem: String,
}

fn problem<T>(problem: impl Into<String>) -> Result<T, String> {
    Err(problem.into())
}

impl Document {
    /// The services with their servers.
    pub fn services(&self) -> Result<Option<Services>, DocumentError> {
        let Some(services) = &self.services else {
            return Ok(None);
        };
        let mut all = Vec::with_capacity(services.len());
        for (i, service) in services.iter().enumerate() {
            let at = |problem| DocumentError {
                place: format!("services[{i}]"),
                problem,
            };
            let made = service.model().map_err(at)?;
            let mut dests = Vec::with_capacity(service.servers.len());
            for (j, server) in service.servers.iter().enumerate() {
                let dest = server.model(&made.id).map_err(|problem| DocumentError {
                    place: format!("services[{i}].servers[{j}]"),
                    problem,
                })?;
                dests.push(dest);
            }
            all.push((made, dests));
        }
        Ok(Some(all))
    }

    /// The synchronisation daemons.
    pub fn daemons(&self) -> Option<Vec<model::Daemon>> {
        let daemons = self.daemons.as_ref()?;
        Some(daemons.iter().map(Daemon::model).collect())
    }
}

impl Service {
    fn id(&self) -> Result<ServiceId, String> {
        match (&self.protocol, self.address, self.fwmark) {
            (Some(protocol), Some(addr), None) => {
                let protocol = match protocol.as_str() {
                    "tcp" => Protocol::TCP,
                    "udp" => Protocol::UDP,
                    "sctp" => Protocol::SCTP,
                    other => return problem(format!("`{other}' is none of tcp, udp and sctp")),
                };
                let port = self.port.unwrap_or(0);
                let id = ServiceId::Address {
                    protocol,
                    addr,
                    port,
                };
                match self.family {
                    Some(family) if family.model() != id.family() => {
                        problem("the address is of the other family")
                    }
                    _ => Ok(id),
                }
            }
            (None, None, Some(0)) => problem("fwmark has to be greater than zero"),
            (None, None, Some(mark)) => {
                let family = self.family.unwrap_or(FamilyName::Ipv4).model();
                match self.port {
                    Some(_) => problem("a service with fwmark has no port"),
                    None => Ok(ServiceId::Mark { mark, family }),
                }
            }
            _ => problem("needs protocol and address, or fwmark"),
        }
    }

    fn model(&self) -> Result<model::Service, String> {
        let id = self.id()?;
        let names = self.scheduler_flags.join(",");
        let mut bits = sched_flags(&self.scheduler, &names).map_err(|error| error.to_string())?;
        if self.persistent.is_some() {
            bits |= flags::service::PERSISTENT;
        }
        if self.one_packet {
            bits |= flags::service::ONEPACKET;
        }
        if self.persistent == Some(0) {
            return problem("persistent has to be greater than zero");
        }
        fits("scheduler", &self.scheduler, limits::SCHEDNAME_MAXLEN)?;
        let slow_start = self.slow_start.map_or(0, u32::from);
        if slow_start > LONGEST_SLOW_START {
            return problem(format!("slow_start is greater than {LONGEST_SLOW_START}"));
        }
        if slow_start != 0 && !starts_slowly(&self.scheduler) {
            return problem("slow_start isn't for the schedulers sh, mh and dh");
        }
        if let Some(name) = &self.persistence_engine {
            fits("persistence_engine", name, limits::PENAME_MAXLEN)?;
        }
        let netmask = match (id.family(), self.netmask, self.prefix_length) {
            (family, None, None) => Netmask::host(family),
            (Family::V4, Some(mask), None) => Netmask::V4(mask),
            (Family::V6, None, Some(length @ 1..=128)) => Netmask::V6(length),
            (Family::V6, None, Some(_)) => return problem("prefix_length has to be 1 to 128"),
            (Family::V4, ..) => return problem("an IPv4 service has a netmask, no prefix_length"),
            (Family::V6, ..) => return problem("an IPv6 service has a prefix_length, no netmask"),
        };
        Ok(model::Service {
            id,
            scheduler: self.scheduler.clone(),
            flags: bits,
            timeout: self.persistent.unwrap_or(0),
            netmask,
            pe: self.persistence_engine.clone(),
            extras: self.extras(),
        })
    }
}

impl Service {
    fn extras(&self) -> Extras {
        let seconds = |time: Option<Seconds>| time.map(u32::from);
        Extras {
            tcp_timeout: seconds(self.tcp_timeout),
            tcp_fin_timeout: seconds(self.tcp_fin_timeout),
            udp_timeout: seconds(self.udp_timeout),
            sctp_timeout: seconds(self.sctp_timeout),
            on_expiry: self.on_expiry,
            slow_start: seconds(self.slow_start),
        }
    }
}

fn fits(field: &str, name: &str, size: usize) -> Result<(), String> {
    if name.is_empty() || name.len() >= size || name.contains('\0') {
        return problem(format!("{field} has to have 1 to {} bytes", size - 1));
    }
    Ok(())
}

impl FamilyName {
    fn model(self) -> Family {
        match self {
            FamilyName::Ipv4 => Family::V4,
            FamilyName::Ipv6 => Family::V6,
        }
    }
}

impl Server {
    fn model(&self, id: &ServiceId) -> Result<model::Dest, String> {
        let weight = self.drain.map_or(self.weight, |drain| drain.weight);
        for (field, number) in [
            ("weight", weight),
            ("upper_threshold", self.upper_threshold),
            ("lower_threshold", self.lower_threshold),
        ] {
            if number > INT_MAX {
                return problem(format!("{field} is greater than {INT_MAX}"));
            }
        }
        let forward = match self.forward {
            ForwardName::Masq => Forward::Masq,
            ForwardName::Local => Forward::Local,
            ForwardName::Tunnel => Forward::Tunnel,
            ForwardName::Route => Forward::Route,
            ForwardName::Bypass => Forward::Other(flags::fwd::BYPASS),
        };
        if forward != Forward::Tunnel {
            if self.tunnel.is_some() {
                return problem("tunnel is for servers with forward = \"tunnel\"");
            }
            if Family::of(self.address) != id.family() {
                return problem("only tunnelled servers may be of the other address family");
            }
        }
        let port = match *id {
            ServiceId::Address { port, .. } => port,
            ServiceId::Mark { .. } => 0,
        };
        Ok(model::Dest {
            addr: self.address,
            port: self.port.unwrap_or(port),
            forward,
            tunnel: self.tunnel.unwrap_or_default().model()?,
            weight,
            u_threshold: self.upper_threshold,
            l_threshold: self.lower_threshold,
        })
    }
}

impl Tunnel {
    fn model(&self) -> Result<model::Tunnel, String> {
        use flags::tunnel;

        let flags = match self.checksum {
            ChecksumName::None => tunnel::FLAG_NOCSUM,
            ChecksumName::Full => tunnel::FLAG_CSUM,
            ChecksumName::Remote => tunnel::FLAG_REMCSUM,
        };
        let (kind, port) = match (self.kind, self.port) {
            (TunnelName::Gue, None | Some(0)) => return problem("a gue tunnel needs a port"),
            (TunnelName::Gue, Some(port)) => (tunnel::TYPE_GUE, port),
            (TunnelName::Ipip, None) => (tunnel::TYPE_IPIP, 0),
            (TunnelName::Gre, None) => (tunnel::TYPE_GRE, 0),
            (_, Some(_)) => return problem("only a gue tunnel has a port"),
        };
        match (self.kind, self.checksum) {
            (TunnelName::Ipip, ChecksumName::Full | ChecksumName::Remote) => {
                problem("an ipip tunnel has no checksum")
            }
            (TunnelName::Gre, ChecksumName::Remote) => {
                problem("only a gue tunnel has a remote checksum")
            }
            _ => Ok(model::Tunnel { kind, port, flags }),
        }
    }
}

impl Timeouts {
    /// The timeouts.
    pub fn model(self) -> model::Timeouts {
        let Timeouts { tcp, tcp_fin, udp } = self;
        model::Timeouts { tcp, tcp_fin, udp }
    }
}

impl Daemon {
    fn model(&self) -> model::Daemon {
        model::Daemon {
            role: match self.role {
                RoleName::Master => Role::Master,
                RoleName::Backup => Role::Backup,
            },
            interface: self.interface.clone(),
            sync_id: self.sync_id,
            max_len: self.max_length,
            group: self.group,
            port: self.port,
            ttl: self.ttl,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(service: &str) -> String {
        let text = format!("[[services]]\n{service}\n");
        let document: Document = toml::from_str(&text).expect("of the schema");
        document.services().expect_err("a problem").to_string()
    }

    #[test]
    fn defaults_are_those_of_the_command_line() {
        let document: Document = toml::from_str(
            "[[services]]\nprotocol = 'tcp'\naddress = '10.0.0.1'\nport = 80\n\
             [[services.servers]]\naddress = '10.0.0.2'\n",
        )
        .expect("of the schema");
        let services = document.services().expect("no problem").expect("services");
        let (service, dests) = &services[0];
        assert_eq!(service.scheduler, "wlc");
        assert_eq!(service.netmask, Netmask::host(Family::V4));
        assert_eq!((dests[0].port, dests[0].weight), (80, 1));
        assert_eq!(dests[0].forward, Forward::Route);
    }

    #[test]
    fn problems_name_their_place() {
        assert_eq!(
            refused("port = 80"),
            "services[0]: needs protocol and address, or fwmark"
        );
        assert_eq!(
            refused("fwmark = 1\nservers = [{ address = '::1' }]"),
            "services[0].servers[0]: only tunnelled servers may be of the other address family"
        );
        assert_eq!(
            refused("fwmark = 1\nscheduler_flags = ['sh-port']"),
            "services[0]: incompatible scheduler flag `sh-port'"
        );
        assert_eq!(
            refused("fwmark = 1\nservers = [{ address = '10.0.0.1', forward = 'tunnel', tunnel = { type = 'gue' } }]"),
            "services[0].servers[0]: a gue tunnel needs a port"
        );
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        let text = "[[services]]\nfwmark = 1\nschedular = 'rr'\n";
        assert!(toml::from_str::<Document>(text).is_err());
    }
}
