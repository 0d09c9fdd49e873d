// SPDX-License-Identifier: GPL-2.0

//! What is noted of a namespace's rules beside what packets see.

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::GracePeriod;

use super::super::stats::Counters;
use super::drained::Drains;
use super::hook_set::HookSet;
use super::per_family::PerFamily;
use super::starting::Starts;
use super::told::Told;
use super::trash::Trash;
use crate::table::sync::Daemons;

/// Rules of a namespace beside the tables that packets see. Behind the rules lock.
#[derive(Default)]
pub(crate) struct Rules {
    /// Hooks that are registered.
    pub(super) hooks: HookSet,
    /// Removed servers that connections still go to, or did a short time ago.
    pub(super) trash: Trash,
    /// Servers whose drain isn't over.
    pub(super) drains: Drains,
    /// Servers that ramp.
    pub(super) starts: Starts,
    /// What removed services counted, by CPU.
    pub(super) removed: GrowVec<Counters>,
    /// What listings leave out: the totals at the last reset.
    pub(super) reset_at: Counters,
    /// Changes made so far.
    pub(super) generation: u32,
    /// Services made so far: tells one from its successor of the same name.
    pub(super) instances: u64,
    /// The number of the last server made.
    pub(super) dests: u32,
    /// The load factor that the services' table was fitted to.
    pub(super) service_factor: i32,
    /// Services of each family, and servers of it for services of the other.
    pub(super) users: PerFamily<u32>,
    /// Servers of another family than their service.
    pub(super) strangers: u32,
    /// Synchronisation daemons.
    pub(super) daemons: Daemons,
    /// Since when no packet goes by the edition of the last transaction, once it is over.
    pub(super) switched_back: Option<GracePeriod>,
    /// What listeners were told.
    pub(super) told: Told,
    /// Services of IPv4.
    pub(super) services_v4: u32,
}
