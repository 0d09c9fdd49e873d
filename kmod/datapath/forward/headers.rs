// SPDX-License-Identifier: GPL-2.0

//! What all methods change in a packet's headers.

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::nat::{
    rewrite_v4,
    rewrite_v6,
    End,
    TransportSum, //
};
use lvs_engine::nat_plain;
use lvs_engine::parse::{
    protocol,
    IpHeader, //
};

use crate::kernel_ext::net::packet::{
    ChecksumState,
    Packet, //
};

/// How the packet's transport checksum has to be kept.
#[inline]
pub(in crate::datapath) fn transport_sum(packet: &Packet) -> TransportSum {
    match packet.checksum_state() {
        ChecksumState::Complete => TransportSum::Complete,
        ChecksumState::Partial => TransportSum::Partial,
    }
}

/// Takes a hop from the packet's time to live. `None` when its header can't be changed.
#[inline(always)]
pub(super) fn take_hop(packet: &mut Packet, ip: &IpHeader) -> Option<()> {
    let headers = packet.writable(ip.len).ok()?;
    decrement_hops(headers, ip.family)
}

/// Takes a hop from the header in front of `headers`.
#[inline(always)]
pub(in crate::datapath) fn decrement_hops(headers: &mut [u8], family: Family) -> Option<()> {
    match family {
        Family::V4 => lvs_engine::nat::decrement_ttl_v4(headers),
        Family::V6 => lvs_engine::nat::decrement_hop_limit_v6(headers),
    }
}

/// Gives one end of a packet another address and port.
#[inline(always)]
pub(in crate::datapath) fn rewrite(
    headers: &mut [u8],
    ip: &IpHeader,
    end: End,
    addr: &Addr,
    port: u16,
    sum: TransportSum,
) -> Option<()> {
    if !matches!(ip.protocol, protocol::TCP | protocol::UDP) {
        return rewrite_plain(headers, *ip, end, *addr, port);
    }
    match ip.family {
        Family::V4 => {
            let addr = addr.v4_word();
            rewrite_v4(headers, ip.len, ip.protocol, end, addr, port, sum)
        }
        Family::V6 => rewrite_v6(headers, ip.len, ip.protocol, end, addr, port, sum),
    }
}

/// The same where the transport has no sum over the addresses.
#[cold]
fn rewrite_plain(headers: &mut [u8], ip: IpHeader, end: End, addr: Addr, port: u16) -> Option<()> {
    match ip.family {
        Family::V4 => {
            let addr = addr.v4_word();
            nat_plain::rewrite_v4(headers, ip.len, ip.protocol, end, addr, port)
        }
        Family::V6 => nat_plain::rewrite_v6(headers, ip.len, ip.protocol, end, &addr, port),
    }
}
