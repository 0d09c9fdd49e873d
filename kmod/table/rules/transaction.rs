// SPDX-License-Identifier: GPL-2.0

//! Puts a transaction in force: all of it, or nothing.
//!
//! [`plan`] compares what is wanted with the rules and makes all that is needed: services, servers,
//! pools with what schedulers computed, room in tables, hooks. Whatever can fail fails there, where
//! nothing has been changed. [`enact`] can't fail. What is the same as before isn't touched, and
//! what has the same name stays the same object, with its connections, counters and scheduler's
//! memory.

mod enact;
mod plan;
mod report;

use kernel::prelude::*;

use lvs_engine::addr::Family;

use crate::kernel_ext::compat::errno::{
    ECANCELED,
    ENOPROTOOPT,
    ESTALE, //
};

use super::super::transactions::Transaction;
use super::guard::RulesGuard;

/// What is done with a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is put in force.
    Commit,
    /// It is found out whether it could be.
    Check,
}

impl RulesGuard<'_> {
    /// Puts a transaction in force, or finds out whether that would do. Sleeps, also for a grace
    /// period. Fails with `ECANCELED` if a part of it is missing, `ESTALE` if the rules have
    /// changed since it began, `ESRCH` if it removes a service that isn't there, `EINVAL`,
    /// `ENOMEM`, or what registering hooks fails with; then all is as it was.
    pub(crate) fn commit(&mut self, transaction: Transaction, purpose: Mode) -> Result {
        if transaction.is_broken() {
            return Err(ECANCELED);
        }
        if transaction
            .generation()
            .is_some_and(|generation| generation != self.generation())
        {
            return Err(ESTALE);
        }
        if self.state.is_stopped() {
            return Err(ENOPROTOOPT);
        }
        match (self.plan(transaction), purpose) {
            (Ok(plan), Mode::Commit) => {
                self.enact(plan);
                Ok(())
            }
            (plan, _) => {
                // Hooks that were registered for it alone.
                for family in [Family::V4, Family::V6] {
                    self.forget_users(family, 0);
                }
                plan.map(drop)
            }
        }
    }
}
