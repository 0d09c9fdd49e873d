// SPDX-License-Identifier: GPL-2.0

//! A kernel thread that works for something until it is stopped.
//!
//! Relies on: `kthread_stop` waits until the thread has returned, so it never outlives its owner. A
//! thread's task exists until it returns, which it does only when it is stopped.
//!
//! A breach would be noticed by: `test-estimation`, `test-netns`, `test-modcycle`.
//!
//! C header: [`include/linux/kthread.h`](srctree/include/linux/kthread.h)

use core::cell::Cell;
use core::marker::PhantomData;
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

    /// The thread's life: returns once `present` says that it is to end; one that returns before
    /// does nothing until then, and counts as running. Process context.
    fn live(&self, present: &Present<'_>);
}

/// Proof that the holder runs in a kernel thread that is stopped by its owner: that of a
/// [`Thread`], or one of a [`super::crew::Crew`].
pub(crate) struct Present<'a>(PhantomData<*const &'a ()>);

impl Present<'_> {
    /// That of the thread that calls this.
    ///
    /// # Safety
    ///
    /// The caller is a kernel thread that `kthread_stop` ends.
    pub(super) unsafe fn of_this_thread() -> Self {
        Self(PhantomData)
    }

    /// Whether the thread is to end.
    pub(crate) fn is_stopping(&self) -> bool {
        // SAFETY: This is a kernel thread of the kind that is stopped.
        unsafe { bindings::kthread_should_stop() }
    }

    /// Sleeps for `ticks`, or until the thread is to end. Tells whether it goes on.
    pub(crate) fn sleep(&self, ticks: u32) -> bool {
        // SAFETY: This is a kernel thread of the kind that is stopped.
        unsafe { bindings::lvs_thread_sleep(ticks as usize) };
        !self.is_stopping()
    }

    /// Sleeps until the thread is to end: its task exists until then.
    pub(super) fn outlive_work(&self) {
        while self.sleep(u32::MAX >> 2) {}
    }
}

/// A place for a thread of its owner `T`; empty until the thread is started.
///
/// # Invariants
///
/// `owner` is null, or the owner that this is a part of, whose [`super::driven::Driven`] unbinds it
/// before the owner is dropped. It changes only while no thread runs.
#[pin_data]
pub(crate) struct Thread<T> {
    #[pin]
    task: Mutex<Option<Task>>,
    owner: Cell<*const T>,
}

// SAFETY: It is pinned once it is initialised, and until then nothing but memory.
unsafe impl<T: Sync> Send for Thread<T> {}
// SAFETY: The task is behind a lock, under which the owner is read; it is set before others know of
// it and unset under the lock. The thread calls the owner, which is `Sync`.
unsafe impl<T: Sync> Sync for Thread<T> {}

/// A thread that runs. Dropping it stops it and waits for its end.
///
/// # Invariants
///
/// The task exists: [`Thread::run`] returns only when it is stopped, which happens once.
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

    /// Binds the place to the owner that contains it.
    ///
    /// # Safety
    ///
    /// `owner` contains the place and stays where it is until [`Thread::unbind`]; nobody else knows
    /// of it yet.
    pub(super) unsafe fn bind(&self, owner: &T) {
        self.owner.set(ptr::from_ref(owner));
    }

    /// Stops the thread, if it runs, waits for its end, and unbinds the place: no other is started.
    /// Sleeps.
    ///
    /// # Safety
    ///
    /// The owner is about to be dropped.
    pub(super) unsafe fn unbind(&self) {
        let mut place = self.task.lock();
        *place = None;
        self.owner.set(ptr::null());
    }

    /// Starts the thread unless it runs, or its owner is going. `cpus` are those it should keep to.
    /// Sleeps. Fails with `ENOMEM`, `EINTR`.
    pub(crate) fn start(&self, name: &'static CStr, nice: i32, cpus: &CpuList) -> Result {
        let mut place = self.task.lock();
        if place.is_some() || self.owner.get().is_null() {
            return Ok(());
        }
        // SAFETY: The owner outlives the thread: by the type invariants it is unbound first, under
        // the lock that is held here, and that waits for the thread's end.
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
            // SAFETY: The task exists and hasn't run yet.
            to_result(unsafe { bindings::kthread_affine_preferred(task.0.as_ptr(), &*mask) })?;
        }
        // SAFETY: The task exists.
        unsafe { bindings::wake_up_process(task.0.as_ptr()) };
        *place = Some(task);
        Ok(())
    }

    /// Stops the thread, if it runs, and waits for its end. Sleeps. Never called by the thread,
    /// which would wait for itself; nor does that ask for another start, or whether it runs.
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
        // SAFETY: This is a kernel thread that `Task` stops.
        let present = unsafe { Present::of_this_thread() };
        // SAFETY: The owner is bound and outlives the thread.
        if let Some(owner) = unsafe { owner.cast::<T>().as_ref() } {
            owner.live(&present);
        }
        present.outlive_work();
        0
    }
}
