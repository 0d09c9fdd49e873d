// SPDX-License-Identifier: GPL-2.0

//! How many packets left in front of the stack. Those that don't are not counted, and cost nothing.

use kernel::prelude::*;

use crate::kernel_ext::mem::percpu::CpuCounts;

/// A way in front of the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortcut {
    /// The early path.
    Early,
    /// XDP.
    Xdp,
}

/// Packets of a namespace, by the way that they took.
pub(crate) struct Shortcuts(CpuCounts<2>);

/// Their sums over all CPUs.
pub(crate) struct Sums([u64; 2]);

impl Shortcuts {
    /// None yet; may sleep. Fails with `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        Ok(Self(CpuCounts::new()?))
    }

    /// Counts a packet. Any context.
    #[inline(always)]
    pub(crate) fn count(&self, shortcut: Shortcut) {
        self.0.count(shortcut as usize);
    }

    /// All of them so far.
    pub(crate) fn sums(&self) -> Sums {
        Sums(self.0.sums())
    }
}

impl Sums {
    /// The packets that took this one.
    pub(crate) fn of(&self, shortcut: Shortcut) -> u64 {
        let [early, xdp] = self.0;
        match shortcut {
            Shortcut::Early => early,
            Shortcut::Xdp => xdp,
        }
    }
}
