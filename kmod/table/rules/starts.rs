// SPDX-License-Identifier: GPL-2.0

//! Servers that come to others ramp, if their service wants that: which do, and until when.

use core::num::NonZeroU32;

use kernel::prelude::*;

use lvs_engine::config::ServiceId;

use crate::kernel_ext::mem::rcu::RcuArc;
use crate::kernel_ext::task::time;

use super::super::dest::Dest;
use super::super::netns_state::NetnsState;
use super::super::service::Service;
use super::guard::RulesGuard;

impl RulesGuard<'_> {
    /// For how many ticks a server ramps that comes to this service now. Makes room for it. Fails
    /// with `ESRCH`, `ENOMEM`.
    pub(super) fn start_of(&mut self, service: &ServiceId) -> Result<Option<NonZeroU32>> {
        self.make_room_for_start()?;
        self.with_service(service, |read, service| service.slow_start(read))
    }

    /// Makes room for one more. Fails with `ENOMEM`.
    pub(super) fn make_room_for_start(&mut self) -> Result {
        self.rules.starts.0.reserve(1)
    }

    /// Has `dest`, which takes connections from now on, ramp for so many ticks, if any; there is
    /// room for it. Who publishes its service's servers comes after this.
    pub(super) fn start(&mut self, dest: &RcuArc<Dest>, ticks: Option<NonZeroU32>) {
        dest.slow_start.set(ticks);
        let is_known = |other: &RcuArc<Dest>| other.number() == dest.number();
        if ticks.is_some() && !self.rules.starts.0.iter().any(is_known) {
            // There is room for it.
            drop(self.rules.starts.0.push_reserved(dest.clone()));
        }
    }

    /// The servers of a service don't ramp any more. What is published sees that later.
    pub(super) fn end_starts(&self, service: &ServiceId) {
        for dest in self.rules.starts.0.iter() {
            if dest.service() == service {
                dest.slow_start.set(None);
            }
        }
    }

    /// Has services whose servers don't ramp any more pick as ever.
    fn finish_starts(&mut self) {
        let now = time::now();
        let mut index = 0_usize;
        while let Some(dest) = self.rules.starts.0.get(index).cloned() {
            if dest.slow_start.ramp(now).is_some() && dest.is_available() {
                index = index.wrapping_add(1);
                continue;
            }
            // Without memory it is tried again.
            if self.settle(dest.service()).is_err() {
                index = index.wrapping_add(1);
                continue;
            }
            dest.slow_start.set(None);
            drop(self.rules.starts.0.remove(index));
        }
    }

    /// Publishes a service's servers anew if one of them is noted as ramping that doesn't. Fails
    /// with `ENOMEM`.
    fn settle(&mut self, id: &ServiceId) -> Result {
        let outgrown = self.with_service(id, |read, service| {
            service.pool(read).is_some_and(|pool| pool.has_outgrown())
        });
        if outgrown != Ok(true) {
            return Ok(());
        }
        let dests = self.dests_of(id)?;
        let (algorithm, flags) = self.with_service(id, |read, service| {
            (service.scheduler(read), service.flags())
        })?;
        let pool = Service::make_pool(id.family, flags, algorithm, dests, None)?;
        self.with_service(id, |_, service| service.republish(pool))
    }
}

/// Goes on with what ramps in the namespace of `state`. Process context.
pub(in crate::table) fn tend(state: &NetnsState) {
    RulesGuard::lock(state).finish_starts();
}
