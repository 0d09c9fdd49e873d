// SPDX-License-Identifier: GPL-2.0

//! Past the balancer: the packet goes unchanged to where the client sent it.

use lvs_engine::parse::IpHeader;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn::Conn;

use super::super::context::Context;
use super::headers::take_hop;
use super::leave::transmit;
use super::server_route::{
    self,
    Method,
    TooBig,
    Unroutable, //
};

/// Sends the packet on.
#[cold]
pub(super) fn send(
    context: &Context<'_>,
    mut packet: Packet,
    ip: &IpHeader,
    conn: &Conn,
    too_big: TooBig,
) -> Disposition {
    let drops = context.state.drops();
    let route = match server_route::past(context, &mut packet, ip) {
        Ok(route) => route,
        Err(Unroutable(reason)) => return packet.discard(drops, reason),
    };
    let admitted = server_route::admit(context, &mut packet, ip, &route, Method::Bypass, too_big);
    if let Err(Unroutable(reason)) = admitted {
        return packet.discard(drops, reason);
    }
    if take_hop(&mut packet, ip).is_none() {
        return packet.discard(drops, DropReason::NoMemory);
    }
    transmit(context, packet, conn, &route)
}
