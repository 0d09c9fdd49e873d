// SPDX-License-Identifier: GPL-2.0

//! VS/NAT: the packet gets the server's address and port as its destination.

use lvs_engine::addr::Family;
use lvs_engine::hops;
use lvs_engine::nat::icmp::{
    rewrite_v4,
    rewrite_v6,
    Layout,
    Toward, //
};
use lvs_engine::nat::{
    self,
    End,
    NewEnd, //
};
use lvs_engine::parse::{
    protocol,
    IpHeader, //
};
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::net::route::RouteRef;
use crate::table::conn::{
    flag,
    Conn, //
};

use super::super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::super::ftp;
use super::headers::transport_sum;
use super::leave::{
    pass_on,
    transmit, //
};
use super::sctp_sum;
use super::server_route::{
    self,
    is_loopback,
    Method,
    TooBig,
    Unroutable, //
};

/// Rewrites a client's packet and sends it to the server, or delivers it if that is this host.
#[inline(always)]
pub(super) fn send(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    conn: &ConnEntry,
) -> Disposition {
    match server_route::cached(context, &packet, &flow.ip, conn, Method::Nat) {
        Some(route)
            if !route.is_local()
                && server_route::fits(context, &packet, &flow.ip, route, Method::Nat) =>
        {
            send_by(context, packet, flow, conn, RouteRef::Cached(route))
        }
        _ => send_with_care(*context, packet, *flow, conn),
    }
}

/// Sends a packet whose route is to be found, or leads to this host, or may be too narrow.
#[inline(never)]
fn send_with_care(
    context: Context<'_>,
    packet: Packet,
    flow: Flow,
    conn: &ConnEntry,
) -> Disposition {
    let (context, flow, mut packet) = (&context, &flow, packet);
    let route = match way(
        context,
        &mut packet,
        &flow.ip,
        conn,
        Method::Nat,
        TooBig::Report,
    ) {
        Ok(route) => route,
        Err(Unroutable(reason)) => return packet.discard(context.state.drops(), reason),
    };
    send_by(context, packet, flow, conn, route)
}

/// Finds the way to the server of a packet that will be rewritten, if it may and can take it.
fn way<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    ip: &IpHeader,
    conn: &ConnEntry,
    method: Method,
    too_big: TooBig,
) -> Result<RouteRef<'a>, Unroutable> {
    let route = server_route::find(context, packet, ip, conn, method)?;
    if !may_enter(&route, conn, packet) {
        return Err(Unroutable(DropReason::Boundary));
    }
    if !route.is_local() {
        server_route::admit(context, packet, ip, &route, method, too_big)?;
    }
    Ok(route)
}

/// Sends a packet along a route that it may take.
#[inline(always)]
fn send_by<'a>(
    context: &Context<'a>,
    mut packet: Packet,
    flow: &Flow,
    conn: &ConnEntry,
    route: RouteRef<'a>,
) -> Disposition {
    let (stays, drops) = (route.is_local(), context.state.drops());
    let sum = transport_sum(&packet);
    let len = nat::rewrite_len(flow.ip.len, flow.ip.protocol);
    let Ok(headers) = packet.writable_behind(len, route.link_header_len()) else {
        return packet.discard(drops, DropReason::NoMemory);
    };
    if !stays && hops::take(headers, flow.ip.family).is_none() {
        return packet.discard(drops, DropReason::Malformed);
    }
    let server = NewEnd {
        end: End::Destination,
        addr: conn.real_addr(),
        port: conn.real_port(),
    };
    if nat::rewrite(headers, &flow.ip, sum, &server).is_none() {
        return packet.discard(drops, DropReason::Malformed);
    }
    packet.forget_device_checksum();
    if flow.ip.protocol == protocol::SCTP {
        let same_port = flow.destination_port == conn.real_port();
        let completes = route.sums_sctp();
        packet = match sctp_sum::keep(packet, flow.ip.len, same_port, completes, drops) {
            Ok(packet) => packet,
            Err(disposition) => return disposition,
        };
    }
    if conn.has(flag::FTP_CONTROL) && ftp::from_client(context, &mut packet, flow, conn).is_none() {
        return packet.discard(drops, DropReason::Ftp);
    }
    leave(context, packet, conn, &route)
}

/// Rewrites an ICMP error about a reply and sends it to the server that sent the reply. `layout`
/// says where its headers lie.
pub(in crate::datapath) fn send_icmp(
    context: &Context<'_>,
    mut packet: Packet,
    ip: &IpHeader,
    layout: &Layout,
    conn: &ConnEntry,
) -> Disposition {
    let method = if context.place == HookPoint::Forward {
        Method::NatThrough
    } else {
        Method::Nat
    };
    let drops = context.state.drops();
    let route = match way(context, &mut packet, ip, conn, method, TooBig::Silent) {
        Ok(route) => route,
        Err(Unroutable(reason)) => return packet.discard(drops, reason),
    };
    let stays = route.is_local();
    let Ok(headers) = packet.writable_behind(layout.headers_len(), route.link_header_len()) else {
        return packet.discard(drops, DropReason::NoMemory);
    };
    if !stays && hops::take(headers, ip.family).is_none() {
        return packet.discard(drops, DropReason::Malformed);
    }
    let (real, port) = (conn.real_addr(), conn.real_port());
    let rewritten = match ip.family {
        Family::V4 => rewrite_v4(headers, layout, Toward::Server, &real, port)
            .filter(|()| packet.complete_icmp_checksum(ip.len)),
        Family::V6 => {
            let done = rewrite_v6(headers, layout, Toward::Server, &real, port);
            packet.forget_device_checksum();
            done
        }
    };
    if rewritten.is_none() {
        return packet.discard(drops, DropReason::Malformed);
    }
    leave(context, packet, conn, &route)
}

/// Whether the packet may take the route: loopback addresses can't be reached from outside.
#[inline]
fn may_enter(route: &RouteRef<'_>, conn: &Conn, packet: &Packet) -> bool {
    !(route.is_local() && is_loopback(&conn.real_addr(), conn.real_family()) && came_in(packet))
}

/// Whether the packet came from the network.
#[inline]
fn came_in(packet: &Packet) -> bool {
    match packet.family() {
        Family::V4 => packet.is_input_routed_v4(),
        Family::V6 => !packet.is_from_loopback(),
    }
}

/// Sends the rewritten packet, or lets it go to this host's own server.
#[inline(always)]
fn leave<'a>(
    context: &Context<'a>,
    mut packet: Packet,
    conn: &Conn,
    route: &RouteRef<'a>,
) -> Disposition {
    if conn.has(flag::TRACKED) && !conn.has(flag::ONE_PACKET) {
        packet.expect_reply_from(conn.real_end());
    }
    if route.is_local() {
        let same_place =
            conn.virtual_port() == conn.real_port() && conn.virtual_addr() == conn.real_addr();
        if !same_place {
            packet.detach_socket();
        }
        return pass_on(packet, conn);
    }
    transmit(context, packet, conn, route)
}
