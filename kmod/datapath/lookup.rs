// SPDX-License-Identifier: GPL-2.0

//! Whose packet is this: a known connection's, a service's, or nobody's.

use core::sync::atomic::Ordering;

use lvs_engine::addr::Addr;
use lvs_engine::parse::IpHeader;

use crate::table::edition::Edition;
use crate::table::find_service::Wanted;
use crate::table::service_view::ServiceView;
use crate::table::NetnsState;

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};

/// Whether a packet that is routed through may be a reply: its source is a server's or a service's.
#[inline]
pub(super) fn may_be_reply(state: &NetnsState, ip: &IpHeader) -> bool {
    may_know(state, &ip.source)
}

/// Whether `addr` may be a server's or a service's; any may be while there are marks.
#[inline]
pub(super) fn may_know(state: &NetnsState, addr: &Addr) -> bool {
    state.reply_sources().may_contain(addr) || state.counts().by_mark.load(Ordering::Relaxed) != 0
}

/// The connection a client's packet belongs to.
#[inline(always)]
pub(super) fn request<'a>(context: &Context<'a>, flow: &Flow) -> Option<&'a ConnEntry> {
    let conns = &context.tables.conns;
    let tuple = flow.as_request();
    let hash = flow.client_hash.unwrap_or_else(|| conns.hash_of(&tuple));
    conns.find_request(context.read, &tuple, hash, context.now)
}

/// The flow with its client's hash, which serves a look for the connection and then its making.
#[inline(always)]
pub(super) fn hashed(context: &Context<'_>, flow: Flow) -> Flow {
    let hash = context.tables.conns.hash_of(&flow.as_request());
    Flow {
        client_hash: Some(hash),
        ..flow
    }
}

/// The connection a server's packet belongs to.
#[inline(always)]
pub(super) fn reply<'a>(context: &Context<'a>, flow: &Flow) -> Option<&'a ConnEntry> {
    context
        .tables
        .conns
        .find_reply(context.read, &flow.as_reply(), context.now)
}

/// The service a new connection is for, by this edition of the rules.
pub(super) fn service<'a>(
    context: &Context<'a>,
    flow: &Flow,
    mark: u32,
    edition: Edition,
) -> Option<ServiceView<'a>> {
    let wanted = Wanted {
        family: flow.ip.family,
        protocol: flow.ip.protocol,
        addr: flow.ip.destination,
        port: flow.destination_port,
        mark,
    };
    context
        .state
        .find_service(context.read, context.tables, &wanted, edition)
}
