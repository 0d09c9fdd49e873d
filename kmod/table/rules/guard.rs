// SPDX-License-Identifier: GPL-2.0

//! Access to a namespace's rules, under its rules lock.
//!
//! The lock is the mutex of [`Rules`]. It guards them, and every change of what packets see in the
//! tables; packets themselves never take it. It is taken in process context, and its holder may
//! sleep.

use kernel::prelude::*;
use kernel::sync::lock::mutex::MutexBackend;
use kernel::sync::lock::Guard;

use lvs_engine::config::{
    ServiceId,
    Timeouts, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::{
    self,
    RcuArc,
    ReadSide, //
};

use super::super::dest::Dest;
use super::super::netns_state::NetnsState;
use super::super::service::Service;
use super::super::sync::Daemons;
use super::record::Rules;

/// Access to the rules of a namespace; holds its rules lock.
pub(crate) struct RulesGuard<'a> {
    pub(super) state: &'a NetnsState,
    pub(super) rules: Guard<'a, Rules, MutexBackend>,
}

impl<'a> RulesGuard<'a> {
    /// Takes the rules lock of `state`: one change of the rules at a time. Process context.
    pub(crate) fn lock(state: &'a NetnsState) -> Self {
        Self {
            state,
            rules: state.rules.lock(),
        }
    }

    /// Tells states of the rules apart, as long as there are fewer than 2^31 changes between them.
    pub(crate) fn generation(&self) -> u32 {
        self.rules.generation
    }

    /// The rules are different from now on.
    pub(super) fn note_change(&mut self) {
        self.rules.generation = self.rules.generation.wrapping_add(1);
        self.state.sync().note_rules();
    }

    /// Whether there are servers of another family than their service.
    pub(crate) fn has_strangers(&self) -> bool {
        self.rules.strangers != 0
    }

    /// The namespace's state.
    pub(crate) fn state(&self) -> &'a NetnsState {
        self.state
    }

    /// The synchronisation daemons.
    pub(in crate::table) fn daemons(&self) -> &Daemons {
        &self.rules.daemons
    }

    /// The synchronisation daemons, to be started and stopped.
    pub(in crate::table) fn daemons_mut(&mut self) -> &mut Daemons {
        &mut self.rules.daemons
    }

    /// Makes the tables if there are none yet. Fails with `ENOMEM`.
    pub(crate) fn make_tables(&mut self) -> Result {
        self.state.make_tables().map(drop)
    }

    /// Runs `f` with the service named `id`. Fails with `ESRCH` when there is none.
    pub(crate) fn with_service<R>(
        &self,
        id: &ServiceId,
        f: impl for<'r> FnOnce(ReadSide<'r>, &'r Service) -> R,
    ) -> Result<R> {
        let tables = self.state.tables().ok_or(ESRCH)?;
        rcu::read(|read| {
            let service = tables.service(read, id).ok_or(ESRCH)?;
            Ok(f(read, service))
        })
    }

    /// The servers of a service, newest first. Fails with `ESRCH`, `ENOMEM`.
    pub(super) fn dests_of(&self, id: &ServiceId) -> Result<GrowVec<RcuArc<Dest>>> {
        let count = self.with_service(id, |read, service| service.dests(read).len())?;
        // Room is made before the service is looked at again: that may sleep, and under the rules
        // lock the number stays what it is.
        let mut dests = GrowVec::with_capacity(count)?;
        self.with_service(id, |read, service| service.append_dests(read, &mut dests))?;
        Ok(dests)
    }

    /// How many services of IPv4 there are, all that socket options show.
    pub(crate) fn services_v4(&self) -> u32 {
        self.rules.services_v4
    }

    /// Timeouts in force, in seconds.
    pub(crate) fn timeouts(&self) -> Timeouts {
        self.state.timeouts().settings()
    }

    /// Changes timeouts; 0 keeps the present one.
    pub(crate) fn set_timeouts(&mut self, timeouts: &Timeouts) {
        self.state.timeouts().set(timeouts);
    }
}
