// SPDX-License-Identifier: GPL-2.0

//! Entries that left their table in great number, and are freed by the task that took them out.
//!
//! What is left to the kernel is freed by softirqs, hundreds at a time: when a million connections
//! end at once, packets wait for that. Here the memory of one batch is freed while others may run,
//! after a grace period that passed while the next batch came together.
//!
//! Relies on: a grace period that began after an entry left its table ends after all readers that
//! may see it; nobody else uses what a deferred free of it needs.
//!
//! A breach would be noticed by: `test-flood`, `test-conn-table`, `test-netns`.

use core::mem;
use core::ptr::{
    self,
    NonNull, //
};

use super::bindings;
use super::memory::{
    Entry,
    EntryBox, //
};
use crate::kernel_ext::task::time;

/// Entries of a batch: of connections four megabytes, and no more than milliseconds of work.
const BATCH: usize = 32_768;

/// A last batch of fewer is left to the kernel: waiting for a grace period takes longer.
const FEW: usize = 1024;

/// Entries that are freed before others run.
const AT_ONCE: usize = 64;

/// Entries that wait for a grace period. Process context.
pub(crate) struct Retired<T: Send + Sync + 'static> {
    /// Those that came last.
    fresh: Chain<T>,
    /// Those that `grace_period` is waited for.
    waiting: Chain<T>,
    grace_period: usize,
}

impl<T: Send + Sync + 'static> Retired<T> {
    /// None.
    pub(crate) const fn new() -> Self {
        Self {
            fresh: Chain::new(),
            waiting: Chain::new(),
            grace_period: 0,
        }
    }

    /// Takes `entry`, which left its table; readers may still see it. Doesn't sleep.
    pub(crate) fn push(&mut self, entry: EntryBox<T>) {
        self.fresh.push(entry);
    }

    /// Frees what came earlier if a batch is together. Sleeps.
    pub(crate) fn work(&mut self) {
        if self.fresh.len >= BATCH {
            self.turn();
        }
    }

    /// Frees those that were waited for, and waits for the others from now on. Sleeps.
    fn turn(&mut self) {
        if self.waiting.len != 0 {
            // SAFETY: The caller may sleep.
            unsafe { bindings::lvs_wait_for_grace_period(self.grace_period) };
            // SAFETY: All of them had left the table when the grace period began.
            unsafe { self.waiting.free() };
        }
        mem::swap(&mut self.fresh, &mut self.waiting);
        // SAFETY: Has no preconditions.
        self.grace_period = unsafe { bindings::lvs_begin_grace_period() };
    }
}

impl<T: Send + Sync + 'static> Drop for Retired<T> {
    /// Frees all. Sleeps.
    fn drop(&mut self) {
        if self.waiting.len == 0 && self.fresh.len < FEW {
            while let Some(entry) = self.fresh.pop() {
                drop(entry);
            }
        } else {
            self.turn();
            self.turn();
        }
    }
}

/// Entries that are linked by what a deferred free needs, since readers may still follow their
/// links of the table.
struct Chain<T: Send + Sync + 'static> {
    first: *mut Entry<T>,
    len: usize,
}

impl<T: Send + Sync + 'static> Chain<T> {
    /// No entry.
    const fn new() -> Self {
        Self {
            first: ptr::null_mut(),
            len: 0,
        }
    }

    /// Puts `entry` in front.
    fn push(&mut self, entry: EntryBox<T>) {
        let entry = entry.into_raw();
        // SAFETY: The entry was owned by its box, and nobody else uses its head.
        unsafe { (*(*entry).head.get()).next = self.first.cast() };
        self.first = entry;
        self.len = self.len.wrapping_add(1);
    }

    /// Takes the entry that was put in last.
    fn pop(&mut self) -> Option<EntryBox<T>> {
        let entry = NonNull::new(self.first)?;
        // SAFETY: What `push` linked is alive, and its head holds the link.
        self.first = unsafe { (*(*entry.as_ptr()).head.get()).next }.cast();
        self.len = self.len.wrapping_sub(1);
        // SAFETY: `push` took it from its box, when it had left its table.
        Some(unsafe { EntryBox::from_raw(entry) })
    }

    /// Frees all of them. Sleeps.
    ///
    /// # Safety
    ///
    /// A grace period passed since the last one was pushed.
    unsafe fn free(&mut self) {
        while let Some(entry) = self.pop() {
            // SAFETY: By the caller's promise nobody sees it any more.
            unsafe { entry.free_now() };
            if self.len % AT_ONCE == 0 {
                time::yield_now();
            }
        }
    }
}
