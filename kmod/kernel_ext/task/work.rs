// SPDX-License-Identifier: GPL-2.0

//! Work that a kernel thread does later, again and again.
//!
//! Relies on: work that was initialised runs on one thread at a time; cancelling waits for it, and
//! keeps it from queueing itself meanwhile.
//!
//! A breach would be noticed by: `test-timeouts`, `test-netns`, `test-modcycle`.

use core::pin::Pin;
use core::ptr;

use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;

/// What a [`Chore`] does.
pub(crate) trait Worker: Sync + 'static {
    /// The chore within the worker.
    fn chore(&self) -> &Chore<Self>
    where
        Self: Sized;

    /// Does the work; process context. Never runs twice at once.
    fn run(&self);
}

/// Delayed work of a worker `T`. Idle until it is queued.
#[pin_data]
pub(crate) struct Chore<T> {
    #[pin]
    work: Opaque<bindings::delayed_work>,
    owner: core::cell::Cell<*const T>,
}

// SAFETY: The workqueue does its own locking; the owner is set once, before anything is queued.
unsafe impl<T: Sync> Send for Chore<T> {}
// SAFETY: As above.
unsafe impl<T: Sync> Sync for Chore<T> {}

impl<T: Worker> Chore<T> {
    /// A chore that nobody owns yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            work <- Opaque::ffi_init(|work| {
                // SAFETY: The place is ours and pinned.
                unsafe { bindings::lvs_delayed_work_init(work, Some(Self::call)) }
            }),
            owner: core::cell::Cell::new(ptr::null()),
        })
    }

    /// Binds the chore to the pinned worker that contains it. Called once, before it is queued.
    pub(crate) fn bind(worker: Pin<&T>) {
        worker.chore().owner.set(ptr::from_ref(worker.get_ref()));
    }

    /// Runs the chore after `delay` ticks, unless it is due earlier already. Any context.
    pub(crate) fn queue(&self, delay: u32) {
        // SAFETY: The work is initialised.
        unsafe { bindings::lvs_delayed_work_queue(self.work.get(), delay as usize) }
    }

    /// Runs the chore as soon as possible. Any context.
    pub(crate) fn kick(&self) {
        // SAFETY: As above.
        unsafe { bindings::lvs_delayed_work_kick(self.work.get()) }
    }

    /// Takes the chore off the queue and waits for it to end. Sleeps.
    pub(crate) fn cancel(&self) {
        // SAFETY: As above.
        unsafe { bindings::cancel_delayed_work_sync(self.work.get()) };
    }

    /// # Safety
    ///
    /// Called by the workqueue with the work of a bound [`Chore`].
    unsafe extern "C" fn call(work: *mut bindings::work_struct) {
        // SAFETY: The work is the first field of the delayed work, which lies in a chore at a known
        // offset; the owner is bound and outlives the chore, since dropping it cancels.
        unsafe {
            let delayed = work
                .cast::<u8>()
                .sub(core::mem::offset_of!(bindings::delayed_work, work));
            let chore = delayed
                .sub(core::mem::offset_of!(Self, work))
                .cast::<Self>();
            if let Some(owner) = (*chore).owner.get().as_ref() {
                owner.run();
            }
        }
    }
}
