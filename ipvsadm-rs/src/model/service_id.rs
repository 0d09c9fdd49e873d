// SPDX-License-Identifier: MIT OR GPL-2.0

//! Names of virtual services: family, protocol, address and port, or a mark.

use std::net::IpAddr;

use lvs_uapi::limits;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }

    /// The number the kernel uses.
    pub fn number(self) -> u16 {
        match self {
            Family::V4 => limits::AF_INET,
            Family::V6 => limits::AF_INET6,
        }
    }

    /// What documents call it.
    pub fn word(self) -> &'static str {
        match self {
            Family::V4 => "ipv4",
            Family::V6 => "ipv6",
        }
    }

    /// The family of a number, if it is one of the two.
    pub fn from_number(number: u16) -> Option<Self> {
        match number {
            limits::AF_INET => Some(Family::V4),
            limits::AF_INET6 => Some(Family::V6),
            _ => None,
        }
    }
}

/// A transport protocol, by its number in the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(pub u16);

impl Protocol {
    /// TCP.
    pub const TCP: Protocol = Protocol(limits::IPPROTO_TCP);
    /// UDP.
    pub const UDP: Protocol = Protocol(limits::IPPROTO_UDP);
    /// SCTP.
    pub const SCTP: Protocol = Protocol(limits::IPPROTO_SCTP);

    /// Name in upper case, as listings show it.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::TCP => "TCP",
            Protocol::UDP => "UDP",
            Protocol::SCTP => "SCTP",
            _ => "???",
        }
    }

    /// Name in the services database.
    pub fn service_name(self) -> Option<&'static str> {
        match self {
            Protocol::TCP => Some("tcp"),
            Protocol::UDP => Some("udp"),
            Protocol::SCTP => Some("sctp"),
            _ => None,
        }
    }
}

/// What names a virtual service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceId {
    /// By protocol, address and port.
    Address {
        /// Protocol.
        protocol: Protocol,
        /// Virtual address.
        addr: IpAddr,
        /// Virtual port, 0 for any.
        port: u16,
    },
    /// By the mark that the firewall set on packets.
    Mark {
        /// The mark, never 0.
        mark: u32,
        /// Family of the packets.
        family: Family,
    },
}

impl ServiceId {
    /// Address family of the service.
    pub fn family(&self) -> Family {
        match *self {
            ServiceId::Address { addr, .. } => Family::of(addr),
            ServiceId::Mark { family, .. } => family,
        }
    }

    /// Name of the protocol, address, port and mark, for documents: those that the service has.
    pub fn parts(
        &self,
    ) -> (
        Option<&'static str>,
        Option<IpAddr>,
        Option<u16>,
        Option<u32>,
    ) {
        match *self {
            ServiceId::Address {
                protocol,
                addr,
                port,
            } => (protocol.service_name(), Some(addr), Some(port), None),
            ServiceId::Mark { mark, .. } => (None, None, None, Some(mark)),
        }
    }

    /// Protocol of the service; one with a mark has none.
    pub fn protocol(&self) -> Option<Protocol> {
        match *self {
            ServiceId::Address { protocol, .. } => Some(protocol),
            ServiceId::Mark { .. } => None,
        }
    }
}
