// SPDX-License-Identifier: GPL-2.0

//! To the real server, by the connection's forwarding method.

mod bypass;
mod dr;
mod local;
mod nat;
mod tun;
mod way;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::Forwarding;
use lvs_engine::nat::{
    rewrite_v4,
    rewrite_v6,
    End,
    TransportSum, //
};
use lvs_engine::nat_plain;
use lvs_engine::parse::{
    protocol,
    IpHeader, //
};

use crate::kernel_ext::net::packet::{
    ChecksumState,
    Disposition,
    Packet, //
};
use crate::table::conn::{
    self,
    flag,
    Conn, //
};

use super::{
    ConnEntry,
    Context,
    Flow, //
};

pub(super) use nat::send_icmp;

/// A client's packet of a connection: counted, noted in the connection's state, forwarded.
#[inline(always)]
pub(super) fn request(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    conn: &ConnEntry,
) -> Disposition {
    send(context, packet, flow, conn, false)
}

/// The packet that was just scheduled. It goes to its server even if that is removed meanwhile, as
/// it would had it come a moment earlier.
#[inline]
pub(super) fn scheduled(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    conn: &ConnEntry,
) -> Disposition {
    send(context, packet, flow, conn, true)
}

#[inline(always)]
fn send(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    conn: &ConnEntry,
    is_scheduled: bool,
) -> Disposition {
    if let Some(dest) = conn.dest(context.read) {
        if !is_scheduled && !dest.is_available() {
            return packet.discard();
        }
        dest.counters.count_in(packet.len());
    }
    let ticks = conn.advance(context.read, context.state.timeouts(), true, flow.input);
    conn::refresh(conn, context.now, ticks);
    match conn.forwarding() {
        Forwarding::Masquerade => nat::send(context, packet, flow, conn),
        Forwarding::DirectRoute if conn.real_family() == flow.ip.family => {
            dr::send(context, packet, &flow.ip, conn, Probe::Answer)
        }
        _ => unchanged(*context, packet, flow.ip, conn, Probe::Answer),
    }
}

/// Whether packets too big for the way are answered: errors never are (RFC 1122, 3.2.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    /// The sender is told.
    Answer,
    /// Nobody is told.
    Ignore,
}

/// Sends a packet that keeps its addresses.
#[inline(never)]
pub(super) fn unchanged(
    context: Context<'_>,
    packet: Packet,
    ip: IpHeader,
    conn: &ConnEntry,
    probe: Probe,
) -> Disposition {
    let (context, ip) = (&context, &ip);
    let mixed = conn.real_family() != ip.family;
    if mixed && conn.forwarding() != Forwarding::Tunnel {
        return packet.discard();
    }
    match conn.forwarding() {
        Forwarding::Tunnel => tun::send(context, packet, ip, conn, probe),
        Forwarding::DirectRoute => dr::send(context, packet, ip, conn, probe),
        Forwarding::Local => local::deliver(packet, conn),
        Forwarding::Bypass => bypass::send(context, packet, ip, conn, probe),
        Forwarding::Masquerade => packet.discard(),
    }
}

/// How the packet's transport checksum has to be kept.
#[inline]
pub(super) fn transport_sum(packet: &Packet) -> TransportSum {
    match packet.checksum_state() {
        ChecksumState::Complete => TransportSum::Complete,
        ChecksumState::Partial => TransportSum::Partial,
    }
}

/// Takes a hop from the packet's time to live. `None` when its header can't be changed.
#[inline(always)]
fn take_hop(packet: &mut Packet, ip: &IpHeader) -> Option<()> {
    let headers = packet.writable(ip.len).ok()?;
    decrement_hops(headers, ip.family)
}

/// Takes a hop from the header in front of `headers`.
#[inline(always)]
pub(super) fn decrement_hops(headers: &mut [u8], family: Family) -> Option<()> {
    match family {
        Family::V4 => lvs_engine::nat::decrement_ttl_v4(headers),
        Family::V6 => lvs_engine::nat::decrement_hop_limit_v6(headers),
    }
}

/// Gives one end of a packet another address and port.
#[inline(always)]
pub(super) fn rewrite(
    headers: &mut [u8],
    ip: &IpHeader,
    end: End,
    addr: &Addr,
    port: u16,
    sum: TransportSum,
) -> Option<()> {
    if !matches!(ip.protocol, protocol::TCP | protocol::UDP) {
        return rewrite_plain(headers, *ip, end, *addr, port);
    }
    match ip.family {
        Family::V4 => {
            let addr = addr.v4_word();
            rewrite_v4(headers, ip.len, ip.protocol, end, addr, port, sum)
        }
        Family::V6 => rewrite_v6(headers, ip.len, ip.protocol, end, addr, port, sum),
    }
}

/// The same where the transport has no sum over the addresses.
#[cold]
fn rewrite_plain(headers: &mut [u8], ip: IpHeader, end: End, addr: Addr, port: u16) -> Option<()> {
    match ip.family {
        Family::V4 => {
            let addr = addr.v4_word();
            nat_plain::rewrite_v4(headers, ip.len, ip.protocol, end, addr, port)
        }
        Family::V6 => nat_plain::rewrite_v6(headers, ip.len, ip.protocol, end, &addr, port),
    }
}

/// Sends a prepared packet along the route it got.
#[inline]
fn transmit(context: &Context<'_>, packet: Packet, conn: &Conn) -> Disposition {
    let mut packet = packet;
    if conn.has(flag::TRACKED) {
        packet.leave_tracked();
    } else {
        packet.leave();
    }
    packet.send(conn.family(), context.state.net())
}

/// A packet of the connection goes on through this host's hooks: marks it as seen by the balancer,
/// and hides it from connection tracking unless that knows the connection.
#[inline]
pub(super) fn pass_on(packet: Packet, conn: &Conn) -> Disposition {
    let mut packet = packet;
    packet.set_balanced();
    if !conn.has(flag::TRACKED) {
        packet.untrack();
    }
    packet.accept()
}
