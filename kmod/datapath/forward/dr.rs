// SPDX-License-Identifier: GPL-2.0

//! VS/DR: the packet goes to the server's link-layer address as it is.

use lvs_engine::parse::IpHeader;

use crate::kernel_ext::packet::{
    Disposition,
    Packet, //
};

use super::super::{
    ConnEntry,
    Context, //
};
use super::way::{
    self,
    Method, //
};
use super::{
    local,
    take_hop,
    transmit,
    Probe, //
};

/// Sends the packet to the server.
#[inline]
pub(super) fn send(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    conn: &ConnEntry,
    probe: Probe,
) -> Disposition {
    let mut packet = packet;
    let Ok(route) = way::find(context, &mut packet, ip, conn, Method::Direct) else {
        return packet.discard();
    };
    if route.is_local() {
        return local::deliver(packet);
    }
    if way::admit(context, &mut packet, ip, &route, Method::Direct, probe).is_err() {
        return packet.discard();
    }
    if take_hop(&mut packet, ip).is_none() {
        return packet.discard();
    }
    route.attach(&mut packet, context.read);
    transmit(context, ip.family, packet)
}
