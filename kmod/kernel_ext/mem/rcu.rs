// SPDX-License-Identifier: GPL-2.0

//! Read-copy-update: a witness of the read side, cells that publish a value, and shared ownership
//! whose last drop waits for the readers.
//!
//! The rule all of it rests on: what readers can still see is freed only after a grace period.
//!
//! Relies on: a grace period ends after all read sides that began before it; `rcu_barrier` waits
//! for callbacks, `flush_work` for the thread that frees what was retired.
//!
//! A breach would be noticed by: `test-modcycle`, `test-netns`, `tests/table-model/tests/model.rs`.

use core::marker::PhantomData;
use core::mem::{
    self,
    ManuallyDrop, //
};
use core::ops::Deref;
use core::ptr::{
    self,
    NonNull, //
};
use core::sync::atomic::{
    fence,
    AtomicPtr,
    AtomicUsize,
    Ordering, //
};

use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;
use super::slab::Slab;

/// Proof that the holder runs inside an RCU read-side critical section that lasts for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct ReadSide<'a>(PhantomData<*const &'a ()>);

impl ReadSide<'_> {
    /// Takes the caller's word for it: saves the nested lock where C already took it.
    ///
    /// # Safety
    ///
    /// The caller is inside a read-side critical section that outlives `'a`.
    #[inline]
    pub(in crate::kernel_ext) const unsafe fn assume() -> Self {
        Self(PhantomData)
    }
}

/// Runs `f` inside a read-side critical section. `f` must not sleep.
pub(crate) fn read<R>(f: impl for<'a> FnOnce(ReadSide<'a>) -> R) -> R {
    let _guard = kernel::sync::rcu::read_lock();
    f(ReadSide(PhantomData))
}

/// Waits until all that was retired so far is freed, and all callbacks queued so far have run.
/// Sleeps.
pub(crate) fn barrier() {
    // SAFETY: Has no preconditions but a context that may sleep, which the caller has.
    unsafe {
        bindings::lvs_wait_for_retired();
        bindings::rcu_barrier();
    }
}

/// A grace period: once it is over, readers that began before it are done.
pub(crate) struct GracePeriod(usize);

impl GracePeriod {
    /// One that begins now.
    pub(crate) fn begin() -> Self {
        // SAFETY: Has no preconditions.
        Self(unsafe { bindings::lvs_begin_grace_period() })
    }

    /// Waits until it is over. Sleeps.
    pub(crate) fn wait(self) {
        // SAFETY: The caller may sleep.
        unsafe { bindings::lvs_wait_for_grace_period(self.0) }
    }
}

/// A value on the heap together with what a deferred free needs.
#[repr(C)]
pub(crate) struct Node<T> {
    head: Opaque<bindings::callback_head>,
    /// Owners of an [`RcuArc`]; always 1 in an [`RcuBox`].
    owners: AtomicUsize,
    value: T,
}

impl<T> Node<T> {
    /// A node with its first owner.
    fn new(value: T) -> Self {
        Self {
            head: Opaque::uninit(),
            owners: AtomicUsize::new(1),
            value,
        }
    }

    /// Allocates a node; may sleep. Fails with `ENOMEM`.
    fn alloc(value: T) -> Result<NonNull<Self>> {
        let node = KBox::new(Self::new(value), GFP_KERNEL)?;
        Ok(NonNull::from(KBox::leak(node)))
    }

    /// Allocates a node from a cache; may sleep. Fails with `ENOMEM`.
    fn alloc_in(slab: &Slab<Self>, value: T) -> Result<NonNull<Self>> {
        let node = NonNull::new(slab.alloc()).ok_or(ENOMEM)?;
        // SAFETY: The memory is large enough, aligned and nobody else's.
        unsafe { node.write(Self::new(value)) };
        Ok(node)
    }

    /// Allocates a node without sleeping. Fails with `ENOMEM`.
    fn alloc_atomic(value: T) -> Result<NonNull<Self>> {
        let node = KBox::new(Self::new(value), GFP_ATOMIC | __GFP_NOWARN)?;
        Ok(NonNull::from(KBox::leak(node)))
    }

    /// Drops the node once present readers are done, by a thread that lets packets pass meanwhile.
    ///
    /// # Safety
    ///
    /// The caller owned the node, and no reader that starts from now on can find it.
    unsafe fn retire(node: NonNull<Self>) {
        deferred_begin();
        // SAFETY: The node is alive until the callback, its head is used for nothing else, and by
        // the caller's promise this happens once.
        unsafe { bindings::lvs_retire((*node.as_ptr()).head.get(), Some(Self::free)) }
    }

    /// # Safety
    ///
    /// `head` is the head of a retired node.
    unsafe extern "C" fn free(head: *mut bindings::callback_head) {
        // SAFETY: `head` is the first field of the `repr(C)` node, and the grace period is over:
        // nobody sees the node.
        unsafe { Self::destroy(head.cast::<Self>()) };
        // SAFETY: `retire` began it.
        unsafe { deferred_end() };
    }

    /// Drops the node at once.
    ///
    /// # Safety
    ///
    /// The caller owned the node, and nobody sees it.
    unsafe fn destroy(node: *mut Self) {
        // SAFETY: The node is initialised. Its memory is from `kmalloc` or from a cache, and
        // `kfree` takes either.
        unsafe {
            ptr::drop_in_place(node);
            bindings::lvs_kfree(node.cast());
        }
    }
}

/// Deferred frees whose callbacks, which are code of this module, haven't ended yet.
static DEFERRED: AtomicUsize = AtomicUsize::new(0);

/// A callback is about to be queued.
pub(in crate::kernel_ext) fn deferred_begin() {
    DEFERRED.fetch_add(1, Ordering::Relaxed);
}

/// A callback ends; what it queued itself was counted before.
///
/// # Safety
///
/// Called once for each [`deferred_begin`], and nothing but the callback's return follows.
pub(in crate::kernel_ext) unsafe fn deferred_end() {
    DEFERRED.fetch_sub(1, Ordering::Release);
}

/// A value that readers may see once it is put into an [`RcuCell`].
///
/// # Invariants
///
/// The node exists and is owned by the box. Readers that found it in a cell may still see it.
pub(crate) struct RcuBox<T>(NonNull<Node<T>>);

impl<T: Send + Sync + 'static> RcuBox<T> {
    /// Allocates; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new(value: T) -> Result<Self> {
        Ok(Self(Node::alloc(value)?))
    }

    /// Allocates without sleeping. Fails with `ENOMEM`.
    pub(crate) fn new_atomic(value: T) -> Result<Self> {
        Ok(Self(Node::alloc_atomic(value)?))
    }
}

impl<T> Deref for RcuBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: The box owns the node.
        unsafe { &(*self.0.as_ptr()).value }
    }
}

impl<T> Drop for RcuBox<T> {
    fn drop(&mut self) {
        // SAFETY: This is the only owner; a cell that published the node took it back first.
        unsafe { Node::retire(self.0) }
    }
}

/// A place that publishes at most one value to readers.
///
/// # Invariants
///
/// `node` is null, or owned by the cell as by an [`RcuBox`].
pub(crate) struct RcuCell<T> {
    node: AtomicPtr<Node<T>>,
    owns: PhantomData<RcuBox<T>>,
}

// SAFETY: Shares `&T` and moves `T` to the context that drops it.
unsafe impl<T: Send + Sync> Send for RcuCell<T> {}
// SAFETY: A shared one shares `&T`, and moves `T` to the thread that replaces it.
unsafe impl<T: Send + Sync> Sync for RcuCell<T> {}

impl<T: Send + Sync + 'static> RcuCell<T> {
    /// A cell without a value.
    pub(crate) const fn empty() -> Self {
        Self {
            node: AtomicPtr::new(ptr::null_mut()),
            owns: PhantomData,
        }
    }

    /// The present value. It goes with the cell, which it is borrowed from, if it isn't replaced
    /// before.
    #[inline]
    pub(crate) fn load<'a>(&'a self, _read: ReadSide<'a>) -> Option<&'a T> {
        // Acquire pairs with the release of `replace`.
        let node = NonNull::new(self.node.load(Ordering::Acquire))?;
        // SAFETY: A node that is replaced or removed is freed only when readers like this one are
        // done, and the cell can't be dropped while this borrow of it lasts.
        Some(unsafe { &(*node.as_ptr()).value })
    }

    /// Publishes `new` and frees the former value when its readers are done.
    pub(crate) fn replace(&self, new: Option<RcuBox<T>>) {
        if new.is_none() && self.node.load(Ordering::Relaxed).is_null() {
            return;
        }
        let new = new.map_or(ptr::null_mut(), |node| ManuallyDrop::new(node).0.as_ptr());
        // Release publishes the value's contents; acquire lets this owner drop the old one.
        let old = self.node.swap(new, Ordering::AcqRel);
        drop(NonNull::new(old).map(RcuBox));
    }

    /// Empties the cell if what it holds is `doomed`, and frees that when its readers are done.
    pub(crate) fn remove_if(&self, _read: ReadSide<'_>, doomed: impl FnOnce(&T) -> bool) {
        let node = self.node.load(Ordering::Acquire);
        let Some(owned) = NonNull::new(node) else {
            return;
        };
        // SAFETY: A published node is freed only when readers like this one are done with it.
        if !doomed(unsafe { &(*node).value }) {
            return;
        }
        // The read side keeps the address from being used again. Another value that came meanwhile
        // wasn't judged and stays.
        let removed =
            self.node
                .compare_exchange(node, ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed);
        if removed.is_ok() {
            drop(RcuBox(owned));
        }
    }
}

impl<T> Drop for RcuCell<T> {
    fn drop(&mut self) {
        let node = *self.node.get_mut();
        if !node.is_null() {
            // SAFETY: The cell owned the node. What readers see of it they borrowed from the cell,
            // which no one else can reach any more.
            unsafe { Node::destroy(node) };
        }
    }
}

/// Shared ownership of a value that readers may see without owning it.
///
/// # Invariants
///
/// The node exists, and counts this owner.
pub(crate) struct RcuArc<T>(NonNull<Node<T>>);

// SAFETY: Shares `&T` and moves `T` to the context that drops it.
unsafe impl<T: Send + Sync> Send for RcuArc<T> {}
// SAFETY: A shared one shares `&T`, and can be cloned to one that moves `T`.
unsafe impl<T: Send + Sync> Sync for RcuArc<T> {}

impl<T: Send + Sync + 'static> RcuArc<T> {
    /// Allocates; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new(value: T) -> Result<Self> {
        Ok(Self(Node::alloc(value)?))
    }

    /// Allocates from a cache, which has to stay until [`Stragglers`] waited; may sleep. Fails with
    /// `ENOMEM`.
    pub(crate) fn new_in(slab: &Slab<Node<T>>, value: T) -> Result<Self> {
        Ok(Self(Node::alloc_in(slab, value)?))
    }

    /// Allocates without sleeping. Fails with `ENOMEM`.
    pub(crate) fn new_atomic(value: T) -> Result<Self> {
        Ok(Self(Node::alloc_atomic(value)?))
    }
}

impl<T> RcuArc<T> {
    /// The value with its count.
    #[inline]
    fn node(&self) -> &Node<T> {
        // SAFETY: An owner exists, so the node does.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Clone for RcuArc<T> {
    #[inline]
    fn clone(&self) -> Self {
        self.node().owners.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl<T> Deref for RcuArc<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.node().value
    }
}

impl<T> Drop for RcuArc<T> {
    fn drop(&mut self) {
        // Release makes this owner's writes visible to the last one to drop, which acquires them.
        if self.node().owners.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: The last owner is gone, so no place that readers look at holds it any more.
            unsafe { Node::retire(self.0) }
        }
    }
}

/// A place that holds a share of an [`RcuArc`] and lets readers look at the value.
///
/// # Invariants
///
/// `node` is null, or counts the slot among its owners. A slot that is dropped keeps its share.
pub(crate) struct RcuSlot<T> {
    node: AtomicPtr<Node<T>>,
    owns: PhantomData<RcuArc<T>>,
}

// SAFETY: It holds a share of a value that may be shared, and dropped, by any thread.
unsafe impl<T: Send + Sync> Send for RcuSlot<T> {}
// SAFETY: It shares `&T` and hands out shares, and the pointer is atomic.
unsafe impl<T: Send + Sync> Sync for RcuSlot<T> {}

impl<T: Send + Sync + 'static> RcuSlot<T> {
    /// A slot that holds `share`.
    #[inline]
    pub(crate) fn new(share: Option<RcuArc<T>>) -> Self {
        Self {
            node: AtomicPtr::new(
                share.map_or(ptr::null_mut(), |arc| ManuallyDrop::new(arc).0.as_ptr()),
            ),
            owns: PhantomData,
        }
    }

    /// The value, if the slot still holds it.
    #[inline]
    pub(crate) fn load<'a>(&self, _read: ReadSide<'a>) -> Option<&'a T> {
        // Acquire pairs with the publication of the object that contains the slot.
        let node = NonNull::new(self.node.load(Ordering::Acquire))?;
        // SAFETY: The slot held a share when it was read; giving it up retires the node at the
        // earliest now, so it lives until this reader is done.
        Some(unsafe { &(*node.as_ptr()).value })
    }

    /// The value, if the slot still holds it. Ordered like every sequentially consistent operation,
    /// [`RcuSlot::replace`] among them.
    #[inline]
    pub(crate) fn load_ordered<'a>(&self, _read: ReadSide<'a>) -> Option<&'a T> {
        let node = NonNull::new(self.node.load(Ordering::SeqCst))?;
        // SAFETY: The slot held a share when it was read, so the node lives until this reader is
        // done.
        Some(unsafe { &(*node.as_ptr()).value })
    }

    /// Another share of the value, if the slot still holds one that isn't the last to go.
    pub(crate) fn share(&self, _read: ReadSide<'_>) -> Option<RcuArc<T>> {
        let node = NonNull::new(self.node.load(Ordering::Acquire))?;
        // SAFETY: The slot held a share when it was read, so the node lives until this reader is
        // done.
        let owners = unsafe { &(*node.as_ptr()).owners };
        let mut count = owners.load(Ordering::Relaxed);
        loop {
            if count == 0 {
                return None;
            }
            match owners.compare_exchange_weak(
                count,
                count.wrapping_add(1),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(RcuArc(node)),
                Err(present) => count = present,
            }
        }
    }

    /// Whether nobody else owns what the slot holds at the moment.
    pub(crate) fn is_only_share(&self, _read: ReadSide<'_>) -> bool {
        NonNull::new(self.node.load(Ordering::Acquire)).is_some_and(|node| {
            // SAFETY: The slot held a share when it was read, so the node lives until this reader
            // is done.
            let owners = unsafe { &(*node.as_ptr()).owners };
            owners.load(Ordering::Relaxed) == 1
        })
    }

    /// Holds `share` from now on and gives up the former one. Ordered like every sequentially
    /// consistent operation.
    pub(crate) fn replace(&self, share: Option<RcuArc<T>>) {
        let new = share.map_or(ptr::null_mut(), |arc| ManuallyDrop::new(arc).0.as_ptr());
        let old = self.node.swap(new, Ordering::SeqCst);
        drop(NonNull::new(old).map(RcuArc));
    }

    /// Holds a share of what `owner` owns from now on, if it is empty: one caller succeeds.
    pub(crate) fn fill(&self, owner: &RcuArc<T>) -> bool {
        let share = owner.clone();
        let (empty, node) = (ptr::null_mut(), share.0.as_ptr());
        // Release publishes what the caller did before; acquire sees what was done before it was
        // emptied.
        let filled = self
            .node
            .compare_exchange(empty, node, Ordering::AcqRel, Ordering::Relaxed);
        if filled.is_ok() {
            // INVARIANT: The share is the slot's from now on.
            mem::forget(share);
        }
        filled.is_ok()
    }

    /// Gives up the share.
    pub(crate) fn take(&self) -> Option<RcuArc<T>> {
        // Some slots are mostly empty: they are left alone.
        if self.node.load(Ordering::Relaxed).is_null() {
            return None;
        }
        NonNull::new(self.node.swap(ptr::null_mut(), Ordering::AcqRel)).map(RcuArc)
    }
}

/// Waits, when dropped, for all deferred frees: their code must not go away before they ran.
/// Freeing one object may defer freeing those it owned, so one barrier isn't enough.
pub(crate) struct Stragglers;

impl Drop for Stragglers {
    fn drop(&mut self) {
        loop {
            let none_left = DEFERRED.load(Ordering::Acquire) == 0;
            // The last callback may be about to return: the barrier waits for that too.
            barrier();
            if none_left {
                return;
            }
        }
    }
}
