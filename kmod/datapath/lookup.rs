// SPDX-License-Identifier: GPL-2.0

//! Whose packet is this: a known connection's, a service's, or nobody's.

use core::sync::atomic::Ordering;

use lvs_engine::addr::Addr;
use lvs_engine::config::{
    ServiceId,
    Target, //
};
use lvs_engine::ftp;
use lvs_engine::parse::{
    protocol,
    IpHeader, //
};

use crate::kernel_ext::mem::memory::Entry;
use crate::table::{
    NetnsState,
    Service, //
};

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};

/// FTP's control and data ports (RFC 959).
pub(super) const FTP_PORT: u16 = ftp::PORT;
pub(super) const FTP_DATA_PORT: u16 = ftp::DATA_PORT;

/// Whether a packet that is routed through may be a reply: its source is a server's or a service's.
#[inline]
pub(super) fn may_be_reply(state: &NetnsState, ip: &IpHeader) -> bool {
    may_know(state, &ip.source)
}

/// Whether a packet that isn't routed yet may be a client's: its destination is a service's.
#[inline]
pub(super) fn may_be_request(state: &NetnsState, ip: &IpHeader) -> bool {
    may_know(state, &ip.destination)
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

/// The service a new connection is for. In this order: the firewall mark; protocol, address and
/// port; FTP's service for its clients' data connections; the service of any port.
pub(super) fn service<'a>(
    context: &Context<'a>,
    flow: &Flow,
    mark: u32,
) -> Option<&'a Entry<Service>> {
    let counts = context.state.counts();
    let family = flow.ip.family;
    let find = |target| {
        context
            .tables
            .service(context.read, &ServiceId { family, target })
    };
    if mark != 0 && counts.by_mark.load(Ordering::Relaxed) != 0 {
        if let Some(service) = find(Target::Mark(mark)) {
            return Some(service);
        }
    }
    if counts.by_address.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let at_port = |port| {
        find(Target::Address {
            protocol: u16::from(flow.ip.protocol),
            addr: flow.ip.destination,
            port,
        })
    };
    let port = flow.destination_port;
    if let Some(service) = at_port(port) {
        return Some(service);
    }
    let may_be_ftp_data = flow.ip.protocol == protocol::TCP
        && counts.ftp.load(Ordering::Relaxed) != 0
        && (port == FTP_DATA_PORT || port >= ftp::FIRST_UNPRIVILEGED_PORT);
    if may_be_ftp_data {
        if let Some(service) = at_port(FTP_PORT) {
            return Some(service);
        }
    }
    if counts.any_port.load(Ordering::Relaxed) == 0 {
        return None;
    }
    at_port(0)
}
