// SPDX-License-Identifier: GPL-2.0

//! The end of a packet's way through the balancer.

use crate::kernel_ext::net::output::Routed;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::net::route::RouteRef;
use crate::table::conn::{
    flag,
    Conn, //
};

use super::super::context::Context;

/// Sends the packet along a route that it may take.
#[inline(always)]
pub(super) fn transmit<'a>(
    context: &Context<'a>,
    packet: Packet,
    conn: &Conn,
    route: &RouteRef<'a>,
) -> Disposition {
    match Routed::new(packet, route, context.read, context.state.drops()) {
        Ok(packet) => packet.send(conn.has(flag::TRACKED), context.state.net()),
        Err(disposition) => disposition,
    }
}

/// A packet of the connection goes on through this host's hooks, hidden from connection tracking
/// unless that knows the connection.
#[inline]
pub(in crate::datapath) fn pass_on(packet: Packet, conn: &Conn) -> Disposition {
    packet.pass_on(conn.has(flag::TRACKED))
}
