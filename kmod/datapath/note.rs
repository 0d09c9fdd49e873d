// SPDX-License-Identifier: GPL-2.0

//! What a packet leaves behind: its connection's state and time, and its server's counters.

use crate::kernel_ext::trace;
use crate::table::conn;

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};

/// Counts a packet of `len` bytes to the connection's server, if that still is a service's.
#[inline(always)]
pub(super) fn count_in(context: &Context<'_>, conn: &ConnEntry, len: u32) {
    if let Some(dest) = conn.dest(context.read) {
        if dest.is_available() {
            dest.counters.count_in(len);
        }
    }
}

/// Counts a packet of `len` bytes from the connection's server, if that still is a service's.
#[inline(always)]
pub(super) fn count_out(context: &Context<'_>, conn: &ConnEntry, len: u32) {
    if let Some(dest) = conn.dest(context.read) {
        if dest.is_available() {
            dest.counters.count_out(len);
        }
    }
}

/// Has the connection live on, in the state that the packet brings it to.
#[inline(always)]
pub(super) fn packet(context: &Context<'_>, flow: &Flow, conn: &ConnEntry, from_client: bool) {
    let timeouts = context.state.timeouts();
    let tell = |news| {
        if trace::are_news_wanted() {
            context.state.note_news(context.read, conn, news);
        }
    };
    let ticks = conn.advance(context.read, timeouts, from_client, flow.input, tell);
    conn::refresh_used(context.read, conn, context.now, ticks, timeouts);
}
