// SPDX-License-Identifier: GPL-2.0

//! ICMP errors about balanced connections: they reach the side that can act on them, and speak of
//! the addresses that side knows (RFC 5508).

use lvs_engine::addr::Family;
use lvs_engine::config::Forwarding;
use lvs_engine::nat::icmp::{
    rewrite_v4,
    rewrite_v6,
    Toward, //
};
use lvs_engine::parse::{
    self,
    IpHeader, //
};
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};

use super::context::{
    is_request_hook,
    pass_by,
    reassembled,
    ConnEntry,
    Context,
    Flow, //
};
use super::forward::leave::pass_on;
use super::forward::server_route::TooBig;
use super::received_error::{
    self,
    inner_flow,
    Report, //
};
use super::schedule::{
    self,
    Unscheduled, //
};
use super::{
    forward,
    note,
    reply,
    tunnel_error, //
};

/// An ICMP packet.
#[cold]
pub(super) fn receive_v4(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    let (mut packet, ip) = match reassembled(context, packet, ip) {
        Ok(reassembled) => reassembled,
        Err(disposition) => return disposition,
    };
    match received_error::read_v4(&mut packet, ip.len) {
        Some(report) => relay(context, packet, &ip, &report),
        None => pass_by(context, packet),
    }
}

/// An ICMPv6 packet.
#[cold]
pub(super) fn receive_v6(context: &Context<'_>, mut packet: Packet, ip: IpHeader) -> Disposition {
    match received_error::read_v6(&mut packet, &ip) {
        Some(report) => relay(context, packet, &ip, &report),
        None => pass_by(context, packet),
    }
}

/// An error goes to the side that the packet it is about came from.
fn relay(context: &Context<'_>, mut packet: Packet, ip: &IpHeader, report: &Report) -> Disposition {
    if context.place == HookPoint::LocalIn && is_request_hook(context, &packet) {
        if let Some((inside, conn)) = tunnel_error::find(context, &mut packet, report) {
            return tunnel_error::relay(context, packet, ip, report, &inside, conn);
        }
    }
    let Some(flow) = inner_flow(&mut packet, report) else {
        return packet.accept();
    };
    // The inner packet went from the client to the server: tell the client.
    let conns = &context.tables.conns;
    if let Some(conn) = conns.find_reply(context.read, &flow.as_request(), context.now) {
        return to_client(context, packet, ip, report, conn);
    }
    if !is_request_hook(context, &packet) {
        return packet.accept();
    }
    about_reply(context, packet, ip, report, &flow)
}

/// An error about a packet with `flow` that no client sent: if a virtual address sent it to a
/// client, the server is told. Its connection may have to be made for that.
fn about_reply(
    context: &Context<'_>,
    mut packet: Packet,
    ip: &IpHeader,
    report: &Report,
    flow: &Flow,
) -> Disposition {
    let conns = &context.tables.conns;
    let tuple = flow.as_reply();
    if let Some(conn) = conns.find_request(context.read, &tuple, conns.hash_of(&tuple), context.now)
    {
        return to_server(context, packet, ip, report, conn);
    }
    if !context.state.settings().schedule_icmp() || !parse::has_ports(report.inner.protocol) {
        return packet.accept();
    }
    match schedule::begin_reported(context, &mut packet, flow) {
        Ok(conn) => to_server(context, packet, ip, report, &conn),
        Err(Unscheduled::Pass) => packet.accept(),
        Err(Unscheduled::Drop(reason)) => packet.discard(context.state.drops(), reason),
    }
}

/// An error about a client's packet, from the server or on the way to it.
fn to_client(
    context: &Context<'_>,
    mut packet: Packet,
    ip: &IpHeader,
    report: &Report,
    conn: &ConnEntry,
) -> Disposition {
    if conn.forwarding() == Forwarding::Masquerade {
        if let Err(reason) = translate(context, &mut packet, ip, report, conn) {
            return packet.discard(context.state.drops(), reason);
        }
    }
    note::count_out(context, conn, packet.len());
    pass_on(packet, conn)
}

/// Rewrites an error about a translated packet for the client, and routes it.
fn translate(
    context: &Context<'_>,
    packet: &mut Packet,
    ip: &IpHeader,
    report: &Report,
    conn: &ConnEntry,
) -> Result<(), DropReason> {
    if !packet.icmp_checksum_ok(ip.len) {
        return Err(DropReason::Checksum);
    }
    translate_quoted_header(packet, ip, report, conn).ok_or(DropReason::Malformed)?;
    if !reply::reroute(context, packet) {
        return Err(DropReason::NoRoute);
    }
    Ok(())
}

/// Rewrites an error about a translated packet for the client. `None` when it can't be.
fn translate_quoted_header(
    packet: &mut Packet,
    ip: &IpHeader,
    report: &Report,
    conn: &ConnEntry,
) -> Option<()> {
    let layout = report.layout(ip);
    let headers = packet.writable(layout.headers_len()).ok()?;
    let (addr, port) = (conn.virtual_addr(), conn.virtual_port());
    match ip.family {
        Family::V4 => {
            rewrite_v4(headers, &layout, Toward::Client, &addr, port)?;
            packet.complete_icmp_checksum(ip.len).then_some(())
        }
        Family::V6 => {
            rewrite_v6(headers, &layout, Toward::Client, &addr, port)?;
            packet.forget_device_checksum();
            Some(())
        }
    }
}

/// An error about a server's reply, from the client or on the way to it.
fn to_server(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    report: &Report,
    conn: &ConnEntry,
) -> Disposition {
    let translated = conn.forwarding() == Forwarding::Masquerade;
    if translated && !packet.icmp_checksum_ok(ip.len) {
        return packet.discard(context.state.drops(), DropReason::Checksum);
    }
    note::count_in(context, conn, packet.len());
    conn.count_packet();
    if translated {
        forward::send_icmp(context, packet, ip, &report.layout(ip), conn)
    } else {
        forward::unchanged(*context, packet, *ip, conn, TooBig::Silent)
    }
}
