// SPDX-License-Identifier: GPL-2.0

//! The route to a real server, and whether the packet may and can take it.

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::header;
use lvs_engine::parse::IpHeader;
use lvs_engine::tunnel::{
    self,
    Encapsulation, //
};
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::compat::errno::ENOBUFS;
use crate::kernel_ext::mem::rcu::RcuBox;
use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::output::IcmpError;
use crate::kernel_ext::net::packet::Packet;
use crate::kernel_ext::net::route::{
    Route,
    RouteRef, //
};
use crate::table::conn::Conn;
use crate::table::edition::Edition;
use crate::table::Dest;

use super::super::context::Context;
use super::headers::take_hop;

/// How the packet will be sent, as far as routing cares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::datapath) enum Method {
    /// Rewritten: may end at this host even if it came to another address.
    Nat,
    /// An error about a rewritten packet, met on the forwarding path: must leave this host.
    NatThrough,
    /// To the server's link-layer address.
    Direct,
    /// Past the balancer to where it was sent: must leave this host.
    Bypass,
    /// Encapsulated, with a source address of this host.
    Tunnel(Encapsulation),
}

impl Method {
    #[inline]
    fn is_tunnel(self) -> bool {
        matches!(self, Method::Tunnel(_))
    }

    /// Whether packets of this method may take a route that one of another method had looked up: a
    /// connection keeps its method when its server gets another one.
    #[inline(always)]
    fn can_use(self, route: &Route) -> bool {
        match self {
            Method::Direct => route.knows_nexthop(),
            Method::Tunnel(_) => route.source() != Addr::ANY,
            _ => true,
        }
    }
}

/// Whether a packet too big for the route is answered: errors never are (RFC 1122, 3.2.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::datapath) enum TooBig {
    /// The sender is told.
    Report,
    /// Nobody is told.
    Silent,
}

/// The packet can't go to the server, and is dropped for this reason. Its sender was told if that
/// is proper.
pub(super) struct Unroutable(pub(super) DropReason);

/// The route that the connection's server has in its cache, if the packet may take it. Whatever
/// the reason that there is none, [`find`] knows better.
#[inline(always)]
pub(super) fn cached<'a>(
    context: &Context<'a>,
    packet: &Packet,
    ip: &IpHeader,
    conn: &Conn,
    method: Method,
) -> Option<&'a Route> {
    let dest = conn.dest(context.read)?;
    let route = kept(context, dest, method)?;
    (!crosses_boundary(packet, ip, method, route.is_local())).then_some(route)
}

/// The route that the server has in its cache, if packets of the method may still take it.
#[inline(always)]
fn kept<'a>(context: &Context<'a>, dest: &'a Dest, method: Method) -> Option<&'a Route> {
    let route = dest.route.load(context.read)?;
    let usable = method.can_use(route) && !route.is_stale(context.state.net());
    usable.then_some(route)
}

/// Finds the route to the connection's server and checks that the packet may take it.
pub(super) fn find<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    ip: &IpHeader,
    conn: &Conn,
    method: Method,
) -> Result<RouteRef<'a>, Unroutable> {
    let route = match conn.dest(context.read) {
        Some(dest) => to_server(context, dest, method),
        None => {
            let family = conn.real_family();
            look_up(context, family, &conn.real_addr(), method).map(RouteRef::Own)
        }
    };
    let route = route.map_err(|error| no_route(packet, error))?;
    if crosses_boundary(packet, ip, method, route.is_local()) {
        return Err(Unroutable(DropReason::Boundary));
    }
    Ok(route)
}

/// Finds the route of a packet that goes past the balancer to where it was sent.
#[cold]
pub(super) fn past<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    ip: &IpHeader,
) -> Result<RouteRef<'a>, Unroutable> {
    let route = look_up(context, ip.family, &ip.destination, Method::Bypass)
        .map_err(|error| no_route(packet, error))?;
    if crosses_boundary(packet, ip, Method::Bypass, route.is_local()) {
        return Err(Unroutable(DropReason::Boundary));
    }
    Ok(RouteRef::Own(route))
}

/// The route of a packet to the server `dest`, if there is one, at `to`: that which the server
/// keeps, or one that it will not keep. Nobody is told if there is none.
#[cold]
pub(in crate::datapath) fn foresee<'a>(
    context: &Context<'a>,
    dest: Option<&'a Dest>,
    family: Family,
    to: &Addr,
    method: Method,
) -> Result<RouteRef<'a>, DropReason> {
    if let Some(route) = dest.and_then(|dest| kept(context, dest, method)) {
        return Ok(RouteRef::Cached(route));
    }
    look_up(context, family, to, method)
        .map(RouteRef::Own)
        .map_err(no_route_reason)
}

/// Tells the sender that there is no route. Where it was memory that lacked there may be one: a
/// client that is told gives up, and one that isn't tries again.
#[cold]
fn no_route(packet: &mut Packet, error: Error) -> Unroutable {
    let reason = no_route_reason(error);
    if reason == DropReason::NoRoute {
        packet.report_link_failure();
    }
    Unroutable(reason)
}

fn no_route_reason(error: Error) -> DropReason {
    if error == ENOMEM || error == ENOBUFS {
        DropReason::NoMemory
    } else {
        DropReason::NoRoute
    }
}

fn to_server<'a>(context: &Context<'a>, dest: &'a Dest, method: Method) -> Result<RouteRef<'a>> {
    match kept(context, dest, method) {
        Some(route) => Ok(RouteRef::Cached(route)),
        None => fresh(context, dest, method),
    }
}

/// Looks the route up anew and keeps it for the next packets if it may be kept.
#[cold]
fn fresh<'a>(context: &Context<'a>, dest: &'a Dest, method: Method) -> Result<RouteRef<'a>> {
    let id = dest.id();
    let route =
        look_up(context, id.family, &id.addr, method).inspect_err(|_| dest.route.replace(None))?;
    // A server that isn't in force yet, or no more, keeps none.
    if route.is_down() || !dest.is_available_in(Edition::Present) {
        return Ok(RouteRef::Own(route));
    }
    match dest.keep_route(context.read, RcuBox::new_atomic(route)?) {
        Some(route) => Ok(RouteRef::Cached(route)),
        // Taken back already: the server's settings have just changed, or its device went.
        None => look_up(context, id.family, &id.addr, method).map(RouteRef::Own),
    }
}

fn look_up(context: &Context<'_>, family: Family, to: &Addr, method: Method) -> Result<Route> {
    let net = context.state.net();
    let direct = method == Method::Direct;
    let tunnel = method.is_tunnel();
    if family == Family::V6 {
        return Route::lookup_v6(net, to, direct, tunnel);
    }
    let to = to.v4_word();
    let route = Route::lookup_v4(net, to, 0, direct)?;
    let source = route.source().v4_word();
    if tunnel && source != 0 {
        // The route may depend on the source address it suggested.
        return Route::lookup_v4(net, to, source, false);
    }
    Ok(route)
}

/// Whether the packet would cross between this host's own and foreign addresses in a way that isn't
/// allowed: from a loopback address to the network, or from the network to this host unless it is
/// rewritten or was addressed to this host.
#[inline(always)]
fn crosses_boundary(packet: &Packet, ip: &IpHeader, method: Method, to_here: bool) -> bool {
    if to_here {
        match method {
            Method::Nat => false,
            Method::NatThrough | Method::Bypass => true,
            Method::Direct | Method::Tunnel(_) => !packet.is_routed_here(),
        }
    } else {
        // An IPv6 loopback address from the network was dropped long before.
        is_loopback(&ip.source, ip.family) && (ip.family == Family::V4 || packet.is_from_loopback())
    }
}

/// Whether a packet that leaves this host needs no closer look: it lives on, and is small enough
/// for any way or may be fragmented.
#[inline(always)]
pub(super) fn fits(
    context: &Context<'_>,
    packet: &Packet,
    ip: &IpHeader,
    route: &Route,
    method: Method,
) -> bool {
    let fits = if method.is_tunnel() {
        context.place != HookPoint::LocalOut
            && route.fits_anyway(packet.len().saturating_add(tunnel::MAX_HEADERS_LEN))
    } else {
        !ip.dont_fragment || route.fits_anyway(packet.len())
    };
    ip.ttl > 1 && fits
}

/// Checks that a packet that leaves this host lives on and fits the way. The sender is told when
/// not.
pub(super) fn admit(
    context: &Context<'_>,
    packet: &mut Packet,
    ip: &IpHeader,
    route: &Route,
    method: Method,
    too_big: TooBig,
) -> Result<(), Unroutable> {
    if fits(context, packet, ip, route, method) {
        return Ok(());
    }
    let net = context.state.net();
    if ip.ttl <= 1 {
        packet.count_ttl_error(net);
        packet.report(net, IcmpError::TimeExceeded);
        return Err(Unroutable(DropReason::Ttl));
    }
    let mtu = room(route, method);
    if method.is_tunnel() {
        let least = tunnel::min_inner_mtu(route.family());
        if mtu < least {
            return Err(Unroutable(DropReason::TooBig));
        }
        if context.place == HookPoint::LocalOut {
            packet.lower_local_mtu(mtu);
        }
        if ip.family == Family::V4 && !context.state.settings().pmtu_disc() {
            return Ok(());
        }
    }
    if ip.dont_fragment && too_big == TooBig::Report && packet.exceeds(mtu) {
        // The error quotes the packet as this hop would have sent it, as ip_vs's does.
        if take_hop(packet, ip).is_none() {
            return Err(Unroutable(DropReason::NoMemory));
        }
        packet.report(net, IcmpError::FragmentationNeeded(mtu));
        return Err(Unroutable(DropReason::TooBig));
    }
    Ok(())
}

/// The longest packet of a client, in bytes, that fits the way.
pub(in crate::datapath) fn room(route: &Route, method: Method) -> u32 {
    match method {
        Method::Tunnel(encapsulation) => {
            let outer_len = header::ip_len(route.family()) as u32;
            let headers_len = outer_len.saturating_add(encapsulation.header_len());
            route.mtu().saturating_sub(headers_len)
        }
        _ => route.mtu(),
    }
}

/// Whether `addr` is a loopback address.
#[inline]
pub(super) fn is_loopback(addr: &Addr, family: Family) -> bool {
    match family {
        Family::V4 => {
            let [first, ..] = addr.v4();
            first == 127
        }
        Family::V6 => addr.0 == [0, 0, 0, 1_u32.to_be()],
    }
}
