// SPDX-License-Identifier: GPL-2.0

//! Values for which a thread and deferred work run until they are dropped.
//!
//! Relies on: cancelling work and stopping a thread wait for their end.
//!
//! A breach would be noticed by: `test-netns`, `test-modcycle`, `test-estimation`.

use core::ops::Deref;
use core::pin::Pin;
use core::ptr::{
    self,
    NonNull, //
};

use kernel::prelude::*;

use super::thread::{
    Routine,
    Thread, //
};
use super::work::{
    Chore,
    Worker, //
};

/// A value, a part `D` of which has a thread and work. Dropping it stops these first, and waits for
/// their end; so neither sees a value of which something is gone.
///
/// # Invariants
///
/// `chore` and `thread` are parts of the value, and bound to its `D`.
pub(crate) struct Driven<W, D: Worker + Routine> {
    chore: NonNull<Chore<D>>,
    thread: NonNull<Thread<D>>,
    value: Pin<KBox<W>>,
}

/// Whether `part` lies within `whole`.
fn is_part<P, W>(part: &P, whole: &W) -> bool {
    let offset = ptr::from_ref(part)
        .addr()
        .wrapping_sub(ptr::from_ref(whole).addr());
    offset <= size_of::<W>().saturating_sub(size_of::<P>())
}

impl<W, D: Worker + Routine> Driven<W, D> {
    /// From now on the thread and the work of what `driven` finds in `value` can be begun. Fails
    /// with `EINVAL` if they aren't parts of the value.
    pub(in crate::kernel_ext) fn new(
        value: Pin<KBox<W>>,
        driven: impl for<'a> FnOnce(&'a W) -> &'a D,
    ) -> Result<Self> {
        let whole = &*value;
        let part = driven(whole);
        let (chore, thread) = (part.chore(), part.thread());
        if !is_part(chore, whole) || !is_part(thread, whole) {
            return Err(EINVAL);
        }
        // SAFETY: They are parts of the value, which stays where it is until `drop` has unbound
        // them, and of no other one.
        unsafe {
            chore.bind(part);
            thread.bind(part);
        }
        // INVARIANT: They are bound by now.
        Ok(Self {
            chore: NonNull::from(chore),
            thread: NonNull::from(thread),
            value,
        })
    }
}

impl<W, D: Worker + Routine> Deref for Driven<W, D> {
    type Target = W;

    fn deref(&self) -> &W {
        &self.value
    }
}

impl<W, D: Worker + Routine> Drop for Driven<W, D> {
    /// Sleeps.
    fn drop(&mut self) {
        // SAFETY: By the type invariants both are alive, and the value is about to be dropped. The
        // work may start the thread: it ends first.
        unsafe {
            self.chore.as_ref().unbind();
            self.thread.as_ref().unbind();
        }
    }
}
