// SPDX-License-Identifier: GPL-2.0

//! Which servers are drained.

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::RcuArc;

use super::super::dest::Dest;

/// The servers whose drain isn't over, or that are still told of connections that ended by it.
#[derive(Default)]
pub(super) struct Drains {
    pub(super) dests: GrowVec<RcuArc<Dest>>,
    /// The second until which all of those are told.
    pub(super) told_until: u32,
}

impl Drains {
    /// Whether `dest` is among them.
    pub(super) fn contains(&self, dest: &Dest) -> bool {
        self.dests
            .iter()
            .any(|other| other.number() == dest.number())
    }
}
