// SPDX-License-Identifier: GPL-2.0

//! Notes that a packet changed an entry, so that a master's thread tells it. In the packet's
//! context.

use lvs_engine::parse::protocol;
use lvs_engine::sync::due;
use lvs_engine::sync::state::is_told;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::table::conn::{
    flag,
    Conn,
    News, //
};
use crate::table::netns_state::NetnsState;
use crate::table::trace;

use super::daemon::Role;
use super::dirty_places::DirtyPlaces;

/// Packets with which a one-packet connection's template is told.
const FIRST_PACKETS: u32 = 3;

/// Notes that `conn` is to be told.
fn make_dirty(dirty: &DirtyPlaces, conn: &Entry<Conn>) {
    if conn.set_dirty() {
        dirty.set(conn.hash());
    }
}

impl NetnsState {
    /// A packet changed `conn`: tracers hear it, and if other directors are to be told, that is
    /// noted. Called while [news are wanted](crate::kernel_ext::trace::are_news_wanted).
    #[cold]
    #[inline(never)]
    pub(crate) fn note_news(&self, read: ReadSide<'_>, conn: &Entry<Conn>, news: News) {
        trace::news(|| self.net().number(), conn, news);
        let Some(dirty) = self.sync().dirty_places() else {
            return;
        };
        if !self.sync().runs(Role::Master) {
            return;
        }
        if news.is_template() {
            self.note_controller(read, dirty, conn);
            return;
        }
        if conn.has(flag::ONE_PACKET) {
            // It is in no table, and its template leaves a trace of each.
            if conn
                .controller(read)
                .is_some_and(|template| template.packets() <= FIRST_PACKETS)
            {
                self.note_controller(read, dirty, conn);
            }
            return;
        }
        // The last word on it is this director's.
        conn.set_origin(0);
        let [threshold, _] = self.settings().sync_threshold();
        let threshold = threshold.max(0).unsigned_abs();
        let packet = news.packet();
        let is_told = is_told(conn.protocol(), conn.state_number());
        let is_state = news.is_state() && is_told;
        let is_first = due::first_packet(conn.protocol(), threshold)
            .is_some_and(|first| packet == Some(first.max(1)));
        if is_state || (is_first && is_told) {
            make_dirty(dirty, conn);
        }
        let has_handshake = matches!(conn.protocol(), protocol::TCP | protocol::SCTP);
        if is_state || (!has_handshake && packet == Some(1)) {
            self.note_controller(read, dirty, conn);
        }
    }

    /// What controls `conn` is to be told, too.
    fn note_controller(&self, read: ReadSide<'_>, dirty: &DirtyPlaces, conn: &Entry<Conn>) {
        let Some(controller) = conn.controller(read) else {
            return;
        };
        make_dirty(dirty, controller);
        if let Some(above) = controller.controller(read) {
            make_dirty(dirty, above);
        }
    }

    /// Something of `conn` changed that no packet tells. Called anywhere.
    #[cold]
    pub(crate) fn note_other_news(&self, conn: &Entry<Conn>) {
        if let Some(dirty) = self.sync().dirty_places() {
            make_dirty(dirty, conn);
        }
    }
}
