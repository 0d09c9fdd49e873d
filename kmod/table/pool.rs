// SPDX-License-Identifier: GPL-2.0

//! The servers that a service chooses from.

use core::num::NonZeroU32;
use core::sync::atomic::{
    fence,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::DestConfig;
use lvs_engine::extras::Extras;
use lvs_engine::sched::ramp::{
    self,
    WHOLE, //
};
use lvs_engine::sched::{
    self,
    Algorithm,
    Facts,
    Identified,
    Pair,
    Preference,
    Servers,
    Standing, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::RcuArc;
use crate::kernel_ext::task::time;

use super::dest::Dest;
use super::load_tree::LoadTree;

/// The servers of a service at one time, newest first, and what their scheduler computed of them.
/// Never changed: a change of the rules makes another one.
pub(crate) struct Pool {
    pub(super) scheduler: Option<Algorithm>,
    /// The same, unless servers ramp: then a pick has to look further.
    pub(super) plain: Option<Algorithm>,
    /// The places of servers that ramp.
    pub(super) ramping: GrowVec<u32>,
    /// What the others are worth.
    pub(super) rest: u64,
    pub(super) dests: GrowVec<RcuArc<Dest>>,
    pub(super) facts: Facts,
    /// Which server each hash value maps to, for the algorithms that hash.
    pub(super) table: GrowVec<u16>,
    /// Load tree, for pools too big to scan.
    pub(super) load_tree: Option<RcuArc<LoadTree>>,
}

impl Pool {
    /// The servers, newest first.
    pub(crate) fn dests(&self) -> &[RcuArc<Dest>] {
        &self.dests
    }

    /// The scheduling algorithm.
    pub(crate) fn scheduler(&self) -> Option<Algorithm> {
        self.scheduler
    }

    /// Has the servers note changes of their loads in the pool's load tree, and take over what
    /// their service has beyond ip_vs's, before packets see that. Rules lock held.
    pub(super) fn tell_servers(&self, extras: &Extras) {
        for (position, dest) in self.dests.iter().enumerate() {
            dest.set_load_tree(self.load_tree.as_ref(), position as u32);
            dest.set_extras(extras);
        }
        // Pairs with the sequentially consistent change of a load (see `LoadTree`).
        fence(Ordering::SeqCst);
    }
}

impl Pool {
    /// Looks for servers that ramp, to be called once the pool has its servers; they will have
    /// these `settings`, if those are others than they have. Sleeps. Fails with `ENOMEM`.
    pub(super) fn note_ramps(&mut self, settings: Option<&[DestConfig]>) -> Result {
        self.plain = self.scheduler;
        let Some(algorithm) = self.scheduler.filter(|algorithm| !algorithm.hashes()) else {
            return Ok(());
        };
        let now = time::now();
        self.rest = 0;
        for (index, dest) in self.dests.iter().enumerate() {
            let settings = settings.and_then(|settings| settings.get(index));
            let weight = settings.map_or_else(|| dest.weight(), |one| dest.weight_by(one));
            let weight = algorithm.counted_weight(weight);
            if weight != 0 && dest.slow_start.fraction(now).is_some() {
                self.ramping.push(index as u32)?;
                self.plain = None;
            } else {
                self.rest = self.rest.saturating_add(ramp::worth(weight, WHOLE));
            }
        }
        Ok(())
    }

    /// Whether servers are noted as ramping of which one doesn't any more.
    pub(super) fn has_outgrown(&self) -> bool {
        let now = time::now();
        let mut ramping = self.ramping.iter();
        ramping.any(|&index| {
            let dest = self.dests.get(index as usize);
            dest.is_none_or(|dest| dest.slow_start.fraction(now).is_none())
        })
    }

    /// Grants a credit to all that ramp. `servers` are the pool's, with the weights that count.
    pub(super) fn grant(&self, algorithm: Algorithm, servers: &impl Servers, now: u32) {
        let worth = |index: usize| {
            let dest = self.dests.get(index)?;
            let fraction = dest.slow_start.fraction(now).unwrap_or(WHOLE);
            let weight = servers.weight(index);
            let worth = ramp::worth(algorithm.counted_weight(weight), fraction);
            Some((dest, weight, worth))
        };
        let ramping = || {
            self.ramping
                .iter()
                .filter_map(|&index| worth(index as usize))
        };
        let all = ramping().fold(self.rest, |all, (_, _, worth)| all.saturating_add(worth));
        for (dest, weight, worth) in ramping() {
            let grant = ramp::grant(worth, all);
            let turns = algorithm.turns(weight, &self.facts);
            dest.slow_start
                .change(|credit| Some(ramp::granted(credit, grant, turns)));
        }
    }

    /// Whether the server at `index` takes no part in a pick, for want of a credit.
    #[inline]
    pub(super) fn waits(&self, index: usize, now: u32) -> bool {
        self.dests
            .get(index)
            .is_some_and(|dest| dest.slow_start.waits(now))
    }

    /// The server at `index` was chosen: takes a credit from it, if it ramps. False if it has none
    /// any more.
    pub(super) fn pay(&self, index: usize, now: u32) -> bool {
        let Some(dest) = self.dests.get(index) else {
            return true;
        };
        dest.slow_start.fraction(now).is_none() || dest.slow_start.change(ramp::paid)
    }
}

impl Servers for Pool {
    #[inline]
    fn len(&self) -> usize {
        self.dests.len()
    }

    #[inline]
    fn weight(&self, index: usize) -> u32 {
        self.dests.get(index).map_or(0, |dest| dest.weight())
    }

    #[inline]
    fn active(&self, index: usize) -> u32 {
        self.dests.get(index).map_or(0, |dest| dest.active())
    }

    #[inline]
    fn inactive(&self, index: usize) -> u32 {
        self.dests.get(index).map_or(0, |dest| dest.inactive())
    }

    #[inline]
    fn overloaded(&self, index: usize) -> bool {
        self.dests
            .get(index)
            .is_none_or(|dest| dest.is_overloaded())
    }

    #[inline]
    fn table(&self) -> &[u16] {
        &self.table
    }

    #[inline]
    fn standing(&self) -> Option<Standing> {
        let load_tree = self.load_tree.as_ref()?;
        load_tree.standing(self.scheduler?, self)
    }

    #[inline]
    fn drawn(&self, random: u64) -> Option<Pair> {
        self.load_tree.as_ref()?.drawn(self, random)
    }
}

impl Identified for Pool {
    fn id(&self, index: usize) -> Option<NonZeroU32> {
        Some(self.dests.get(index)?.number())
    }

    fn addr(&self, index: usize) -> Addr {
        self.dests
            .get(index)
            .map_or(Addr::ANY, |dest| dest.id().addr)
    }

    fn port(&self, index: usize) -> u16 {
        self.dests.get(index).map_or(0, |dest| dest.id().port)
    }

    fn last_weight(&self, index: usize) -> u32 {
        self.dests.get(index).map_or(0, |dest| dest.last_weight())
    }
}

/// What `algorithm` computes of the servers: facts, and its table.
pub(super) fn digest(
    algorithm: Algorithm,
    family: Family,
    flags: u32,
    servers: &impl Identified,
) -> Result<(Facts, GrowVec<u16>)> {
    let facts = Facts::of(algorithm, servers);
    let mut table = GrowVec::filled(algorithm.table_len(), 0)?;
    let mut scratch = GrowVec::filled(algorithm.scratch_len(servers.len()), Preference::default())?;
    sched::fill_table(algorithm, family, flags, servers, &mut table, &mut scratch)
        .map_err(|_| EINVAL)?;
    Ok((facts, table))
}
