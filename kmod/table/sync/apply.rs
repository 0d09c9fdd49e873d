// SPDX-License-Identifier: GPL-2.0

//! What becomes of an entry that another director told, on the RCU read side.

use lvs_engine::config::Forwarding;
use lvs_engine::sync::action::{
    self,
    Action, //
};
use lvs_engine::sync::ext::{
    may_change,
    Origin, //
};
use lvs_engine::sync::Entry as Told;
use lvs_engine::tcp_edit::Edit;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::{
    RcuArc,
    ReadSide, //
};
use crate::kernel_ext::task::time;
use crate::table::conn::{
    self,
    flag,
    Conn,
    Received,
    Tuple, //
};
use crate::table::conn_table::NoRoom;
use crate::table::dest::Dest;
use crate::table::netns_state::NetnsState;
use crate::table::tables::Tables;
use crate::table::trace::EndCause;

use super::peer_knowledge::Word;
use super::told;

/// What an entry is applied with.
pub(super) struct Backup<'a> {
    pub(super) state: &'a NetnsState,
    pub(super) tables: &'a Tables,
    /// Packets that a connection counts as having had.
    pub(super) packets: u32,
    /// What the entry's word is worth.
    pub(super) word: Word,
}

impl Backup<'_> {
    /// Applies what was told.
    pub(super) fn apply(&self, read: ReadSide<'_>, told: &Told<'_>) {
        let counts = self.state.sync().counts();
        let tuple = told::tuple(told);
        let present = self.find(read, told, &tuple);
        let goes_there = present.map(|conn| {
            conn.real_family() == told.family
                && conn.real_addr() == told.dest.addr
                && conn.real_port() == told.dest.port
        });
        if let Some(conn) = present {
            let says_same = goes_there == Some(true) && conn.state_number() == told.state;
            if !may_change(self.word.kind, self.origin_of(conn), says_same) {
                return counts.older.add(1);
            }
        }
        match action::action(told, goes_there) {
            Action::Ignore => counts.outdated.add(1),
            Action::Update => {
                if let Some(conn) = present {
                    self.update(read, told, conn);
                    counts.updated.add(1);
                }
            }
            Action::Replace => {
                if let Some(conn) = present {
                    self.tables.conns.remove(read, conn, EndCause::Replaced);
                    counts.replaced.add(1);
                }
                self.make(read, told, &tuple);
            }
            Action::Make => self.make(read, told, &tuple),
        }
    }

    /// Whose the last word on a connection was.
    fn origin_of(&self, conn: &Conn) -> Origin {
        match conn.origin() {
            0 => Origin::Own,
            origin if origin == self.word.origin => Origin::Sender,
            origin if self.word.is_live(origin) => Origin::Other,
            _ => Origin::Gone,
        }
    }

    fn find<'a>(
        &self,
        read: ReadSide<'a>,
        told: &Told<'_>,
        tuple: &Tuple,
    ) -> Option<&'a Entry<Conn>> {
        let conns = &self.tables.conns;
        let now = time::now();
        if told.is_template() {
            return conns.find_template(read, tuple, told::call(told), now);
        }
        conns.find_request(read, tuple, conns.hash_of(tuple), now)
    }

    /// A connection that is there learns what was told.
    fn update(&self, read: ReadSide<'_>, told: &Told<'_>, conn: &Entry<Conn>) {
        conn.learn(read, told.state, told.is_inactive(), self.packets);
        if conn.has(flag::UNBOUND) {
            if let Some(dest) = self.find_dest(read, told) {
                conn.bind_dest(read, dest);
            }
        }
        self.refresh(read, told, conn);
        conn.set_origin(self.word.origin);
    }

    /// It lives as long as was told from now on, and its sequence numbers are shifted so.
    fn refresh(&self, read: ReadSide<'_>, told: &Told<'_>, conn: &Entry<Conn>) {
        let own = conn.life(read, self.state.timeouts());
        let ticks = action::life(told, own, time::HZ);
        let now = time::now();
        conn::live_for(conn, now, ticks);
        conn.set_told_end(now.wrapping_add(ticks));
        if let (Some(sequences), Some(control)) = (told.sequences, conn.ftp_control(read)) {
            let shift = sequences.outgoing;
            let edit = Edit::told(shift.init, shift.previous_delta, shift.delta);
            control.dialogue.lock().adopt(edit);
        }
    }

    fn make(&self, read: ReadSide<'_>, told: &Told<'_>, tuple: &Tuple) {
        let dest = self.find_dest(read, told);
        let method = Forwarding::from_flags(told.method());
        if dest.is_none() && method == Forwarding::Masquerade && !told.is_template() {
            self.state.reply_sources().insert(&told.dest.addr);
        }
        let new = Received {
            tuple: *tuple,
            real: (told.family, told.dest.addr),
            real_port: told.dest.port,
            dest,
            method,
            state: told.state,
            flags: told::flags(told) | flag::SYNCED,
            age: 0,
            controller: None,
            packets: self.packets,
            ticks: action::life(told, time::HZ, time::HZ),
            call: told::call(told),
        };
        let counts = self.state.sync().counts();
        match self
            .tables
            .conns
            .adopt(read, &new, self.state.conn_settings())
        {
            Ok((conn, _)) => {
                counts.made.add(1);
                self.refresh(read, told, conn);
                conn.set_origin(self.word.origin);
                if self.tables.conns.is_resize_to_be_announced() {
                    self.state.wake_chore();
                }
            }
            Err(NoRoom::Full | NoRoom::Crowded | NoRoom::NoMemory) => counts.no_room.add(1),
        }
    }

    fn find_dest<'a>(&'a self, read: ReadSide<'a>, told: &Told<'_>) -> Option<&'a RcuArc<Dest>> {
        let server = (told.family, told.dest.addr);
        told::find_dest(self.state, self.tables, read, told, server)
    }
}
