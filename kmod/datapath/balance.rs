// SPDX-License-Identifier: GPL-2.0

//! A packet with ports: whose it is decides where it goes.

use lvs_uapi::drop_reason::DropReason;

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
    reuse,
    schedule,
    sip,
    stray, //
};

/// A packet with ports: a client's of a connection, or a server's, or one that begins a connection.
#[inline(always)]
pub(super) fn balance(context: &Context<'_>, packet: Packet, flow: Flow) -> Disposition {
    let mut flow = flow;
    if context.place != HookPoint::Forward && is_request_hook(context, &packet) {
        flow = lookup::hashed(context, flow);
        if let Some(conn) = lookup::request(context, &flow) {
            if reuse::keeps(context, &flow, conn) {
                return forward::request(context, packet, &flow, conn);
            }
            // The entry belongs to an older connection: this packet begins another one.
            return again(*context, packet, flow);
        }
    }
    if context.place == HookPoint::Forward {
        if let Some(conn) = lookup::reply(context, &flow) {
            if reuse::is_answered(context, &flow, conn) {
                return reply::send_back(context, packet, &flow, conn);
            }
        }
    }
    others(*context, packet, flow)
}

/// A packet that begins a connection from a port that had one.
#[inline(never)]
fn again(context: Context<'_>, packet: Packet, flow: Flow) -> Disposition {
    let edition = context.state.edition();
    schedule::begin(context, packet, flow, edition)
}

/// A packet of no client's connection, and on the forwarding path of no connection at all.
#[inline(never)]
fn others(context: Context<'_>, mut packet: Packet, flow: Flow) -> Disposition {
    if context.place != HookPoint::Forward && lookup::may_be_reply(context.state, &flow.ip) {
        if let Some(conn) = lookup::reply(&context, &flow) {
            return reply::send_back(&context, packet, &flow, conn);
        }
    }
    let edition = context.state.edition();
    if let Some(conn) = sip::open(&context, &mut packet, &flow, edition) {
        return reply::send_back(&context, packet, &flow, &conn);
    }
    let answers = context.state.settings().nat_icmp_send();
    if answers && stray::answer_unknown(&context, &packet, &flow, edition) {
        return packet.discard(context.state.drops(), DropReason::StrayReply);
    }
    if context.state.tells_of_ends() && stray::answer_server(&context, &packet, &flow, edition) {
        return packet.discard(context.state.drops(), DropReason::Ended);
    }
    if context.place == HookPoint::Forward || !is_request_hook(&context, &packet) {
        return packet.accept();
    }
    schedule::begin(context, packet, flow, edition)
}
