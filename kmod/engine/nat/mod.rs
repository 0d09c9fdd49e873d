// SPDX-License-Identifier: GPL-2.0

//! Rewriting addresses and ports in the headers of a packet.
//!
//! Functions take the headers from the IP header's start and return `None` when these are too
//! short. They look for every field before they change one, so nothing is changed then.

mod end;
pub mod icmp;
mod partial;
mod plain;
mod v4;
mod v6;

pub use end::{
    End,
    NewEnd,
    TransportSum, //
};

pub use partial::may_be_partial;

use crate::addr::Family;
use crate::header::{
    sctp,
    tcp,
    udp, //
};
use crate::parse::{
    protocol,
    IpHeader, //
};

/// Bytes of headers that [`rewrite`] needs.
#[inline]
pub const fn rewrite_len(ip_len: usize, transport_protocol: u8) -> usize {
    match transport_protocol {
        protocol::TCP => ip_len.wrapping_add(tcp::LEN),
        protocol::UDP => ip_len.wrapping_add(udp::LEN),
        protocol::SCTP => ip_len.wrapping_add(sctp::LEN),
        _ => ip_len,
    }
}

/// Gives one end of the packet with header `ip` another address and port, and corrects the IPv4
/// header's checksum and that of TCP or UDP.
#[inline(always)]
pub fn rewrite(headers: &mut [u8], ip: &IpHeader, sum: TransportSum, new: &NewEnd) -> Option<()> {
    if !matches!(ip.protocol, protocol::TCP | protocol::UDP) {
        return plain::rewrite(headers, *ip, *new);
    }
    match ip.family {
        Family::V4 => v4::rewrite(headers, ip, sum, new),
        Family::V6 => v6::rewrite(headers, ip, sum, new),
    }
}

#[cfg(test)]
mod tests;
