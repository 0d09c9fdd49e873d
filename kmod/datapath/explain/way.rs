// SPDX-License-Identifier: GPL-2.0

//! How a packet would leave.

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::Forwarding;
use lvs_engine::parse::protocol;
use lvs_engine::tunnel::Encapsulation;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::route::RouteRef;
use crate::table::conn::flag;
use crate::table::explain::{
    Early,
    Hop,
    Way, //
};
use crate::table::{
    ftp_ports,
    Dest, //
};

use super::super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::super::forward::server_route::{
    self,
    Method, //
};

/// Where a packet is to go.
struct Target<'a> {
    /// The server; none past the balancer, or of a connection that another director told of.
    dest: Option<&'a Dest>,
    family: Family,
    addr: Addr,
    method: Forwarding,
    /// The packets have this flag's meaning at the early path, if any.
    holds_back: Option<Early>,
}

/// The way of packets of a connection.
pub(super) fn of_conn(context: &Context<'_>, flow: &Flow, conn: &ConnEntry) -> Way {
    let holds_back = if conn.has(flag::TRACKED) {
        Some(Early::Tracked)
    } else if conn.has(flag::FTP_CONTROL) {
        Some(Early::FtpControl)
    } else if conn
        .dest(context.read)
        .is_none_or(|dest| !dest.is_available())
    {
        Some(Early::NoServer)
    } else {
        None
    };
    let method = conn.forwarding();
    let (family, addr) = match method {
        Forwarding::Bypass => (flow.ip.family, flow.ip.destination),
        _ => (conn.real_family(), conn.real_addr()),
    };
    let target = Target {
        dest: conn.dest(context.read),
        family,
        addr,
        method,
        holds_back,
    };
    of(context, flow, &target)
}

/// The way of a new connection to a server.
pub(super) fn of_server(context: &Context<'_>, flow: &Flow, dest: &Dest) -> Way {
    let method = dest.forwarding();
    let is_ftp_control = flow.ip.protocol == protocol::TCP
        && method == Forwarding::Masquerade
        && ftp_ports::index_of(flow.destination_port).is_some();
    let target = Target {
        dest: Some(dest),
        family: dest.id().family,
        addr: dest.id().addr,
        method,
        holds_back: is_ftp_control.then_some(Early::FtpControl),
    };
    of(context, flow, &target)
}

/// The way past the balancer.
pub(super) fn past(context: &Context<'_>, flow: &Flow) -> Way {
    let target = Target {
        dest: None,
        family: flow.ip.family,
        addr: flow.ip.destination,
        method: Forwarding::Bypass,
        holds_back: None,
    };
    of(context, flow, &target)
}

fn of(context: &Context<'_>, flow: &Flow, target: &Target<'_>) -> Way {
    let method = target.method;
    let way = |hop, route: Option<&RouteRef<'_>>| Way {
        method,
        hop,
        early: early(context, flow, target, route),
        xdp: xdp(context, flow, target, route),
    };
    let routed_by = match method {
        Forwarding::Masquerade => Method::Nat,
        Forwarding::DirectRoute => Method::Direct,
        Forwarding::Bypass => Method::Bypass,
        Forwarding::Tunnel => {
            let tunnel = target.dest.map(|dest| dest.tunnel()).unwrap_or_default();
            Method::Tunnel(Encapsulation::of(tunnel, false))
        }
        Forwarding::Local => return way(Ok(Hop::Here), None),
    };
    if target.family != flow.ip.family && method != Forwarding::Tunnel {
        return way(Err(DropReason::NoRoute), None);
    }
    let (dest, family) = (target.dest, target.family);
    match server_route::foresee(context, dest, family, &target.addr, routed_by) {
        Err(reason) => way(Err(reason), None),
        Ok(route) if route.is_local() => {
            let hop = match method {
                Forwarding::Bypass => Err(DropReason::Boundary),
                _ => Ok(Hop::Here),
            };
            way(hop, Some(&route))
        }
        Ok(route) => {
            let hop = Hop::To {
                device: route.device_index(),
                next: route.next_hop(&target.addr),
                mtu: server_route::room(&route, routed_by),
                source: (method == Forwarding::Tunnel).then(|| (family, route.source())),
            };
            way(Ok(hop), Some(&route))
        }
    }
}

/// Whether packets of an established connection would take the early path: what `early` and `plain`
/// ask of each packet.
fn early(
    context: &Context<'_>,
    flow: &Flow,
    target: &Target<'_>,
    route: Option<&RouteRef<'_>>,
) -> Early {
    match context.state.settings().early_path() {
        true => in_front(context, flow, target, route),
        false => Early::Off,
    }
}

/// Whether its frames would leave by XDP, from a device that has it: what `xdp` and `plain` ask of
/// each frame, and tunnels are none of its methods.
fn xdp(
    context: &Context<'_>,
    flow: &Flow,
    target: &Target<'_>,
    route: Option<&RouteRef<'_>>,
) -> Early {
    match in_front(context, flow, target, route) {
        Early::Taken if target.method == Forwarding::Tunnel => Early::Method,
        asked => asked,
    }
}

/// What both ask of each packet.
fn in_front(
    context: &Context<'_>,
    flow: &Flow,
    target: &Target<'_>,
    route: Option<&RouteRef<'_>>,
) -> Early {
    if !matches!(flow.ip.protocol, protocol::TCP | protocol::UDP) {
        return Early::Protocol;
    }
    if context.state.settings().conntrack() {
        return Early::Tracked;
    }
    if let Some(reason) = target.holds_back {
        return reason;
    }
    let Some(route) = route else {
        return match target.method {
            Forwarding::Local => Early::Method,
            _ => Early::Route,
        };
    };
    let has_way = match target.method {
        Forwarding::Masquerade | Forwarding::Tunnel => true,
        Forwarding::DirectRoute => route.knows_nexthop(),
        Forwarding::Local | Forwarding::Bypass => false,
    };
    match (has_way, route.is_plain()) {
        (false, _) => Early::Method,
        (true, false) => Early::Route,
        (true, true) => Early::Taken,
    }
}
