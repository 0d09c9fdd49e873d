// SPDX-License-Identifier: GPL-2.0

//! Packets of connections that aren't there: who goes on with one that was ended here is told, if
//! its service or server wants that, instead of being left waiting; and so is a server whose packet
//! nobody awaits, if the administrator wants that.

use lvs_engine::config::Target;
use lvs_engine::extras::OnExpiry;
use lvs_engine::parse::protocol;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::mem::rcu::RcuArc;
use crate::kernel_ext::net::output::IcmpError;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};

use crate::table::edition::Edition;
use crate::table::ended::ServerSide;
use crate::table::service_view::ServiceView;
use crate::table::Dest;

use super::context::{
    Context,
    Flow, //
};
use super::lookup;

/// A client's packet that belongs to no connection and opens none.
#[cold]
pub(super) fn of_client(
    context: &Context<'_>,
    packet: Packet,
    flow: &Flow,
    edition: Edition,
) -> Disposition {
    let is_judged = context.state.judges_strays() && !flow.input.aborts();
    let service = is_judged
        .then(|| lookup::service(context, flow, packet.mark(), edition))
        .flatten();
    let fate = service.map_or(OnExpiry::Inherit, |service| fate(context, flow, &service));
    match fate {
        OnExpiry::Inherit => return packet.accept(),
        OnExpiry::Silent => {}
        OnExpiry::Reset => answer(context, &packet, flow),
    }
    packet.discard(context.state.drops(), DropReason::Ended)
}

/// What becomes of such a packet to `service`. What comes to another port than the service names
/// may be of the director's own connections.
fn fate(context: &Context<'_>, flow: &Flow, service: &ServiceView<'_>) -> OnExpiry {
    if service.tells_of_ends() {
        return OnExpiry::Reset;
    }
    let is_of_service = match service.id().target {
        Target::Mark(_) => true,
        Target::Address { port, .. } => port == flow.destination_port,
    };
    if flow.ip.protocol != protocol::TCP || !is_of_service {
        return OnExpiry::Inherit;
    }
    service
        .on_expiry()
        .or(context.state.settings().on_expiry_by_default())
}

/// The server behind NAT that sent the packet. A reset or an ABORT is no reason to answer it.
fn server_to_answer<'a>(
    context: &Context<'a>,
    flow: &Flow,
    edition: Edition,
) -> Option<&'a RcuArc<Dest>> {
    if flow.input.aborts() {
        return None;
    }
    let (ip, port) = (&flow.ip, flow.source_port);
    let servers = &context.tables.dest_index;
    servers.find(
        context.read,
        ip.family,
        ip.protocol,
        &ip.source,
        port,
        edition,
    )
}

/// If a server behind NAT sent this packet, which belongs to no connection, tells it that nobody
/// awaits it. Returns whether it did.
#[cold]
pub(super) fn answer_unknown(
    context: &Context<'_>,
    packet: &Packet,
    flow: &Flow,
    edition: Edition,
) -> bool {
    let is_answered = server_to_answer(context, flow, edition).is_some();
    if is_answered {
        packet.report(context.state.net(), IcmpError::PortUnreachable);
    }
    is_answered
}

/// If a server behind NAT sent this packet, which belongs to a connection that was ended, and is to
/// be told, tells it. Returns whether it did.
#[cold]
pub(super) fn answer_server(
    context: &Context<'_>,
    packet: &Packet,
    flow: &Flow,
    edition: Edition,
) -> bool {
    let ip = &flow.ip;
    let side = ServerSide {
        protocol: ip.protocol,
        client: ip.destination,
        client_port: flow.destination_port,
        server: ip.source,
        server_port: flow.source_port,
    };
    let is_answered = server_to_answer(context, flow, edition)
        .and_then(|dest| dest.ended.load(context.read))
        .is_some_and(|ended| ended.contains(&side));
    if is_answered {
        answer(context, packet, flow);
    }
    is_answered
}

/// A segment of TCP gets a reset. Other protocols have an ICMP error.
fn answer(context: &Context<'_>, packet: &Packet, flow: &Flow) {
    let net = context.state.net();
    if flow.ip.protocol == protocol::TCP {
        packet.reset(net, context.place.number(), flow.ip.len);
    } else {
        packet.report(net, IcmpError::PortUnreachable);
    }
}
