// SPDX-License-Identifier: GPL-2.0

//! VS/TUN: the packet goes to the server inside another one.

use lvs_engine::addr::Family;
use lvs_engine::parse::IpHeader;
use lvs_engine::tunnel::{
    self,
    Encapsulation, //
};
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::packet::{
    ChecksumState,
    Disposition,
    Packet, //
};
use crate::kernel_ext::net::route::RouteRef;
use crate::kernel_ext::net::tunnel::{
    Built,
    Outer, //
};
use crate::table::conn::flag;

use super::super::context::{
    ConnEntry,
    Context, //
};
use super::headers::take_hop;
use super::local;
use super::server_route::{
    self,
    Method,
    TooBig,
    Unroutable, //
};

/// Encapsulates the packet and sends it to the server. In one piece: a function of its own for the
/// outer header costs 15 instructions a packet.
pub(super) fn send(
    context: &Context<'_>,
    mut packet: Packet,
    ip: &IpHeader,
    conn: &ConnEntry,
    too_big: TooBig,
) -> Disposition {
    let drops = context.state.drops();
    let tunnel = conn
        .dest(context.read)
        .map(|dest| dest.tunnel())
        .unwrap_or_default();
    let is_partial = packet.checksum_state() == ChecksumState::Partial;
    let encapsulation = Encapsulation::of(tunnel, is_partial);
    let method = Method::Tunnel(encapsulation);
    let route = match server_route::cached(context, &packet, ip, conn, method) {
        Some(route) => RouteRef::Cached(route),
        None => match server_route::find(context, &mut packet, ip, conn, method) {
            Ok(route) => route,
            Err(Unroutable(reason)) => return packet.discard(drops, reason),
        },
    };
    if route.is_local() {
        return local::deliver(packet, conn);
    }
    if !server_route::fits(context, &packet, ip, &route, method) {
        let admitted = server_route::admit(context, &mut packet, ip, &route, method, too_big);
        if let Err(Unroutable(reason)) = admitted {
            return packet.discard(drops, reason);
        }
    }
    if take_hop(&mut packet, ip).is_none() {
        return packet.discard(drops, DropReason::NoMemory);
    }
    let dont_fragment = ip.dont_fragment && context.state.settings().pmtu_disc();
    let (source, real) = (route.source(), conn.real_addr());
    let hops = ip.ttl.wrapping_sub(1);
    let protocol = encapsulation.protocol(tunnel::ip_protocol(ip.family));
    let (mut header_v4, header_v6);
    // Only what may be fragmented needs an IP ID.
    let mut kernel_sets_ip_id = route.family() == Family::V4;
    let header: &[u8] = match route.family() {
        Family::V4 => {
            // The packets of an IPv6 client may be fragmented outside.
            let dont_fragment = dont_fragment && ip.family == Family::V4;
            let (source, real) = (source.v4_word(), real.v4_word());
            header_v4 = tunnel::ipv4_header(ip, protocol, hops, dont_fragment, source, real);
            if encapsulation == Encapsulation::Ip && !dont_fragment {
                let ip_id = route.reserve_ip_ids(packet.segments());
                tunnel::set_ip_id_v4(&mut header_v4, ip_id);
                kernel_sets_ip_id = false;
            }
            &header_v4
        }
        Family::V6 => {
            header_v6 = tunnel::ipv6_header(ip, protocol, hops, &source, &real);
            &header_v6
        }
    };
    // The client's packet itself isn't seen by netfilter any more.
    if conn.has(flag::TRACKED) && !packet.confirm_tracking(context.state.tracking()) {
        return packet.discard(drops, DropReason::Tracking);
    }
    let outer = Outer {
        encapsulation,
        header,
        source,
        target: real,
        kernel_sets_ip_id,
    };
    let net = context.state.net();
    match Built::new(packet, &outer, &route, context.read, net, drops) {
        Ok(packet) if context.place == HookPoint::PreRouting && route.is_plain() => {
            packet.send_early(net)
        }
        Ok(packet) => packet.send(net),
        Err(disposition) => disposition,
    }
}
