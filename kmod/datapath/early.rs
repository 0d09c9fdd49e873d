// SPDX-License-Identifier: GPL-2.0

//! The early path: packets of established connections leave before they are routed.
//!
//! Off unless `net.lvs.early_path` is set. Here nothing begins, nothing is refused and nothing is
//! answered: whatever isn't plain goes on to the hooks of [`super::ingress`], unchanged. What is
//! skipped on the early path is what netfilter, connection tracking and routing's checks of the
//! source do between here and the device.

use lvs_engine::config::Forwarding;
use lvs_engine::hops;
use lvs_engine::nat;
use lvs_engine::parse::{
    self,
    IpHeader, //
};
use lvs_engine::tunnel;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::early::{
    ClientRoute,
    Exit,
    Leaving, //
};
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::reply_routes::RouteKey;
use crate::table::shortcuts::Shortcut;

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::forward::headers::transport_sum;
use super::{
    forward,
    lookup,
    note,
    plain, //
};

/// A packet that was just received.
#[inline]
pub(super) fn receive(context: &Context<'_>, mut packet: Packet, ip: IpHeader) -> Disposition {
    let Some(directions) = plain::directions(context.state, &ip.source, &ip.destination) else {
        return packet.accept();
    };
    let Some(flow) = plain_flow(context, &mut packet, ip) else {
        return packet.accept();
    };
    if directions.to_service {
        if let Some(conn) = lookup::request(context, &flow) {
            return request(context, packet, &flow, conn);
        }
    }
    if directions.from_server {
        if let Some(conn) = lookup::reply(context, &flow) {
            return reply(context, packet, &flow, conn);
        }
    }
    packet.accept()
}

/// The flow of a plain packet.
#[inline]
fn plain_flow(context: &Context<'_>, packet: &mut Packet, ip: IpHeader) -> Option<Flow> {
    if !plain::has_plain_header(context.state, &ip)
        || !packet.may_leave_early(context.state.net())
        || !packet.pull(ip.len.wrapping_add(parse::transport_len(ip.protocol)))
    {
        return None;
    }
    plain::flow(ip, packet.linear())
}

/// A client's packet of a connection.
#[inline]
fn request(context: &Context<'_>, packet: Packet, flow: &Flow, conn: &ConnEntry) -> Disposition {
    let Some((dest, route)) = plain::server(context, conn) else {
        return packet.accept();
    };
    let ip = &flow.ip;
    let method = conn.forwarding();
    let mtu = match method {
        Forwarding::Tunnel => route.mtu().saturating_sub(tunnel::MAX_HEADERS_LEN),
        _ => route.mtu(),
    };
    if packet.exceeds(mtu) {
        return packet.accept();
    }
    let len = match method {
        Forwarding::Masquerade => nat::rewrite_len(ip.len, ip.protocol),
        Forwarding::DirectRoute if route.knows_nexthop() => ip.len,
        // Its headers have to be made anyway.
        Forwarding::Tunnel => {
            context.state.shortcuts().count(Shortcut::Early);
            return forward::request(context, packet, flow, conn);
        }
        _ => return packet.accept(),
    };
    let exit = Exit::Known(route, context.read);
    let sum = transport_sum(&packet);
    let mut packet = match Leaving::new(packet, len, exit) {
        Ok(packet) => packet,
        Err(packet) => return packet.accept(),
    };
    let headers = packet.headers();
    if method == Forwarding::Masquerade {
        let server = plain::server_end(conn);
        if nat::rewrite(headers, ip, sum, &server).is_none() {
            return packet.into_packet().accept();
        }
    }
    if hops::take(headers, ip.family).is_none() {
        let packet = packet.into_packet();
        return packet.discard(context.state.drops(), DropReason::Malformed);
    }
    dest.counters.count_in(packet.packet_len());
    context.state.shortcuts().count(Shortcut::Early);
    note::packet(context, flow, conn, true);
    packet.send(context.state.net())
}

/// A server's packet of a connection that is translated.
#[inline]
fn reply(context: &Context<'_>, packet: Packet, flow: &Flow, conn: &ConnEntry) -> Disposition {
    if !plain::translates_replies(context, conn) {
        return packet.accept();
    }
    let ip = &flow.ip;
    let net = context.state.net();
    let Some(exit) = reply_route(context, &packet, ip, conn) else {
        return packet.accept();
    };
    let sum = transport_sum(&packet);
    let len = nat::rewrite_len(ip.len, ip.protocol);
    let mut packet = match Leaving::new(packet, len, exit) {
        Ok(packet) => packet,
        Err(packet) => return packet.accept(),
    };
    let headers = packet.headers();
    let service = plain::service_end(conn);
    if nat::rewrite(headers, ip, sum, &service).is_none() {
        return packet.into_packet().accept();
    }
    if hops::take(headers, ip.family).is_none() {
        let packet = packet.into_packet();
        return packet.discard(context.state.drops(), DropReason::Malformed);
    }
    note::count_out(context, conn, packet.packet_len());
    context.state.shortcuts().count(Shortcut::Early);
    note::packet(context, flow, conn, false);
    packet.send(net)
}

/// The plain route that a reply takes as one of this host, if it fits that.
#[inline]
fn reply_route<'a>(
    context: &Context<'a>,
    packet: &Packet,
    ip: &IpHeader,
    conn: &ConnEntry,
) -> Option<Exit<'a>> {
    let net = context.state.net();
    let ends = RouteKey::of_reply(ip, conn);
    let is_common = packet.has_common_route(net);
    if is_common {
        let known = context.tables.reply_routes.find(context.read, net, &ends);
        if let Some(route) = known {
            let fits = route.is_plain() && !packet.exceeds(route.mtu());
            return fits.then_some(Exit::Known(route, context.read));
        }
    }
    look_up_reply_route(*context, packet, &ends, is_common)
}

/// The plain route of a reply, from the routing tables.
#[inline(never)]
fn look_up_reply_route<'a>(
    context: Context<'a>,
    packet: &Packet,
    ends: &RouteKey,
    is_common: bool,
) -> Option<Exit<'a>> {
    let net = context.state.net();
    let route = ClientRoute::look_up(net, packet, &ends.source)?;
    if is_common {
        let routes = &context.tables.reply_routes;
        routes.keep(context.read, net, ends, || route.share());
    }
    Some(Exit::Own(route))
}
