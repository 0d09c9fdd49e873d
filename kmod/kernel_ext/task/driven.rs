// SPDX-License-Identifier: GPL-2.0

//! Values for which threads and deferred work run until they are dropped.
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

use super::crew::{
    Crew,
    Employer, //
};
use super::thread::{
    Routine,
    Thread, //
};
use super::work::{
    Chore,
    Worker, //
};

/// A value, a part `D` of which has threads and work. Dropping it stops these first, and waits for
/// their end; so none of them sees a value of which something is gone.
///
/// # Invariants
///
/// `chore`, `thread` and `crews` are parts of the value, and bound to its `D`.
pub(crate) struct Driven<W, D: Worker + Routine + Employer> {
    chore: NonNull<Chore<D>>,
    thread: NonNull<Thread<D>>,
    crews: [NonNull<Crew<D>>; 2],
    value: Pin<KBox<W>>,
}

/// Whether `part` lies within `whole`.
fn is_part<P, W>(part: &P, whole: &W) -> bool {
    let offset = ptr::from_ref(part)
        .addr()
        .wrapping_sub(ptr::from_ref(whole).addr());
    offset <= size_of::<W>().saturating_sub(size_of::<P>())
}

impl<W, D: Worker + Routine + Employer> Driven<W, D> {
    /// From now on the threads and the work of what `driven` finds in `value` can be begun. Fails
    /// with `EINVAL` if they aren't parts of the value.
    pub(in crate::kernel_ext) fn new(
        value: Pin<KBox<W>>,
        driven: impl for<'a> FnOnce(&'a W) -> &'a D,
    ) -> Result<Self> {
        let whole = &*value;
        let part = driven(whole);
        let (chore, thread, crews) = (part.chore(), part.thread(), part.crews());
        let [first, second] = crews;
        let are_parts = is_part(chore, whole)
            && is_part(thread, whole)
            && is_part(first, whole)
            && is_part(second, whole);
        if !are_parts || ptr::eq(first, second) {
            return Err(EINVAL);
        }
        // SAFETY: They are parts of the value, which stays where it is until `drop` has unbound
        // them, and of no other one.
        unsafe {
            chore.bind(part);
            thread.bind(part);
            first.bind(part);
            second.bind(part);
        }
        // INVARIANT: They are bound by now.
        Ok(Self {
            chore: NonNull::from(chore),
            thread: NonNull::from(thread),
            crews: crews.map(NonNull::from),
            value,
        })
    }
}

impl<W, D: Worker + Routine + Employer> Deref for Driven<W, D> {
    type Target = W;

    fn deref(&self) -> &W {
        &self.value
    }
}

impl<W, D: Worker + Routine + Employer> Drop for Driven<W, D> {
    /// Sleeps.
    fn drop(&mut self) {
        // SAFETY: By the type invariants all are alive, and the value is about to be dropped. The
        // work may start the thread: it ends first.
        unsafe {
            for crew in self.crews {
                crew.as_ref().unbind();
            }
            self.chore.as_ref().unbind();
            self.thread.as_ref().unbind();
        }
    }
}
