// SPDX-License-Identifier: GPL-2.0

//! ICMP errors about packets this host sent through tunnels: the client whose packet was inside is
//! told, in its own family, and a smaller MTU of the way is learned (RFC 2003, RFC 2473, section
//! 8).

use lvs_engine::addr::Family;
use lvs_engine::config::Forwarding;
use lvs_engine::header::ipv4;
use lvs_engine::parse::{
    self,
    IpHeader, //
};
use lvs_engine::tunnel::{
    self,
    Relayed, //
};
use lvs_uapi::drop_reason::DropReason;
use lvs_uapi::flags::tunnel as tunnel_flags;

use crate::kernel_ext::net::output::IcmpError;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::net::quoted::Quoted;

use super::context::{
    ConnEntry,
    Context, //
};
use super::received_error::{
    self,
    inner_flow,
    Report, //
};
use super::{
    lookup,
    note, //
};

/// What lies inside of the packet a report is about, and its connection, if this host sent it
/// through a tunnel.
pub(super) fn find<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    report: &Report,
) -> Option<(Report, &'a ConnEntry)> {
    let outer = report.inner;
    let headers_at = report.inner_at.checked_add(outer.len)?;
    if outer.is_later_fragment || !packet.pull(headers_at.checked_add(tunnel::LOOKED_AT)?) {
        return None;
    }
    let inside = tunnel::inside_of(outer.protocol, packet.linear().get(headers_at..)?)?;
    let inner_at = headers_at.checked_add(inside.at)?;
    let inner = match inside.family {
        Family::V4 => {
            if !packet.pull(inner_at.checked_add(ipv4::LEN)?) {
                return None;
            }
            parse::ipv4(packet.linear().get(inner_at..)?).ok()?
        }
        Family::V6 => received_error::inner_header(packet, inner_at)?,
    };
    let tunnelled = Report {
        error: report.error,
        inner_at,
        inner,
    };
    let flow = inner_flow(packet, &tunnelled)?;
    let conn = lookup::request(context, &flow)?;
    // Only for a tunnel of ours: the connection's server is where the outer packet went.
    let settings = conn.dest(context.read)?.tunnel();
    let ours = conn.forwarding() == Forwarding::Tunnel
        && (conn.real_family(), conn.real_addr()) == (outer.family, outer.destination)
        && settings.kind == inside.kind
        && (inside.kind != tunnel_flags::TYPE_GUE || settings.port == inside.port);
    ours.then_some((tunnelled, conn))
}

/// Tells the client of the error `report`, whose packet is what `inside` says.
pub(super) fn relay(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    report: &Report,
    inside: &Report,
    conn: &ConnEntry,
) -> Disposition {
    if !packet.icmp_checksum_ok(ip.len) {
        return packet.discard(context.state.drops(), DropReason::Checksum);
    }
    let (inner, outer_at) = (inside.inner, report.inner_at);
    let error = match tunnel::relayed(ip.family, inner.family, report.error) {
        Relayed::Other(error) => IcmpError::Relayed(error.kind, error.code, error.info),
        Relayed::TooBig(mtu) => {
            let mut outer = match Quoted::new(packet, outer_at, context.state.drops()) {
                Ok(outer) => outer,
                Err(disposition) => return disposition,
            };
            outer.learn_mtu(ip.family, context.state.net(), mtu);
            let overhead = inside.inner_at.wrapping_sub(outer_at);
            if !inner.dont_fragment || !outer.strip(overhead) {
                return outer.consume();
            }
            let known = match (ip.family, inner.family) {
                (Family::V4, Family::V4) => known_mtu(context, conn),
                _ => None,
            };
            let mtu = tunnel::mtu_inside(inner.family, known.unwrap_or(mtu), overhead as u32);
            return tell(
                context,
                outer,
                &inner,
                IcmpError::FragmentationNeeded(mtu),
                conn,
            );
        }
    };
    match Quoted::new(packet, inside.inner_at, context.state.drops()) {
        Ok(packet) => tell(context, packet, &inner, error, conn),
        Err(disposition) => disposition,
    }
}

/// What the route to the server knows of the way's MTU by now, which is what ip_vs tells.
fn known_mtu(context: &Context<'_>, conn: &ConnEntry) -> Option<u32> {
    Some(conn.dest(context.read)?.route.load(context.read)?.mtu())
}

/// Sends `error` about the packet with header `inner`.
fn tell(
    context: &Context<'_>,
    mut packet: Quoted,
    inner: &IpHeader,
    error: IcmpError,
    conn: &ConnEntry,
) -> Disposition {
    let (family, destination) = (inner.family, &inner.destination);
    let net = context.state.net();
    let told = packet.answer(family, inner.len, destination, context.read, net, error);
    if !told {
        return packet.discard(context.state.drops(), DropReason::StrayError);
    }
    note::count_out(context, conn, packet.len());
    packet.consume()
}
