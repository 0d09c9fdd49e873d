// SPDX-License-Identifier: GPL-2.0

//! AH and ESP (RFC 4302, RFC 4303): they have no ports, and go where the key exchange (ISAKMP, UDP
//! from port 500 to port 500) of the same two addresses went. They begin no connection.
//!
//! With IPv6, AH is an extension header: what is behind it is balanced by its own protocol.

use lvs_engine::parse::IpHeader;

use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};

use super::context::{
    is_request_hook,
    Context,
    Flow, //
};
use super::{
    forward,
    lookup,
    reply,
    reuse, //
};

/// An AH or ESP packet, or a fragment of one: all that counts is in the IP header.
#[cold]
pub(super) fn receive(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    let may_be_reply = lookup::may_be_reply(context.state, &ip);
    if context.place == HookPoint::Forward && !may_be_reply {
        return packet.accept();
    }
    let exchange = Flow::of_key_exchange(&ip);
    let flow = Flow { ip, ..exchange };
    if context.place != HookPoint::Forward && is_request_hook(context, &packet) {
        if let Some(conn) = lookup::request(context, &exchange) {
            if reuse::keeps(context, &flow, conn) {
                return forward::request(context, packet, &flow, conn);
            }
            return packet.accept();
        }
    }
    let conn = may_be_reply.then(|| lookup::reply(context, &exchange));
    match conn.flatten() {
        Some(conn) => reply::send_back(context, packet, &flow, conn),
        None => packet.accept(),
    }
}
