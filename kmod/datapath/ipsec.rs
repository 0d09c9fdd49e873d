// SPDX-License-Identifier: GPL-2.0

//! AH and ESP (RFC 4302, RFC 4303): they have no ports, and go where the key exchange (ISAKMP, UDP
//! from port 500 to port 500) of the same two addresses went. They begin no connection.
//!
//! With IPv6, AH is an extension header: what is behind it is balanced by its own protocol.

use lvs_engine::parse::{
    protocol,
    IpHeader, //
};
use lvs_engine::state_input::StateInput;

use crate::kernel_ext::net::hook::Place;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};

use super::ingress::takes_requests;
use super::{
    forward,
    lookup,
    reply,
    schedule,
    Context,
    Flow, //
};

/// The port of ISAKMP (RFC 2408).
const ISAKMP_PORT: u16 = 500;

/// The key exchange that a packet between the same addresses belongs to.
pub(super) fn key_exchange(ip: &IpHeader) -> Flow {
    Flow {
        ip: IpHeader {
            protocol: protocol::UDP,
            ..*ip
        },
        source_port: ISAKMP_PORT,
        destination_port: ISAKMP_PORT,
        input: StateInput::Nothing,
        client_hash: None,
    }
}

/// An AH or ESP packet, or a fragment of one: all that counts is in the IP header.
#[cold]
pub(super) fn receive(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    let may_be_reply = lookup::may_be_reply(context.state, &ip);
    if context.place == Place::Forward && !may_be_reply {
        return packet.accept();
    }
    let exchange = key_exchange(&ip);
    let flow = Flow { ip, ..exchange };
    if context.place != Place::Forward && takes_requests(context, &packet) {
        if let Some(conn) = lookup::request(context, &exchange) {
            if schedule::keeps(context, &flow, conn) {
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
