// SPDX-License-Identifier: GPL-2.0

//! Spin locks that keep softirqs of this CPU away, for data that packets and tasks both change.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{
    Deref,
    DerefMut, //
};
use core::ptr::NonNull;

use kernel::prelude::*;

use super::bindings;

/// A fixed number of locks, chosen by hash.
pub(crate) struct Stripes {
    locks: NonNull<bindings::spinlock_t>,
    mask: usize,
}

// SAFETY: Spin locks are made to be shared.
unsafe impl Send for Stripes {}
// SAFETY: As above.
unsafe impl Sync for Stripes {}

impl Stripes {
    /// So many locks, a power of two; allocates, may sleep. Fails with `ENOMEM`.
    pub(crate) fn new(count: u16) -> Result<Self> {
        let count = u32::from(count).next_power_of_two();
        // SAFETY: The count is small; the result is checked.
        let locks = unsafe { bindings::lvs_locks_alloc(count) };
        Ok(Self {
            locks: NonNull::new(locks).ok_or(ENOMEM)?,
            mask: count.wrapping_sub(1) as usize,
        })
    }

    /// Takes the lock that guards everything with this hash.
    #[inline]
    pub(crate) fn lock(&self, hash: u32) -> StripeGuard<'_> {
        let index = hash as usize & self.mask;
        // SAFETY: The index is at most the mask, below the number of initialised locks.
        let lock = unsafe { self.locks.as_ptr().add(index) };
        // SAFETY: The lock is initialised; nobody holds two stripes, so it can't deadlock.
        unsafe { bindings::lvs_spin_lock_bh(lock) };
        StripeGuard {
            lock,
            stripes: PhantomData,
        }
    }
}

impl Drop for Stripes {
    fn drop(&mut self) {
        // SAFETY: Allocated by `new`; `&mut self` means that nobody holds a lock.
        unsafe { bindings::lvs_kvfree(self.locks.as_ptr().cast()) }
    }
}

/// Holds one of the [`Stripes`]; softirqs are off on this CPU meanwhile.
pub(crate) struct StripeGuard<'a> {
    lock: *mut bindings::spinlock_t,
    stripes: PhantomData<&'a Stripes>,
}

impl Drop for StripeGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: Taken by this guard.
        unsafe { bindings::lvs_spin_unlock_bh(self.lock) }
    }
}

/// A value behind a lock that may be taken in softirq and in process context.
pub(crate) struct LockBh<T> {
    lock: NonNull<bindings::spinlock_t>,
    value: UnsafeCell<T>,
}

// SAFETY: The lock serialises access to the value.
unsafe impl<T: Send> Send for LockBh<T> {}
// SAFETY: As above.
unsafe impl<T: Send> Sync for LockBh<T> {}

impl<T> LockBh<T> {
    /// Allocates the lock; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new(value: T) -> Result<Self> {
        // SAFETY: The result is checked.
        let lock = unsafe { bindings::lvs_locks_alloc(1) };
        Ok(Self {
            lock: NonNull::new(lock).ok_or(ENOMEM)?,
            value: UnsafeCell::new(value),
        })
    }

    /// Allocates the lock without sleeping. Fails with `ENOMEM`.
    pub(crate) fn new_atomic(value: T) -> Result<Self> {
        // SAFETY: The result is checked.
        let lock = unsafe { bindings::lvs_lock_alloc_atomic() };
        Ok(Self {
            lock: NonNull::new(lock).ok_or(ENOMEM)?,
            value: UnsafeCell::new(value),
        })
    }

    /// Takes the lock.
    pub(crate) fn lock(&self) -> LockBhGuard<'_, T> {
        // SAFETY: The lock is initialised.
        unsafe { bindings::lvs_spin_lock_bh(self.lock.as_ptr()) };
        LockBhGuard(self)
    }

    /// Takes the lock if nobody has it.
    #[inline]
    pub(crate) fn try_lock(&self) -> Option<LockBhGuard<'_, T>> {
        // SAFETY: The lock is initialised.
        let is_taken = unsafe { bindings::lvs_spin_trylock_bh(self.lock.as_ptr()) };
        // Only the holder has a guard, since dropping one unlocks.
        is_taken.then(|| LockBhGuard(self))
    }
}

impl<T> Drop for LockBh<T> {
    fn drop(&mut self) {
        // SAFETY: Allocated by `new`, and nobody holds it.
        unsafe { bindings::lvs_kvfree(self.lock.as_ptr().cast()) }
    }
}

/// Access to the value of a [`LockBh`].
pub(crate) struct LockBhGuard<'a, T>(&'a LockBh<T>);

impl<T> Deref for LockBhGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: This guard holds the lock.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for LockBhGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: This guard holds the lock, and is borrowed mutably.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for LockBhGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: Taken by this guard.
        unsafe { bindings::lvs_spin_unlock_bh(self.0.lock.as_ptr()) }
    }
}
