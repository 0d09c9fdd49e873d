// SPDX-License-Identifier: GPL-2.0

//! Clients that no server takes.

use lvs_engine::config::Target;
use lvs_engine::parse::protocol;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::net::address;
use crate::kernel_ext::net::output::IcmpError;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn_table::{
    NewConn,
    Role, //
};
use crate::table::Service;

use super::context::{
    Context,
    Flow, //
};
use super::lookup::FTP_PORT;
use super::{
    connect,
    forward, //
};

/// Tells a client that nobody serves it, or lets it reach the host it asked for.
pub(super) fn refuse(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    service: &Entry<Service>,
) -> Disposition {
    if passes_by(context, flow, service) {
        return bypass(context, packet, flow, service);
    }
    if is_beside_ftp(flow, service) {
        return packet.accept();
    }
    packet.report(
        flow.ip.family,
        context.state.net(),
        IcmpError::PortUnreachable,
    );
    packet.discard()
}

/// Whether the packet is for something else at FTP's address, which is not ours to refuse.
pub(super) fn is_beside_ftp(flow: &Flow, service: &Service) -> bool {
    let is_ftp = matches!(
        service.id().target,
        Target::Address { port: FTP_PORT, protocol, .. } if protocol == u16::from(protocol::TCP)
    );
    is_ftp && flow.destination_port != FTP_PORT
}

/// Whether a client that no cache serves goes on to the host it asked for: only where caches stand in
/// for others' addresses, which takes a mark.
fn passes_by(context: &Context<'_>, flow: &Flow, service: &Service) -> bool {
    context.state.sysctls().cache_bypass()
        && matches!(service.id().target, Target::Mark(_))
        && address::is_unicast(context.state.net(), flow.ip.family, &flow.ip.destination)
}

/// Makes a connection without a server, so that the packets that follow go the same way whatever
/// becomes of the servers.
#[cold]
fn bypass(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    service: &Entry<Service>,
) -> Disposition {
    let new = NewConn {
        tuple: flow.as_request(),
        client_hash: flow.client_hash,
        dest: None,
        real_port: 0,
        role: Role::Connection(None),
    };
    match connect::create_for(context, service, &new) {
        Ok(conn) => forward::request(context, packet, flow, &conn),
        Err(_) => packet.discard(),
    }
}
