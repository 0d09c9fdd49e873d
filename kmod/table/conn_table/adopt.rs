// SPDX-License-Identifier: GPL-2.0

//! Connections that another director told of become entries.

use core::sync::atomic::Ordering;

use lvs_engine::config::Forwarding;
use lvs_engine::parse::protocol;

use crate::kernel_ext::mem::memory::{
    Entry,
    EntryBox, //
};
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::mem::rcu_table::{
    Clash,
    Neighbour, //
};
use crate::kernel_ext::task::time;

use super::super::conn::{
    self,
    flag,
    Conn,
    Extension,
    Received, //
};
use super::super::control_ports;
use super::create::Refusal;
use super::new_conn::ConnSettings;
use super::store::ConnTable;

/// Whether packets of it have to be listened to, as a control connection of FTP.
fn is_control(new: &Received<'_>) -> bool {
    !new.is_template()
        && new.tuple.protocol == protocol::TCP
        && new.forwarding() == Forwarding::Masquerade
        && control_ports::index_of(new.tuple.virtual_port).is_some()
}

impl ConnTable {
    /// Makes an entry of what was told. Returns it, or the one that was there before.
    pub(in crate::table) fn adopt<'a>(
        &self,
        read: ReadSide<'a>,
        new: &Received<'_>,
        settings: ConnSettings<'_>,
    ) -> Result<&'a Entry<Conn>, Refusal> {
        let count = self.admit(read, &new.tuple, settings)?;
        let mut flags = 0;
        if settings.tracked && !new.is_template() {
            flags |= flag::TRACKED;
        }
        if is_control(new) {
            flags |= flag::CONTROL;
        }
        let now = time::now();
        let hash = self.hash_of_template(&new.tuple, new.call);
        let extension = match new.call {
            Some(call) => Extension::call(call).map(Some),
            None if flags & flag::CONTROL != 0 => Extension::control().map(Some),
            None => Ok(None),
        };
        let made = extension.and_then(|extension| {
            EntryBox::new_in(&self.slab, hash, now.wrapping_add(new.ticks), || {
                new.conn(flags).extended(extension)
            })
        });
        let Ok(entry) = made else {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::NoMemory);
        };
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
        self.count_rare(&entry);
        let inserted = self.table.insert(read, entry, |present| {
            let is_same = if new.is_template() {
                present.matches_template(read, &new.tuple, new.call)
            } else {
                present.matches_request(&new.tuple)
            };
            if is_same && (present.is_held() || !conn::is_expired(present, now)) {
                Neighbour::Same
            } else if present.same_client(&new.tuple) {
                Neighbour::Sibling
            } else {
                Neighbour::Other
            }
        });
        match inserted {
            Ok(entry) => {
                self.note_growth(count);
                Ok(entry)
            }
            Err((entry, clash)) => {
                self.forget(read, &entry);
                drop(entry);
                match clash {
                    Clash::Exists(present) => Ok(present),
                    Clash::Crowded => Err(Refusal::Crowded),
                }
            }
        }
    }
}
