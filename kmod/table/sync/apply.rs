// SPDX-License-Identifier: GPL-2.0

//! What becomes of an entry that another director told, on the RCU read side.

use lvs_engine::addr::Addr;
use lvs_engine::config::{
    DestId,
    Forwarding, //
};
use lvs_engine::sync::ext::{
    may_change,
    Origin, //
};
use lvs_engine::sync::receive::{
    self,
    Action, //
};
use lvs_engine::sync::{
    Endpoint,
    Entry as Told, //
};
use lvs_engine::tcp_edit::Edit;
use lvs_uapi::flags::conn as wire_flag;

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
use crate::table::conn_table::Refusal;
use crate::table::dest::Dest;
use crate::table::find_service::Wanted;
use crate::table::netns_state::NetnsState;
use crate::table::tables::Tables;

use super::director::Word;

/// The port of a template that no connection uses any more.
const INVALID_PORT: u16 = 0xffff;

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
        let tuple = tuple(told);
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
        match receive::action(told, goes_there) {
            Action::Ignore => counts.outdated.add(1),
            Action::Update => {
                if let Some(conn) = present {
                    self.update(read, told, conn);
                    counts.updated.add(1);
                }
            }
            Action::Replace => {
                if let Some(conn) = present {
                    self.tables.conns.remove(read, conn);
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
            return conns.find_template(read, tuple, call(told), now);
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
        let ticks = receive::life(told, own, time::HZ);
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
        let mut flags = 0;
        let mut add = |wire, own| {
            if told.flags & wire != 0 {
                flags |= own;
            }
        };
        add(wire_flag::TEMPLATE, flag::TEMPLATE);
        add(wire_flag::INACTIVE, flag::INACTIVE);
        add(wire_flag::NOOUTPUT, flag::NO_OUTPUT);
        add(wire_flag::NO_CPORT, flag::EXPECTED);
        if told.is_template() && told.dest.port == INVALID_PORT {
            flags |= flag::INVALID;
        }
        let method = Forwarding::from_flags(told.method());
        if dest.is_none() && method == Forwarding::Masquerade && !told.is_template() {
            self.state.reply_sources().insert(&told.dest.addr);
        }
        let new = Received {
            tuple: *tuple,
            real: told.dest.addr,
            real_port: told.dest.port,
            dest,
            method,
            state: told.state,
            flags,
            packets: self.packets,
            ticks: receive::life(told, time::HZ, time::HZ),
            call: call(told),
        };
        let counts = self.state.sync().counts();
        match self
            .tables
            .conns
            .adopt(read, &new, self.state.conn_settings())
        {
            Ok(conn) => {
                counts.made.add(1);
                self.refresh(read, told, conn);
                conn.set_origin(self.word.origin);
                if self.tables.conns.is_resize_to_be_announced() {
                    self.state.wake_collector();
                }
            }
            Err(Refusal::Full | Refusal::Crowded | Refusal::NoMemory) => counts.no_room.add(1),
        }
    }

    /// The server that was told, if a service here has it; its weight and load don't matter.
    fn find_dest<'a>(&'a self, read: ReadSide<'a>, told: &Told<'_>) -> Option<&'a RcuArc<Dest>> {
        let Endpoint { addr, port } = told.service;
        let wanted = Wanted {
            family: told.family,
            protocol: told.protocol,
            addr,
            port,
            mark: told.mark,
        };
        let edition = self.state.edition();
        let service = self
            .state
            .find_service(read, self.tables, &wanted, edition)?;
        let dests = service.dests(read);
        receive::dest_ports(told).into_iter().find_map(|port| {
            let wanted = DestId {
                family: told.family,
                addr: told.dest.addr,
                port,
            };
            dests.iter().find(|dest| *dest.id() == wanted)
        })
    }
}

/// Client and virtual address.
fn tuple(told: &Told<'_>) -> Tuple {
    Tuple {
        family: told.family,
        protocol: told.protocol,
        client: normal(told, told.client.addr),
        client_port: told.client.port,
        virtual_addr: normal(told, told.service.addr),
        virtual_port: told.service.port,
    }
}

fn normal(told: &Told<'_>, addr: Addr) -> Addr {
    match told.family {
        lvs_engine::addr::Family::V4 => Addr::from_v4_word(addr.v4_word()),
        lvs_engine::addr::Family::V6 => addr,
    }
}

/// The Call-ID of a call's template.
fn call<'a>(told: &Told<'a>) -> Option<&'a [u8]> {
    told.engine
        .filter(|_| told.is_template())
        .map(|engine| engine.data)
}
