// SPDX-License-Identifier: GPL-2.0

//! From a server back to the client.

use lvs_engine::config::Forwarding;
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
use crate::kernel_ext::net::output::Routed;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::net::route::{
    Route,
    RouteRef, //
};
use crate::table::conn::{
    flag,
    Conn, //
};
use crate::table::reply_routes::RouteKey;

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::forward::headers::transport_sum;
use super::forward::leave::pass_on;
use super::forward::sctp_sum;
use super::{
    ftp,
    note, //
};

/// A packet of a connection's server: gets the virtual address as its source if the connection is
/// translated, and goes on its way.
#[inline(always)]
pub(super) fn send_back(
    context: &Context<'_>,
    mut packet: Packet,
    flow: &Flow,
    conn: &ConnEntry,
) -> Disposition {
    if conn.forwarding() == Forwarding::Masquerade {
        let drops = context.state.drops();
        let sum = transport_sum(&packet);
        let route = ReplyRoute::of(context, &packet, flow, conn);
        let headroom = route.known.map_or(0, Route::link_header_len);
        let len = nat::rewrite_len(flow.ip.len, flow.ip.protocol);
        let Ok(headers) = packet.writable_behind(len, headroom) else {
            return packet.discard(drops, DropReason::NoMemory);
        };
        let service = NewEnd {
            end: End::Source,
            addr: conn.virtual_addr(),
            port: conn.virtual_port(),
        };
        if nat::rewrite(headers, &flow.ip, sum, &service).is_none() {
            return packet.discard(drops, DropReason::Malformed);
        }
        packet.forget_device_checksum();
        if flow.ip.protocol == protocol::SCTP {
            let same_port = flow.source_port == conn.virtual_port();
            packet = match sctp_sum::keep(packet, flow.ip.len, same_port, false, drops) {
                Ok(packet) => packet,
                Err(disposition) => return disposition,
            };
        }
        if conn.has(flag::FTP_CONTROL)
            && ftp::from_server(context, &mut packet, flow, conn).is_none()
        {
            return packet.discard(drops, DropReason::Ftp);
        }
        if let Some(known) = route.known {
            packet = match Routed::new(packet, &RouteRef::Cached(known), context.read, drops) {
                Ok(packet) => packet.into_packet(),
                Err(disposition) => return disposition,
            };
        } else if !route.find(context, &mut packet) {
            return packet.discard(drops, DropReason::NoRoute);
        }
        if conn.has(flag::TRACKED) && !conn.has(flag::ONE_PACKET) {
            packet.expect_reply_to(conn.virtual_end());
        }
    }
    note::count_out(context, conn, packet.len());
    note::packet(context, flow, conn, false);
    pass_on(packet, conn)
}

/// The route of a translated reply.
struct ReplyRoute<'a> {
    /// What it depends on, if that is little.
    ends: Option<RouteKey>,
    /// The route that an earlier reply took.
    known: Option<&'a Route>,
}

impl<'a> ReplyRoute<'a> {
    #[inline(always)]
    fn of(context: &Context<'a>, packet: &Packet, flow: &Flow, conn: &Conn) -> Self {
        let net = context.state.net();
        let is_common = context.place == HookPoint::Forward
            && context.state.settings().snat_reroute()
            && packet.has_common_route(net);
        if !is_common {
            return Self {
                ends: None,
                known: None,
            };
        }
        let ends = RouteKey::of_reply(&flow.ip, conn);
        let routes = &context.tables.reply_routes;
        Self {
            ends: Some(ends),
            known: routes.find(context.read, net, &ends),
        }
    }

    /// Routes the rewritten packet. False when there is no way.
    #[inline(never)]
    fn find(&self, context: &Context<'a>, packet: &mut Packet) -> bool {
        if !reroute(context, packet) {
            return false;
        }
        if let Some(ends) = &self.ends {
            let net = context.state.net();
            let routes = &context.tables.reply_routes;
            routes.keep(context.read, net, ends, || packet.share_route());
        }
        true
    }
}

impl RouteKey {
    /// Those of a server's packet to a client.
    #[inline(always)]
    pub(super) fn of_reply(ip: &IpHeader, conn: &Conn) -> Self {
        Self {
            family: ip.family,
            // Congestion notification has no say.
            tos: ip.tos & !3,
            source: conn.virtual_addr(),
            client: ip.destination,
        }
    }
}

/// Routes a translated reply as if this host had made it, since policy routing may tell the two
/// apart. False when there is no way.
#[inline]
pub(super) fn reroute(context: &Context<'_>, packet: &mut Packet) -> bool {
    context.place == HookPoint::LocalIn
        || !context.state.settings().snat_reroute()
        || packet.reroute(context.state.net())
}
