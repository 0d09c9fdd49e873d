// SPDX-License-Identifier: GPL-2.0

//! Several kernel threads that work for something, each with what it was given.
//!
//! Relies on: `kthread_stop` waits until the thread has returned, and says `EINTR` when the thread
//! never ran.
//!
//! A breach would be noticed by: `test-sync-control`, `test-netns`, `test-modcycle`.
//!
//! C header: [`include/linux/kthread.h`](srctree/include/linux/kthread.h)

use core::cell::Cell;
use core::fmt::{
    self,
    Write as _, //
};
use core::marker::PhantomPinned;
use core::ptr::{
    self,
    NonNull, //
};

use kernel::error::from_err_ptr;
use kernel::prelude::*;
use kernel::sync::{
    new_mutex,
    Mutex, //
};

use super::bindings;
use super::thread::Present;
use crate::kernel_ext::mem::grow_vec::GrowVec;

/// Whom the threads of its [`Crew`]s work for.
pub(crate) trait Employer: Sync + 'static {
    /// What each thread is given, and drops.
    type Tools: Send + 'static;

    /// The crews within the employer.
    fn crews(&self) -> [&Crew<Self>; 2]
    where
        Self: Sized;

    /// A thread's life: returns once `present` says that it is to end. Process context.
    fn work(&self, tools: Self::Tools, present: &Present<'_>);
}

/// The threads of its employer `T`; none until they are hired.
///
/// # Invariants
///
/// `owner` is null, or the employer that this is a part of, whose [`super::driven::Driven`] unbinds
/// it before the employer is dropped. It changes only while no thread runs.
#[pin_data]
pub(crate) struct Crew<T: Employer> {
    #[pin]
    members: Mutex<GrowVec<Member<T>>>,
    owner: Cell<*const T>,
    #[pin]
    _pinned: PhantomPinned,
}

// SAFETY: It is pinned once it is initialised, and until then nothing but memory.
unsafe impl<T: Employer> Send for Crew<T> {}
// SAFETY: The members are behind a lock, under which the owner is read; it is set before others
// know of it and unset under the lock. The threads call the owner, which is `Sync`.
unsafe impl<T: Employer> Sync for Crew<T> {}

/// The name of a thread, while it is written.
#[derive(Default)]
struct Name {
    bytes: [u8; Self::SIZE],
    len: usize,
}

impl Name {
    /// Its bytes, the NUL at its end included; the kernel keeps fewer.
    const SIZE: usize = 32;

    fn as_cstr(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"lvs")
    }
}

impl fmt::Write for Name {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = self.bytes.iter_mut().take(Self::SIZE - 1).skip(self.len);
        for (to, from) in room.zip(more.bytes()) {
            *to = from;
        }
        self.len = self.len.saturating_add(more.len());
        Ok(())
    }
}

/// What a thread begins with.
struct Job<T: Employer> {
    owner: *const T,
    tools: T::Tools,
}

/// A thread that runs. Dropping it stops it and waits for its end.
///
/// # Invariants
///
/// The task exists: it ends only when it is stopped, which happens once. The job is a box's, which
/// belongs to the thread once that runs, and to this if it never does.
struct Member<T: Employer> {
    task: NonNull<bindings::task_struct>,
    job: *mut Job<T>,
}

// SAFETY: Any thread may stop another; tools that were never used may be dropped anywhere.
unsafe impl<T: Employer> Send for Member<T> {}

impl<T: Employer> Member<T> {
    /// The number by which the kernel's log names the thread.
    fn pid(&self) -> i32 {
        // SAFETY: The task exists by the type invariants.
        unsafe { bindings::lvs_thread_pid(self.task.as_ptr()) }
    }
}

impl<T: Employer> Drop for Member<T> {
    fn drop(&mut self) {
        // SAFETY: The task exists by the type invariants.
        let status = unsafe { bindings::kthread_stop(self.task.as_ptr()) };
        if status == EINTR.to_errno() {
            // SAFETY: The thread never ran, so the job is still this one's.
            drop(unsafe { KBox::from_raw(self.job) });
        }
    }
}

impl<T: Employer> Crew<T> {
    /// A crew that nobody employs yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            members <- new_mutex!(GrowVec::new(), "lvs crew"),
            owner: Cell::new(ptr::null()),
            _pinned: PhantomPinned,
        })
    }

    /// Binds the crew to the employer that contains it.
    ///
    /// # Safety
    ///
    /// `owner` contains the crew and stays where it is until [`Crew::unbind`]; nobody else knows of
    /// it yet.
    pub(super) unsafe fn bind(&self, owner: &T) {
        self.owner.set(ptr::from_ref(owner));
    }

    /// Stops all threads, waits for their end, and unbinds the crew: no other is hired. Sleeps.
    ///
    /// # Safety
    ///
    /// The employer is about to be dropped.
    pub(super) unsafe fn unbind(&self) {
        let mut members = self.members.lock();
        *members = GrowVec::new();
        self.owner.set(ptr::null());
    }

    /// Has another thread, of this name, begin its work with `tools`. Sleeps. Never called by a
    /// thread of the crew: while that is stopped, it would wait for the lock for good. Fails with
    /// `ENOMEM`, `EINTR` when the caller is being killed, `ESRCH` when the employer is going.
    pub(crate) fn hire(&self, name: fmt::Arguments<'_>, tools: T::Tools) -> Result {
        let mut text = Name::default();
        // What doesn't fit is left out, as the kernel does with longer ones.
        let _ = text.write_fmt(name);
        let mut members = self.members.lock();
        let owner = self.owner.get();
        if owner.is_null() {
            return Err(ESRCH);
        }
        let one_more = members.len().saturating_add(1);
        members.reserve(one_more)?;
        let job = KBox::into_raw(KBox::new(Job { owner, tools }, GFP_KERNEL)?);
        // SAFETY: The employer outlives the thread: by the type invariants the crew is unbound
        // first, under the lock that is held here, and that waits for the thread's end.
        let task = from_err_ptr(unsafe {
            bindings::lvs_thread_create(Some(Self::run), job.cast(), text.as_cstr().as_char_ptr())
        });
        let task = task.and_then(|task| NonNull::new(task).ok_or(ENOMEM));
        let task = task.inspect_err(|_| {
            // SAFETY: No thread was made that could have it.
            drop(unsafe { KBox::from_raw(job) });
        })?;
        // SAFETY: The task exists.
        unsafe { bindings::wake_up_process(task.as_ptr()) };
        // INVARIANT: Made just now.
        members.push(Member { task, job })
    }

    /// Whether there are none. Sleeps.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.lock().is_empty()
    }

    /// Stops all threads, one after the other, and waits for their end. `before` hears of each, by
    /// the number that the log has, the last hired first. Sleeps. Never called by a thread of the
    /// crew, which would wait for its own end.
    pub(crate) fn dismiss(&self, mut before: impl FnMut(i32)) {
        let mut members = self.members.lock();
        for member in members.iter().rev() {
            before(member.pid());
        }
        *members = GrowVec::new();
    }

    /// # Safety
    ///
    /// Called by the kernel alone, in a new thread that [`Crew::hire`] made.
    unsafe extern "C" fn run(job: *mut c_void) -> c_int {
        // SAFETY: Made by `hire`, and the thread's from now on.
        let job = unsafe { KBox::from_raw(job.cast::<Job<T>>()) };
        // SAFETY: This is a kernel thread that `Member` stops.
        let present = unsafe { Present::of_this_thread() };
        let Job { owner, tools } = KBox::into_inner(job);
        // SAFETY: The employer is bound and outlives the thread.
        if let Some(owner) = unsafe { owner.as_ref() } {
            owner.work(tools, &present);
        }
        present.outlive_work();
        0
    }
}
