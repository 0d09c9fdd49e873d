// SPDX-License-Identifier: GPL-2.0

//! What an ICMP error says.

use lvs_engine::header::{
    icmp,
    ipv4,
    ipv6,
    ports, //
};
use lvs_engine::nat::icmp::Layout;
use lvs_engine::parse::{
    self,
    protocol,
    IpHeader,
    ReceivedError, //
};
use lvs_engine::state_input::StateInput;

use crate::kernel_ext::net::packet::Packet;

use super::context::Flow;

/// An error and the packet it is about.
pub(super) struct Report {
    pub(super) error: ReceivedError,
    /// Where the inner IP header starts.
    pub(super) inner_at: usize,
    pub(super) inner: IpHeader,
}

impl Report {
    /// Where the headers lie of the error, whose own IP header is `ip`.
    pub(super) fn layout(&self, ip: &IpHeader) -> Layout {
        Layout {
            icmp_at: ip.len,
            inner_at: self.inner_at,
            inner_len: self.inner.len,
            inner_protocol: self.inner.protocol,
        }
    }
}

/// Reads the ICMP header at `icmp_at` and the IP header behind it. `None` when it isn't an error
/// that concerns a connection, or makes no sense.
pub(super) fn read_v4(packet: &mut Packet, icmp_at: usize) -> Option<Report> {
    let inner_at = icmp_at.checked_add(icmp::LEN)?;
    if !packet.pull(inner_at.checked_add(ipv4::LEN)?) {
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

/// Reads the ICMPv6 header behind `ip` and the IP header behind it. `None` when it isn't an error,
/// or makes no sense.
pub(super) fn read_v6(packet: &mut Packet, ip: &IpHeader) -> Option<Report> {
    // Errors are never fragmented.
    if ip.is_fragment {
        return None;
    }
    let inner_at = ip.len.checked_add(icmp::LEN)?;
    if !packet.pull(inner_at.checked_add(ipv6::LEN)?) {
        return None;
    }
    let error = parse::icmp_error_v6(packet.linear().get(ip.len..)?).ok()??;
    Some(Report {
        error,
        inner_at,
        inner: inner_header(packet, inner_at)?,
    })
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

/// The flow of the packet a report is about.
pub(super) fn inner_flow(packet: &mut Packet, report: &Report) -> Option<Flow> {
    let inner = report.inner;
    if matches!(inner.protocol, protocol::ESP | protocol::AH) {
        // An error may quote less than the whole header.
        let end = report.inner_at.checked_add(inner.len)?;
        return packet.pull(end).then(|| Flow::of_key_exchange(&inner));
    }
    if !parse::has_ports(inner.protocol) || inner.is_later_fragment {
        return None;
    }
    let ports_at = report.inner_at.checked_add(inner.len)?;
    if !packet.pull(ports_at.checked_add(ports::LEN)?) {
        return None;
    }
    let (source_port, destination_port) = parse::ports(packet.linear().get(ports_at..)?)?;
    let ports = (source_port, destination_port);
    Some(Flow::new(inner, ports, StateInput::Nothing))
}
