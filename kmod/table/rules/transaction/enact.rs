// SPDX-License-Identifier: GPL-2.0

//! A plan comes into force. Nothing here can fail.
//!
//! First the next edition of the rules is put beside the present one, then packets are switched to
//! it; when none goes by the old one any more, what was staged becomes the ordinary rules, and
//! packets are switched back ([`crate::table::edition`]).

use lvs_engine::addr::Family;
use lvs_engine::config::{
    ServiceId,
    Target, //
};
use lvs_engine::extras::Extras;
use lvs_engine::sched::{
    Algorithm,
    Change, //
};

use core::sync::atomic::Ordering;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::{
    self,
    GracePeriod, //
};
use crate::kernel_ext::mem::rcu_table::Neighbour;
use crate::kernel_ext::task::time;

use super::super::super::edition::{
    Edition,
    Editions, //
};
use super::super::super::tables::Tables;
use super::super::guard::RulesGuard;
use super::plan::{
    is_same,
    Addition,
    Arrival,
    Edit,
    Plan, //
};
use super::report::Report;

impl RulesGuard<'_> {
    /// Brings a plan into force. Sleeps for a grace period.
    pub(super) fn enact(&mut self, mut plan: Plan) {
        let Some(tables) = self.state.tables() else {
            return;
        };
        if plan.is_empty() {
            return;
        }
        let mut report = self.is_heard().then(Report::new);
        if let Some(last) = self.rules.switched_back.take() {
            last.wait();
        }
        self.fit_services_to(
            (plan.additions.len() as u32).saturating_add(self.state.counts().total()),
        );
        for addition in plan.additions.iter_mut() {
            if let Some(report) = &mut report {
                report.note_addition(addition);
            }
            self.stage_addition(tables, addition);
            time::yield_now();
        }
        for edit in plan.edits.iter_mut() {
            self.stage_edit(tables, edit);
            time::yield_now();
        }
        for id in plan.removals.iter() {
            Self::stage_removal(tables, id);
        }

        self.state.edition.set(Edition::Next);
        GracePeriod::begin().wait();

        for addition in plan.additions.iter() {
            self.finish_addition(tables, addition);
            time::yield_now();
        }
        for edit in plan.edits.iter() {
            self.finish_edit(edit, report.as_mut());
            time::yield_now();
        }
        for id in plan.removals.iter() {
            let removed = rcu::read(|read| {
                let service = tables.service(read, id)?;
                tables.services.remove(read, service)
            });
            if let Some(service) = removed {
                self.discard_service(service);
            }
            time::yield_now();
        }

        self.state.edition.set(Edition::Present);
        self.rules.switched_back = Some(GracePeriod::begin());
        self.note_change();
        self.fit_services();
        if let Some(mut report) = report {
            report.note_removals(&plan);
            self.announce_report(&report);
        }
    }

    /// A service that comes stands in the table, for packets of the next edition.
    fn stage_addition(&mut self, tables: &Tables, addition: &mut Addition) {
        let Some(entry) = addition.entry.take() else {
            return;
        };
        let id = addition.id;
        entry.set_editions(Editions::NEXT);
        let mut has_revived = false;
        for arrival in addition.arrivals.iter_mut() {
            if let Some(config) = &arrival.revived {
                has_revived = true;
                arrival.dest.configure(config);
                self.take_back_counters(&entry, &arrival.dest);
            }
            self.stage_arrival(tables, &id, arrival);
        }
        if !has_revived {
            // The service has them; of thousands of services this would be a lot.
            addition.arrivals = GrowVec::new();
        }
        // Replies that aren't rewritten come from the virtual address, if they come this way.
        if let Target::Address { addr, .. } = &id.target {
            self.state.reply_sources().insert(addr);
        }
        self.state.counts().add(&id, entry.is_sip());
        self.note_extras(&Extras::default(), &entry.extras());
        self.note_user(id.family);
        if id.family == Family::V4 {
            self.rules.services_v4 = self.rules.services_v4.wrapping_add(1);
        }
        rcu::read(|read| {
            entry.publish(read, addition.pool.clone(), Change::Replaced);
            // There is none of this name.
            let _ = tables.services.insert(read, entry, |_| Neighbour::Other);
        });
    }

    /// A server that comes is the next edition's. What it had counted before it was removed has
    /// been taken back: packets count from here on.
    fn stage_arrival(&mut self, tables: &Tables, service: &ServiceId, arrival: &mut Arrival) {
        let id = arrival.dest.id();
        self.note_reply_source(id, &arrival.dest.configured());
        if service.family != id.family {
            self.note_user(id.family);
            self.rules.strangers = self.rules.strangers.wrapping_add(1);
        }
        arrival.dest.set_editions(Editions::NEXT);
        tables.dest_index.insert(arrival.reservation.take());
    }

    /// A service that changes has beside it what it will be.
    fn stage_edit(&mut self, tables: &Tables, edit: &mut Edit) {
        let Some(staged) = edit.staged.take() else {
            return;
        };
        for arrival in edit.arrivals.iter_mut() {
            if arrival.revived.is_some() {
                rcu::read(|read| {
                    if let Some(service) = tables.service(read, &edit.id) {
                        self.take_back_counters(service, &arrival.dest);
                    }
                });
            }
            self.stage_arrival(tables, &edit.id, arrival);
        }
        for (dest, config) in staged.pool.dests().iter().zip(staged.settings.iter()) {
            self.note_reply_source(dest.id(), config);
        }
        for dest in edit.departures.iter() {
            dest.set_editions(Editions::PRESENT);
        }
        let becomes_sip = self.with_service(&edit.id, |_, service| {
            let cursor = service.cursor_after(&staged.pool, &edit.changes);
            staged.cursor.store(cursor, Ordering::Relaxed);
            let becomes_sip = staged.config.sip && !service.is_sip();
            service.stage(Some(staged));
            becomes_sip
        });
        if becomes_sip == Ok(true) {
            self.state.counts().add_sip();
        }
    }

    /// A service that goes isn't the next edition's.
    fn stage_removal(tables: &Tables, id: &ServiceId) {
        rcu::read(|read| {
            if let Some(service) = tables.service(read, id) {
                service.set_editions(Editions::PRESENT);
                for dest in service.dests(read) {
                    dest.set_editions(Editions::PRESENT);
                }
            }
        });
    }

    /// A service that came is a part of the rules as any other.
    fn finish_addition(&mut self, tables: &Tables, addition: &Addition) {
        rcu::read(|read| {
            if let Some(service) = tables.service_in(read, &addition.id, Edition::Next) {
                service.set_editions(Editions::BOTH);
                for dest in service.dests(read) {
                    dest.set_available();
                }
            }
        });
        for arrival in addition.arrivals.iter() {
            self.finish_arrival(&addition.id, arrival);
        }
    }

    /// A server that came is a part of the rules as any other.
    fn finish_arrival(&mut self, service: &ServiceId, arrival: &Arrival) {
        let dest = &arrival.dest;
        dest.set_available();
        if arrival.revived.is_some() {
            self.rules.trash.remove(service, dest.id());
        }
    }

    /// A service becomes what was staged.
    fn finish_edit(&mut self, edit: &Edit, mut report: Option<&mut Report>) {
        let id = &edit.id;
        let finished = self.with_service(id, |read, service| {
            let staged = service.staged(read)?;
            if let Some(report) = &mut report {
                report.note_edit(edit, !is_same(&service.config(read), &staged.config));
            }
            let extras = (service.extras(), staged.config.extras);
            let ends_starts = staged.config.extras.slow_start == 0
                || staged.config.scheduler.is_some_and(Algorithm::hashes);
            for (dest, config) in staged.pool.dests().iter().zip(staged.settings.iter()) {
                if dest.configured() != *config {
                    dest.configure(config);
                    // One that comes back has been told as one that comes.
                    let stays = dest.is_available_in(Edition::Present);
                    if let Some(report) = report.as_mut().filter(|_| stays) {
                        report.note_dest(id, dest.id());
                    }
                }
            }
            let was_sip = service.is_sip();
            service.adopt(staged);
            let loses_sip = was_sip && !service.is_sip();
            service.stage(None);
            Some((loses_sip, ends_starts, extras))
        });
        for arrival in edit.arrivals.iter() {
            self.finish_arrival(id, arrival);
        }
        for dest in edit.departures.iter() {
            // The service is there.
            let _ = self.dismiss_dest(id, dest.clone());
        }
        if let Ok(Some((loses_sip, ends_starts, (former, extras)))) = finished {
            if ends_starts {
                self.end_starts(id);
            }
            if loses_sip {
                self.state.counts().remove_sip();
            }
            self.note_extras(&former, &extras);
        }
    }
}
