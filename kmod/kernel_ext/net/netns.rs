// SPDX-License-Identifier: GPL-2.0

//! Network namespaces, and the state that the module keeps for each.
//!
//! Three counts make sure that nothing is used after its end, whatever safe code keeps or forgets:
//! what isn't given up makes the namespace's end, or the module's, wait. Of a namespace, what is
//! registered with it ([`NetUse`]) has to be given up before it stops, so that a grace period later
//! nobody sees its state, and each [`NetHold`] before it ends. Of the module, what is registered
//! for all namespaces ([`StateUse`]) has to go before their states do.
//!
//! Relies on: the kernel frees a namespace, and the slot that it has of ours, only after
//! [`super::per_netns::PerNetns`] has waited for these counts; the slot holds what was stored.
//!
//! A breach would be noticed by: `test-netns`, `test-modcycle`, `test-regressions`
//! (`namespaces-that-end`).

use core::any::TypeId;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicPtr,
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;

use super::bindings;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::gate::Gate;

/// State of one namespace, which lives as long as its [`super::per_netns::Namespace`].
pub(crate) trait NetnsState: Send + Sync + 'static {}

/// A network namespace that is alive for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct Net<'a>(NonNull<bindings::net>, PhantomData<&'a NetHold>);

// SAFETY: A handle; all use of the namespace goes through functions that do their own locking.
unsafe impl Send for Net<'_> {}
// SAFETY: Shared or copied, it is the same handle.
unsafe impl Sync for Net<'_> {}

impl Net<'_> {
    /// The namespace for C.
    #[inline]
    pub(in crate::kernel_ext) fn as_ptr(self) -> *mut bindings::net {
        self.0.as_ptr()
    }

    /// Keeps the namespace for longer. Its end waits until that is dropped. Any context. Fails with
    /// `ENODEV` once the end waits, and with `ENOMEM` when there are too many.
    pub(crate) fn hold(self) -> Result<NetHold> {
        // SAFETY: The namespace is alive.
        unsafe { NetHold::new(self.0) }
    }

    /// What is registered with the namespace by who keeps the result. Fails with `ENODEV` once the
    /// namespace stops.
    pub(in crate::kernel_ext) fn register(self) -> Result<NetUse> {
        // SAFETY: The namespace is alive.
        unsafe { counts(self.as_ptr()).uses.enter()? };
        // INVARIANT: It was counted just now.
        Ok(NetUse(self.0))
    }

    /// Whether the namespace is about to end: nothing is registered with it any more. Who sees on
    /// the read side that it isn't has until the end of that before other modules give up what they
    /// have of the namespace.
    pub(crate) fn is_stopping(self) -> bool {
        // SAFETY: The namespace is alive.
        unsafe { counts(self.as_ptr()).uses.is_closed() }
    }

    /// Has IPv6 fragments reassembled before they get to the hooks. Sleeps. Fails with `ENOENT`
    /// when the kernel has no module for it.
    pub(crate) fn reassemble_v6(self) -> Result {
        // SAFETY: The namespace is alive.
        kernel::error::to_result(unsafe { bindings::lvs_defrag6_enable(self.as_ptr()) })
    }

    /// The namespace's number, as `/proc/PID/ns/net` has it.
    pub(crate) fn number(self) -> u32 {
        // SAFETY: The namespace is alive.
        unsafe { bindings::lvs_net_number(self.as_ptr()) }
    }

    /// Whether this is the namespace the system booted with.
    pub(crate) fn is_initial(self) -> bool {
        // SAFETY: The namespace is alive.
        unsafe { bindings::lvs_is_initial_net(self.as_ptr()) }
    }
}

/// Keeps a network namespace: its end waits until this is dropped.
///
/// # Invariants
///
/// It is counted among the holds of the namespace's slot.
pub(crate) struct NetHold(NonNull<bindings::net>);

// SAFETY: As for `Net`; the count is atomic.
unsafe impl Send for NetHold {}
// SAFETY: As for `Net`; the count is atomic.
unsafe impl Sync for NetHold {}

impl NetHold {
    /// Counts one more. Fails with `ENODEV` once the namespace's end waits for its holds, and with
    /// `ENOMEM` when there are too many.
    ///
    /// # Safety
    ///
    /// The namespace is alive, has its slot, and hasn't waited for its holds yet.
    pub(super) unsafe fn new(net: NonNull<bindings::net>) -> Result<Self> {
        // SAFETY: By the contract of this function.
        unsafe { counts(net.as_ptr()).holds.enter()? };
        // INVARIANT: It was counted just now.
        Ok(Self(net))
    }

    /// The namespace.
    #[inline]
    pub(crate) fn net(&self) -> Net<'_> {
        Net(self.0, PhantomData)
    }
}

impl Drop for NetHold {
    fn drop(&mut self) {
        // SAFETY: The slot is there as long as this is counted, by the type invariants.
        unsafe { counts(self.0.as_ptr()).holds.leave() };
    }
}

/// What is registered with a network namespace, and by which its state is reached. The namespace
/// waits when it stops until this is dropped; the state lives for a grace period after that.
///
/// # Invariants
///
/// It is counted among the uses of the namespace's slot.
pub(in crate::kernel_ext) struct NetUse(NonNull<bindings::net>);

// SAFETY: As for `Net`; the count is atomic.
unsafe impl Send for NetUse {}
// SAFETY: As for `Net`; the count is atomic.
unsafe impl Sync for NetUse {}

impl NetUse {
    /// The namespace for C.
    pub(in crate::kernel_ext) fn as_ptr(&self) -> *mut bindings::net {
        self.0.as_ptr()
    }
}

impl Drop for NetUse {
    fn drop(&mut self) {
        // SAFETY: The slot is there as long as this is counted, by the type invariants.
        unsafe { counts(self.0.as_ptr()).uses.leave() };
    }
}

/// What is registered for all namespaces.
pub(super) static STATE_USES: Gate = Gate::new();

/// What is registered for all namespaces, and by which their states are reached, or functions of
/// the module are called. The states, and so the module, wait for it.
///
/// # Invariants
///
/// It is counted in [`STATE_USES`].
pub(in crate::kernel_ext) struct StateUse(());

impl StateUse {
    /// Counts one more. Fails with `ENODEV` while the states go.
    pub(in crate::kernel_ext) fn begin() -> Result<Self> {
        STATE_USES.enter()?;
        // INVARIANT: It was counted just now.
        Ok(Self(()))
    }
}

impl Drop for StateUse {
    fn drop(&mut self) {
        STATE_USES.leave();
    }
}

/// Number of the [`Slot`] that each namespace has; 0 until all that exist have their state. So a
/// registration that fails half-way takes back states that no request has seen. One per module.
pub(super) static SLOT: AtomicU32 = AtomicU32::new(0);
/// That number as the kernel writes it, before any slot is used.
pub(super) static mut SLOT_NUMBER: kernel::ffi::c_uint = 0;

/// What a namespace keeps for the module. The kernel makes it, of zeros.
pub(super) struct Slot {
    /// The state within the namespace's own, of the type that `kind` tells; null as long as, and
    /// again when, there is none.
    pub(super) state: AtomicPtr<c_void>,
    pub(super) kind: MaybeUninit<TypeId>,
    /// What [`super::per_netns::PerNetns`] made.
    pub(super) namespace: *const c_void,
    pub(super) counts: Counts,
}

/// What a namespace's end waits for.
pub(super) struct Counts {
    /// Each [`NetUse`]; closed when the namespace stops.
    pub(super) uses: Gate,
    /// Each [`NetHold`].
    pub(super) holds: Gate,
}

/// The slot of `net`.
///
/// # Safety
///
/// `net` is alive and has its slot.
pub(super) unsafe fn slot(net: *mut bindings::net) -> *mut Slot {
    // SAFETY: The core writes the number before any namespace has its slot.
    let number = unsafe { (&raw const SLOT_NUMBER).read() };
    // SAFETY: By the contract of this function.
    unsafe { bindings::lvs_net_generic(net, number).cast() }
}

/// What the end of `net` waits for.
///
/// # Safety
///
/// `net` is alive and has its slot as long as the result is used.
pub(super) unsafe fn counts<'a>(net: *mut bindings::net) -> &'a Counts {
    // SAFETY: By the contract of this function; the kernel made the slot of zeros.
    unsafe { &(*slot(net)).counts }
}

/// The state of `net`; `None` before all namespaces have theirs and after it is gone, and when
/// theirs is of another type.
///
/// # Safety
///
/// `net` is alive, and the state isn't torn down while the result lives: the caller was called by
/// something that a [`NetUse`] or a [`StateUse`] stands for, or the grace period after it.
pub(in crate::kernel_ext) unsafe fn state_of<'a, T: NetnsState>(
    net: *mut bindings::net,
) -> Option<&'a T> {
    let number = SLOT.load(Ordering::Acquire);
    if number == 0 {
        return None;
    }
    // SAFETY: The number is of slots that the registration made. The type is there once the state
    // is, and tells what the state is; by the contract of this function it lives long enough.
    unsafe {
        let slot = bindings::lvs_net_generic(net, number).cast::<Slot>();
        // Acquire pairs with the release of `init`.
        let state = NonNull::new((*slot).state.load(Ordering::Acquire))?;
        let is_right = (*slot).kind.assume_init() == TypeId::of::<T>();
        is_right.then(|| state.cast::<T>().as_ref())
    }
}

/// The state of `net` for who runs in softirq and came by nothing that was registered: `None` as
/// well when the namespace stops, for then nothing makes it wait but the read side.
///
/// # Safety
///
/// `net` is alive, and its slot with it, and the caller is in softirq, on `read`.
#[inline(always)]
pub(in crate::kernel_ext) unsafe fn state_in_softirq<'a, T: NetnsState>(
    net: *mut bindings::net,
    _read: ReadSide<'a>,
) -> Option<&'a T> {
    let number = SLOT.load(Ordering::Acquire);
    if number == 0 {
        return None;
    }
    // SAFETY: The number is of slots that the registration made. The type is there once the state
    // is, and tells what the state is. Whoever saw the gate open on the read side has the state
    // until the end of that: it goes a grace period after the gate was closed.
    unsafe {
        let slot = bindings::lvs_net_generic_in_softirq(net, number).cast::<Slot>();
        if (*slot).counts.uses.is_closed() {
            return None;
        }
        // Acquire pairs with the release of `init`.
        let state = NonNull::new((*slot).state.load(Ordering::Acquire))?;
        let is_right = (*slot).kind.assume_init() == TypeId::of::<T>();
        is_right.then(|| state.cast::<T>().as_ref())
    }
}
