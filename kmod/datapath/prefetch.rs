// SPDX-License-Identifier: GPL-2.0

//! Before a packet is routed: its connection's entry is prefetched.
//!
//! Once there are more connections than fit into the processors' caches, most of what a packet
//! costs is the wait for two lines of memory: the head of its chain, and its entry. While routing
//! and netfilter work on the packet they arrive. This hook stands only while there are so many.

use lvs_engine::addr::Family;
use lvs_engine::parse;

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::net::packet::Packet;
use crate::table::tables::Tables;
use crate::table::NetnsState;

use super::lookup;

/// A packet that was just received. Whatever isn't plain is met later by [`super::ingress`] alone.
#[inline(always)]
pub(super) fn receive(
    state: &NetnsState,
    tables: &Tables,
    family: Family,
    packet: &Packet,
    read: ReadSide<'_>,
) {
    let bytes = packet.linear();
    let Some(ends) = parse::ends(family, bytes) else {
        return;
    };
    let from_client = lookup::may_know(state, &ends.destination);
    if !from_client && !lookup::may_know(state, &ends.source) {
        return;
    }
    let transport = bytes.get(ends.len..).unwrap_or_default();
    let Some((source_port, destination_port)) = parse::ports(transport) else {
        return;
    };
    let (client, client_port) = if from_client {
        (ends.source, source_port)
    } else {
        (ends.destination, destination_port)
    };
    let conns = &tables.conns;
    conns.prefetch(read, family, ends.protocol, &client, client_port);
}
