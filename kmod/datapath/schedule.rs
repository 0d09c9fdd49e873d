// SPDX-License-Identifier: GPL-2.0

//! New connections.

use core::ops::Deref;

use lvs_engine::config::Target;
use lvs_engine::parse::{
    protocol,
    tcp_flag, //
};
use lvs_engine::sched::{
    Algorithm, //
    Key,
};
use lvs_engine::sctp_state::SctpState;
use lvs_engine::state_input::StateInput;
use lvs_engine::tcp_state::TcpState;
use lvs_uapi::flags::service as service_flag;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::RcuArc;
use crate::kernel_ext::net::address;
use crate::kernel_ext::net::output::IcmpError;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::task::time;
use crate::table::conn::flag;
use crate::table::conn_table::{
    NewConn,
    OneShot,
    Refusal,
    Role, //
};
use crate::table::{
    Dest,
    Service, //
};

use super::lookup::{
    self,
    FTP_DATA_PORT,
    FTP_PORT, //
};
use super::{
    forward,
    ftp,
    persist,
    ConnEntry,
    Context,
    Flow, //
};

/// Whether a client's packet still belongs to the connection found for it. If not, the connection
/// is ended and the packet begins a new one.
#[inline(always)]
pub(super) fn keeps(context: &Context<'_>, flow: &Flow, conn: &ConnEntry) -> bool {
    let opens = flow.input.opens();
    let server_is_gone = has_lost_server(context, conn);
    if !opens && !server_is_gone {
        return true;
    }
    let is_over = (opens && is_reused(*context, conn))
        || (server_is_gone && context.state.sysctls().expire_nodest_conn());
    if is_over {
        context.tables.conns.remove(context.read, conn);
    }
    !is_over
}

/// Whether a SYN or INIT reuses the port of a connection that is over, or that should go elsewhere.
#[cold]
fn is_reused(context: Context<'_>, conn: &ConnEntry) -> bool {
    let sysctls = context.state.sysctls();
    let quiescent = conn
        .dest(context.read)
        .is_some_and(|dest| dest.weight() == 0);
    if quiescent && sysctls.expire_nodest_conn() {
        return true;
    }
    let mode = sysctls.conn_reuse_mode();
    if mode == 0 {
        return false;
    }
    let is_closing = matches!(
        conn.tcp_state(),
        Some(TcpState::FinWait | TcpState::CloseWait | TcpState::LastAck)
    );
    if is_closing && cannot_answer(&context, conn) {
        return true;
    }
    // A persistent client goes to the same server anyway, and so does a control connection's data.
    if conn.controller(context.read).is_some() {
        return false;
    }
    if conn.sctp_state() == Some(SctpState::Closed) {
        return true;
    }
    match conn.tcp_state() {
        Some(TcpState::TimeWait | TcpState::Close) => true,
        Some(TcpState::FinWait) => mode & 2 != 0 && conn.has(flag::NO_OUTPUT),
        _ => false,
    }
}

/// Whether nobody would answer to a connection as it was made: its server was removed, or isn't set up
/// any more for the method by which the connection reaches it.
fn cannot_answer(context: &Context<'_>, conn: &ConnEntry) -> bool {
    has_lost_server(context, conn)
        || conn
            .dest(context.read)
            .is_some_and(|dest| dest.forwarding() != conn.forwarding())
}

/// A packet that belongs to no connection: makes one if it is for a service.
#[inline(never)]
pub(super) fn begin(context: Context<'_>, packet: Packet, flow: Flow) -> Disposition {
    let (context, flow) = (&context, &flow);
    let sysctls = context.state.sysctls();
    let can_open = match flow.input {
        StateInput::Datagram => true,
        StateInput::Segment(flags) => {
            flags & tcp_flag::RST == 0 && (flags & tcp_flag::SYN != 0 || sysctls.sloppy_tcp())
        }
        StateInput::Chunks(chunks) => chunks.can_open(sysctls.sloppy_sctp()),
        // Too short for its protocol.
        StateInput::Nothing => return packet.discard(),
    };
    if !can_open {
        return packet.accept();
    }
    if flow.ip.protocol == protocol::TCP {
        if let Some(conn) = ftp::open(context, flow) {
            // As every packet of a connection whose server was removed.
            if has_lost_server(context, conn) {
                return packet.discard();
            }
            return first(context, packet, flow, conn);
        }
    }
    let Some(service) = lookup::service(context, flow, packet.mark()) else {
        return packet.accept();
    };
    if context.state.defence().drops_packet() {
        return packet.discard();
    }
    // Servers open FTP data connections from this port, never clients.
    if flow.source_port == FTP_DATA_PORT {
        return packet.accept();
    }
    let mut packet = packet;
    match connect(context, &mut packet, flow, service) {
        Ok(conn) => first(context, packet, flow, &conn),
        Err(Failure::NoServer) => refuse(context, packet, flow, service),
        Err(Failure::NoConnection | Failure::ServerLeft) => packet.discard(),
    }
}

/// The first packet of a connection.
fn first(context: &Context<'_>, packet: Packet, flow: &Flow, conn: &ConnEntry) -> Disposition {
    let mut packet = packet;
    // Netfilter may still know an older connection between the same ports.
    if conn.has(flag::TRACKED) && !packet.track_anew(context.state.tracking(), flow.ip.family) {
        return packet.discard();
    }
    forward::scheduled(context, packet, flow, conn)
}

/// Whether the connection's server was removed from its service.
#[inline(always)]
fn has_lost_server(context: &Context<'_>, conn: &ConnEntry) -> bool {
    conn.dest(context.read)
        .is_some_and(|dest| !dest.is_available())
}

/// What becomes of an ICMP error that no connection was made for.
pub(super) enum Unscheduled {
    /// It goes on its way.
    Pass,
    /// It is dropped.
    Drop,
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
    let service = lookup::service(context, &request, packet.mark()).ok_or(Unscheduled::Pass)?;
    if context.state.defence().drops_packet() {
        return Err(Unscheduled::Drop);
    }
    // What a server on this host got from its client isn't a service's.
    if request.source_port == FTP_DATA_PORT
        || (packet.is_from_loopback() && lookup::request(context, flow).is_some())
    {
        return Err(Unscheduled::Pass);
    }
    // Errors don't quote the Call-ID.
    if service.flags() & service_flag::PERSISTENT != 0 && service.is_sip() {
        return Err(Unscheduled::Drop);
    }
    match connect(context, packet, &request, service) {
        Ok(conn) => Ok(conn),
        Err(Failure::NoServer) if is_beside_ftp(&request, service) => Err(Unscheduled::Pass),
        Err(_) => Err(Unscheduled::Drop),
    }
}

/// Why there is no connection.
pub(super) enum Failure {
    /// No server takes one: the client is told.
    NoServer,
    /// The table takes none: the packet is dropped.
    NoConnection,
    /// The server was removed just after it was picked: another one may take it.
    ServerLeft,
}

/// Servers that may leave just after they were picked before a packet is given up.
const PICKS: usize = 4;

/// Picks a server and makes the connection.
fn connect<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    flow: &Flow,
    service: &'a Entry<Service>,
) -> Result<Made<'a>, Failure> {
    for _ in 0..PICKS {
        match connect_to_one(context, packet, flow, service) {
            Err(Failure::ServerLeft) => {}
            made_or_not => return made_or_not,
        }
    }
    Err(Failure::ServerLeft)
}

fn connect_to_one<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    flow: &Flow,
    service: &'a Entry<Service>,
) -> Result<Made<'a>, Failure> {
    if service.flags() & service_flag::PERSISTENT != 0 {
        return persist::connect(context, packet, flow, service);
    }
    if let Target::Address { port, .. } = service.id().target {
        // A service of any port needs persistence to hold a client's connections together.
        if port != flow.destination_port {
            return Err(Failure::NoServer);
        }
    }
    let dest = pick(context, flow, service)?;
    let real_port = match dest.id().port {
        0 => flow.destination_port,
        port => port,
    };
    let new = NewConn {
        tuple: flow.as_request(),
        client_hash: flow.client_hash,
        dest: Some(dest),
        real_port,
        role: Role::Connection(None),
    };
    create_for(context, service, &new)
}

/// A connection that was just made or found.
pub(super) enum Made<'a> {
    /// In the table.
    Kept(&'a ConnEntry),
    /// Over with this packet.
    Once(OneShot<'a>),
}

impl Deref for Made<'_> {
    type Target = ConnEntry;

    #[inline]
    fn deref(&self) -> &ConnEntry {
        match self {
            Made::Kept(conn) => conn,
            Made::Once(conn) => conn,
        }
    }
}

/// Makes a connection of `service`, for this packet alone if service or server want that.
pub(super) fn create_for<'a>(
    context: &Context<'a>,
    service: &Service,
    new: &NewConn<'_>,
) -> Result<Made<'a>, Failure> {
    let once = new.tuple.protocol == protocol::UDP
        && (service.flags() & service_flag::ONEPACKET != 0
            || new.dest.is_some_and(|dest| dest.serves_once()));
    if once {
        return create_once(context, new).map(Made::Once);
    }
    create(context, new).map(Made::Kept)
}

/// Makes a connection for one packet.
#[cold]
fn create_once<'a>(context: &Context<'a>, new: &NewConn<'_>) -> Result<OneShot<'a>, Failure> {
    let conn = context
        .tables
        .conns
        .create_once(context.read, new, context.state.terms())
        .map_err(refused)?;
    if let Some(dest) = new.dest {
        if !dest.is_available() {
            return Err(Failure::ServerLeft);
        }
        dest.counters.count_connection();
    }
    if let Role::Connection(Some(template)) = new.role {
        // Its connections leave no other trace.
        template.count_packet();
    }
    Ok(conn)
}

/// Says why the table took no connection.
fn refused(refusal: Refusal) -> Failure {
    if time::may_log() {
        kernel::pr_warn!("no new connection: {:?}\n", refusal);
    }
    Failure::NoConnection
}

/// The server the service's scheduler picks.
pub(super) fn pick<'a>(
    context: &Context<'a>,
    flow: &Flow,
    service: &'a Entry<Service>,
) -> Result<&'a RcuArc<Dest>, Failure> {
    let sysctls = context.state.sysctls();
    let (random, seconds) = match service.scheduler(context.read) {
        Some(algorithm) if algorithm.is_random() => (time::random_u64(), 0),
        Some(Algorithm::LocalityLeastConnection) => (0, sysctls.lblc_expiration()),
        Some(Algorithm::LocalityReplication) => (0, sysctls.lblcr_expiration()),
        _ => (0, 0),
    };
    let expiration = time::ticks(seconds.max(0).unsigned_abs());
    let key = Key {
        client_addr: flow.ip.source,
        client_port: flow.source_port,
        virtual_addr: flow.ip.destination,
        virtual_port: flow.destination_port,
        flags: service.flags(),
        random,
    };
    service
        .schedule(context.read, &key, expiration)
        .ok_or(Failure::NoServer)
}

/// Makes a connection or template.
pub(super) fn create<'a>(
    context: &Context<'a>,
    new: &NewConn<'_>,
) -> Result<&'a ConnEntry, Failure> {
    let conns = &context.tables.conns;
    match conns.create(context.read, new, context.state.terms()) {
        Ok((conn, is_new)) => {
            if is_new && !matches!(new.role, Role::Template { .. }) {
                if let Some(dest) = new.dest {
                    if !dest.is_available() {
                        conns.remove(context.read, conn);
                        return Err(Failure::ServerLeft);
                    }
                    dest.counters.count_connection();
                }
            }
            if conns.is_resize_to_be_announced() {
                context.state.wake_collector();
            }
            Ok(conn)
        }
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Tells a client that nobody serves it, or lets it reach the host it asked for.
fn refuse(
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
fn is_beside_ftp(flow: &Flow, service: &Service) -> bool {
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
    match create_for(context, service, &new) {
        Ok(conn) => forward::request(context, packet, flow, &conn),
        Err(_) => packet.discard(),
    }
}
