// SPDX-License-Identifier: GPL-2.0

//! Whether a packet that finds a connection still belongs to it.

use lvs_engine::config::Forwarding;
use lvs_engine::reuse::{
    answers_another,
    Found,
    Policy, //
};

use crate::table::conn::flag;
use crate::table::trace::EndCause;

use super::context::{
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
    let is_over = ends_by(context, opens, server_is_gone, conn);
    if is_over {
        let cause = if server_is_gone {
            EndCause::ServerGone
        } else {
            EndCause::Reused
        };
        context.tables.conns.remove(context.read, conn, cause);
    }
    !is_over
}

/// Whether a client's packet, which `opens` a connection, ends the one found for it.
pub(super) fn is_over(context: &Context<'_>, opens: bool, conn: &ConnEntry) -> bool {
    ends_by(context, opens, has_lost_server(context, conn), conn)
}

#[inline(always)]
fn ends_by(context: &Context<'_>, opens: bool, server_is_gone: bool, conn: &ConnEntry) -> bool {
    (opens && is_reused(*context, conn))
        || (server_is_gone && context.state.settings().expire_nodest_conn())
}

/// Whether a server's packet answers a client of the connection found for it. If its client has
/// gone to the server itself since, from the same port, the connection is ended.
#[inline(always)]
pub(super) fn is_answered(context: &Context<'_>, flow: &Flow, conn: &ConnEntry) -> bool {
    !flow.input.opens() || !is_answer_to_another(*context, flow, conn)
}

/// The rest of [`is_answered`], for a packet that opens a connection.
#[cold]
fn is_answer_to_another(context: Context<'_>, flow: &Flow, conn: &ConnEntry) -> bool {
    let is_another = conn.forwarding() == Forwarding::Masquerade
        && answers_another(conn.tcp_state(), flow.input);
    if is_another {
        let conns = &context.tables.conns;
        conns.remove(context.read, conn, EndCause::Reused);
    }
    is_another
}

/// Whether a SYN or INIT reuses the port of a connection that is over, or that should go elsewhere.
#[cold]
fn is_reused(context: Context<'_>, conn: &ConnEntry) -> bool {
    let settings = context.state.settings();
    let controller = conn.controller(context.read);
    let found = Found {
        tcp: conn.tcp_state(),
        sctp: conn.sctp_state(),
        is_quiescent: conn
            .dest(context.read)
            .is_some_and(|dest| dest.weight() == 0),
        is_drained: conn
            .dest(context.read)
            .is_some_and(|dest| match controller {
                Some(template) if template.is_template() => {
                    dest.moves_clients(dest.weight(), || false)
                }
                _ => dest.drain().is_some(),
            }),
        cannot_answer: cannot_answer(&context, conn),
        is_controlled: controller.is_some(),
        is_without_output: conn.has(flag::NO_OUTPUT),
    };
    found.is_reused(Policy {
        expires_without_server: settings.expire_nodest_conn(),
        reuse_mode: settings.conn_reuse_mode(),
    })
}

/// Whether no server would answer to a connection as it was made: its own was removed, or isn't set
/// up any more for the method by which the connection reaches it.
fn cannot_answer(context: &Context<'_>, conn: &ConnEntry) -> bool {
    has_lost_server(context, conn)
        || conn
            .dest(context.read)
            .is_some_and(|dest| dest.forwarding() != conn.forwarding())
}

/// Whether the connection's server was removed from its service.
#[inline(always)]
pub(super) fn has_lost_server(context: &Context<'_>, conn: &ConnEntry) -> bool {
    conn.dest(context.read)
        .is_some_and(|dest| !dest.is_available())
}
