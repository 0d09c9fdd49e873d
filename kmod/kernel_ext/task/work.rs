// SPDX-License-Identifier: GPL-2.0

//! Work that a kernel thread does later, again and again.
//!
//! The kernel crate's `DelayedWork` keeps its owner alive by a reference count while it is queued,
//! so the owner ends when its work does, on a thread of the workqueue. The owner of a [`Chore`]
//! ends when its network namespace does: it takes the work off the queue and waits for it.
//!
//! Relies on: work that was initialised runs on one thread at a time; cancelling waits for it, and
//! keeps it from queueing itself meanwhile.
//!
//! A breach would be noticed by: `test-timeouts`, `test-netns`, `test-modcycle`.

use core::ptr;
use core::sync::atomic::{
    AtomicPtr,
    Ordering, //
};

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
///
/// # Invariants
///
/// `work` is initialised. `owner` is null, or the worker that this is a part of, whose
/// [`super::driven::Driven`] unbinds it before the worker is dropped.
#[pin_data(PinnedDrop)]
pub(crate) struct Chore<T> {
    #[pin]
    work: Opaque<bindings::delayed_work>,
    owner: AtomicPtr<T>,
}

// SAFETY: It is pinned once it is initialised, and until then nothing but memory.
unsafe impl<T: Sync> Send for Chore<T> {}
// SAFETY: The workqueue does its own locking, and calls the worker, which is `Sync`. The owner is
// atomic, since it may change while others queue the chore.
unsafe impl<T: Sync> Sync for Chore<T> {}

impl<T: Worker> Chore<T> {
    /// A chore that nobody owns yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            work <- Opaque::ffi_init(|work| {
                // SAFETY: The place is ours and pinned.
                unsafe { bindings::lvs_delayed_work_init(work, Some(Self::call)) }
            }),
            owner: AtomicPtr::new(ptr::null_mut()),
        })
    }

    /// Binds the chore to the worker that contains it. What was queued before does nothing.
    ///
    /// # Safety
    ///
    /// `worker` contains the chore and stays where it is until [`Chore::unbind`]; nobody else knows
    /// of it yet.
    pub(super) unsafe fn bind(&self, worker: &T) {
        // Release pairs with the acquire of `call`.
        self.owner
            .store(ptr::from_ref(worker).cast_mut(), Ordering::Release);
    }

    /// Takes the chore off the queue, waits for it to end, and unbinds it: what is queued from now
    /// on does nothing. Sleeps.
    ///
    /// # Safety
    ///
    /// The worker is about to be dropped: only its own work and thread still know of it.
    pub(super) unsafe fn unbind(&self) {
        self.cancel();
        self.owner.store(ptr::null_mut(), Ordering::Release);
        // Queued by somebody meanwhile, it may have seen the owner: it ends here. What is queued
        // after this sees none, since cancelling and queueing change the same bit of the work.
        self.cancel();
    }

    /// Runs the chore after `delay` ticks, unless it is due earlier already. Any context.
    pub(crate) fn queue(&self, delay: u32) {
        // SAFETY: The work is initialised.
        unsafe { bindings::lvs_delayed_work_queue(self.work.get(), delay as usize) }
    }

    /// Runs the chore as soon as possible. Any context.
    pub(crate) fn kick(&self) {
        // SAFETY: The work is initialised.
        unsafe { bindings::lvs_delayed_work_kick(self.work.get()) }
    }

    /// Takes the chore off the queue and waits for it to end. Sleeps.
    pub(crate) fn cancel(&self) {
        // SAFETY: The work is initialised.
        unsafe { bindings::cancel_delayed_work_sync(self.work.get()) };
    }

    /// # Safety
    ///
    /// Called by the workqueue with the work of a [`Chore`].
    unsafe extern "C" fn call(work: *mut bindings::work_struct) {
        // SAFETY: The work is a field of the delayed work, which lies in a chore at a known offset.
        // An owner is alive by the type invariants: `unbind` waits for whoever has seen it here.
        unsafe {
            let delayed = work
                .cast::<u8>()
                .sub(core::mem::offset_of!(bindings::delayed_work, work));
            let chore = delayed
                .sub(core::mem::offset_of!(Self, work))
                .cast::<Self>();
            if let Some(owner) = (*chore).owner.load(Ordering::Acquire).as_ref() {
                owner.run();
            }
        }
    }
}

#[pinned_drop]
impl<T> PinnedDrop for Chore<T> {
    /// Sleeps.
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The work is initialised.
        unsafe { bindings::cancel_delayed_work_sync(self.work.get()) };
    }
}
