// SPDX-License-Identifier: GPL-2.0

//! The servers that a service chooses from.

use core::num::NonZeroU32;
use core::sync::atomic::{
    fence,
    Ordering, //
};

use lvs_engine::addr::Addr;
use lvs_engine::extras::Extras;
use lvs_engine::sched::{
    Algorithm,
    Facts,
    Identified,
    Pair,
    Servers,
    Standing, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::RcuArc;

use super::dest::Dest;
use super::load_tree::LoadTree;

/// The servers of a service at one time, newest first, and what their scheduler computed of them.
/// Never changed: a change of the rules makes another one.
pub(crate) struct Pool {
    pub(super) scheduler: Option<Algorithm>,
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
