// SPDX-License-Identifier: GPL-2.0

//! From a server back to the client.

use lvs_engine::addr::Family;
use lvs_engine::config::Forwarding;
use lvs_engine::nat::{
    self,
    End, //
};

use crate::kernel_ext::hook::Place;
use crate::kernel_ext::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn;

use super::forward::{
    rewrite,
    transport_sum, //
};
use super::{
    ConnEntry,
    Context,
    Flow, //
};

/// A packet of a connection's server: gets the virtual address as its source if the connection is
/// translated, and goes on its way.
#[inline]
pub(super) fn send_back(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    conn: &ConnEntry,
) -> Disposition {
    let mut packet = packet;
    if conn.forwarding() == Forwarding::Masquerade {
        let sum = transport_sum(&packet);
        let Ok(headers) = packet.writable(nat::rewrite_len(flow.ip.len, flow.ip.protocol)) else {
            return packet.discard();
        };
        let rewritten = rewrite(
            headers,
            &flow.ip,
            End::Source,
            &conn.virtual_addr(),
            conn.virtual_port(),
            sum,
        );
        if rewritten.is_none() {
            return packet.discard();
        }
        packet.forget_device_checksum();
        if !reroute(context, flow.ip.family, &mut packet) {
            return packet.discard();
        }
    }
    if let Some(dest) = conn.dest(context.read) {
        if dest.is_available() {
            dest.counters.count_out(packet.len());
        }
    }
    let ticks = conn.advance(
        context.read,
        context.state.timeouts(),
        false,
        flow.tcp_flags,
    );
    conn::refresh(conn, context.now, ticks);
    packet.set_balanced();
    packet.untrack();
    packet.accept()
}

/// Routes a translated reply as if this host had made it, since policy routing may tell the two
/// apart. False when there is no way.
#[inline]
pub(super) fn reroute(context: &Context<'_>, family: Family, packet: &mut Packet) -> bool {
    context.place == Place::LocalIn
        || !context.state.sysctls().snat_reroute()
        || packet.is_routed_here(family)
        || packet.reroute(family, context.state.net())
}
