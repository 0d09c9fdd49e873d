// SPDX-License-Identifier: MIT OR GPL-2.0

//! What the options of a command line said so far.
//!
//! The order matters: a server without a port takes that of the service named *before* it, the
//! netmask is a prefix length once the service is an IPv6 one, and of two mistakes the first is
//! reported.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use lvs_uapi::flags;
use lvs_uapi::limits;

use crate::model::extras::Extras;
use crate::model::extras::OnExpiry;
use crate::model::extras::LONGEST_SLOW_START;
use crate::model::Daemon;
use crate::model::Dest;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Netmask;
use crate::model::Protocol;
use crate::model::Role;
use crate::model::ServiceId;
use crate::model::Timeouts;
use crate::model::Tunnel;
use crate::render::Format;

use super::address::HostPort;
use super::address::Resolver;
use super::class::ClassSet;
use super::numbers;
use super::usage::UsageError;
use super::verb::Verb;

/// Persistence when `-p` has no argument, seconds.
const DEFAULT_PERSISTENCE: u32 = 6 * 60;
/// Longest synchronisation message.
const MAX_SYNC_LEN: u16 = 65507;
/// Highest number that fits C's `int`.
const INT_MAX: u32 = i32::MAX as u32;

/// What is listed other than services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Connections.
    Connections,
    /// Timeouts.
    Timeouts,
    /// Synchronisation daemons.
    Daemons,
}

/// A command line in the making.
pub struct Draft<'a> {
    resolver: &'a dyn Resolver,
    pub(super) verb: Verb,
    pub(super) given: ClassSet,
    pub(super) format: Format,
    pub(super) listing: Option<Listing>,
    pub(super) service: Option<ServiceId>,
    pub(super) scheduler: String,
    /// Names of scheduler flags; which are legal depends on a scheduler that may come later.
    pub(super) sched_flags: String,
    pub(super) flags: u32,
    pub(super) timeout: u32,
    pub(super) netmask: Netmask,
    pub(super) pe: Option<String>,
    pub(super) extras: Extras,
    pub(super) dest: Dest,
    pub(super) timeouts: Timeouts,
    pub(super) daemon: Daemon,
}

impl<'a> Draft<'a> {
    pub(super) fn new(verb: Verb, role: Role, resolver: &'a dyn Resolver) -> Self {
        Draft {
            resolver,
            verb,
            given: ClassSet::default(),
            format: Format::default(),
            listing: None,
            service: None,
            scheduler: String::new(),
            sched_flags: String::new(),
            flags: 0,
            timeout: 0,
            netmask: Netmask::host(Family::V4),
            pe: None,
            extras: Extras::default(),
            dest: Dest {
                addr: Ipv4Addr::UNSPECIFIED.into(),
                port: 0,
                forward: Forward::Route,
                tunnel: Tunnel::default(),
                weight: 1,
                u_threshold: 0,
                l_threshold: 0,
            },
            timeouts: Timeouts::default(),
            daemon: Daemon::new(role),
        }
    }
}

// Services.
impl Draft<'_> {
    pub(super) fn service_address(
        &mut self,
        text: &str,
        protocol: Protocol,
    ) -> Result<(), UsageError> {
        let host = HostPort::parse(text, Some(protocol), self.resolver)
            .ok_or(UsageError::ServiceAddress)?;
        if Family::of(host.addr) == Family::V6 {
            self.netmask = Netmask::host(Family::V6);
        }
        self.service = Some(ServiceId::Address {
            protocol,
            addr: host.addr,
            port: host.port.unwrap_or(0),
        });
        Ok(())
    }

    pub(super) fn fwmark(&mut self, text: &str) -> Result<(), UsageError> {
        let mark = numbers::u32_in(text, 1..=u32::MAX)
            .ok_or_else(|| UsageError::Fwmark(text.to_owned()))?;
        let family = Family::V4;
        self.service = Some(ServiceId::Mark { mark, family });
        Ok(())
    }

    pub(super) fn mark_is_ipv6(&mut self) -> Result<(), UsageError> {
        match &mut self.service {
            Some(ServiceId::Mark { family, .. }) => *family = Family::V6,
            _ => return Err(UsageError::Ipv6WithoutMark),
        }
        self.netmask = Netmask::host(Family::V6);
        Ok(())
    }

    pub(super) fn scheduler(&mut self, text: &str) -> Result<(), UsageError> {
        self.scheduler = cut(text, limits::SCHEDNAME_MAXLEN);
        Ok(())
    }

    pub(super) fn sched_flags(&mut self, text: &str) -> Result<(), UsageError> {
        self.sched_flags = text.to_owned();
        Ok(())
    }

    pub(super) fn pe(&mut self, text: &str) -> Result<(), UsageError> {
        self.pe = Some(cut(text, limits::PENAME_MAXLEN)).filter(|name| !name.is_empty());
        Ok(())
    }

    pub(super) fn persistent(&mut self, text: Option<&str>) -> Result<(), UsageError> {
        self.flags |= flags::service::PERSISTENT;
        self.timeout = match text {
            Some(text) => timeout(text, 1)?,
            None => DEFAULT_PERSISTENCE,
        };
        Ok(())
    }

    pub(super) fn netmask(&mut self, text: &str) -> Result<(), UsageError> {
        self.netmask = match self.service.map(|id| id.family()) {
            Some(Family::V6) => match numbers::leading_number(text) {
                length @ 1..=128 => Netmask::V6(length),
                _ => return Err(UsageError::PrefixLength),
            },
            _ => numbers::ipv4(text)
                .map(Netmask::V4)
                .ok_or(UsageError::Netmask)?,
        };
        Ok(())
    }

    pub(super) fn tcp_timeout(&mut self, text: &str) -> Result<(), UsageError> {
        self.extras.tcp_timeout = Some(own_timeout(text)?);
        Ok(())
    }

    pub(super) fn tcp_fin_timeout(&mut self, text: &str) -> Result<(), UsageError> {
        self.extras.tcp_fin_timeout = Some(own_timeout(text)?);
        Ok(())
    }

    pub(super) fn udp_timeout(&mut self, text: &str) -> Result<(), UsageError> {
        self.extras.udp_timeout = Some(own_timeout(text)?);
        Ok(())
    }

    pub(super) fn sctp_timeout(&mut self, text: &str) -> Result<(), UsageError> {
        self.extras.sctp_timeout = Some(own_timeout(text)?);
        Ok(())
    }

    pub(super) fn slow_start(&mut self, text: &str) -> Result<(), UsageError> {
        let seconds = numbers::seconds(text).filter(|&seconds| seconds <= LONGEST_SLOW_START);
        self.extras.slow_start = Some(seconds.ok_or(UsageError::SlowStart)?);
        Ok(())
    }

    pub(super) fn on_expiry(&mut self, text: &str) -> Result<(), UsageError> {
        let what = OnExpiry::from_word(text).ok_or(UsageError::OnExpiry)?;
        self.extras.on_expiry = Some(what);
        Ok(())
    }

    pub(super) fn one_packet(&mut self) {
        self.flags |= flags::service::ONEPACKET;
    }
}

// Servers.
impl Draft<'_> {
    pub(super) fn server_address(&mut self, text: &str) -> Result<(), UsageError> {
        // Ports of a service with a mark are looked up as TCP's.
        let protocol = self
            .service
            .map(|id| id.protocol().unwrap_or(Protocol::TCP));
        let host =
            HostPort::parse(text, protocol, self.resolver).ok_or(UsageError::ServerAddress)?;
        self.dest.addr = host.addr;
        self.dest.port = host.port.unwrap_or(match self.service {
            Some(ServiceId::Address { port, .. }) => port,
            _ => 0,
        });
        Ok(())
    }

    pub(super) fn weight(&mut self, text: &str) -> Result<(), UsageError> {
        self.dest.weight = numbers::u32_in(text, 0..=INT_MAX).ok_or(UsageError::Weight)?;
        Ok(())
    }

    pub(super) fn u_threshold(&mut self, text: &str) -> Result<(), UsageError> {
        let limit = numbers::u32_in(text, 0..=INT_MAX);
        self.dest.u_threshold = limit.ok_or(UsageError::UThreshold)?;
        Ok(())
    }

    pub(super) fn l_threshold(&mut self, text: &str) -> Result<(), UsageError> {
        let limit = numbers::u32_in(text, 0..=INT_MAX);
        self.dest.l_threshold = limit.ok_or(UsageError::LThreshold)?;
        Ok(())
    }

    pub(super) fn tun_type(&mut self, text: &str) -> Result<(), UsageError> {
        self.dest.tunnel.kind = match text {
            "ipip" => flags::tunnel::TYPE_IPIP,
            "gue" => flags::tunnel::TYPE_GUE,
            "gre" => flags::tunnel::TYPE_GRE,
            _ => return Err(UsageError::TunnelType),
        };
        Ok(())
    }

    pub(super) fn tun_port(&mut self, text: &str) -> Result<(), UsageError> {
        let port = numbers::u16_in(text, 1..=u16::MAX);
        self.dest.tunnel.port = port.ok_or(UsageError::TunnelPort)?;
        Ok(())
    }

    pub(super) fn tun_nocsum(&mut self) {
        self.dest.tunnel.flags |= flags::tunnel::FLAG_NOCSUM;
    }

    pub(super) fn tun_csum(&mut self) {
        self.dest.tunnel.flags |= flags::tunnel::FLAG_CSUM;
    }

    pub(super) fn tun_remcsum(&mut self) {
        self.dest.tunnel.flags |= flags::tunnel::FLAG_REMCSUM;
    }
}

// Synchronisation daemons.
impl Draft<'_> {
    pub(super) fn sync_id(&mut self, text: &str) -> Result<(), UsageError> {
        self.daemon.sync_id = numbers::u32_in(text, 0..=255).ok_or(UsageError::SyncId)?;
        Ok(())
    }

    pub(super) fn sync_maxlen(&mut self, text: &str) -> Result<(), UsageError> {
        let length = numbers::u16_in(text, 1..=MAX_SYNC_LEN);
        self.daemon.max_len = Some(length.ok_or(UsageError::SyncMaxlen)?);
        Ok(())
    }

    pub(super) fn mcast_interface(&mut self, text: &str) -> Result<(), UsageError> {
        self.daemon.interface = cut(text, limits::IFNAME_MAXLEN);
        Ok(())
    }

    pub(super) fn mcast_group(&mut self, text: &str) -> Result<(), UsageError> {
        self.daemon.group = Some(mcast_group(text)?);
        Ok(())
    }

    pub(super) fn mcast_port(&mut self, text: &str) -> Result<(), UsageError> {
        let port = numbers::u16_in(text, 1..=u16::MAX);
        self.daemon.port = Some(port.ok_or(UsageError::McastPort)?);
        Ok(())
    }

    pub(super) fn mcast_ttl(&mut self, text: &str) -> Result<(), UsageError> {
        let ttl = numbers::in_range(text, 1..=255).and_then(|ttl| u8::try_from(ttl).ok());
        self.daemon.ttl = Some(ttl.ok_or(UsageError::McastTtl)?);
        Ok(())
    }
}

impl Draft<'_> {
    /// Takes the words in that are no options: only `--set` has any.
    pub(super) fn take_words(&mut self, words: &[&str]) -> Result<(), UsageError> {
        let mut words = words.iter();
        if self.verb == Verb::Set {
            let (Some(tcp), Some(tcp_fin), Some(udp)) = (words.next(), words.next(), words.next())
            else {
                return Err(UsageError::SetNeedsThree);
            };
            self.timeouts = Timeouts {
                tcp: timeout(tcp, 0)?,
                tcp_fin: timeout(tcp_fin, 0)?,
                udp: timeout(udp, 0)?,
            };
        }
        match words.next() {
            Some(word) => Err(UsageError::UnexpectedArgument((*word).to_owned())),
            None => Ok(()),
        }
    }
}

/// Reads a timeout in seconds.
fn timeout(text: &str, least: u64) -> Result<u32, UsageError> {
    numbers::in_range(text, least..=numbers::MAX_TIMEOUT)
        .and_then(|seconds| u32::try_from(seconds).ok())
        .ok_or_else(|| UsageError::Timeout(text.to_owned()))
}

/// Reads a timeout of a service's own, in whole seconds.
fn own_timeout(text: &str) -> Result<u32, UsageError> {
    numbers::seconds(text).ok_or_else(|| UsageError::Timeout(text.to_owned()))
}

/// Reads a multicast group. A colon makes it an IPv6 one.
fn mcast_group(text: &str) -> Result<IpAddr, UsageError> {
    if text.contains(':') {
        match text.parse::<Ipv6Addr>() {
            Ok(group) if group.is_multicast() => Ok(group.into()),
            _ => Err(UsageError::McastGroup6(text.to_owned())),
        }
    } else {
        match text.parse::<Ipv4Addr>() {
            Ok(group) if group.is_multicast() => Ok(group.into()),
            _ => Err(UsageError::McastGroup(text.to_owned())),
        }
    }
}

/// Cuts a name so that it fits a field with its terminating NUL.
fn cut(name: &str, size: usize) -> String {
    let mut end = name.len().min(size - 1);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}
