// SPDX-License-Identifier: GPL-2.0

//! Where packets come in.

use lvs_engine::addr::Family;
use lvs_engine::parse::{
    self,
    protocol,
    IpHeader,
    ParseError, //
};
use lvs_engine::state_input::StateInput;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::task::time;
use crate::table::NetnsState;

use super::balance::balance;
use super::context::{
    pass_by,
    reassembled,
    Context,
    Flow, //
};
use super::{
    early,
    icmp,
    ipsec,
    lookup,
    prefetch,
    sctp, //
};

/// One packet through the balancer. Compiled once for each family and place.
#[inline(always)]
pub(super) fn receive<'a>(
    state: &'a NetnsState,
    family: Family,
    place: HookPoint,
    mut packet: Packet,
    read: ReadSide<'a>,
) -> Disposition {
    if packet.is_balanced() || (place != HookPoint::PreRouting && !packet.has_route()) {
        return packet.accept();
    }
    let Some(tables) = state.tables() else {
        return packet.accept();
    };
    if place == HookPoint::PreRouting && !state.settings().early_path() {
        prefetch::receive(state, tables, family, &packet, read);
        return packet.accept();
    }
    if place == HookPoint::Forward && family == Family::V6 && passes_by(state, &packet) {
        return packet.accept();
    }
    let Some(ip) = ip_header(&mut packet, family) else {
        return packet.accept();
    };
    if place == HookPoint::LocalOut && family == Family::V4 && packet.is_nodefrag() {
        return packet.accept();
    }
    let context = Context {
        state,
        tables,
        read,
        place,
        now: time::now(),
    };
    if place == HookPoint::PreRouting {
        return early::receive(&context, packet, ip);
    }
    match ip.protocol {
        protocol::TCP | protocol::UDP => {
            // Most of what is routed through this host is none of our business: one look tells.
            if place == HookPoint::Forward && !lookup::may_be_reply(state, &ip) {
                return packet.accept();
            }
            transport(&context, packet, ip)
        }
        protocol::ICMP if family == Family::V4 => icmp::receive_v4(&context, packet, ip),
        protocol::ICMPV6 if family == Family::V6 => icmp::receive_v6(&context, packet, ip),
        protocol::SCTP => sctp::receive(&context, packet, ip),
        protocol::ESP | protocol::AH => ipsec::receive(&context, packet, ip),
        _ => pass_by(&context, packet),
    }
}

/// Bytes in which the transport header of an IPv6 packet with extension headers is looked for.
const MAX_HEADERS_V6: usize = 512;

/// Whether a plain IPv6 packet is none of our business, which takes half of its header to see.
#[inline(always)]
fn passes_by(state: &NetnsState, packet: &Packet) -> bool {
    parse::ends(Family::V6, packet.linear())
        .is_some_and(|ends| !lookup::may_know(state, &ends.source))
}

/// Reads the packet's IP header; `None` when it makes no sense.
#[inline(always)]
fn ip_header(packet: &mut Packet, family: Family) -> Option<IpHeader> {
    match family {
        Family::V4 => parse::ipv4(packet.linear()).ok(),
        Family::V6 => match parse::ipv6(packet.linear()) {
            Err(ParseError::Truncated) => {
                // Extension headers may lie in the buffer's fragments.
                let len = packet.len() as usize;
                packet.pull(len.min(MAX_HEADERS_V6));
                parse::ipv6(packet.linear()).ok()
            }
            header => header.ok(),
        },
    }
}

/// A TCP or UDP packet.
#[inline(always)]
fn transport(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    if ip.is_fragment {
        return fragment(*context, packet, ip);
    }
    reassembled_transport(context, packet, ip)
}

/// A fragment of a TCP or UDP packet.
#[cold]
fn fragment(context: Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    match reassembled(&context, packet, ip) {
        Ok((packet, ip)) if ip.is_later_fragment => packet.accept(),
        Ok((packet, ip)) => reassembled_transport(&context, packet, ip),
        Err(disposition) => disposition,
    }
}

/// A TCP or UDP packet that is no fragment, or the first one of IPv6.
#[inline(always)]
fn reassembled_transport(context: &Context<'_>, mut packet: Packet, ip: IpHeader) -> Disposition {
    let needed = ip.len.wrapping_add(parse::transport_len(ip.protocol));
    if !packet.pull(needed) {
        // Too short for its protocol: passing by it is somebody else's to judge.
        return if context.place == HookPoint::Forward {
            packet.accept()
        } else {
            packet.discard(context.state.drops(), DropReason::Malformed)
        };
    }
    let headers = packet.linear().get(ip.len..).unwrap_or_default();
    let Some(ports) = parse::ports(headers) else {
        return packet.accept();
    };
    let input = match ip.protocol {
        protocol::TCP => match parse::tcp_flags(headers) {
            Some(flags) => StateInput::Segment(flags),
            None => return packet.accept(),
        },
        _ => StateInput::Datagram,
    };
    balance(context, packet, Flow::new(ip, ports, input))
}
