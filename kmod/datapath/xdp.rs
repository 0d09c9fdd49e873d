// SPDX-License-Identifier: GPL-2.0

//! In front of the stack: frames of established connections leave before a packet is made of them.
//!
//! A device's frames come here if its administrator attached the program for it, and by
//! [`super::plain`] the same are taken as on the early path. Nothing begins here, nothing is
//! refused and nothing is answered: whatever isn't plain goes on to the stack, unchanged, and what
//! the stack learns from it (a route, a neighbour) lets the next one leave from here. What is
//! skipped is all that the kernel does with packets: netfilter, traffic control, captures.

use lvs_engine::addr::Family;
use lvs_engine::config::Forwarding;
use lvs_engine::hops;
use lvs_engine::nat::{
    self,
    TransportSum, //
};
use lvs_engine::parse::{
    self,
    IpHeader, //
};
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::net::early::{
    ClientRoute,
    Exit, //
};
use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::route::Route;
use crate::kernel_ext::net::xdp::{
    self,
    Frame,
    Verdict, //
};
use crate::kernel_ext::task::time;
use crate::table::reply_routes::RouteKey;
use crate::table::shortcuts::Shortcut;
use crate::table::NetnsState;

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::{
    lookup,
    note,
    plain, //
};

/// A frame that a device just received.
#[inline(always)]
pub(super) fn receive<'a>(state: &'a NetnsState, frame: Frame<'a>, read: ReadSide<'a>) -> Verdict {
    let Some(tables) = state.tables() else {
        return frame.pass();
    };
    let bytes = frame.bytes();
    let family = frame.family();
    // Most of what passes by is seen to from its addresses.
    let directions = parse::ends(family, bytes)
        .and_then(|ends| plain::directions(state, &ends.source, &ends.destination));
    let Some(directions) = directions else {
        return frame.pass();
    };
    let ip = match family {
        Family::V4 => parse::ipv4(bytes),
        Family::V6 => parse::ipv6(bytes),
    };
    let Ok(ip) = ip else {
        return frame.pass();
    };
    let context = Context {
        state,
        tables,
        read,
        place: HookPoint::PreRouting,
        now: time::now(),
    };
    if !plain::has_plain_header(state, &ip) {
        return frame.pass();
    }
    let Some(flow) = plain::flow(ip, bytes) else {
        return frame.pass();
    };
    if directions.to_service {
        if let Some(conn) = lookup::request(&context, &flow) {
            return request(&context, frame, &flow, conn);
        }
    }
    if directions.from_server {
        if let Some(conn) = lookup::reply(&context, &flow) {
            return reply(&context, frame, &flow, conn);
        }
    }
    frame.pass()
}

/// A client's packet of a connection.
#[inline(always)]
fn request(context: &Context<'_>, frame: Frame<'_>, flow: &Flow, conn: &ConnEntry) -> Verdict {
    let Some((dest, route)) = plain::server(context, conn) else {
        return frame.pass();
    };
    let ip = &flow.ip;
    let (len, needed, to) = match conn.forwarding() {
        Forwarding::Masquerade => (
            frame.len(),
            nat::rewrite_len(ip.len, ip.protocol),
            conn.real_addr(),
        ),
        Forwarding::DirectRoute if route.knows_nexthop() => (frame.len(), ip.len, ip.destination),
        _ => return frame.pass(),
    };
    if !fits(route, len) || !is_complete(&frame, ip, needed) {
        return frame.pass();
    }
    let exit = Exit::Known(route, context.read);
    let mut frame = match frame.leave(context.state.net(), &exit, &to) {
        Ok(frame) => frame,
        Err(frame) => return frame.pass(),
    };
    let headers = frame.headers();
    if conn.forwarding() == Forwarding::Masquerade {
        let server = plain::server_end(conn);
        if nat::rewrite(headers, ip, TransportSum::Complete, &server).is_none() {
            return frame.pass();
        }
    }
    if hops::take(headers, ip.family).is_none() {
        return frame.discard(context.state.drops(), DropReason::Malformed);
    }
    dest.counters.count_in(len);
    context.state.shortcuts().count(Shortcut::Xdp);
    note::packet(context, flow, conn, true);
    frame.send()
}

/// A server's packet of a connection that is translated.
#[inline(always)]
fn reply(context: &Context<'_>, frame: Frame<'_>, flow: &Flow, conn: &ConnEntry) -> Verdict {
    let ip = &flow.ip;
    let net = context.state.net();
    let len = frame.len();
    if !plain::translates_replies(context, conn)
        || !xdp::has_common_route(net, ip.family, &ip.destination)
        || !is_complete(&frame, ip, nat::rewrite_len(ip.len, ip.protocol))
    {
        return frame.pass();
    }
    let key = RouteKey::of_reply(ip, conn);
    let exit = match context.tables.reply_routes.find(context.read, net, &key) {
        Some(route) if route.is_plain() && fits(route, len) => Exit::Known(route, context.read),
        Some(_) => return frame.pass(),
        None => match look_up_reply_route(*context, &frame, &key) {
            Some(exit) => exit,
            None => return frame.pass(),
        },
    };
    let mut frame = match frame.leave(net, &exit, &ip.destination) {
        Ok(frame) => frame,
        Err(frame) => return frame.pass(),
    };
    let headers = frame.headers();
    let service = plain::service_end(conn);
    if nat::rewrite(headers, ip, TransportSum::Complete, &service).is_none() {
        return frame.pass();
    }
    if hops::take(headers, ip.family).is_none() {
        return frame.discard(context.state.drops(), DropReason::Malformed);
    }
    note::count_out(context, conn, len);
    context.state.shortcuts().count(Shortcut::Xdp);
    note::packet(context, flow, conn, false);
    frame.send()
}

/// Whether a packet of `len` bytes fits the way.
#[inline(always)]
fn fits(route: &Route, len: u32) -> bool {
    route.fits_anyway(len) || len <= route.mtu()
}

/// Whether the first `needed` bytes of the packet lie there, and its transport checksum is a
/// complete one.
#[inline(always)]
fn is_complete(frame: &Frame<'_>, ip: &IpHeader, needed: usize) -> bool {
    frame.bytes().len() >= needed
        && !nat::may_be_partial(frame.bytes(), ip, frame.len()).unwrap_or(true)
}

/// The plain route of a reply, from the routing tables, if the reply fits it.
#[inline(never)]
fn look_up_reply_route<'a>(
    context: Context<'a>,
    frame: &Frame<'_>,
    key: &RouteKey,
) -> Option<Exit<'a>> {
    let net = context.state.net();
    let route = ClientRoute::look_up_header(net, key.family, frame.bytes(), &key.source)?;
    let routes = &context.tables.reply_routes;
    routes.keep(context.read, net, key, || route.share());
    (frame.len() <= route.mtu()).then_some(Exit::Own(route))
}
