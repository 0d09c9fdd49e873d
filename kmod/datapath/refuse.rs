// SPDX-License-Identifier: GPL-2.0

//! Clients that no server takes.

use lvs_engine::refusal::Refusal;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::address;
use crate::kernel_ext::net::output::IcmpError;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn_table::{
    NewConn,
    Purpose, //
};
use crate::table::service_view::ServiceView;

use super::context::{
    Context,
    Flow, //
};
use super::{
    connect,
    forward, //
};

/// Tells a client that no server takes it, or lets it reach the host it asked for.
pub(super) fn refuse(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    service: &ServiceView<'_>,
) -> Disposition {
    match refusal(context, flow, service) {
        Refusal::Bypass => bypass(context, packet, flow, service),
        Refusal::Pass => packet.accept(),
        Refusal::Report => {
            packet.report(context.state.net(), IcmpError::PortUnreachable);
            packet.discard(context.state.drops(), DropReason::NoServer)
        }
    }
}

/// What becomes of it.
pub(super) fn refusal(context: &Context<'_>, flow: &Flow, service: &ServiceView<'_>) -> Refusal {
    let is_foreign =
        || address::is_unicast(context.state.net(), flow.ip.family, &flow.ip.destination);
    Refusal::of(
        &service.id().target,
        flow.destination_port,
        context.state.settings().cache_bypass(),
        is_foreign,
    )
}

/// Makes a connection without a server, so that the packets that follow go the same way whatever
/// becomes of the servers.
#[cold]
fn bypass(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    service: &ServiceView<'_>,
) -> Disposition {
    let new = NewConn {
        tuple: flow.as_request(),
        client_hash: flow.client_hash,
        dest: None,
        settings: None,
        real_port: 0,
        purpose: Purpose::Connection(None),
    };
    match connect::create_for(context, service, &new) {
        Ok(conn) => forward::request(context, packet, flow, &conn),
        Err(failure) => packet.discard(context.state.drops(), failure.reason()),
    }
}
