// SPDX-License-Identifier: GPL-2.0

//! Keeps the rates of a namespace's servers up to date: in a thread of its own, so that an
//! administrator can say where it runs (`est_cpulist`), how urgently (`est_nice`) and whether
//! (`run_estimation`).

use kernel::prelude::*;

use crate::kernel_ext::task::thread::{
    Present,
    Routine,
    Thread, //
};
use crate::kernel_ext::task::time;

use super::netns_state::NetnsState;
use super::rules::guard::RulesGuard;
use super::rules::walk::WalkPosition;
use super::stats::Estimator;

/// Ticks between two updates.
const PERIOD: u32 = Estimator::PERIOD * time::HZ;

impl NetnsState {
    /// Starts or stops the thread as the settings want it. Called by the chore alone.
    pub(super) fn fit_estimation(&self) {
        let settings = self.settings();
        if settings.take_estimation_change() {
            self.thread().stop();
        }
        if settings.estimates() && !self.is_stopped() {
            let started =
                self.thread()
                    .start(c"lvs-est", settings.est_nice(), settings.est_cpulist());
            // Tried again by the next run of the chore.
            if started.is_err() && time::may_log() {
                pr_warn!("cannot start the thread that estimates rates: {started:?}\n");
            }
        }
    }

    /// Whether rates are being updated. Process context.
    pub(crate) fn is_estimating(&self) -> bool {
        self.thread().is_running()
    }

    /// Updates all rates, unless the thread is to end. The rules lock is free between two slices.
    fn estimate(&self, present: &Present<'_>) {
        let mut cursor = Some(WalkPosition::default());
        while let Some(from) = cursor {
            if present.is_stopping() {
                return;
            }
            cursor = RulesGuard::lock(self).estimate(from);
            time::yield_now();
        }
    }
}

impl Routine for NetnsState {
    fn thread(&self) -> &Thread<Self> {
        self.estimator()
    }

    fn live(&self, present: &Present<'_>) {
        let mut due = time::now().wrapping_add(PERIOD);
        while present.sleep(due.wrapping_sub(time::now()).min(PERIOD)) {
            self.estimate(present);
            due = due.wrapping_add(PERIOD);
            // After a long delay, restart the period rather than catch up.
            if due.wrapping_sub(time::now()) > PERIOD {
                due = time::now().wrapping_add(PERIOD);
            }
        }
    }
}
