// SPDX-License-Identifier: GPL-2.0

//! Where the fields of headers lie, a file for each protocol.
//!
//! Offsets and lengths are bytes from the header's start. All numbers in headers are big-endian.

pub mod gre;
pub mod gue;
pub mod icmp;
pub mod ipv4;
pub mod ipv6;
pub mod ports;
pub mod protocol;
pub mod sctp;
pub mod tcp;
pub mod udp;

use crate::addr::Family;

/// Bytes of an IP header without options and extension headers.
#[inline]
pub const fn ip_len(family: Family) -> usize {
    match family {
        Family::V4 => ipv4::LEN,
        Family::V6 => ipv6::LEN,
    }
}
