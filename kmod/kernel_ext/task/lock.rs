// SPDX-License-Identifier: GPL-2.0

//! Spin locks that keep softirqs of this CPU away, for data that packets and tasks both change.
//!
//! The kernel crate's `SpinLock` leaves softirqs on: a packet that comes while a task of the same
//! CPU holds it would wait for ever. It also is pinned, while a [`LockBh`] is made before the place
//! of its owner is known; and [`Stripes`] choose one of many locks by hash.
//!
//! Relies on: a lock that was initialised serialises its holders.
//!
//! A breach would be noticed by: `test-conn-table`, `test-regressions`
//! (`scheduler-edited-under-traffic`), `tests/table-model/tests/map.rs`.
//!
//! # Order of locks
//!
//! The locks of the module, and those of the kernel that are held when it is called or that its
//! calls take. While one is held, those further down may be taken, and none further up.
//!
//! In process context:
//!
//! 1. `pernet_ops_rwsem` of the kernel: the life of network namespaces. Held around what
//!    `net/per_netns.rs` calls when one begins and ends.
//! 2. "lvs interfaces", a mutex of `namespace.rs`: which files and settings the namespace has.
//!    Taken when the namespace is made and stopped; let go before they are given up, which
//!    waits for those who use them, and these may wait for what follows.
//! 3. What the kernel holds around requests: of an open file of `/proc`, of a setting, of a
//!    netlink dump.
//! 4. "lvs thread", the mutex of [`super::thread::Thread`]: which thread runs. Taken by the
//!    work every second, by those who ask whether it runs, and at the end. Held while a thread
//!    is stopped, until that has let go of the next one; so nobody takes it with the rules
//!    lock held.
//! 5. "lvs rules", the rules lock, a mutex of `table`: services and servers, the trash, the
//!    hooks, estimation, which daemons synchronise, and when the tables of services and of
//!    servers are resized. Taken by requests, by files that show the sum of all, when the
//!    namespace stops, by the work every second, and by the thread that estimates, for a slice at
//!    a time.
//! 6. "lvs crew", the mutex of a [`super::crew::Crew`]: which threads a daemon has. Taken when a
//!    daemon starts and stops, with the rules lock held, and at the end. Held while the threads
//!    are stopped: these never take the rules lock.
//! 7. "lvs director", a mutex of `table/sync`: what directors know of each other, and their keys.
//!    Taken by the daemons' threads and by requests; nothing else is taken while it is held.
//! 8. "lvs transactions", a mutex of `table`: the transactions that are open. Taken by their
//!    messages and when a socket is closed; nothing else is taken while it is held.
//! 9. Of the kernel: `nf_hook_mutex`, and what loading a module takes, for registering hooks and
//!    opening connection tracking; RTNL and a socket's lock, for the sockets of a daemon, which
//!    join a group. All of them may be taken with the rules lock held.
//!
//! RTNL is held around `DeviceObserver::device_down`, too, which therefore takes none of ours.
//!
//! In softirq, and in process context with softirqs off; packets take them on the RCU read
//! side:
//!
//! 10. The [`LockBh`] of an FTP control connection in `table/conn/layout.rs`: its dialogue. Taken
//!     by `datapath/ftp.rs`, which may insert the connection that was agreed on meanwhile, and by
//!     the threads of `table/sync` for what is told of it.
//! 11. The [`LockBh`] of a service's locality-based scheduler: which server has a destination.
//!     Taken when a connection is scheduled.
//! 12. The [`LockBh`] of a pool's load tree: the order of its servers. Only tried, when a
//!     connection is scheduled: nobody waits for it.
//! 13. [`Stripes`], one for the chains of a hash that have the same low bits: the links of a
//!     table of `mem/rcu_table.rs`. Taken to insert, remove and move entries. Nobody holds two.
//! 14. The kernel's lock of a wait queue: that of a [`super::bell::Bell`], which packets ring.
//!
//! A connection's lock of conntrack, which `c/conntrack.c` takes, and those that conntrack
//! takes, are taken with none of ours.
//!
//! Besides locks, these wait: the end of a namespace for its packets, its work and its threads,
//! and for what is registered with it; the module's for what is registered for all of them;
//! giving up files, settings and options for those who use them; `mem/retired.rs` for a grace
//! period. None of them is done on the read side, or with a lock held that what is waited for
//! may take.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{
    Deref,
    DerefMut, //
};
use core::ptr::NonNull;

use kernel::prelude::*;
use kernel::types::NotThreadSafe;

use super::bindings;

/// A fixed number of locks, chosen by hash.
///
/// # Invariants
///
/// `locks` are `mask + 1` initialised locks, a power of two.
pub(crate) struct Stripes {
    locks: NonNull<bindings::spinlock_t>,
    mask: usize,
}

// SAFETY: Spin locks are made to be shared.
unsafe impl Send for Stripes {}
// SAFETY: Taking a spin lock is what several threads may do at once.
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
        // SAFETY: The lock is initialised.
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
///
/// # Invariants
///
/// `lock` is an initialised lock of its own.
pub(crate) struct LockBh<T> {
    lock: NonNull<bindings::spinlock_t>,
    value: UnsafeCell<T>,
}

// SAFETY: It owns the value, and moves with it; the lock may be used anywhere.
unsafe impl<T: Send> Send for LockBh<T> {}
// SAFETY: The lock serialises access to the value, which moves from one holder to the next.
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
        LockBhGuard::new(self)
    }

    /// Takes the lock if nobody has it.
    #[inline]
    pub(crate) fn try_lock(&self) -> Option<LockBhGuard<'_, T>> {
        // SAFETY: The lock is initialised.
        let is_taken = unsafe { bindings::lvs_spin_trylock_bh(self.lock.as_ptr()) };
        // Only the holder has a guard, since dropping one unlocks.
        is_taken.then(|| LockBhGuard::new(self))
    }
}

impl<T> Drop for LockBh<T> {
    fn drop(&mut self) {
        // SAFETY: Allocated by `new`, and nobody holds it.
        unsafe { bindings::lvs_kvfree(self.lock.as_ptr().cast()) }
    }
}

/// Access to the value of a [`LockBh`]. Stays on the CPU that took the lock.
///
/// # Invariants
///
/// The lock is held, and only this guard says so.
pub(crate) struct LockBhGuard<'a, T>(&'a LockBh<T>, NotThreadSafe);

// SAFETY: A shared guard only gives shared references to the value.
unsafe impl<T: Sync> Sync for LockBhGuard<'_, T> {}

impl<'a, T> LockBhGuard<'a, T> {
    /// The guard of a lock that was just taken.
    #[inline]
    fn new(lock: &'a LockBh<T>) -> Self {
        Self(lock, NotThreadSafe)
    }
}

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
