// SPDX-License-Identifier: GPL-2.0

//! To the real server, by the connection's forwarding method.

mod bypass;
mod dr;
pub(super) mod headers;
pub(super) mod leave;
mod local;
mod nat;
pub(super) mod sctp_sum;
pub(super) mod server_route;
mod tun;

use lvs_engine::config::Forwarding;
use lvs_engine::parse::IpHeader;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::note;
use server_route::TooBig;

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
            return packet.discard(context.state.drops(), DropReason::ServerGone);
        }
        dest.counters.count_in(packet.len());
    }
    note::packet(context, flow, conn, true);
    match conn.forwarding() {
        Forwarding::Masquerade => nat::send(context, packet, flow, conn),
        Forwarding::DirectRoute if conn.real_family() == flow.ip.family => {
            dr::send(context, packet, &flow.ip, conn, TooBig::Report)
        }
        _ => unchanged(*context, packet, flow.ip, conn, TooBig::Report),
    }
}

/// Sends a packet that keeps its addresses.
#[inline(never)]
pub(super) fn unchanged(
    context: Context<'_>,
    packet: Packet,
    ip: IpHeader,
    conn: &ConnEntry,
    too_big: TooBig,
) -> Disposition {
    let (context, ip) = (&context, &ip);
    let mixed = conn.real_family() != ip.family;
    if mixed && conn.forwarding() != Forwarding::Tunnel {
        return packet.discard(context.state.drops(), DropReason::NoRoute);
    }
    match conn.forwarding() {
        Forwarding::Tunnel => tun::send(context, packet, ip, conn, too_big),
        Forwarding::DirectRoute => dr::send(context, packet, ip, conn, too_big),
        Forwarding::Local => local::deliver(packet, conn),
        Forwarding::Bypass => bypass::send(context, packet, ip, conn, too_big),
        Forwarding::Masquerade => packet.discard(context.state.drops(), DropReason::NoRoute),
    }
}
