// SPDX-License-Identifier: GPL-2.0

//! What a namespace's chore does: it collects stale connections, fits the tables, watches free
//! memory, drains servers, empties the trash and tells listeners of what packets left.

use core::sync::atomic::Ordering;

use crate::kernel_ext::task::time;
use crate::kernel_ext::task::work::{
    Chore,
    Worker, //
};

use super::netns_state::NetnsState;
use super::rules::announce;
use super::rules::drains;
use super::rules::guard::RulesGuard;
use super::rules::starts;
use super::tables::Tables;
use super::trace::EndCause;

impl NetnsState {
    /// What the chore does whenever it is woken.
    fn react(&self, tables: &Tables) {
        let settings = self.settings();
        tables
            .conns
            .resize_to_load(settings.conn_lfactor(), settings.conn_tab_bits());
        self.update_prefetch(tables);
        if self.orphaned.swap(false, Ordering::Relaxed) {
            tables.conns.remove_orphans();
        }
        if self.has_new_timeouts.swap(false, Ordering::Relaxed) {
            tables.conns.note_own_timeouts();
        }
        self.fit_estimation();
    }

    /// What it does every second.
    fn maintain(&self, tables: &Tables) {
        tables.conns.collect();
        if self.defence().drops_entries() {
            tables
                .conns
                .remove_from_some(EndCause::Defence, |read, entry| {
                    self.defence()
                        .drops_entry(read, self.timeouts(), tables, entry)
                });
        }
        drains::tend(self, tables);
        starts::tend(self);
        RulesGuard::lock(self).empty_trash();
    }
}

impl Worker for NetnsState {
    fn chore(&self) -> &Chore<Self> {
        &self.chore
    }

    fn run(&self) {
        if let Some(tables) = self.tables() {
            self.react(tables);
        }
        // While the table grows, that is needed much more often than all else.
        let now = time::now();
        let since = now.wrapping_sub(self.collected_at.load(Ordering::Relaxed));
        if since < time::HZ && !self.is_stopped() {
            self.chore.queue(time::HZ.wrapping_sub(since));
            return;
        }
        self.collected_at.store(now, Ordering::Relaxed);
        self.update_defence();
        if let Some(tables) = self.tables() {
            self.maintain(tables);
            announce::tend(self);
        }
        let has_more = self.tables().is_some() || self.settings().watches_memory();
        if has_more && !self.is_stopped() {
            self.chore.queue(time::HZ);
        }
    }
}
