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

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::net::hook::Place;
use crate::kernel_ext::net::output::IcmpError;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::task::time;
use crate::table::NetnsState;

use super::{
    early,
    foresight,
    forward,
    icmp,
    icmpv6,
    ipsec,
    lookup,
    reply,
    schedule,
    sctp,
    sip,
    Context,
    Flow, //
};

/// One packet through the balancer. Compiled once for each family and place.
#[inline(always)]
pub(super) fn receive<'a>(
    state: &'a NetnsState,
    family: Family,
    place: Place,
    packet: Packet,
    read: ReadSide<'a>,
) -> Disposition {
    let mut packet = packet;
    if packet.is_balanced() || (place != Place::PreRouting && !packet.has_route()) {
        return packet.accept();
    }
    let Some(tables) = state.tables() else {
        return packet.accept();
    };
    if place == Place::PreRouting && !state.sysctls().early_path() {
        foresight::receive(state, tables, family, &packet, read);
        return packet.accept();
    }
    if place == Place::Forward && family == Family::V6 && passes_by(state, &packet) {
        return packet.accept();
    }
    let Some(ip) = ip_header(&mut packet, family) else {
        return packet.accept();
    };
    if place == Place::LocalOut && family == Family::V4 && packet.is_left_alone() {
        return packet.accept();
    }
    let context = Context {
        state,
        tables,
        read,
        place,
        now: time::now(),
    };
    if place == Place::PreRouting {
        return early::receive(&context, packet, ip);
    }
    match ip.protocol {
        protocol::TCP | protocol::UDP => {
            // Most of what is routed through this host is none of our business: one look tells.
            if place == Place::Forward && !lookup::may_be_reply(state, &ip) {
                return packet.accept();
            }
            transport(&context, packet, ip)
        }
        protocol::ICMP if family == Family::V4 => icmp::receive(&context, packet, ip),
        protocol::ICMPV6 if family == Family::V6 => icmpv6::receive(&context, packet, ip),
        protocol::SCTP => sctp::receive(&context, packet, ip),
        protocol::ESP | protocol::AH => ipsec::receive(&context, packet, ip),
        _ => pass_by(&context, packet),
    }
}

/// A packet of a protocol that isn't balanced. It is met again only inside a tunnel, which may have
/// been asked to be left alone.
#[cold]
pub(super) fn pass_by(context: &Context<'_>, packet: Packet) -> Disposition {
    let mut packet = packet;
    if context.place != Place::Forward
        && takes_requests(context, &packet)
        && context.state.sysctls().ignore_tunneled()
    {
        packet.set_balanced();
    }
    packet.accept()
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

/// Reassembles a fragment; `Err` when others are missing yet.
pub(super) fn whole(
    context: &Context<'_>,
    packet: Packet,
    ip: IpHeader,
) -> Result<(Packet, IpHeader), Disposition> {
    // IPv6 fragments were reassembled before they got here.
    if !ip.is_fragment || ip.family == Family::V6 {
        return Ok((packet, ip));
    }
    let packet = packet.reassemble(context.state.net(), context.place.number())?;
    match parse::ipv4(packet.linear()) {
        Ok(ip) => Ok((packet, ip)),
        Err(_) => Err(packet.discard()),
    }
}

/// A TCP or UDP packet.
#[inline(always)]
fn transport(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    if ip.is_fragment {
        return fragment(*context, packet, ip);
    }
    whole_transport(context, packet, ip)
}

/// A fragment of one.
#[cold]
fn fragment(context: Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    match whole(&context, packet, ip) {
        Ok((packet, ip)) if ip.is_later_fragment => packet.accept(),
        Ok((packet, ip)) => whole_transport(&context, packet, ip),
        Err(disposition) => disposition,
    }
}

/// A TCP or UDP packet that is no fragment, or the first one of IPv6.
#[inline(always)]
fn whole_transport(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    let mut packet = packet;
    let needed = ip.len.wrapping_add(parse::transport_len(ip.protocol));
    if !packet.pull(needed) {
        // Too short for its protocol: passing by it is somebody else's to judge.
        return if context.place == Place::Forward {
            packet.accept()
        } else {
            packet.discard()
        };
    }
    let headers = packet.linear().get(ip.len..).unwrap_or_default();
    let Some((source_port, destination_port)) = parse::ports(headers) else {
        return packet.accept();
    };
    let input = match ip.protocol {
        protocol::TCP => match parse::tcp_flags(headers) {
            Some(flags) => StateInput::Segment(flags),
            None => return packet.accept(),
        },
        _ => StateInput::Datagram,
    };
    let flow = Flow {
        ip,
        source_port,
        destination_port,
        input,
        client_hash: None,
    };
    balance(context, packet, flow)
}

/// A packet with ports: a client's of a connection, or a server's, or one that begins a connection.
#[inline(always)]
pub(super) fn balance(context: &Context<'_>, packet: Packet, flow: Flow) -> Disposition {
    let mut flow = flow;
    if context.place != Place::Forward && takes_requests(context, &packet) {
        flow = lookup::hashed(context, flow);
        if let Some(conn) = lookup::request(context, &flow) {
            if schedule::keeps(context, &flow, conn) {
                return forward::request(context, packet, &flow, conn);
            }
            // The entry belongs to an older connection: this packet begins another one.
            return schedule::begin(*context, packet, flow);
        }
    }
    if context.place == Place::Forward {
        if let Some(conn) = lookup::reply(context, &flow) {
            return reply::send_back(context, packet, &flow, conn);
        }
    }
    others(*context, packet, flow)
}

/// A packet of no client's connection, and on the forwarding path of no connection at all.
#[inline(never)]
fn others(context: Context<'_>, packet: Packet, flow: Flow) -> Disposition {
    let mut packet = packet;
    if context.place != Place::Forward && lookup::may_be_reply(context.state, &flow.ip) {
        if let Some(conn) = lookup::reply(&context, &flow) {
            return reply::send_back(&context, packet, &flow, conn);
        }
    }
    if let Some(conn) = sip::open(&context, &mut packet, &flow) {
        return reply::send_back(&context, packet, &flow, &conn);
    }
    if context.state.sysctls().nat_icmp_send() && answer_stray_reply(&context, &packet, &flow) {
        return packet.discard();
    }
    if context.place == Place::Forward || !takes_requests(&context, &packet) {
        return packet.accept();
    }
    schedule::begin(context, packet, flow)
}

/// If a server behind NAT sent this packet that belongs to no connection, tells it that nobody awaits
/// it, and returns whether it did. A reset or an ABORT is no reason to answer.
#[cold]
fn answer_stray_reply(context: &Context<'_>, packet: &Packet, flow: &Flow) -> bool {
    let IpHeader {
        family,
        protocol,
        source,
        ..
    } = flow.ip;
    let backends = &context.tables.backends;
    let server = backends.find(context.read, family, protocol, &source, flow.source_port);
    if flow.input.aborts() || server.is_none() {
        return false;
    }
    packet.report(family, context.state.net(), IcmpError::PortUnreachable);
    true
}

/// Whether the packet may be a client's: addressed to this host on the link, or made by it.
#[inline]
pub(super) fn takes_requests(context: &Context<'_>, packet: &Packet) -> bool {
    context.place == Place::LocalOut || packet.is_for_host()
}
