// SPDX-License-Identifier: GPL-2.0

//! What would become of a packet, for an administrator who asks: by the functions that handle
//! packets, as far as they change nothing. Where they change something they are made of one that
//! tells, which is asked here, and one that does.
//!
//! The rules lock is held, so that nobody changes the rules meanwhile; packets go on, so what is
//! told of loads is of a moment.

mod way;

use lvs_engine::ftp::DATA_PORT as FTP_DATA_PORT;
use lvs_engine::parse::{
    protocol,
    tcp_flag,
    IpHeader, //
};
use lvs_engine::refusal::Refusal;
use lvs_engine::sched::Foreseen;
use lvs_engine::sctp_state::Chunks;
use lvs_engine::state_input::StateInput;
use lvs_uapi::drop_reason::DropReason;
use lvs_uapi::flags::service as service_flag;

use crate::kernel_ext::mem::rcu::{
    self,
    ReadSide, //
};
use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::task::time;
use crate::table::conn::Tuple;
use crate::table::conn_table::NoRoom;
use crate::table::explain::{
    Asked,
    ChosenBy,
    Explain,
    Explanation,
    FoundConn,
    FoundTemplate,
    Limits,
    Outcome,
    Question,
    Server, //
};
use crate::table::find_service::Wanted;
use crate::table::service_view::ServiceView;
use crate::table::{
    Dest,
    RulesGuard, //
};

use super::connect::{
    self,
    refusal_reason, //
};
use super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::{
    ftp,
    lookup,
    persist,
    refuse,
    reuse,
    schedule, //
};

/// An IP header's hops, of a packet that lives on.
const HOPS: u8 = 64;

impl Explain for RulesGuard<'_> {
    fn explain<R>(
        &self,
        question: &Question,
        tell: impl for<'r> FnOnce(ReadSide<'r>, &Explanation<'r>) -> R,
    ) -> R {
        let state = self.state();
        rcu::read(|read| {
            let Some(tables) = state.tables() else {
                return tell(read, &Explanation::default());
            };
            let context = Context {
                state,
                tables,
                read,
                place: HookPoint::LocalIn,
                now: time::now(),
            };
            tell(read, &explain(&context, question))
        })
    }
}

/// The packet that opens a connection.
fn flow(question: &Question) -> Flow {
    let ip = IpHeader {
        family: question.family,
        protocol: question.protocol,
        source: question.client,
        destination: question.virtual_addr,
        len: lvs_engine::header::ip_len(question.family),
        is_fragment: false,
        is_later_fragment: false,
        dont_fragment: true,
        ttl: HOPS,
        tos: 0,
    };
    let input = match question.protocol {
        protocol::TCP => StateInput::Segment(tcp_flag::SYN),
        protocol::SCTP => StateInput::Chunks(Chunks::read(INIT, |_| None)),
        _ => StateInput::Datagram,
    };
    let ports = (question.client_port.unwrap_or(0), question.virtual_port);
    Flow::new(ip, ports, input)
}

/// The header of an INIT chunk that nothing follows.
const INIT: [u8; 4] = [1, 0, 0, 20];

fn explain<'a>(context: &Context<'a>, question: &Question) -> Explanation<'a> {
    let flow = &lookup::hashed(context, flow(question));
    let conn = question
        .client_port
        .and_then(|_| lookup::request(context, flow));
    let mut asked = Asked::default();
    let wanted = Wanted {
        family: question.family,
        protocol: question.protocol,
        addr: question.virtual_addr,
        port: question.virtual_port,
        mark: question.mark,
    };
    let state = context.state;
    let note = |rule| asked.note(rule);
    let service = state.find_service_by_rule(context.read, context.tables, &wanted, note);
    let (drop_rate, drops_next) = state.defence().foresee_drop();
    let mut told = Explanation {
        conn: conn.map(|conn| found(context, flow, conn)),
        asked,
        service: service.map(|service| service.in_force()),
        limits: Limits {
            drop_rate,
            conns: context.tables.conns.count(),
            most_conns: state.conn_settings().limit,
        },
        ..Explanation::default()
    };
    begin(context, flow, service.as_ref(), &mut told);
    // What comes before a server is looked for.
    if state.is_passive() {
        told.outcome = Outcome::Backup;
    } else if drops_next && service.is_some() && told.by != Some(ChosenBy::Control) {
        told.outcome = Outcome::Dropped(DropReason::Defence);
    }
    told
}

/// What becomes of packets of a connection that is there.
fn found<'a>(context: &Context<'a>, flow: &Flow, conn: &'a ConnEntry) -> FoundConn<'a> {
    FoundConn {
        entry: conn,
        is_orphaned: reuse::has_lost_server(context, conn),
        is_replaced: reuse::is_over(context, flow.input.opens(), conn),
        way: way::of_conn(context, flow, conn),
    }
}

/// What becomes of a packet that begins a connection: as [`schedule::begin`] has it.
fn begin<'a>(
    context: &Context<'a>,
    flow: &Flow,
    service: Option<&ServiceView<'a>>,
    told: &mut Explanation<'a>,
) {
    if flow.ip.protocol == protocol::TCP {
        if let Some(expected) = ftp::expected(context, flow) {
            told.by = Some(ChosenBy::Control);
            if reuse::has_lost_server(context, expected) {
                told.outcome = Outcome::Dropped(DropReason::ServerGone);
            } else if let Some(dest) = expected.dest(context.read) {
                let port = expected.real_port();
                send(context, flow, Server { dest, port }, None, told);
            }
            return;
        }
    }
    let Some(service) = service else {
        return;
    };
    if flow.source_port == FTP_DATA_PORT {
        told.outcome = Outcome::FtpDataPort;
        return;
    }
    let is_persistent = service.flags() & service_flag::PERSISTENT != 0;
    if is_persistent {
        begin_persistent(context, flow, service, told);
    } else if !schedule::takes_port(service, flow) {
        refuse(context, flow, service, told);
    } else if let Some(dest) = chosen(context, flow, service, told) {
        let port = connect::real_port(flow, dest);
        send(context, flow, Server { dest, port }, None, told);
    }
}

/// The same of a service with persistence: as [`persist::connect`] has it.
fn begin_persistent<'a>(
    context: &Context<'a>,
    flow: &Flow,
    service: &ServiceView<'a>,
    told: &mut Explanation<'a>,
) {
    if service.is_sip() {
        told.by = Some(ChosenBy::Call);
        told.outcome = Outcome::Sent;
        return;
    }
    let tuple = persist::template_tuple(flow, service);
    let (mut dest, mut made) = (None, Some(&tuple));
    if let Some(found) = persist::look(context, service, &tuple, None, None) {
        let is_usable = found.usable.is_some();
        if is_usable {
            told.by = Some(ChosenBy::Template);
            (dest, made) = (found.entry.dest(context.read), None);
        }
        told.template = Some(FoundTemplate {
            entry: found.entry,
            is_usable,
        });
    }
    if let Some(dest) = dest.or_else(|| chosen(context, flow, service, told)) {
        let port = persist::real_port(flow, service, dest);
        send(context, flow, Server { dest, port }, made, told);
    }
}

/// The server that the scheduler would pick, if that can be told. If not, what becomes of the
/// packet is noted.
fn chosen<'a>(
    context: &Context<'a>,
    flow: &Flow,
    service: &ServiceView<'a>,
    told: &mut Explanation<'a>,
) -> Option<&'a Dest> {
    let read = context.read;
    let key = connect::key(flow, service, 0);
    let in_force = service.in_force();
    let scheduler = in_force.scheduler(read);
    let expiration = connect::expiration(context, scheduler);
    told.by = scheduler.map(|algorithm| {
        let by = algorithm.chooses_by();
        by.map_or(ChosenBy::Chance, ChosenBy::Scheduler)
    });
    match in_force.foresee(read, &key, expiration) {
        Foreseen::Server(index, by) => {
            told.by = Some(ChosenBy::Scheduler(by));
            in_force.dests(read).get(index).map(|dest| &**dest)
        }
        Foreseen::Drawn => {
            let refusal = table_refuses(context, flow, None, false, told);
            let dropped = refusal.map(|refusal| Outcome::Dropped(refusal_reason(refusal)));
            told.outcome = dropped.unwrap_or(Outcome::Sent);
            None
        }
        Foreseen::Nobody => {
            refuse(context, flow, service, told);
            None
        }
    }
}

/// Notes that a packet goes to a server, unless something stands in its way. `template` is of the
/// one that is made before.
fn send<'a>(
    context: &Context<'a>,
    flow: &Flow,
    server: Server<'a>,
    template: Option<&Tuple>,
    told: &mut Explanation<'a>,
) {
    told.server = Some(server);
    let is_once = server.dest.serves_once();
    let way = way::of_server(context, flow, server.dest);
    told.outcome = match (
        table_refuses(context, flow, template, is_once, told),
        &way.hop,
    ) {
        (Some(refusal), _) => Outcome::Dropped(refusal_reason(refusal)),
        (None, Err(reason)) => Outcome::Dropped(*reason),
        (None, Ok(_)) => Outcome::Sent,
    };
    told.way = Some(way);
}

/// Why the table takes no connection, or template if one is made before, if so. `is_once` tells
/// that the server has each datagram scheduled.
fn table_refuses(
    context: &Context<'_>,
    flow: &Flow,
    template: Option<&Tuple>,
    is_once: bool,
    told: &Explanation<'_>,
) -> Option<NoRoom> {
    let (conns, settings) = (&context.tables.conns, context.state.conn_settings());
    let own = flow.as_request();
    let flags = told.service.map_or(0, |service| service.flags());
    let is_once = is_once || flags & service_flag::ONEPACKET != 0;
    let is_in_no_chain = is_once && flow.ip.protocol == protocol::UDP;
    template
        .into_iter()
        .chain((flow.source_port != 0).then_some(&own))
        .find_map(|tuple| conns.foresee_refusal(context.read, tuple, settings))
        .filter(|refusal| !is_in_no_chain || *refusal != NoRoom::Crowded)
}

/// Notes what becomes of a packet that no server takes.
fn refuse<'a>(
    context: &Context<'a>,
    flow: &Flow,
    service: &ServiceView<'a>,
    told: &mut Explanation<'a>,
) {
    told.outcome = match refuse::refusal(context, flow, service) {
        Refusal::Pass => Outcome::BesideFtp,
        Refusal::Report => Outcome::Refused,
        Refusal::Bypass => {
            let way = way::past(context, flow);
            let outcome = match &way.hop {
                Ok(_) => Outcome::Bypassed,
                Err(reason) => Outcome::Dropped(*reason),
            };
            told.way = Some(way);
            outcome
        }
    };
}
