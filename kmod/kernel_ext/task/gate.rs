// SPDX-License-Identifier: GPL-2.0

//! Gates: counts of what is inside, that can be closed, and waited for until they are empty.

use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;
use kernel::time::delay::fsleep;
use kernel::time::Delta;

/// A gate. Zeroed memory is an open one with nobody inside.
pub(in crate::kernel_ext) struct Gate(AtomicU32);

impl Gate {
    const CLOSED: u32 = 1 << 31;
    /// Most that may be inside.
    const MOST: u32 = Self::CLOSED - 1;
    /// Looks, a millisecond apart, after which the log hears what is waited for.
    const PATIENCE: u32 = 10_000;

    /// An open one, empty.
    pub(in crate::kernel_ext) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// A closed one, empty.
    pub(in crate::kernel_ext) const fn closed() -> Self {
        Self(AtomicU32::new(Self::CLOSED))
    }

    /// Counts one more inside. Any context. Fails with `ENODEV` when the gate is closed, and with
    /// `ENOMEM` when there are 2^31 - 1 inside.
    pub(in crate::kernel_ext) fn enter(&self) -> Result {
        let entered = self
            .0
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
                (word < Self::MOST).then(|| word.wrapping_add(1))
            });
        entered
            .map(|_| ())
            .map_err(|word| if word == Self::MOST { ENOMEM } else { ENODEV })
    }

    /// One of those inside goes. Any context. The last thing its caller does with the gate.
    pub(in crate::kernel_ext) fn leave(&self) {
        // What was done inside comes before what `drain` waits for.
        self.0.fetch_sub(1, Ordering::Release);
    }

    /// Lets nobody in any more.
    pub(in crate::kernel_ext) fn close(&self) {
        self.0.fetch_or(Self::CLOSED, Ordering::AcqRel);
    }

    /// Lets others in again.
    pub(in crate::kernel_ext) fn open(&self) {
        self.0.fetch_and(Self::MOST, Ordering::Release);
    }

    /// Whether nobody is let in any more.
    pub(in crate::kernel_ext) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Acquire) & Self::CLOSED != 0
    }

    /// Closes the gate and waits until nobody is inside: for good, if somebody never leaves. `what`
    /// names those inside to the log, in case that takes long. Sleeps unless the gate is empty.
    pub(in crate::kernel_ext) fn drain(&self, what: &str) {
        self.close();
        let mut looks: u32 = 0;
        while self.0.load(Ordering::Acquire) & Self::MOST != 0 {
            fsleep(Delta::from_millis(1));
            looks = looks.saturating_add(1);
            if looks == Self::PATIENCE {
                pr_err!("waiting for {what} to be given up\n");
            }
        }
    }
}
