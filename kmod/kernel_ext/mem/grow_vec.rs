// SPDX-License-Identifier: GPL-2.0

//! A growable array whose operations can't panic.
//!
//! The kernel crate's vector is compiled into its users with overflow checks, each of which is a
//! way to stop the kernel; here nothing is checked that can't fail, and what can fail is an error.
//!
//! Relies on: the kernel aligns memory to words at least, and says when there is none.
//!
//! A breach would be noticed by: `test-scale`, `test-control-fuzz`.

use core::mem;
use core::ops::{
    Deref,
    DerefMut, //
};
use core::ptr::{
    self,
    NonNull, //
};
use core::slice;

use kernel::prelude::*;

use super::bindings;

/// What the kernel's allocator aligns to at least.
const WORD: usize = mem::align_of::<u64>();

/// An array that grows at its end.
///
/// # Invariants
///
/// `elements` has room for `capacity` elements, the first `len` of which are initialised; it is
/// from the kernel's allocator, or dangling when `capacity` is 0.
pub(crate) struct GrowVec<T> {
    elements: NonNull<T>,
    len: usize,
    capacity: usize,
}

// SAFETY: It owns its elements, and moves with them.
unsafe impl<T: Send> Send for GrowVec<T> {}
// SAFETY: A shared one only gives shared references to its elements.
unsafe impl<T: Sync> Sync for GrowVec<T> {}

impl<T> GrowVec<T> {
    /// An empty array.
    pub(crate) const fn new() -> Self {
        // The allocator aligns to words.
        const { assert!(mem::size_of::<T>() != 0 && mem::align_of::<T>() <= WORD) };
        Self {
            elements: NonNull::dangling(),
            len: 0,
            capacity: 0,
        }
    }

    /// An empty array with room for `capacity` elements. Sleeps. Fails with `ENOMEM`.
    pub(crate) fn with_capacity(capacity: usize) -> Result<Self> {
        let mut new = Self::new();
        new.reserve(capacity)?;
        Ok(new)
    }

    /// An array of `count` times `value`. Sleeps. Fails with `ENOMEM`.
    pub(crate) fn filled(count: usize, value: T) -> Result<Self>
    where
        T: Copy,
    {
        let mut new = Self::with_capacity(count)?;
        for _ in 0..count {
            let _ = new.push_reserved(value);
        }
        Ok(new)
    }

    /// Makes room for `additional` more elements. Sleeps. Fails with `ENOMEM`, changing nothing.
    pub(crate) fn reserve(&mut self, additional: usize) -> Result {
        let needed = self.len.checked_add(additional).ok_or(ENOMEM)?;
        if needed <= self.capacity {
            return Ok(());
        }
        let capacity = needed.max(self.capacity.saturating_mul(2));
        let size = capacity.checked_mul(mem::size_of::<T>()).ok_or(ENOMEM)?;
        // SAFETY: The result is checked.
        let memory = unsafe { bindings::lvs_kvmalloc(size) }.cast::<T>();
        let elements = NonNull::new(memory).ok_or(ENOMEM)?;
        // SAFETY: Both hold at least `len` elements and don't overlap; the old ones are moved.
        unsafe { ptr::copy_nonoverlapping(self.elements.as_ptr(), elements.as_ptr(), self.len) };
        self.free_memory();
        self.elements = elements;
        self.capacity = capacity;
        Ok(())
    }

    /// Appends `element`. Sleeps when there is no room. Fails with `ENOMEM`.
    pub(crate) fn push(&mut self, element: T) -> Result {
        self.reserve(1)?;
        self.push_reserved(element).map_err(|_| ENOMEM)
    }

    /// Appends `element` without allocating; gives it back when there is no room.
    pub(crate) fn push_reserved(&mut self, element: T) -> Result<(), T> {
        if self.len >= self.capacity {
            return Err(element);
        }
        // SAFETY: There is room behind the last element.
        unsafe { self.elements.as_ptr().add(self.len).write(element) };
        self.len = self.len.wrapping_add(1);
        Ok(())
    }

    /// Takes out the element at `index`; those behind it move up.
    pub(crate) fn remove(&mut self, index: usize) -> Option<T> {
        if index >= self.len {
            return None;
        }
        self.len = self.len.wrapping_sub(1);
        // SAFETY: The index is within the old length; what moves lies behind it.
        unsafe {
            let place = self.elements.as_ptr().add(index);
            let element = place.read();
            ptr::copy(place.add(1), place, self.len.wrapping_sub(index));
            Some(element)
        }
    }

    /// Frees the memory, if there is any, but drops no element.
    fn free_memory(&mut self) {
        if self.capacity != 0 {
            // SAFETY: Allocated by `reserve`; its elements were moved or dropped.
            unsafe { bindings::lvs_kvfree(self.elements.as_ptr().cast()) };
        }
    }
}

impl<T> Default for GrowVec<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for GrowVec<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: The first `len` elements exist.
        unsafe { slice::from_raw_parts(self.elements.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for GrowVec<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: The first `len` elements exist, and this borrow of their owner is the only one.
        unsafe { slice::from_raw_parts_mut(self.elements.as_ptr(), self.len) }
    }
}

impl<T> Drop for GrowVec<T> {
    fn drop(&mut self) {
        // SAFETY: The elements exist and are dropped once.
        unsafe { ptr::drop_in_place(&raw mut **self) };
        self.free_memory();
    }
}
