// SPDX-License-Identifier: GPL-2.0

//! What all methods change in a packet's headers.

use lvs_engine::hops;
use lvs_engine::nat::TransportSum;
use lvs_engine::parse::IpHeader;

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
    hops::take(headers, ip.family)
}
