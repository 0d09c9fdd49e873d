// SPDX-License-Identifier: GPL-2.0

//! VS/DR: the packet goes to the server's link-layer address as it is.

use lvs_engine::parse::IpHeader;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::net::route::RouteRef;

use super::super::context::{
    ConnEntry,
    Context, //
};
use super::headers::take_hop;
use super::leave::transmit;
use super::local;
use super::server_route::{
    self,
    Method,
    TooBig,
    Unroutable, //
};

/// Sends the packet to the server.
#[inline(always)]
pub(super) fn send(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    conn: &ConnEntry,
    too_big: TooBig,
) -> Disposition {
    match server_route::cached(context, &packet, ip, conn, Method::Direct) {
        Some(route)
            if !route.is_local()
                && server_route::fits(context, &packet, ip, route, Method::Direct) =>
        {
            send_by(context, packet, ip, conn, RouteRef::Cached(route))
        }
        _ => send_with_care(*context, packet, *ip, conn, too_big),
    }
}

/// Sends a packet whose route is to be found, or leads to this host, or may be too narrow.
#[inline(never)]
fn send_with_care(
    context: Context<'_>,
    packet: Packet,
    ip: IpHeader,
    conn: &ConnEntry,
    too_big: TooBig,
) -> Disposition {
    let (context, ip, mut packet) = (&context, &ip, packet);
    let drops = context.state.drops();
    let route = match server_route::find(context, &mut packet, ip, conn, Method::Direct) {
        Ok(route) => route,
        Err(Unroutable(reason)) => return packet.discard(drops, reason),
    };
    if route.is_local() {
        return local::deliver(packet, conn);
    }
    let admitted = server_route::admit(context, &mut packet, ip, &route, Method::Direct, too_big);
    if let Err(Unroutable(reason)) = admitted {
        return packet.discard(drops, reason);
    }
    send_by(context, packet, ip, conn, route)
}

/// Sends a packet along a route that it may take.
#[inline(always)]
fn send_by<'a>(
    context: &Context<'a>,
    mut packet: Packet,
    ip: &IpHeader,
    conn: &ConnEntry,
    route: RouteRef<'a>,
) -> Disposition {
    if take_hop(&mut packet, ip).is_none() {
        return packet.discard(context.state.drops(), DropReason::NoMemory);
    }
    transmit(context, packet, conn, &route)
}
