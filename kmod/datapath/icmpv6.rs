// SPDX-License-Identifier: GPL-2.0

//! ICMPv6 errors about balanced connections, as `icmp` does for IPv4.

use lvs_engine::parse::{
    self,
    IpHeader,
    ICMP_HEADER_LEN, //
};

use crate::kernel_ext::net::hook::Place;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};

use super::icmp::{
    about_reply,
    inner_flow,
    to_client,
    Report, //
};
use super::ingress::{
    pass_by,
    takes_requests, //
};
use super::{
    tunnel_error,
    Context, //
};

/// An ICMPv6 packet.
#[cold]
pub(super) fn receive(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    let mut packet = packet;
    let Some(report) = read_report(&mut packet, &ip) else {
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
    let conns = &context.tables.conns;
    if let Some(conn) = conns.find_reply(context.read, &flow.as_request(), context.now) {
        return to_client(context, packet, &ip, &report, conn);
    }
    if !takes_requests(context, &packet) {
        return packet.accept();
    }
    about_reply(context, packet, &ip, &report, &flow)
}

/// Bytes of the packet an error is about that are looked at for its headers.
const INNER_HEADERS: usize = 256;

/// Reads the IPv6 header at `at` and the extension headers behind it.
pub(super) fn inner_header(packet: &mut Packet, at: usize) -> Option<IpHeader> {
    let wanted = at.checked_add(INNER_HEADERS)?;
    let len = packet.len() as usize;
    if !packet.pull(wanted.min(len)) {
        return None;
    }
    parse::ipv6(packet.linear().get(at..)?).ok()
}

/// Reads the ICMPv6 header behind `ip` and the IP header behind it. `None` when it isn't an error, or
/// makes no sense.
fn read_report(packet: &mut Packet, ip: &IpHeader) -> Option<Report> {
    // Errors are never fragmented.
    if ip.is_fragment {
        return None;
    }
    let inner_at = ip.len.checked_add(ICMP_HEADER_LEN)?;
    if !packet.pull(inner_at.checked_add(40)?) {
        return None;
    }
    let error = parse::icmp_error_v6(packet.linear().get(ip.len..)?).ok()??;
    Some(Report {
        error,
        inner_at,
        inner: inner_header(packet, inner_at)?,
    })
}
