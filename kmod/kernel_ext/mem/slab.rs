// SPDX-License-Identifier: GPL-2.0

//! Caches of objects of one size, which the kernel's general caches would round up.
//!
//! Relies on: `kfree` frees objects of any cache; destroying a cache waits for deferred frees, and
//! complains of objects left.
//!
//! A breach would be noticed by: `test-modcycle`, `test-flood`.

use core::marker::PhantomData;
use core::mem::{
    self,
    ManuallyDrop, //
};
use core::ptr::{
    self,
    NonNull, //
};
use core::sync::atomic::{
    AtomicPtr,
    Ordering, //
};

use kernel::page::PAGE_SIZE;
use kernel::prelude::*;
use kernel::sync::Arc;

use super::bindings;

/// A cache of objects, visible in slabinfo.
///
/// # Invariants
///
/// `cache` exists, and its objects have the size of a `T`, and at least its alignment.
pub(crate) struct Slab<T> {
    cache: NonNull<bindings::kmem_cache>,
    objects: PhantomData<T>,
}

// SAFETY: The allocator does its own locking.
unsafe impl<T> Send for Slab<T> {}
// SAFETY: The allocator serialises allocations and frees of all threads.
unsafe impl<T> Sync for Slab<T> {}

impl<T> Slab<T> {
    /// Creates the cache; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        // The caches align to lines of the processor's cache.
        const { assert!(mem::align_of::<T>() <= 64) };
        // SAFETY: The name lives as long as the module.
        let cache =
            unsafe { bindings::lvs_cache_create(name.as_char_ptr(), mem::size_of::<T>() as u32) };
        Ok(Self {
            cache: NonNull::new(cache).ok_or(ENOMEM)?,
            objects: PhantomData,
        })
    }

    /// Memory for an object, which `kfree` frees; null if there is none. Sleeps.
    pub(super) fn alloc(&self) -> *mut T {
        // SAFETY: The cache exists by the type invariants.
        unsafe { bindings::lvs_cache_alloc(self.cache.as_ptr()) }.cast()
    }

    /// Memory for an object, which `kfree` frees; null if there is none. Doesn't sleep.
    #[inline]
    pub(super) fn alloc_atomic(&self) -> *mut T {
        // SAFETY: The cache exists by the type invariants.
        unsafe { bindings::lvs_cache_alloc_atomic(self.cache.as_ptr()) }.cast()
    }
}

impl<T> Drop for Slab<T> {
    fn drop(&mut self) {
        // SAFETY: All objects were dropped; destroying waits for their deferred frees.
        unsafe { bindings::kmem_cache_destroy(self.cache.as_ptr()) }
    }
}

/// A cache that a static names, for code that nothing can be handed to.
pub(crate) struct SharedSlab<T>(AtomicPtr<Slab<T>>);

impl<T: 'static> SharedSlab<T> {
    /// No cache yet.
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Creates the cache, which [`SharedSlab::get`] finds as long as the result lives. Sleeps.
    /// Fails with `ENOMEM`. Called once, at load.
    pub(crate) fn create(&'static self, name: &'static CStr) -> Result<SlabOwner<T>> {
        let slab = Arc::new(Slab::new(name)?, GFP_KERNEL)?;
        self.0
            .store(Arc::into_raw(slab).cast_mut(), Ordering::Release);
        Ok(SlabOwner(self))
    }

    /// A share of the cache; none before `create` and after its result is gone.
    pub(crate) fn get(&self) -> Option<Arc<Slab<T>>> {
        // The owner takes back the pointer, and gives up its share only after a grace period.
        let _guard = kernel::sync::rcu::read_lock();
        let slab = self.0.load(Ordering::Acquire);
        if slab.is_null() {
            return None;
        }
        // SAFETY: The pointer came from `into_raw`, and its owner's share lasts as long as the
        // guard.
        let owners = unsafe { ManuallyDrop::new(Arc::from_raw(slab)) };
        Some(Arc::clone(&owners))
    }
}

/// Owns a shared cache.
pub(crate) struct SlabOwner<T: 'static>(&'static SharedSlab<T>);

impl<T> Drop for SlabOwner<T> {
    fn drop(&mut self) {
        let slab = self.0 .0.swap(ptr::null_mut(), Ordering::AcqRel);
        if !slab.is_null() {
            // SAFETY: The module is being unloaded, or its load failed: that may sleep.
            unsafe { bindings::synchronize_rcu() };
            // SAFETY: From `into_raw`, taken once, and nobody who found it there still looks at it.
            drop(unsafe { Arc::from_raw(slab) });
        }
    }
}

/// Bytes of memory that the machine has. Any context.
pub(crate) fn total_memory() -> u64 {
    // SAFETY: Has no preconditions.
    let pages = unsafe { bindings::lvs_total_pages() };
    (pages as u64).saturating_mul(PAGE_SIZE as u64)
}

/// Binary logarithm of the machine's memory in bytes, rounded up. Any context.
pub(crate) fn total_bytes_log2() -> u32 {
    total_memory()
        .checked_next_power_of_two()
        .map_or(u64::BITS, u64::ilog2)
}

/// Pages of the machine that are free or hold buffers. Process context.
pub(crate) fn available_pages() -> i64 {
    // SAFETY: Has no preconditions.
    unsafe { bindings::lvs_available_pages() as i64 }
}
