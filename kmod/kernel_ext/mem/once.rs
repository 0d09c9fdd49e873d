// SPDX-License-Identifier: GPL-2.0

//! A value that is made once and then stays. Looking at it is one load.

use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr,
    Ordering, //
};

use kernel::prelude::*;

/// A place that is empty at first and filled at most once.
pub(crate) struct OnceBox<T> {
    value: AtomicPtr<T>,
    owns: PhantomData<KBox<T>>,
}

impl<T> OnceBox<T> {
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
        // SAFETY: Null, or leaked from a box by `set` and freed when `self` is dropped.
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
