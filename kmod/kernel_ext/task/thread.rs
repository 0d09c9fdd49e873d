// SPDX-License-Identifier: GPL-2.0

//! A kernel thread that works for something until it is stopped.
//!
//! Relies on: `kthread_stop` waits until the thread has returned, so it never outlives its owner.
//!
//! A breach would be noticed by: `test-estimation`, `test-netns`, `test-modcycle`.
//!
//! C header: [`include/linux/kthread.h`](srctree/include/linux/kthread.h)

use core::cell::Cell;
use core::pin::Pin;
use core::ptr::{
    self,
    NonNull, //
};

use kernel::error::{
    from_err_ptr,
    to_result, //
};
use kernel::prelude::*;
use kernel::sync::{
    new_mutex,
    Mutex, //
};

use super::bindings;
use super::cpu_list::CpuList;

/// What a [`Thread`] does.
pub(crate) trait Routine: Sync + 'static {
    /// The place of the thread within its owner.
    fn thread(&self) -> &Thread<Self>
    where
        Self: Sized;

    /// The thread's life: returns once [`is_stopping`] or [`sleep`] say that it is to end. Process
    /// context.
    fn live(&self);
}

/// A place for a thread of its owner `T`; empty until the thread is started.
#[pin_data]
pub(crate) struct Thread<T> {
    #[pin]
    task: Mutex<Option<Task>>,
    owner: Cell<*const T>,
}

// SAFETY: The task is behind a lock; the owner is set once, before anything is started.
unsafe impl<T: Sync> Send for Thread<T> {}
// SAFETY: As above.
unsafe impl<T: Sync> Sync for Thread<T> {}

/// A thread that runs. Dropping it stops it and waits for its end.
///
/// # Invariants
///
/// The task exists: it ends only when it is stopped, which happens once.
struct Task(NonNull<bindings::task_struct>);

// SAFETY: Any thread may stop another.
unsafe impl Send for Task {}

impl Drop for Task {
    fn drop(&mut self) {
        // SAFETY: The task exists by the type invariants.
        unsafe { bindings::kthread_stop(self.0.as_ptr()) };
    }
}

impl<T: Routine> Thread<T> {
    /// A place that nobody owns yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            task <- new_mutex!(None, "lvs thread"),
            owner: Cell::new(ptr::null()),
        })
    }

    /// Binds the place to the pinned owner that contains it. Called once, before the thread is
    /// started.
    pub(crate) fn bind(owner: Pin<&T>) {
        owner.thread().owner.set(ptr::from_ref(owner.get_ref()));
    }

    /// Starts the thread unless it runs. `cpus` are those it should keep to. Sleeps. Fails with
    /// `ENOMEM`, `EINTR`.
    pub(crate) fn start(&self, name: &'static CStr, nice: i32, cpus: &CpuList) -> Result {
        let mut place = self.task.lock();
        if place.is_some() || self.owner.get().is_null() {
            return Ok(());
        }
        // SAFETY: The owner is bound; it outlives the thread, since dropping the place, which is
        // part of it, waits for the thread's end.
        let task = from_err_ptr(unsafe {
            bindings::lvs_thread_create(
                Some(Self::run),
                self.owner.get().cast_mut().cast(),
                name.as_char_ptr(),
            )
        })?;
        // INVARIANT: Made just now.
        let task = Task(NonNull::new(task).ok_or(ENOMEM)?);
        // SAFETY: The task exists and hasn't run yet.
        unsafe { bindings::set_user_nice(task.0.as_ptr(), nice as c_long) };
        if let Some(mask) = cpus.mask()? {
            // SAFETY: As above.
            to_result(unsafe { bindings::kthread_affine_preferred(task.0.as_ptr(), &*mask) })?;
        }
        // SAFETY: As above.
        unsafe { bindings::wake_up_process(task.0.as_ptr()) };
        *place = Some(task);
        Ok(())
    }

    /// Stops the thread, if it runs, and waits for its end. Sleeps.
    pub(crate) fn stop(&self) {
        *self.task.lock() = None;
    }

    /// Whether the thread runs. Sleeps.
    pub(crate) fn is_running(&self) -> bool {
        self.task.lock().is_some()
    }

    /// # Safety
    ///
    /// Called by the kernel alone, in a new thread of a bound [`Thread`].
    unsafe extern "C" fn run(owner: *mut c_void) -> c_int {
        // SAFETY: The owner is bound and outlives the thread.
        if let Some(owner) = unsafe { owner.cast::<T>().as_ref() } {
            owner.live();
        }
        0
    }
}

/// Whether the present thread is to end. Only for threads of this kind.
pub(crate) fn is_stopping() -> bool {
    // SAFETY: The caller is a kernel thread.
    unsafe { bindings::kthread_should_stop() }
}

/// Sleeps for `ticks`, or until the present thread is to end. Tells whether it goes on. Only for
/// threads of this kind.
pub(crate) fn sleep(ticks: u32) -> bool {
    // SAFETY: The caller is a kernel thread and may sleep.
    unsafe { bindings::lvs_thread_sleep(ticks as usize) };
    !is_stopping()
}
