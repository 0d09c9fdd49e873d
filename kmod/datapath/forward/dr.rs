// SPDX-License-Identifier: GPL-2.0

//! VS/DR: the packet goes to the server's link-layer address as it is.

use lvs_engine::parse::IpHeader;

use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};

use super::super::{
    ConnEntry,
    Context, //
};
use super::way::{
    self,
    Held,
    Method, //
};
use super::{
    local,
    take_hop,
    transmit,
    Probe, //
};

/// Sends the packet to the server.
#[inline(always)]
pub(super) fn send(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    conn: &ConnEntry,
    probe: Probe,
) -> Disposition {
    match way::cached(context, &packet, ip, conn, Method::Direct) {
        Some(route)
            if !route.is_local() && way::fits(context, &packet, ip, route, Method::Direct) =>
        {
            send_by(context, packet, ip, conn, Held::Cached(route))
        }
        _ => send_with_care(*context, packet, *ip, conn, probe),
    }
}

/// The same, where the way is to be found, or leads to this host, or may be too narrow.
#[inline(never)]
fn send_with_care(
    context: Context<'_>,
    packet: Packet,
    ip: IpHeader,
    conn: &ConnEntry,
    probe: Probe,
) -> Disposition {
    let (context, ip, mut packet) = (&context, &ip, packet);
    let Ok(route) = way::find(context, &mut packet, ip, conn, Method::Direct) else {
        return packet.discard();
    };
    if route.is_local() {
        return local::deliver(packet, conn);
    }
    if way::admit(context, &mut packet, ip, &route, Method::Direct, probe).is_err() {
        return packet.discard();
    }
    send_by(context, packet, ip, conn, route)
}

/// The same, along a route that the packet may take.
#[inline(always)]
fn send_by<'a>(
    context: &Context<'a>,
    packet: Packet,
    ip: &IpHeader,
    conn: &ConnEntry,
    route: Held<'a>,
) -> Disposition {
    let mut packet = packet;
    if take_hop(&mut packet, ip).is_none() {
        return packet.discard();
    }
    route.attach(&mut packet, context.read);
    transmit(context, packet, conn)
}
