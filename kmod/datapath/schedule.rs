// SPDX-License-Identifier: GPL-2.0

//! New connections.

use lvs_engine::config::Target;
use lvs_engine::ftp::DATA_PORT as FTP_DATA_PORT;
use lvs_engine::parse::{
    protocol,
    tcp_flag, //
};
use lvs_engine::refusal::is_beside_ftp;
use lvs_engine::state_input::StateInput;
use lvs_uapi::drop_reason::DropReason;
use lvs_uapi::flags::service as service_flag;

use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn::flag;
use crate::table::conn_table::{
    NewConn,
    Purpose, //
};
use crate::table::edition::Edition;
use crate::table::service_view::ServiceView;

use super::connect::{
    self,
    Failure,
    Made, //
};
use super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::{
    forward,
    ftp,
    lookup,
    persist,
    refuse,
    reuse,
    stray, //
};

/// A packet that belongs to no connection: makes one if it is for a service.
#[inline(never)]
pub(super) fn begin(
    context: Context<'_>,
    mut packet: Packet,
    flow: Flow,
    edition: Edition,
) -> Disposition {
    let (context, flow) = (&context, &flow);
    let (settings, drops) = (context.state.settings(), context.state.drops());
    let can_open = match flow.input {
        StateInput::Datagram => true,
        StateInput::Segment(flags) => {
            flags & tcp_flag::RST == 0 && (flags & tcp_flag::SYN != 0 || settings.sloppy_tcp())
        }
        StateInput::Chunks(chunks) => chunks.can_open(settings.sloppy_sctp()),
        // Too short for its protocol.
        StateInput::Nothing => return packet.discard(drops, DropReason::Malformed),
    };
    if !can_open {
        return stray::of_client(context, packet, flow, edition);
    }
    if flow.ip.protocol == protocol::TCP {
        if let Some(conn) = ftp::open(context, flow) {
            // As every packet of a connection whose server was removed.
            if reuse::has_lost_server(context, conn) {
                return packet.discard(drops, DropReason::ServerGone);
            }
            return first(context, packet, flow, conn);
        }
    }
    let Some(service) = lookup::service(context, flow, packet.mark(), edition) else {
        return packet.accept();
    };
    if context.state.defence().drops_packet() {
        return packet.discard(drops, DropReason::Defence);
    }
    // Servers open FTP data connections from this port, never clients.
    if flow.source_port == FTP_DATA_PORT {
        return packet.accept();
    }
    match connect(context, &mut packet, flow, &service) {
        Ok(conn) => first(context, packet, flow, &conn),
        Err(Failure::NoServer) => refuse::refuse(context, packet, flow, &service),
        Err(failure) => packet.discard(drops, failure.reason()),
    }
}

/// The first packet of a connection.
fn first(context: &Context<'_>, mut packet: Packet, flow: &Flow, conn: &ConnEntry) -> Disposition {
    // Netfilter may still know an older connection between the same ports.
    if conn.has(flag::TRACKED) && !packet.track_anew(context.state.tracking()) {
        return packet.discard(context.state.drops(), DropReason::Tracking);
    }
    forward::scheduled(context, packet, flow, conn)
}

/// What becomes of an ICMP error that no connection was made for.
pub(super) enum Unscheduled {
    /// It goes on its way.
    Pass,
    /// It is dropped.
    Drop(DropReason),
}

/// An ICMP error about a packet with `flow` that belongs to no connection: if a service sent that
/// packet, makes the connection it would have belonged to. Nobody is told when there is none, since
/// errors are never answered.
#[cold]
pub(super) fn begin_reported<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    flow: &Flow,
) -> Result<Made<'a>, Unscheduled> {
    let request = flow.reversed();
    let service = lookup::service(context, &request, packet.mark(), context.state.edition())
        .ok_or(Unscheduled::Pass)?;
    if context.state.defence().drops_packet() {
        return Err(Unscheduled::Drop(DropReason::Defence));
    }
    // What a server on this host got from its client isn't a service's.
    if request.source_port == FTP_DATA_PORT
        || (packet.is_from_loopback() && lookup::request(context, flow).is_some())
    {
        return Err(Unscheduled::Pass);
    }
    // Errors don't quote the Call-ID.
    if service.flags() & service_flag::PERSISTENT != 0 && service.is_sip() {
        return Err(Unscheduled::Drop(DropReason::NoCallId));
    }
    match connect(context, packet, &request, &service) {
        Ok(conn) => Ok(conn),
        Err(Failure::NoServer) if is_beside_ftp(&service.id().target, request.destination_port) => {
            Err(Unscheduled::Pass)
        }
        Err(failure) => Err(Unscheduled::Drop(failure.reason())),
    }
}

/// Servers that may leave just after they were picked before a packet is given up.
const PICKS: usize = 4;

/// Picks a server and makes the connection.
fn connect<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    flow: &Flow,
    service: &ServiceView<'a>,
) -> Result<Made<'a>, Failure> {
    for _ in 0..PICKS {
        match connect_to_one(context, packet, flow, service) {
            Err(Failure::ServerLeft) => {}
            made_or_not => return made_or_not,
        }
    }
    Err(Failure::ServerLeft)
}

/// Whether a service without persistence takes the packet's port. One of any port needs persistence
/// to hold a client's connections together.
pub(super) fn takes_port(service: &ServiceView<'_>, flow: &Flow) -> bool {
    match service.id().target {
        Target::Address { port, .. } => port == flow.destination_port,
        Target::Mark(_) => true,
    }
}

fn connect_to_one<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    flow: &Flow,
    service: &ServiceView<'a>,
) -> Result<Made<'a>, Failure> {
    if service.flags() & service_flag::PERSISTENT != 0 {
        return persist::connect(context, packet, flow, service);
    }
    if !takes_port(service, flow) {
        return Err(Failure::NoServer);
    }
    let choice = connect::pick(context, flow, service)?;
    let real_port = connect::real_port(flow, choice.dest);
    let new = NewConn {
        tuple: flow.as_request(),
        client_hash: flow.client_hash,
        dest: Some(choice.dest),
        settings: choice.settings,
        real_port,
        purpose: Purpose::Connection(None),
    };
    connect::create_for(context, service, &new)
}
