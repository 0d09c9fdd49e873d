// SPDX-License-Identifier: GPL-2.0

//! Statistics over all services, those that are gone included.

use crate::kernel_ext::time;

use super::super::dest::Dest;
use super::super::netns_state::{
    self,
    ESTIMATION_PERIOD, //
};
use super::super::stats::{
    Counters,
    FineRates,
    Stats, //
};
use super::Control;

impl Control<'_> {
    /// Counters that no reset touches.
    pub(super) fn raw_totals(&self) -> Counters {
        let mut sum = self
            .rules
            .removed
            .iter()
            .fold(Counters::default(), |sum, kept| sum.plus(*kept));
        self.for_each_service(|read, service| sum = sum.plus(service.raw_counters(read)));
        sum
    }

    /// Everything counted since the last reset.
    pub(in crate::table) fn totals(&mut self) -> Stats {
        let mut rates = FineRates::default();
        self.for_each_service(|read, service| rates = rates.plus(service.rates(read)));
        Stats {
            counters: self.raw_totals().minus(self.rules.reset_at),
            rates: rates.rounded(),
        }
    }

    /// What one CPU counted, resets ignored.
    pub(in crate::table) fn totals_of_cpu(&mut self, cpu: u32) -> Counters {
        let mut sum = self
            .rules
            .removed
            .get(cpu as usize)
            .copied()
            .unwrap_or_default();
        netns_state::for_each_pool(self.state, |dest| {
            sum = sum.plus(dest.counters.of_cpu(cpu));
        });
        if cpu == 0 {
            self.for_each_service(|_, service| sum = sum.plus(service.removed_counters()));
        }
        sum
    }

    /// Updates all rates when two seconds have passed since the last time.
    pub(in crate::table) fn estimate_if_due(&mut self) {
        let now = time::now();
        if now.wrapping_sub(self.rules.estimated_at) < ESTIMATION_PERIOD
            || !self.state.sysctls().run_estimation()
        {
            return;
        }
        self.rules.estimated_at = now;
        netns_state::for_each_pool(self.state, Dest::estimate);
    }
}
