// SPDX-License-Identifier: MIT OR GPL-2.0

//! Services, destinations, daemons and counters as values, free of any encoding.
//!
//! Ports are numbers in the order of the host, addresses are [`IpAddr`]. Encoders put them into
//! network order.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use lvs_uapi::flags;

pub mod drain;
pub mod event;
pub mod explain;
pub mod extras;
mod service_id;
pub mod state;
pub mod summary;
pub mod sync;
mod words;

pub use service_id::Family;
pub use service_id::Protocol;
pub use service_id::ServiceId;

/// How many clients share a persistence template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Netmask {
    /// IPv4: a mask, not necessarily a prefix.
    V4(Ipv4Addr),
    /// IPv6: a prefix length.
    V6(u32),
}

impl Netmask {
    /// The mask under which every client is on its own.
    pub fn host(family: Family) -> Self {
        match family {
            Family::V4 => Netmask::V4(Ipv4Addr::BROADCAST),
            Family::V6 => Netmask::V6(128),
        }
    }

    /// Whether every client is on its own.
    pub fn is_host(self) -> bool {
        matches!(self, Netmask::V4(Ipv4Addr::BROADCAST) | Netmask::V6(128))
    }
}

/// A virtual service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// What names it.
    pub id: ServiceId,
    /// Scheduler, at most 15 bytes.
    pub scheduler: String,
    /// Bits of [`flags::service`].
    pub flags: u32,
    /// Persistence in seconds; counts only with [`flags::service::PERSISTENT`].
    pub timeout: u32,
    /// Granularity of persistence.
    pub netmask: Netmask,
    /// Persistence engine.
    pub pe: Option<String>,
    /// What ip_vs's services don't have.
    pub extras: extras::Extras,
}

impl Service {
    /// One of which only the name is known.
    pub fn named(id: ServiceId) -> Self {
        Service {
            id,
            scheduler: String::new(),
            flags: 0,
            timeout: 0,
            netmask: Netmask::host(id.family()),
            pe: None,
            extras: extras::Extras::default(),
        }
    }

    /// Whether all of the given flag bits are set.
    pub fn has(&self, bits: u32) -> bool {
        self.flags & bits == bits
    }
}

/// Encapsulation of packets to a tunnelled server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tunnel {
    /// A type of [`flags::tunnel`].
    pub kind: u8,
    /// UDP port of GUE.
    pub port: u16,
    /// Flags of [`flags::tunnel`].
    pub flags: u16,
}

impl Tunnel {
    /// Name of the type on the command line and in listings.
    pub fn type_name(self) -> &'static str {
        match self.kind {
            flags::tunnel::TYPE_IPIP => "ipip",
            flags::tunnel::TYPE_GUE => "gue",
            flags::tunnel::TYPE_GRE => "gre",
            _ => "invalid",
        }
    }
}

/// How packets get to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    /// Address translation.
    Masq,
    /// The server is this host.
    Local,
    /// Encapsulation.
    Tunnel,
    /// Direct routing.
    Route,
    /// Any other number the kernel may report.
    Other(u32),
}

impl Forward {
    /// The method of a flag word.
    pub fn from_bits(bits: u32) -> Self {
        match bits & flags::fwd::MASK {
            flags::fwd::MASQ => Forward::Masq,
            flags::fwd::LOCALNODE => Forward::Local,
            flags::fwd::TUNNEL => Forward::Tunnel,
            flags::fwd::DROUTE => Forward::Route,
            other => Forward::Other(other),
        }
    }

    /// The number the kernel uses.
    pub fn bits(self) -> u32 {
        match self {
            Forward::Masq => flags::fwd::MASQ,
            Forward::Local => flags::fwd::LOCALNODE,
            Forward::Tunnel => flags::fwd::TUNNEL,
            Forward::Route => flags::fwd::DROUTE,
            Forward::Other(bits) => bits,
        }
    }
}

/// A real server of a virtual service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dest {
    /// Address.
    pub addr: IpAddr,
    /// Port, 0 for that of the packet.
    pub port: u16,
    /// How packets get there.
    pub forward: Forward,
    /// Encapsulation; counts only with [`Forward::Tunnel`].
    pub tunnel: Tunnel,
    /// Weight, 0 for no new connections.
    pub weight: u32,
    /// Connections from which on the server gets no more; 0 for no limit.
    pub u_threshold: u32,
    /// Connections below which an overloaded server gets some again.
    pub l_threshold: u32,
}

/// Counters and rates of a service or server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections scheduled.
    pub conns: u64,
    /// Packets from clients.
    pub inpkts: u64,
    /// Packets to clients.
    pub outpkts: u64,
    /// Bytes from clients.
    pub inbytes: u64,
    /// Bytes to clients.
    pub outbytes: u64,
    /// Connections a second.
    pub cps: u64,
    /// Packets from clients a second.
    pub inpps: u64,
    /// Packets to clients a second.
    pub outpps: u64,
    /// Bytes from clients a second.
    pub inbps: u64,
    /// Bytes to clients a second.
    pub outbps: u64,
}

/// A service as the kernel reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEntry {
    /// The service.
    pub service: Service,
    /// Its counters.
    pub stats: Stats,
}

/// A server as the kernel reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DestEntry {
    /// The server.
    pub dest: Dest,
    /// Active connections.
    pub active: u32,
    /// Inactive connections.
    pub inactive: u32,
    /// Persistence templates.
    pub persistent: u32,
    /// How it is drained, if it is.
    pub drain: Option<drain::Drain>,
    /// How it climbs to its weight, if it does.
    pub ramp: Option<extras::Ramp>,
    /// Its counters.
    pub stats: Stats,
}

impl DestEntry {
    /// The server as it was configured: one that is drained has its weight when it returns.
    pub fn configured(&self) -> Dest {
        Dest {
            weight: self.drain.map_or(self.dest.weight, |drain| drain.weight),
            ..self.dest
        }
    }

    /// What it does at present.
    pub fn state(&self) -> DestState {
        match self.drain {
            Some(drain) if !drain.is_over => DestState::Draining,
            _ if self.dest.weight == 0 => DestState::Quiescent,
            _ if self.ramp.is_some() => DestState::Starting,
            _ => DestState::Active,
        }
    }
}

/// What a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DestState {
    /// It takes connections.
    Active,
    /// It takes some, and more from one second to the next.
    Starting,
    /// It takes none, and those it has are waited for.
    Draining,
    /// It takes none.
    Quiescent,
}

impl DestState {
    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            DestState::Active => "active",
            DestState::Starting => "starting",
            DestState::Draining => "draining",
            DestState::Quiescent => "quiescent",
        }
    }
}

/// A service with its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// The service.
    pub entry: ServiceEntry,
    /// Its servers.
    pub dests: Vec<DestEntry>,
}

/// Version and size, as the kernel reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// Version code, `0x00MMmmpp`.
    pub version: u32,
    /// Buckets of the connection table.
    pub conn_tab_size: u32,
}

/// Timeouts of connections in seconds; in a request 0 keeps the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Established TCP.
    pub tcp: u32,
    /// TCP after a FIN.
    pub tcp_fin: u32,
    /// UDP.
    pub udp: u32,
}

/// Role of a synchronisation daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends connection state.
    Master,
    /// Receives connection state.
    Backup,
}

impl Role {
    /// The number the kernel uses.
    pub fn state(self) -> u32 {
        match self {
            Role::Master => flags::sync::STATE_MASTER,
            Role::Backup => flags::sync::STATE_BACKUP,
        }
    }

    /// The role of a number, if it is one.
    pub fn from_state(state: u32) -> Option<Self> {
        match state {
            flags::sync::STATE_MASTER => Some(Role::Master),
            flags::sync::STATE_BACKUP => Some(Role::Backup),
            _ => None,
        }
    }

    /// Name on the command line and in listings.
    pub fn name(self) -> &'static str {
        match self {
            Role::Master => "master",
            Role::Backup => "backup",
        }
    }
}

/// A synchronisation daemon. What is `None` is left to the kernel, or was not reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Role.
    pub role: Role,
    /// Interface of the multicast.
    pub interface: String,
    /// Identity of the pair of daemons.
    pub sync_id: u32,
    /// Longest message, bytes.
    pub max_len: Option<u16>,
    /// Multicast group.
    pub group: Option<IpAddr>,
    /// UDP port.
    pub port: Option<u16>,
    /// Time to live.
    pub ttl: Option<u8>,
}

impl Daemon {
    /// A daemon of which only the role is said.
    pub fn new(role: Role) -> Self {
        Daemon {
            role,
            interface: String::new(),
            sync_id: 0,
            max_len: None,
            group: None,
            port: None,
            ttl: None,
        }
    }
}
