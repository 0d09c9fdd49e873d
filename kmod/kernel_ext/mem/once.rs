// SPDX-License-Identifier: GPL-2.0

//! A value that is made once and then stays. Looking at it is one load.
//!
//! Relies on: nobody looks any more when the owner is dropped: Rust's borrows, and for what readers
//! reach, a grace period.
//!
//! A breach would be noticed by: `test-netns`, `test-modcycle`.

use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr,
    Ordering, //
};

use kernel::prelude::*;

/// A place that is empty at first and filled at most once.
///
/// The kernel crate's `SetOnce` keeps its value inside and guards it by a state of its own. Here
/// the pointer to a value on the heap is the state, so that a place which stays empty, as most do,
/// has the size of a pointer.
///
/// # Invariants
///
/// `value` is null or came from [`KBox::into_raw`], and doesn't change once it isn't null.
pub(crate) struct OnceBox<T> {
    value: AtomicPtr<T>,
    owns: PhantomData<KBox<T>>,
}

// A value may be dropped by another thread than the one that set it: hence `Send`.
impl<T: Send + Sync> OnceBox<T> {
    /// An empty place.
    pub(crate) const fn new() -> Self {
        Self {
            value: AtomicPtr::new(ptr::null_mut()),
            owns: PhantomData,
        }
    }

    /// The value.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        // Acquire pairs with the release of `set`.
        // SAFETY: By the type invariants; the value is freed when `self` is dropped.
        unsafe { self.value.load(Ordering::Acquire).as_ref() }
    }

    /// Fills the place; a value that comes too late is dropped.
    pub(crate) fn set(&self, value: KBox<T>) {
        let value = KBox::into_raw(value);
        let filled = self.value.compare_exchange(
            ptr::null_mut(),
            value,
            Ordering::Release,
            Ordering::Relaxed,
        );
        // INVARIANT: It was null, and is a box's pointer now.
        if filled.is_err() {
            // SAFETY: From `into_raw`, and published nowhere.
            drop(unsafe { KBox::from_raw(value) });
        }
    }
}

impl<T> Drop for OnceBox<T> {
    fn drop(&mut self) {
        let value = *self.value.get_mut();
        if !value.is_null() {
            // SAFETY: From `into_raw`, and nobody looks any more.
            drop(unsafe { KBox::from_raw(value) });
        }
    }
}
