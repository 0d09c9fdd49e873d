// SPDX-License-Identifier: MIT OR GPL-2.0

//! The records of [`lvs_uapi::sockopt`] from and to values.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use lvs_uapi::sockopt::DaemonUser;
use lvs_uapi::sockopt::DestEntry as DestRecord;
use lvs_uapi::sockopt::DestUser;
use lvs_uapi::sockopt::GetDests;
use lvs_uapi::sockopt::ServiceEntry as ServiceRecord;
use lvs_uapi::sockopt::ServiceUser;
use lvs_uapi::sockopt::StatsUser;
use lvs_uapi::sockopt::TimeoutUser;

use crate::model::extras::Extras;
use crate::model::Daemon;
use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Netmask;
use crate::model::Protocol;
use crate::model::Role;
use crate::model::Service;
use crate::model::ServiceEntry;
use crate::model::ServiceId;
use crate::model::Stats;
use crate::model::Timeouts;
use crate::model::Tunnel;
use crate::netlink::attr::parse_cstr;

/// A name in a field with its terminating NUL, cut if it is longer.
fn name<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [0; N];
    let length = text.len().min(N - 1);
    field[..length].copy_from_slice(&text.as_bytes()[..length]);
    field
}

/// What names a service. `None` if it is an IPv6 one.
pub fn service_id(id: &ServiceId) -> Option<ServiceUser> {
    match *id {
        ServiceId::Address {
            protocol,
            addr: IpAddr::V4(addr),
            port,
        } => Some(ServiceUser {
            protocol: protocol.0,
            addr: addr.octets(),
            port: port.to_be_bytes(),
            ..ServiceUser::default()
        }),
        ServiceId::Mark {
            mark,
            family: Family::V4,
        } => Some(ServiceUser {
            protocol: Protocol::TCP.0,
            fwmark: mark,
            ..ServiceUser::default()
        }),
        _ => None,
    }
}

/// A whole service. `None` if it needs more than this interface has.
pub fn service(service: &Service) -> Option<ServiceUser> {
    let Netmask::V4(mask) = service.netmask else {
        return None;
    };
    if service.pe.is_some() || service.extras.is_any() {
        return None;
    }
    Some(ServiceUser {
        sched_name: name(&service.scheduler),
        flags: service.flags,
        timeout: service.timeout,
        netmask: u32::from_ne_bytes(mask.octets()),
        ..service_id(&service.id)?
    })
}

/// A server. `None` if it needs more than this interface has.
pub fn dest(dest: &Dest) -> Option<DestUser> {
    let IpAddr::V4(addr) = dest.addr else {
        return None;
    };
    if dest.tunnel != Tunnel::default() {
        return None;
    }
    Some(DestUser {
        addr: addr.octets(),
        port: dest.port.to_be_bytes(),
        conn_flags: dest.forward.bits(),
        weight: dest.weight as i32,
        u_threshold: dest.u_threshold,
        l_threshold: dest.l_threshold,
        ..DestUser::default()
    })
}

/// Timeouts.
pub fn timeouts(timeouts: &Timeouts) -> TimeoutUser {
    TimeoutUser {
        tcp_timeout: timeouts.tcp,
        tcp_fin_timeout: timeouts.tcp_fin,
        udp_timeout: timeouts.udp,
    }
}

/// A daemon. What this interface doesn't have is left to the kernel.
pub fn daemon(daemon: &Daemon) -> DaemonUser {
    DaemonUser {
        state: daemon.role.state(),
        mcast_ifn: name(&daemon.interface),
        syncid: daemon.sync_id,
    }
}

/// The question for one service.
pub fn ask_service(id: &ServiceId) -> Option<ServiceRecord> {
    let id = service_id(id)?;
    Some(ServiceRecord {
        protocol: id.protocol,
        addr: id.addr,
        port: id.port,
        fwmark: id.fwmark,
        ..ServiceRecord::default()
    })
}

/// The question for the servers of a service, of which there are so many.
pub fn ask_dests(id: &ServiceId, count: u32) -> Option<GetDests> {
    let id = service_id(id)?;
    Some(GetDests {
        protocol: id.protocol,
        addr: id.addr,
        port: id.port,
        fwmark: id.fwmark,
        num_dests: count,
        ..GetDests::default()
    })
}

impl From<&ServiceRecord> for ServiceEntry {
    fn from(record: &ServiceRecord) -> Self {
        let id = match record.fwmark {
            0 => ServiceId::Address {
                protocol: Protocol(record.protocol),
                addr: Ipv4Addr::from(record.addr).into(),
                port: u16::from_be_bytes(record.port),
            },
            mark => ServiceId::Mark {
                mark,
                family: Family::V4,
            },
        };
        let service = Service {
            id,
            scheduler: parse_cstr(&record.sched_name),
            flags: record.flags,
            timeout: record.timeout,
            netmask: Netmask::V4(record.netmask.to_ne_bytes().into()),
            pe: None,
            extras: Extras::default(),
        };
        ServiceEntry {
            service,
            stats: Stats::from(&record.stats),
        }
    }
}

impl From<&DestRecord> for DestEntry {
    fn from(record: &DestRecord) -> Self {
        DestEntry {
            dest: Dest {
                addr: Ipv4Addr::from(record.addr).into(),
                port: u16::from_be_bytes(record.port),
                forward: Forward::from_bits(record.conn_flags),
                tunnel: Tunnel::default(),
                weight: record.weight as u32,
                u_threshold: record.u_threshold,
                l_threshold: record.l_threshold,
            },
            active: record.activeconns,
            inactive: record.inactconns,
            persistent: record.persistconns,
            drain: None,
            ramp: None,
            stats: Stats::from(&record.stats),
        }
    }
}

impl From<&StatsUser> for Stats {
    fn from(record: &StatsUser) -> Self {
        Stats {
            conns: record.conns.into(),
            inpkts: record.inpkts.into(),
            outpkts: record.outpkts.into(),
            inbytes: record.inbytes,
            outbytes: record.outbytes,
            cps: record.cps.into(),
            inpps: record.inpps.into(),
            outpps: record.outpps.into(),
            inbps: record.inbps.into(),
            outbps: record.outbps.into(),
        }
    }
}

impl From<&TimeoutUser> for Timeouts {
    fn from(record: &TimeoutUser) -> Self {
        Timeouts {
            tcp: record.tcp_timeout,
            tcp_fin: record.tcp_fin_timeout,
            udp: record.udp_timeout,
        }
    }
}

/// Reads a daemon; `None` if it doesn't run.
pub fn parse_daemon(record: &DaemonUser) -> Option<Daemon> {
    Some(Daemon {
        interface: parse_cstr(&record.mcast_ifn),
        sync_id: record.syncid,
        ..Daemon::new(Role::from_state(record.state)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::list::tests::dest as sample_dest;
    use crate::render::list::tests::service as sample_service;
    use lvs_uapi::flags;
    use zerocopy::FromBytes;
    use zerocopy::IntoBytes;

    fn hex(bytes: &[u8]) -> String {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    }

    /// What ipvsadm passes for `-A -t 1.2.3.4:80 -p 20`.
    const PERSISTENT: &str = "0600000001020304005000000000000077\
        6c63000000000000000000000000000100000014000000ffffffff";

    #[test]
    fn services_are_laid_out_as_ipvsadm_does() {
        let mut persistent = sample_service("1.2.3.4:80");
        persistent.flags = flags::service::PERSISTENT;
        persistent.timeout = 20;
        let record = service(&persistent).expect("an IPv4 service");
        assert_eq!(hex(record.as_bytes()), PERSISTENT);
        // The kernel's record starts alike.
        let mut reply = record.as_bytes().to_vec();
        reply.resize(size_of::<ServiceRecord>(), 0);
        let reply = ServiceRecord::read_from_bytes(&reply).expect("a record");
        assert_eq!(ServiceEntry::from(&reply).service, persistent);
    }

    #[test]
    fn servers_are_laid_out_as_ipvsadm_does() {
        let mut masq = sample_dest("10.0.0.1:8080");
        masq.weight = 3;
        let record = dest(&masq).expect("an IPv4 server");
        assert_eq!(
            hex(record.as_bytes()),
            "0a0000011f90000000000000030000000000000000000000"
        );
    }

    #[test]
    fn ipv6_and_engines_are_beyond_it() {
        assert!(service(&sample_service("[::1]:80")).is_none());
        let mut sip = sample_service("10.0.0.1:5060");
        sip.pe = Some("sip".to_owned());
        assert!(service(&sip).is_none());
    }
}
