// SPDX-License-Identifier: GPL-2.0

//! The end of a packet's way through the balancer.

use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn::{
    flag,
    Conn, //
};

use super::super::context::Context;

/// Sends a prepared packet along the route it got.
#[inline]
pub(super) fn transmit(context: &Context<'_>, packet: Packet, conn: &Conn) -> Disposition {
    let mut packet = packet;
    if conn.has(flag::TRACKED) {
        packet.leave_tracked();
    } else {
        packet.leave();
    }
    packet.send(conn.family(), context.state.net())
}

/// A packet of the connection goes on through this host's hooks: marks it as seen by the balancer,
/// and hides it from connection tracking unless that knows the connection.
#[inline]
pub(in crate::datapath) fn pass_on(packet: Packet, conn: &Conn) -> Disposition {
    let mut packet = packet;
    packet.set_balanced();
    if !conn.has(flag::TRACKED) {
        packet.untrack();
    }
    packet.accept()
}
