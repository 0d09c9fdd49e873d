// SPDX-License-Identifier: GPL-2.0

//! VS/TUN: the packet goes to the server inside another one.

use lvs_engine::parse::{
    protocol,
    IpHeader, //
};
use lvs_engine::tunnel::{
    self,
    IPV4_HEADER_LEN, //
};

use crate::kernel_ext::packet::{
    Disposition,
    Packet, //
};

use super::super::{
    ConnEntry,
    Context, //
};
use super::way::{
    self,
    Method, //
};
use super::{
    local,
    take_hop,
    Probe, //
};

/// Encapsulates the packet and sends it to the server.
#[inline]
pub(super) fn send(
    context: &Context<'_>,
    packet: Packet,
    ip: &IpHeader,
    conn: &ConnEntry,
    probe: Probe,
) -> Disposition {
    let mut packet = packet;
    let Ok(route) = way::find(context, &mut packet, ip, conn, Method::Tunnel) else {
        return packet.discard();
    };
    if route.is_local() {
        return local::deliver(packet);
    }
    if way::admit(context, &mut packet, ip, &route, Method::Tunnel, probe).is_err() {
        return packet.discard();
    }
    if take_hop(&mut packet, ip).is_none() {
        return packet.discard();
    }
    let dont_fragment = ip.dont_fragment && context.state.sysctls().pmtu_disc();
    let header = tunnel::ipip_header(
        ip,
        ip.ttl.wrapping_sub(1),
        dont_fragment,
        route.source_v4(),
        conn.real_addr().v4_word(),
    );
    route.attach(&mut packet, context.read);
    let prepared =
        packet.prepare_encapsulation(IPV4_HEADER_LEN, route.reserved_space(), protocol::IPIP);
    let mut packet = match prepared {
        Ok(packet) => packet,
        Err(disposition) => return disposition,
    };
    if !packet.push_ip_header(&header, context.state.net()) {
        return packet.free();
    }
    packet.set_may_fragment();
    packet.set_balanced();
    packet.reset_tracking();
    packet.prepare_forward();
    packet.send_built_v4(context.state.net())
}
