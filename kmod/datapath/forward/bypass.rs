// SPDX-License-Identifier: GPL-2.0

//! Past the balancer: the packet goes unchanged to where the client sent it.

use lvs_engine::parse::IpHeader;

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
    TooBig, //
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
    let Ok(route) = server_route::past(context, &mut packet, ip) else {
        return packet.discard();
    };
    if server_route::admit(context, &mut packet, ip, &route, Method::Bypass, too_big).is_err()
        || take_hop(&mut packet, ip).is_none()
    {
        return packet.discard();
    }
    transmit(context, packet, conn, &route)
}
