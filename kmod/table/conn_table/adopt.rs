// SPDX-License-Identifier: GPL-2.0

//! Connections that another director told of, or that were kept, become entries.

use lvs_engine::config::Forwarding;
use lvs_engine::parse::protocol;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::time;

use super::super::conn::{
    flag,
    Conn,
    Received, //
};
use super::super::ftp_ports;
use super::new_conn::ConnSettings;
use super::room::NoRoom;
use super::store::ConnTable;

/// Whether packets of it have to be listened to, as a control connection of FTP.
fn is_ftp_control(new: &Received<'_>) -> bool {
    !new.is_template()
        && new.tuple.protocol == protocol::TCP
        && new.forwarding() == Forwarding::Masquerade
        && ftp_ports::index_of(new.tuple.virtual_port).is_some()
}

impl ConnTable {
    /// Makes an entry of what was told. Returns it, or the one that was there before; the flag
    /// tells whether it is new.
    pub(in crate::table) fn adopt<'a>(
        &self,
        read: ReadSide<'a>,
        new: &Received<'_>,
        settings: ConnSettings<'_>,
    ) -> Result<(&'a Entry<Conn>, bool), NoRoom> {
        let count = self.admit(read, &new.tuple, settings)?;
        let mut flags = 0;
        if settings.tracked && !new.is_template() {
            flags |= flag::TRACKED;
        }
        if is_ftp_control(new) {
            flags |= flag::FTP_CONTROL;
        }
        let expires = time::now().wrapping_add(new.ticks);
        let hash = self.hash_of_template(&new.tuple, new.call);
        let entry = self.allocate(hash, expires, flags, new.call, || new.conn(flags))?;
        if let Some(dest) = new.dest {
            if new.is_template() {
                dest.add_template();
            } else {
                dest.add_connection(read);
                if !entry.has(flag::INACTIVE) {
                    dest.move_connection(read, true);
                }
            }
        }
        // Templates control connections, and they as control connections of FTP others: no further.
        let may_control = |controller: &&Entry<Conn>| {
            !new.is_template() && (flags & flag::FTP_CONTROL == 0 || controller.is_template())
        };
        if let Some(controller) = new.controller.filter(may_control) {
            // One that is just being collected has served its time.
            let _ = entry.bind(read, controller);
        }
        self.count_rare(&entry);
        let is_met_by = |present: &Conn| {
            if new.is_template() {
                present.matches_template(read, &new.tuple, new.call)
            } else {
                present.matches_request(&new.tuple)
            }
        };
        self.put(read, entry, count, &new.tuple, new.call, is_met_by)
    }
}
