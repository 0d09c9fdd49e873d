// SPDX-License-Identifier: GPL-2.0

//! Making connections.

use core::ops::Deref;

use lvs_engine::addr::Addr;
use lvs_engine::config::Target;
use lvs_engine::parse::protocol;
use lvs_engine::sched::{
    Algorithm,
    Key, //
};
use lvs_uapi::drop_reason::DropReason;
use lvs_uapi::flags::service as service_flag;

use crate::kernel_ext::task::time;
use crate::kernel_ext::trace::{
    self,
    End,
    Ends,
    Schedule, //
};
use crate::table::conn_table::{
    NewConn,
    NoRoom,
    OneShot,
    Purpose, //
};
use crate::table::service_view::{
    Choice,
    ServiceView, //
};
use crate::table::trace::EndCause;
use crate::table::Dest;

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};

/// Why there is no connection.
pub(super) enum Failure {
    /// No server takes one: the client is told.
    NoServer,
    /// There can be none, for this reason: the packet is dropped.
    NoConnection(DropReason),
    /// The server was removed just after it was picked: another one may take it.
    ServerLeft,
}

impl Failure {
    /// Why the packet is dropped, if it is.
    pub(super) fn reason(self) -> DropReason {
        match self {
            Failure::NoServer => DropReason::NoServer,
            Failure::NoConnection(reason) => reason,
            Failure::ServerLeft => DropReason::ServerGone,
        }
    }
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

/// The server the service's scheduler picks.
pub(super) fn pick<'a>(
    context: &Context<'a>,
    flow: &Flow,
    service: &ServiceView<'a>,
) -> Result<Choice<'a>, Failure> {
    let scheduler = service.scheduler(context.read);
    let random = match scheduler {
        Some(algorithm) if algorithm.is_random() => time::random_u64(),
        _ => 0,
    };
    let expiration = expiration(context, scheduler);
    let choice = service.schedule(context.read, &key(flow, service, random), expiration);
    trace::schedule(|| {
        let by = scheduler.map_or("none", Algorithm::name);
        chosen(
            context,
            flow,
            service,
            choice.map(|choice| &**choice.dest),
            by,
        )
    });
    choice.ok_or(Failure::NoServer)
}

/// What is told of the choice of a server.
pub(super) fn chosen(
    context: &Context<'_>,
    flow: &Flow,
    service: &ServiceView<'_>,
    dest: Option<&Dest>,
    by: &'static str,
) -> Schedule {
    let end = |family, addr, port| End { family, addr, port };
    let family = flow.ip.family;
    Schedule {
        ends: Ends {
            netns: context.state.net().number(),
            protocol: flow.ip.protocol,
            client: end(family, flow.ip.source, flow.source_port),
            service: end(family, flow.ip.destination, flow.destination_port),
            server: match dest {
                None => end(family, Addr::ANY, 0),
                Some(dest) => {
                    let id = dest.id();
                    end(id.family, id.addr, real_port(flow, dest))
                }
            },
        },
        by,
        fwmark: match service.id().target {
            Target::Mark(mark) => mark,
            Target::Address { .. } => 0,
        },
    }
}

/// The server's port for a connection that no template has.
pub(super) fn real_port(flow: &Flow, dest: &Dest) -> u16 {
    match dest.id().port {
        0 => flow.destination_port,
        port => port,
    }
}

/// What the scheduler looks at.
#[inline]
pub(super) fn key(flow: &Flow, service: &ServiceView<'_>, random: u64) -> Key {
    Key {
        client_addr: flow.ip.source,
        client_port: flow.source_port,
        virtual_addr: flow.ip.destination,
        virtual_port: flow.destination_port,
        flags: service.flags(),
        random,
    }
}

/// How long the scheduler remembers addresses, in ticks, if it does.
#[inline]
pub(super) fn expiration(context: &Context<'_>, scheduler: Option<Algorithm>) -> u32 {
    let settings = context.state.settings();
    let seconds = match scheduler {
        Some(Algorithm::LocalityLeastConnection) => settings.lblc_expiration(),
        Some(Algorithm::LocalityReplication) => settings.lblcr_expiration(),
        _ => 0,
    };
    time::ticks(seconds.max(0).unsigned_abs())
}

/// Makes a connection of `service`, for this packet alone if service or server want that.
#[inline(always)]
pub(super) fn create_for<'a>(
    context: &Context<'a>,
    service: &ServiceView<'_>,
    new: &NewConn<'_>,
) -> Result<Made<'a>, Failure> {
    let once = new.tuple.protocol == protocol::UDP
        && (service.flags() & service_flag::ONEPACKET != 0 || new.serves_once());
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
        .create_once(context.read, new, context.state.conn_settings())
        .map_err(refused)?;
    if let Some(dest) = new.dest {
        if !dest.is_available() {
            return Err(Failure::ServerLeft);
        }
        dest.counters.count_connection();
    }
    if let Purpose::Connection(Some(template)) = new.purpose {
        // Its connections leave no other trace.
        template.count_packet();
    }
    Ok(conn)
}

/// Makes a connection or template.
pub(super) fn create<'a>(
    context: &Context<'a>,
    new: &NewConn<'_>,
) -> Result<&'a ConnEntry, Failure> {
    let conns = &context.tables.conns;
    match conns.create(context.read, new, context.state.conn_settings()) {
        Ok((conn, is_new)) => {
            if is_new && !matches!(new.purpose, Purpose::Template { .. }) {
                if let Some(dest) = new.dest {
                    if !dest.is_available() {
                        conns.remove(context.read, conn, EndCause::ServerGone);
                        return Err(Failure::ServerLeft);
                    }
                    dest.counters.count_connection();
                }
            }
            if conns.is_resize_to_be_announced() {
                context.state.wake_chore();
            }
            Ok(conn)
        }
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Says why the table took no connection.
fn refused(refusal: NoRoom) -> Failure {
    if time::may_log() {
        kernel::pr_warn!("no new connection: {:?}\n", refusal);
    }
    Failure::NoConnection(refusal_reason(refusal))
}

/// Why a packet is dropped whose connection the table doesn't take.
pub(super) fn refusal_reason(refusal: NoRoom) -> DropReason {
    match refusal {
        NoRoom::Full => DropReason::TableFull,
        NoRoom::Crowded => DropReason::PortCrowded,
        NoRoom::NoMemory => DropReason::NoMemory,
    }
}
