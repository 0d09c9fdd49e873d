// SPDX-License-Identifier: GPL-2.0

//! Statistics over all services, those that are gone included.

use crate::kernel_ext::mem::rcu;

use super::super::dest::Dest;
use super::super::stats::{
    Counters,
    FineRates,
    Stats, //
};
use super::guard::RulesGuard;
use super::walk::{
    Item,
    WalkPosition, //
};

impl RulesGuard<'_> {
    /// Counters that no reset touches, and the rates.
    pub(super) fn raw_totals(&self) -> (Counters, FineRates) {
        let mut counters = self
            .rules
            .removed
            .iter()
            .fold(Counters::default(), |sum, kept| sum.plus(*kept));
        let mut rates = FineRates::default();
        self.walk_all(|_, item| match item {
            Item::Service(service) => counters = counters.plus(service.removed_counters()),
            Item::Dest(dest) => {
                counters = counters.plus(dest.raw_counters());
                rates = rates.plus(dest.rates());
            }
        });
        (counters, rates)
    }

    /// Everything counted in this namespace since the last reset.
    pub(crate) fn totals(&mut self) -> Stats {
        let (counters, rates) = self.raw_totals();
        Stats {
            counters: counters.minus(self.rules.reset_at),
            rates: rates.rounded(),
        }
    }

    /// Has listings show this much more in total.
    pub(crate) fn show_more(&mut self, counted: Counters) {
        self.rules.reset_at = self.rules.reset_at.minus(counted);
    }

    /// What one CPU counted in this namespace, resets ignored.
    pub(crate) fn totals_of_cpu(&mut self, cpu: u32) -> Counters {
        let mut sum = self
            .rules
            .removed
            .get(cpu as usize)
            .copied()
            .unwrap_or_default();
        self.walk_all(|_, item| match item {
            // What removed servers counted is with the first CPU.
            Item::Service(service) if cpu == 0 => sum = sum.plus(service.removed_counters()),
            Item::Service(_) => {}
            Item::Dest(dest) => sum = sum.plus(dest.counters.of_cpu(cpu)),
        });
        sum
    }

    /// What the server of a removed service counted is kept by CPU; what removed servers of others
    /// did, with the first. Returns the sum.
    pub(super) fn keep_counters(&mut self, dest: &Dest) -> Counters {
        let mut sum = Counters::default();
        for (cpu, kept) in self.rules.removed.iter_mut().enumerate() {
            let counted = dest.counters.of_cpu(cpu as u32);
            if counted != Counters::default() {
                *kept = kept.plus(counted);
                sum = sum.plus(counted);
            }
        }
        sum
    }

    /// Forgets removed servers that nothing goes to, and counts what others were still counting at
    /// their removal.
    pub(super) fn tend_trash(&mut self) {
        let tables = self.state.tables();
        let rules = &mut *self.rules;
        rules.trash.tend(|dest, late| {
            let is_kept = rcu::read(|read| {
                let service = tables.and_then(|tables| tables.service(read, dest.service()))?;
                let same = service.instance() == dest.instance();
                same.then(|| service.keep_counters(late))
            });
            if let (None, Some(kept)) = (is_kept, rules.removed.first_mut()) {
                *kept = kept.plus(late);
            }
        });
    }

    /// Updates the rates of a slice of the servers. Returns where the next one begins.
    pub(in crate::table) fn estimate(&self, from: WalkPosition) -> Option<WalkPosition> {
        self.walk_slice(from, |_, item| {
            if let Item::Dest(dest) = item {
                dest.estimate();
            }
        })
    }
}
