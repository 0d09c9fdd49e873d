// SPDX-License-Identifier: GPL-2.0

//! What an administrator configures: virtual services and real servers as plain values.
//!
//! The control interfaces build these from requests; the tables take them. All ports are host
//! order.

use crate::addr::{Addr, Family};
use crate::extras::Extras;
use crate::sched::Algorithm;

/// What names a virtual service within a network namespace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServiceId {
    /// Family of the service and its clients.
    pub family: Family,
    /// What traffic the service takes.
    pub target: Target,
}

/// What traffic a virtual service takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// Packets to this protocol, address and port (0: any port, persistent services only).
    Address {
        /// IP protocol number. The control interface takes any 16-bit number, as ip_vs does.
        protocol: u16,
        /// Virtual address.
        addr: Addr,
        /// Virtual port.
        port: u16,
    },
    /// Packets that carry this firewall mark (never 0).
    Mark(u32),
}

/// Protocol, address and port that came with a mark. Packets don't care; the socket options show
/// them, and change such a service only for clients that give the same protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarkDetails {
    /// IP protocol.
    pub protocol: u16,
    /// Address.
    pub addr: Addr,
    /// Port.
    pub port: u16,
}

/// How a virtual service behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServiceConfig {
    /// Scheduling algorithm; `None` schedules nothing new (`none`).
    pub scheduler: Option<Algorithm>,
    /// `lvs_uapi::flags::service` bits; `HASHED` is ignored.
    pub flags: u32,
    /// Life of a persistence template after its last use, in seconds.
    pub timeout: u32,
    /// Granularity of persistence. IPv4: mask word as it lies in memory. IPv6: prefix length.
    pub netmask: u32,
    /// Whether persistence keys on the SIP Call-ID (`sip`, the one persistence engine).
    pub sip: bool,
    /// What ip_vs's services don't have.
    pub extras: Extras,
}

/// What names a real server within its virtual service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DestId {
    /// Family of the server's address; differs from the service's for tunnels only.
    pub family: Family,
    /// The server's address.
    pub addr: Addr,
    /// The server's port; 0 keeps the client's destination port.
    pub port: u16,
}

/// How packets reach a real server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forwarding {
    /// VS/NAT: addresses and ports are rewritten, replies come back through the director.
    Masquerade,
    /// LocalNode: the director is the server.
    Local,
    /// VS/TUN: packets are encapsulated.
    Tunnel,
    /// VS/DR: packets are sent unchanged to the server's link-layer address.
    DirectRoute,
    /// Past the balancer to the original destination.
    Bypass,
}

impl Forwarding {
    /// The method's number in `lvs_uapi::flags::fwd`.
    #[inline]
    pub const fn number(self) -> u32 {
        match self {
            Forwarding::Masquerade => 0,
            Forwarding::Local => 1,
            Forwarding::Tunnel => 2,
            Forwarding::DirectRoute => 3,
            Forwarding::Bypass => 4,
        }
    }

    /// The method in the low three bits of `flags`. Numbers without a meaning are NAT, as the
    /// procfs of ip_vs shows them.
    #[inline]
    pub const fn from_flags(flags: u32) -> Self {
        match flags & 7 {
            1 => Forwarding::Local,
            2 => Forwarding::Tunnel,
            3 => Forwarding::DirectRoute,
            4 => Forwarding::Bypass,
            _ => Forwarding::Masquerade,
        }
    }
}

/// Encapsulation of the tunnel forwarding method.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tunnel {
    /// `lvs_uapi::flags::tunnel` type number, as the administrator gave it.
    pub kind: u8,
    /// UDP port of GUE.
    pub port: u16,
    /// `lvs_uapi::flags::tunnel` flag bits.
    pub flags: u16,
}

/// How a real server is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DestConfig {
    /// `lvs_uapi::flags` connection flags as the administrator gave them; the low three bits are
    /// the forwarding method.
    pub flags: u32,
    /// Share of new connections; 0 takes no new ones. Never negative.
    pub weight: i32,
    /// Connections at which the server counts as overloaded; 0: never.
    pub upper_threshold: u32,
    /// Connections below which an overloaded server takes new ones again.
    pub lower_threshold: u32,
    /// Encapsulation for the tunnel method.
    pub tunnel: Tunnel,
}

/// Timeouts an administrator can change, in seconds. 0 in a request keeps the present value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Timeouts {
    /// Established TCP connections.
    pub tcp: u32,
    /// TCP connections in FIN_WAIT.
    pub tcp_fin: u32,
    /// UDP.
    pub udp: u32,
    /// Established SCTP associations.
    pub sctp: u32,
}
