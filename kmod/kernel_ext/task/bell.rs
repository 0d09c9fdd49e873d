// SPDX-License-Identifier: GPL-2.0

//! A bell that wakes a thread.
//!
//! Relies on: a wait queue that was initialised wakes its waiters, and stays while they wait.
//!
//! A breach would be noticed by: `test-sync-takeover`, `test-sync-control`.

use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;
use super::thread::Present;

/// A bell. Rung once or often, it wakes its listener once.
///
/// # Invariants
///
/// `bell` is initialised.
#[pin_data]
pub(crate) struct Bell {
    #[pin]
    bell: Opaque<bindings::lvs_bell>,
}

// SAFETY: It is pinned once it is initialised, and until then nothing but memory.
unsafe impl Send for Bell {}
// SAFETY: The wait queue has a lock of its own, and the flag is read and written as a whole.
unsafe impl Sync for Bell {}

impl Bell {
    /// A silent bell.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            bell <- Opaque::ffi_init(|bell| {
                // SAFETY: The place is ours and pinned.
                unsafe { bindings::lvs_bell_init(bell) }
            }),
        })
    }

    /// Wakes the listener, who sees all that was written before. Cheap if it was rung already. Any
    /// context.
    pub(crate) fn ring(&self) {
        // SAFETY: The bell is initialised.
        unsafe { bindings::lvs_bell_ring(self.bell.get()) }
    }

    /// Waits until the bell is rung, at most `ticks`, or until the thread is to end. Sleeps.
    pub(crate) fn listen(&self, _present: &Present<'_>, ticks: u32) {
        // SAFETY: The bell is initialised; this is a kernel thread of the kind that is stopped.
        unsafe { bindings::lvs_bell_await(self.bell.get(), ticks as c_long) }
    }
}
