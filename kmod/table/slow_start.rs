// SPDX-License-Identifier: GPL-2.0

//! What is known of a server that ramps: see [`lvs_engine::sched::ramp`].

use core::num::NonZeroU32;
use core::sync::atomic::{
    AtomicU32,
    AtomicU64,
    Ordering, //
};

use lvs_engine::sched::ramp::{
    self,
    Ramp, //
};

use crate::kernel_ext::task::time;

/// The ramp of a server, and its credit. The ramp changes under the rules lock; both are read by
/// packets that begin connections.
#[derive(Default)]
pub(super) struct SlowStart {
    /// [`Ramp`], packed; 0 if the server doesn't ramp.
    ramp: AtomicU64,
    credit: AtomicU32,
}

impl SlowStart {
    /// Has the server ramp for so many ticks from now on; without any it has all its weight. Rules
    /// lock held.
    pub(super) fn set(&self, ticks: Option<NonZeroU32>) {
        let ramp = ticks.map(|ticks| Ramp {
            begun: time::now(),
            ticks,
        });
        self.credit.store(0, Ordering::Relaxed);
        self.ramp
            .store(ramp.map_or(0, |ramp| ramp.packed()), Ordering::Relaxed);
    }

    /// The ramp, if it isn't over at tick `now`.
    pub(super) fn ramp(&self, now: u32) -> Option<Ramp> {
        let ramp = Ramp::unpacked(self.ramp.load(Ordering::Relaxed))?;
        ramp.fraction(now).map(|_| ramp)
    }

    /// How much of its weight the server has at tick `now`, of [`ramp::WHOLE`]; `None`:
    /// all.
    #[inline]
    pub(super) fn fraction(&self, now: u32) -> Option<u32> {
        Ramp::unpacked(self.ramp.load(Ordering::Relaxed))?.fraction(now)
    }

    /// Whether the server has to wait for a whole credit.
    #[inline]
    pub(super) fn waits(&self, now: u32) -> bool {
        self.fraction(now).is_some() && ramp::paid(self.credit.load(Ordering::Relaxed)).is_none()
    }

    /// Changes the credit; false if `next` doesn't.
    pub(super) fn change(&self, next: impl Fn(u32) -> Option<u32>) -> bool {
        self.credit
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }
}
