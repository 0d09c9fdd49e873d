// SPDX-License-Identifier: MIT OR GPL-2.0

//! Gives each option its meaning, in the order of the command line.
//!
//! The order matters: a server without a port takes that of the service named *before* it, the netmask
//! is a prefix length once the service is an IPv6 one, and of two mistakes the first is reported.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use lvs_uapi::flags;
use lvs_uapi::limits;

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
use super::command::Command;
use super::legality::Class;
use super::legality::ClassSet;
use super::legality::Verb;
use super::lowargs::Lexer;
use super::lowargs::Occurrence;
use super::numbers;
use super::options::Definition;
use super::options::Opt;
use super::usage::CliError;
use super::usage::UsageError;
use super::validate;

/// Persistence when `-p` has no argument, seconds.
const DEFAULT_PERSISTENCE: u32 = 6 * 60;
/// Longest synchronisation message.
const MAX_SYNC_LEN: u16 = 65507;
/// Highest number that fits C's `int`.
const INT_MAX: u32 = i32::MAX as u32;

/// What the options said so far.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) verb: Verb,
    pub(super) given: ClassSet,
    pub(super) format: Format,
    pub(super) service: Option<ServiceId>,
    pub(super) scheduler: String,
    /// Names of scheduler flags; which are legal depends on a scheduler that may come later.
    sched_flags: String,
    pub(super) flags: u32,
    pub(super) timeout: u32,
    pub(super) netmask: Netmask,
    pub(super) pe: Option<String>,
    pub(super) dest: Dest,
    pub(super) timeouts: Timeouts,
    pub(super) daemon: Daemon,
}

impl Draft {
    fn new(verb: Verb, role: Role) -> Self {
        Draft {
            verb,
            given: ClassSet::default(),
            format: Format::default(),
            service: None,
            scheduler: String::new(),
            sched_flags: String::new(),
            flags: 0,
            timeout: 0,
            netmask: Netmask::host(Family::V4),
            pe: None,
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
            daemon: Daemon {
                role,
                interface: String::new(),
                sync_id: 0,
                max_len: None,
                group: None,
                port: None,
                ttl: None,
            },
        }
    }
}

/// Reads the words of a command line, program name excluded.
pub fn parse(
    definition: &Definition,
    words: &[String],
    resolver: &dyn Resolver,
) -> Result<Command, CliError> {
    let mut lexer = Lexer::new(definition, words);
    let first = match lexer.next_option() {
        Ok(Some(first)) => first,
        Ok(None) | Err(_) => return Err(CliError::NoCommand),
    };
    let mut draft = match first.opt {
        Opt::Help => return Ok(Command::Help),
        Opt::Version => return Ok(Command::Version),
        _ => begin(&first)?,
    };
    loop {
        match lexer.next_option() {
            Ok(Some(occurrence)) => draft.apply(occurrence, &lexer, resolver)?,
            Ok(None) => break,
            Err(problem) => {
                return Err(CliError::Word {
                    word: lexer.current_word().to_owned(),
                    problem,
                })
            }
        }
    }
    draft.take_words(lexer.rest())?;
    draft.flags |= sched_flags(&draft.scheduler, &draft.sched_flags)?;
    Ok(validate::finish(draft)?)
}

/// Starts a draft with the command.
fn begin(first: &Occurrence) -> Result<Draft, CliError> {
    let verb = match first.opt {
        Opt::AddService => Verb::AddService,
        Opt::EditService => Verb::EditService,
        Opt::DeleteService => Verb::DeleteService,
        Opt::Clear => Verb::Flush,
        Opt::List => Verb::List,
        Opt::AddServer => Verb::AddServer,
        Opt::EditServer => Verb::EditServer,
        Opt::DeleteServer => Verb::DeleteServer,
        Opt::Set => Verb::Set,
        Opt::StartDaemon => Verb::StartDaemon,
        Opt::StopDaemon => Verb::StopDaemon,
        Opt::Restore => Verb::Restore,
        Opt::Save => Verb::Save,
        Opt::Zero => Verb::Zero,
        _ => return Err(CliError::NoCommand),
    };
    let role = match (verb, first.value.as_deref()) {
        (_, Some("master")) => Role::Master,
        (_, Some("backup")) => Role::Backup,
        (Verb::StartDaemon, _) => return Err(UsageError::StartDaemon.into()),
        (Verb::StopDaemon, _) => return Err(UsageError::StopDaemon.into()),
        _ => Role::Master,
    };
    Ok(Draft::new(verb, role))
}

impl Draft {
    /// Takes one option in.
    fn apply(
        &mut self,
        Occurrence { opt, value }: Occurrence,
        lexer: &Lexer<'_>,
        resolver: &dyn Resolver,
    ) -> Result<(), UsageError> {
        let text = value.as_deref().unwrap_or_default();
        match opt {
            Opt::TcpService => self.service_address(text, Protocol::TCP, resolver)?,
            Opt::UdpService => self.service_address(text, Protocol::UDP, resolver)?,
            Opt::SctpService => self.service_address(text, Protocol::SCTP, resolver)?,
            Opt::FwmarkService => {
                self.given.insert(Class::ServiceAddress)?;
                let mark = numbers::u32_in(text, 1..=u32::MAX)
                    .ok_or_else(|| UsageError::Fwmark(text.to_owned()))?;
                let family = Family::V4;
                self.service = Some(ServiceId::Mark { mark, family });
            }
            Opt::Ipv6 => self.mark_is_ipv6()?,
            Opt::Scheduler => {
                self.given.insert(Class::Scheduler)?;
                self.scheduler = cut(text, limits::SCHEDNAME_MAXLEN);
            }
            Opt::Persistent => {
                self.given.insert(Class::Persistent)?;
                self.flags |= flags::service::PERSISTENT;
                self.timeout = match value.as_deref() {
                    Some(text) => timeout(text, 1)?,
                    None => DEFAULT_PERSISTENCE,
                };
            }
            Opt::Netmask => {
                self.given.insert(Class::Netmask)?;
                self.netmask = self.parse_netmask(text)?;
            }
            Opt::Ops => {
                self.given.insert(Class::Ops)?;
                self.flags |= flags::service::ONEPACKET;
            }
            Opt::Pe => {
                self.given.insert(Class::Pe)?;
                self.pe = Some(cut(text, limits::PENAME_MAXLEN)).filter(|name| !name.is_empty());
            }
            Opt::SchedFlags => {
                self.given.insert(Class::SchedFlags)?;
                self.sched_flags = text.to_owned();
            }
            Opt::RealServer => self.server_address(text, resolver)?,
            Opt::Gatewaying => self.forward(Forward::Route)?,
            Opt::Ipip => self.forward(Forward::Tunnel)?,
            Opt::Masquerading => self.forward(Forward::Masq)?,
            Opt::Weight => {
                self.given.insert(Class::Weight)?;
                self.dest.weight = numbers::u32_in(text, 0..=INT_MAX).ok_or(UsageError::Weight)?;
            }
            Opt::UThreshold => {
                self.given.insert(Class::UThreshold)?;
                let limit = numbers::u32_in(text, 0..=INT_MAX);
                self.dest.u_threshold = limit.ok_or(UsageError::UThreshold)?;
            }
            Opt::LThreshold => {
                self.given.insert(Class::LThreshold)?;
                let limit = numbers::u32_in(text, 0..=INT_MAX);
                self.dest.l_threshold = limit.ok_or(UsageError::LThreshold)?;
            }
            Opt::TunType | Opt::TunPort | Opt::TunNocsum | Opt::TunCsum | Opt::TunRemcsum => {
                self.tunnel_option(opt, text)?
            }
            Opt::SyncId
            | Opt::SyncMaxlen
            | Opt::McastInterface
            | Opt::McastGroup
            | Opt::McastPort
            | Opt::McastTtl => self.daemon_option(opt, text)?,
            Opt::Sort => {}
            Opt::Connection => self.given.insert(Class::Connection)?,
            Opt::Timeout => self.given.insert(Class::Timeout)?,
            Opt::Daemon => self.given.insert(Class::Daemon)?,
            Opt::Numeric => {
                self.given.insert(Class::Numeric)?;
                self.format.numeric = true;
            }
            Opt::Stats => {
                self.given.insert(Class::Stats)?;
                self.format.stats = true;
            }
            Opt::Rate => {
                self.given.insert(Class::Rate)?;
                self.format.rate = true;
            }
            Opt::Exact => {
                self.given.insert(Class::Exact)?;
                self.format.exact = true;
            }
            Opt::Thresholds => {
                self.given.insert(Class::Thresholds)?;
                self.format.thresholds = true;
            }
            Opt::PersistentConn => {
                self.given.insert(Class::PersistentConn)?;
                self.format.persistent_conn = true;
            }
            Opt::TunInfo => {
                self.given.insert(Class::TunInfo)?;
                self.format.tun_info = true;
            }
            Opt::Nosort => {
                self.given.insert(Class::Nosort)?;
                self.format.nosort = true;
            }
            Opt::Json => {
                self.given.insert(Class::Json)?;
                self.format.json = true;
            }
            Opt::AddService
            | Opt::EditService
            | Opt::DeleteService
            | Opt::Clear
            | Opt::Restore
            | Opt::Save
            | Opt::AddServer
            | Opt::EditServer
            | Opt::DeleteServer
            | Opt::List
            | Opt::Zero
            | Opt::Set
            | Opt::StartDaemon
            | Opt::StopDaemon
            | Opt::Help
            | Opt::Version => {
                return Err(UsageError::SecondCommand(lexer.current_word().to_owned()))
            }
        }
        Ok(())
    }

    fn service_address(
        &mut self,
        text: &str,
        protocol: Protocol,
        resolver: &dyn Resolver,
    ) -> Result<(), UsageError> {
        self.given.insert(Class::ServiceAddress)?;
        let host =
            HostPort::parse(text, Some(protocol), resolver).ok_or(UsageError::ServiceAddress)?;
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

    fn mark_is_ipv6(&mut self) -> Result<(), UsageError> {
        match &mut self.service {
            Some(ServiceId::Mark { family, .. }) => *family = Family::V6,
            _ => return Err(UsageError::Ipv6WithoutMark),
        }
        self.netmask = Netmask::host(Family::V6);
        Ok(())
    }

    fn parse_netmask(&self, text: &str) -> Result<Netmask, UsageError> {
        match self.service.map(|id| id.family()) {
            Some(Family::V6) => match numbers::leading_number(text) {
                length @ 1..=128 => Ok(Netmask::V6(length)),
                _ => Err(UsageError::PrefixLength),
            },
            _ => numbers::ipv4(text)
                .map(Netmask::V4)
                .ok_or(UsageError::Netmask),
        }
    }

    fn server_address(&mut self, text: &str, resolver: &dyn Resolver) -> Result<(), UsageError> {
        self.given.insert(Class::RealServer)?;
        // Ports of a service with a mark are looked up as TCP's.
        let protocol = self
            .service
            .map(|id| id.protocol().unwrap_or(Protocol::TCP));
        let host = HostPort::parse(text, protocol, resolver).ok_or(UsageError::ServerAddress)?;
        self.dest.addr = host.addr;
        self.dest.port = host.port.unwrap_or(match self.service {
            Some(ServiceId::Address { port, .. }) => port,
            _ => 0,
        });
        Ok(())
    }

    fn forward(&mut self, method: Forward) -> Result<(), UsageError> {
        self.given.insert(Class::ForwardingMethod)?;
        self.dest.forward = method;
        Ok(())
    }

    fn tunnel_option(&mut self, opt: Opt, text: &str) -> Result<(), UsageError> {
        let tunnel = &mut self.dest.tunnel;
        match opt {
            Opt::TunType => {
                self.given.insert(Class::TunType)?;
                tunnel.kind = match text {
                    "ipip" => flags::tunnel::TYPE_IPIP,
                    "gue" => flags::tunnel::TYPE_GUE,
                    "gre" => flags::tunnel::TYPE_GRE,
                    _ => return Err(UsageError::TunnelType),
                };
            }
            Opt::TunPort => {
                self.given.insert(Class::TunPort)?;
                tunnel.port = numbers::u16_in(text, 1..=u16::MAX).ok_or(UsageError::TunnelPort)?;
            }
            Opt::TunNocsum => {
                self.given.insert(Class::TunNocsum)?;
                tunnel.flags |= flags::tunnel::FLAG_NOCSUM;
            }
            Opt::TunCsum => {
                self.given.insert(Class::TunCsum)?;
                tunnel.flags |= flags::tunnel::FLAG_CSUM;
            }
            _ => {
                self.given.insert(Class::TunRemcsum)?;
                tunnel.flags |= flags::tunnel::FLAG_REMCSUM;
            }
        }
        Ok(())
    }

    fn daemon_option(&mut self, opt: Opt, text: &str) -> Result<(), UsageError> {
        let daemon = &mut self.daemon;
        match opt {
            Opt::SyncId => {
                self.given.insert(Class::SyncId)?;
                daemon.sync_id = numbers::u32_in(text, 0..=255).ok_or(UsageError::SyncId)?;
            }
            Opt::SyncMaxlen => {
                self.given.insert(Class::SyncMaxlen)?;
                let length = numbers::u16_in(text, 1..=MAX_SYNC_LEN);
                daemon.max_len = Some(length.ok_or(UsageError::SyncMaxlen)?);
            }
            Opt::McastInterface => {
                self.given.insert(Class::McastInterface)?;
                daemon.interface = cut(text, limits::IFNAME_MAXLEN);
            }
            Opt::McastGroup => {
                self.given.insert(Class::McastGroup)?;
                daemon.group = Some(mcast_group(text)?);
            }
            Opt::McastPort => {
                self.given.insert(Class::McastPort)?;
                let port = numbers::u16_in(text, 1..=u16::MAX);
                daemon.port = Some(port.ok_or(UsageError::McastPort)?);
            }
            _ => {
                self.given.insert(Class::McastTtl)?;
                let ttl = numbers::in_range(text, 1..=255).and_then(|ttl| u8::try_from(ttl).ok());
                daemon.ttl = Some(ttl.ok_or(UsageError::McastTtl)?);
            }
        }
        Ok(())
    }

    /// Takes the words in that are no options: only `--set` has any.
    fn take_words(&mut self, words: &[&str]) -> Result<(), UsageError> {
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

/// Reads a comma-separated list of scheduler flags. Those of `sh` and `mh` need that scheduler to be
/// named, too.
pub(crate) fn sched_flags(scheduler: &str, text: &str) -> Result<u32, UsageError> {
    let mut bits = 0;
    for name in text.split(',').filter(|name| !name.is_empty()) {
        let (bit, only_for) = match name {
            "flag-1" => (flags::service::SCHED1, None),
            "flag-2" => (flags::service::SCHED2, None),
            "flag-3" => (flags::service::SCHED3, None),
            "sh-fallback" => (flags::service::SCHED_SH_FALLBACK, Some("sh")),
            "sh-port" => (flags::service::SCHED_SH_PORT, Some("sh")),
            "mh-fallback" => (flags::service::SCHED_MH_FALLBACK, Some("mh")),
            "mh-port" => (flags::service::SCHED_MH_PORT, Some("mh")),
            _ => return Err(UsageError::SchedFlag(name.to_owned())),
        };
        if only_for.is_some_and(|only| only != scheduler) {
            return Err(UsageError::IncompatibleSchedFlag(name.to_owned()));
        }
        bits |= bit;
    }
    Ok(bits)
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
