// SPDX-License-Identifier: GPL-2.0

//! What is kept while the module isn't there. Connections are described as records, and made of
//! such again, in process context, on the RCU read side; counters and schedulers go on.
//!
//! A record is believed as little as what another director tells. One whose server isn't there
//! becomes an unbound connection, as a backup's; one whose controller isn't there has none.

use core::sync::atomic::Ordering;

use lvs_engine::config::Forwarding;
use lvs_engine::sync::{
    action,
    Entry as Told,
    Record, //
};
use lvs_uapi::flags::conn as wire_flag;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::time;

use super::conn::{
    self,
    flag,
    Conn,
    Received, //
};
use super::conn_table::NoRoom;
use super::dest::Dest;
use super::netns_state::NetnsState;
use super::service::Service;
use super::stats::Counters;
use super::sync::describe::describe_but_server;
use super::sync::{
    told,
    OF_STOCK, //
};
use super::tables::Tables;

/// Least milliseconds that a template has left whose connections outlive it.
const HELD: u32 = 60_000;

/// What became of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// There is a connection of it.
    Made,
    /// One of this client was there before.
    Present,
    /// Its life is over.
    Over,
    /// There is no room, or no memory.
    NoRoom,
}

/// The record of `conn`; none of one that is over.
pub(crate) fn describe<'a>(
    state: &NetnsState,
    read: ReadSide<'a>,
    conn: &'a Entry<Conn>,
    now: u32,
) -> Option<Record<'a>> {
    if conn::is_expired(conn, now) && !conn.is_held() {
        return None;
    }
    let end = conn.expires.load(Ordering::Relaxed);
    let left = (end.wrapping_sub(now) as i32).max(0).unsigned_abs();
    let mut left = in_milliseconds(left);
    if conn.is_held() && conn.is_template() {
        left = left.max(HELD);
    }
    let timeouts = state.timeouts();
    let other_family = conn.real_family() != conn.family();
    Some(Record {
        entry: but_sequences(describe_but_server(read, conn, timeouts)),
        controller: conn
            .controller(read)
            .map(|controller| but_sequences(describe_but_server(read, controller, timeouts))),
        other_family_server: other_family.then(|| conn.real_addr()),
        dialogue: conn
            .ftp_control(read)
            .map(|control| *control.dialogue.lock()),
        left,
        age: conn.age(),
        packets: conn.packets() as u8,
        is_unused: conn.told_end() == end,
        is_foreign: conn.origin() != 0,
    })
}

/// The dialogue has them.
fn but_sequences(told: Told<'_>) -> Told<'_> {
    Told {
        flags: told.flags & !wire_flag::SEQ_MASK,
        sequences: None,
        ..told
    }
}

const fn in_milliseconds(ticks: u32) -> u32 {
    let milliseconds = ticks as u64 * 1000 / time::HZ as u64;
    if milliseconds > u32::MAX as u64 {
        u32::MAX
    } else {
        milliseconds as u32
    }
}

const fn in_ticks(milliseconds: u32) -> u32 {
    let ticks = milliseconds as u64 * time::HZ as u64 / 1000;
    if ticks > action::MAX_TICKS as u64 {
        action::MAX_TICKS
    } else {
        ticks as u32
    }
}

/// Makes a connection of a record that was described `elapsed` milliseconds ago.
pub(crate) fn load(
    state: &NetnsState,
    tables: &Tables,
    read: ReadSide<'_>,
    record: &Record<'_>,
    elapsed: u32,
) -> Loaded {
    let ticks = in_ticks(record.left.saturating_sub(elapsed));
    if ticks == 0 {
        return Loaded::Over;
    }
    let told = &record.entry;
    let mut flags = told::flags(told);
    if told.flags & wire_flag::SYNC != 0 {
        flags |= flag::SYNCED;
    }
    let real = match record.other_family_server {
        Some(addr) => (told.family.other(), addr),
        None => (told.family, told.dest.addr),
    };
    let tuple = told::tuple(told);
    let dest = told::find_dest(state, tables, read, told, real);
    let method = Forwarding::from_flags(told.method());
    if dest.is_none() && method == Forwarding::Masquerade && !told.is_template() {
        state.reply_sources().insert(&real.1);
    }
    let controller = record
        .controller
        .as_ref()
        .and_then(|controller| find_controller(tables, read, record, controller));
    let new = Received {
        tuple,
        real,
        real_port: told.dest.port,
        dest,
        method,
        state: told.state,
        flags,
        age: record.age.saturating_add(elapsed / 1000),
        controller,
        packets: u32::from(record.packets),
        ticks: action::life(told, time::HZ, time::HZ),
        call: told::call(told),
    };
    match tables.conns.adopt(read, &new, state.conn_settings()) {
        Ok((_, false)) => Loaded::Present,
        Ok((conn, true)) => {
            complete(read, record, conn, ticks);
            if tables.conns.is_resize_to_be_announced() {
                state.wake_chore();
            }
            Loaded::Made
        }
        Err(NoRoom::Full | NoRoom::Crowded | NoRoom::NoMemory) => Loaded::NoRoom,
    }
}

/// What controls the connection of `record`, if it is here and may.
fn find_controller<'a>(
    tables: &Tables,
    read: ReadSide<'a>,
    record: &Record<'_>,
    controller: &Told<'_>,
) -> Option<&'a Entry<Conn>> {
    let conns = &tables.conns;
    let tuple = told::tuple(controller);
    let now = time::now();
    if controller.is_template() {
        return conns.find_template(read, &tuple, told::call(controller), now);
    }
    // Of control connections one doesn't control another.
    if record.dialogue.is_some() {
        return None;
    }
    conns
        .find_request(read, &tuple, conns.hash_of(&tuple), now)
        .filter(|conn| conn.has(flag::FTP_CONTROL))
}

/// Gives a connection that was just made the rest of what its record says, and `ticks` to live.
fn complete(read: ReadSide<'_>, record: &Record<'_>, conn: &Entry<Conn>, ticks: u32) {
    let now = time::now();
    conn::live_for(conn, now, ticks);
    if record.is_unused {
        conn.set_told_end(now.wrapping_add(ticks));
    }
    if record.is_foreign {
        conn.set_origin(OF_STOCK);
    }
    if let (Some(dialogue), Some(control)) = (record.dialogue, conn.ftp_control(read)) {
        *control.dialogue.lock() = dialogue;
    }
}

impl Dest {
    /// Listings show this much more. Rules lock held.
    pub(crate) fn show_more(&self, counted: Counters) {
        self.reset_at.set(self.reset_at.get().minus(counted));
    }
}

impl Service {
    /// Listings show this much more. Rules lock held.
    pub(crate) fn show_more(&self, counted: Counters) {
        self.reset_at.set(self.reset_at.get().minus(counted));
    }

    /// What the scheduler remembers between two picks.
    pub(crate) fn position(&self) -> u64 {
        self.cursor.load(Ordering::Relaxed)
    }

    /// Has it remember that: any number will do, but only one of the same scheduler and servers
    /// means the same.
    pub(crate) fn set_position(&self, position: u64) {
        self.cursor.store(position, Ordering::Relaxed);
    }
}
