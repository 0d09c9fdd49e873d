// SPDX-License-Identifier: GPL-2.0

//! ICMP errors about balanced connections: they reach the side that can act on them, and speak of
//! the addresses that side knows (RFC 5508).

use lvs_engine::addr::Family;
use lvs_engine::config::Forwarding;
use lvs_engine::nat::{
    self,
    Toward, //
};
use lvs_engine::parse::{
    self,
    protocol,
    IpHeader,
    ReceivedError,
    ICMP_HEADER_LEN, //
};
use lvs_engine::state_input::StateInput;

use crate::kernel_ext::net::hook::Place;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};

use super::forward::{
    self,
    Probe, //
};
use super::ingress::{
    pass_by,
    takes_requests,
    whole, //
};
use super::schedule::{
    self,
    Unscheduled, //
};
use super::{
    ipsec,
    reply,
    tunnel_error,
    ConnEntry,
    Context,
    Flow, //
};

/// An error and the packet it is about.
pub(super) struct Report {
    pub(super) error: ReceivedError,
    /// Where the inner IP header starts.
    pub(super) inner_at: usize,
    pub(super) inner: IpHeader,
}

/// An ICMP packet.
#[cold]
pub(super) fn receive(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    let (mut packet, ip) = match whole(context, packet, ip) {
        Ok(whole) => whole,
        Err(disposition) => return disposition,
    };
    let Some(report) = read_report(&mut packet, ip.len) else {
        return pass_by(context, packet);
    };
    if context.place == Place::LocalIn && takes_requests(context, &packet) {
        if let Some((inside, conn)) = tunnel_error::find(context, &mut packet, &report) {
            return tunnel_error::relay(context, packet, &ip, &report, &inside, conn);
        }
    }
    let Some(flow) = inner_flow(&mut packet, &report) else {
        return packet.accept();
    };
    // The inner packet went from the client to the server: tell the client.
    if let Some(conn) =
        context
            .tables
            .conns
            .find_reply(context.read, &flow.as_request(), context.now)
    {
        return to_client(context, packet, &ip, &report, conn);
    }
    if !takes_requests(context, &packet) {
        return packet.accept();
    }
    about_reply(context, packet, &ip, &report, &flow)
}

/// An error about a packet with `flow` that no client sent: if a virtual address sent it to a client,
/// the server is told. Its connection may have to be made for that.
pub(super) fn about_reply(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    report: &Report,
    flow: &Flow,
) -> Disposition {
    let mut packet = packet;
    let conns = &context.tables.conns;
    let tuple = flow.as_reply();
    if let Some(conn) = conns.find_request(context.read, &tuple, conns.hash_of(&tuple), context.now)
    {
        return to_server(context, packet, ip, report, conn);
    }
    if !context.state.sysctls().schedule_icmp() || !parse::has_ports(report.inner.protocol) {
        return packet.accept();
    }
    match schedule::begin_reported(context, &mut packet, flow) {
        Ok(conn) => to_server(context, packet, ip, report, &conn),
        Err(Unscheduled::Pass) => packet.accept(),
        Err(Unscheduled::Drop) => packet.discard(),
    }
}

/// Reads the ICMP header at `icmp_at` and the IP header behind it. `None` when it isn't an error
/// that concerns a connection, or makes no sense.
fn read_report(packet: &mut Packet, icmp_at: usize) -> Option<Report> {
    let inner_at = icmp_at.checked_add(ICMP_HEADER_LEN)?;
    if !packet.pull(inner_at.checked_add(20)?) {
        return None;
    }
    let error = parse::icmp_error(packet.linear().get(icmp_at..)?).ok()??;
    let inner = parse::ipv4(packet.linear().get(inner_at..)?).ok()?;
    Some(Report {
        error,
        inner_at,
        inner,
    })
}

/// The flow of the packet a report is about.
pub(super) fn inner_flow(packet: &mut Packet, report: &Report) -> Option<Flow> {
    let inner = report.inner;
    if matches!(inner.protocol, protocol::ESP | protocol::AH) {
        // An error may quote less than the whole header.
        let end = report.inner_at.checked_add(inner.len)?;
        return packet.pull(end).then(|| ipsec::key_exchange(&inner));
    }
    if !parse::has_ports(inner.protocol) || inner.is_later_fragment {
        return None;
    }
    let ports_at = report.inner_at.checked_add(inner.len)?;
    if !packet.pull(ports_at.checked_add(4)?) {
        return None;
    }
    let (source_port, destination_port) = parse::ports(packet.linear().get(ports_at..)?)?;
    Some(Flow {
        ip: inner,
        source_port,
        destination_port,
        input: StateInput::Nothing,
        client_hash: None,
    })
}

/// An error about a client's packet, from the server or on the way to it.
pub(super) fn to_client(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    report: &Report,
    conn: &ConnEntry,
) -> Disposition {
    let mut packet = packet;
    if conn.forwarding() == Forwarding::Masquerade
        && (!packet.icmp_checksum_ok(ip.family, ip.len)
            || speak_of_virtual_address(&mut packet, ip, report, conn).is_none()
            || !reply::reroute(context, ip.family, &mut packet))
    {
        return packet.discard();
    }
    if let Some(dest) = conn.dest(context.read) {
        if dest.is_available() {
            dest.counters.count_out(packet.len());
        }
    }
    forward::pass_on(packet, conn)
}

/// Rewrites an error about a translated packet for the client. `None` when it can't be.
fn speak_of_virtual_address(
    packet: &mut Packet,
    ip: &IpHeader,
    report: &Report,
    conn: &ConnEntry,
) -> Option<()> {
    let (inner_at, inner_len) = (report.inner_at, report.inner.len);
    let headers = packet
        .writable(nat::report_len(inner_at, inner_len, report.inner.protocol))
        .ok()?;
    let has_ports = parse::has_ports(report.inner.protocol);
    let (addr, port) = (conn.virtual_addr(), has_ports.then(|| conn.virtual_port()));
    let way = Toward::Client;
    match ip.family {
        Family::V4 => {
            let addr = addr.v4_word();
            nat::rewrite_icmp_v4(headers, ip.len, inner_at, inner_len, way, addr, port)?;
            packet.complete_icmp_checksum(ip.len).then_some(())
        }
        Family::V6 => {
            nat::rewrite_icmp_v6(headers, ip.len, inner_at, inner_len, way, &addr, port)?;
            packet.forget_device_checksum();
            Some(())
        }
    }
}

/// An error about a server's reply, from the client or on the way to it.
pub(super) fn to_server(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    report: &Report,
    conn: &ConnEntry,
) -> Disposition {
    let translated = conn.forwarding() == Forwarding::Masquerade;
    if translated && !packet.icmp_checksum_ok(ip.family, ip.len) {
        return packet.discard();
    }
    if let Some(dest) = conn.dest(context.read) {
        if dest.is_available() {
            dest.counters.count_in(packet.len());
        }
    }
    conn.count_packet();
    if translated {
        forward::send_icmp(context, packet, ip, &report.inner, report.inner_at, conn)
    } else {
        forward::unchanged(*context, packet, *ip, conn, Probe::Ignore)
    }
}
