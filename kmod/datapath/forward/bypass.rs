// SPDX-License-Identifier: GPL-2.0

//! Past the balancer: the packet goes unchanged to where the client sent it.

use lvs_engine::parse::IpHeader;

use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn::Conn;

use super::super::Context;
use super::way::{
    self,
    Method, //
};
use super::{
    take_hop,
    transmit,
    Probe, //
};

/// Sends the packet on.
#[cold]
pub(super) fn send(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    conn: &Conn,
    probe: Probe,
) -> Disposition {
    let mut packet = packet;
    let Ok(route) = way::past(context, &mut packet, ip) else {
        return packet.discard();
    };
    if way::admit(context, &mut packet, ip, &route, Method::Bypass, probe).is_err()
        || take_hop(&mut packet, ip).is_none()
    {
        return packet.discard();
    }
    route.attach(&mut packet, context.read);
    transmit(context, packet, conn)
}
