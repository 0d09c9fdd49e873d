// SPDX-License-Identifier: GPL-2.0

//! The life of what each network namespace has: made with it, stopped before it ends, dropped when
//! nobody looks any more.
//!
//! Relies on: `init`, `pre_exit`, `exit` come in this order, once, with a grace period before
//! `exit`, and `init` alone if it fails; the slot is zeros before; the module's root object is
//! dropped, and with it [`PerNetns`].
//!
//! A breach would be noticed by: `test-netns`, `test-modcycle`, `test-regressions`
//! (`namespaces-that-end`).

use core::any::TypeId;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr::{
    self,
    NonNull, //
};
use core::sync::atomic::{
    AtomicBool,
    Ordering, //
};

use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;
use super::netns::{
    counts,
    slot,
    NetHold,
    NetnsState,
    Slot,
    SLOT,
    SLOT_NUMBER,
    STATE_USES, //
};
use crate::kernel_ext::task::crew::Employer;
use crate::kernel_ext::task::driven::Driven;
use crate::kernel_ext::task::thread::Routine;
use crate::kernel_ext::task::work::Worker;

/// What lives with a network namespace: its state, and what needs the state to be there.
pub(crate) trait Namespace: Sized + Send + Sync + 'static {
    /// What packets, requests and notifiers of the namespace are given.
    type State: NetnsState + Worker + Routine + Employer;

    /// Makes what a new namespace has. Process context, may sleep. Thread and work of its state can
    /// be begun once this is done, and requests and packets come then; hooks are registered no
    /// earlier.
    fn create(net: NetHold) -> Result<Pin<KBox<Self>>>;

    /// The state, the same at each call.
    fn state(&self) -> &Self::State;

    /// The namespace is about to die, and [is stopping](super::netns::Net::is_stopping): give up
    /// hooks, files and settings, which are waited for. Process context. After this the kernel
    /// waits for readers, once for all namespaces that die together; then thread and work are
    /// stopped, and this is dropped, with all that keeps the namespace.
    fn stop(&self);
}

/// Gives every present and future network namespace an `N`. Dropping it waits for all that is
/// registered for all namespaces: the module's root object has that in front of this.
#[pin_data(PinnedDrop)]
pub(crate) struct PerNetns<N: Namespace> {
    #[pin]
    ops: Opaque<bindings::pernet_operations>,
    namespace: PhantomData<N>,
}

// SAFETY: The operations are constant after registration, and any thread may give it up.
unsafe impl<N: Namespace> Send for PerNetns<N> {}
// SAFETY: There is nothing that can be done to a shared one.
unsafe impl<N: Namespace> Sync for PerNetns<N> {}

/// Whether there is a [`PerNetns`], to which the two numbers belong.
static IS_REGISTERED: AtomicBool = AtomicBool::new(false);

/// What lives with a namespace, with what runs for it.
type Made<N> = Driven<N, <N as Namespace>::State>;

impl<N: Namespace> PerNetns<N> {
    /// Registers; makes the state of all namespaces that exist. The module's last registration:
    /// from its end on requests are served, and nothing that fails may follow. Fails with `EBUSY`
    /// if there is one already.
    pub(crate) fn register() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            ops <- Opaque::try_ffi_init(|ops: *mut bindings::pernet_operations| {
                if IS_REGISTERED.swap(true, Ordering::Acquire) {
                    return Err(EBUSY);
                }
                // SAFETY: The place is ours and pinned; the callbacks live as long as the module.
                unsafe {
                    ops.write(pin_init::zeroed());
                    (*ops).init = Some(Self::init);
                    (*ops).pre_exit = Some(Self::pre_exit);
                    (*ops).exit = Some(Self::exit);
                    (*ops).id = &raw mut SLOT_NUMBER;
                    (*ops).size = core::mem::size_of::<Slot>();
                    kernel::error::to_result(bindings::register_pernet_subsys(ops))
                        .inspect(|()| SLOT.store(SLOT_NUMBER, Ordering::Release))
                        .inspect_err(|_| IS_REGISTERED.store(false, Ordering::Release))
                }
            }),
            namespace: PhantomData,
        }? Error)
    }

    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated, as [`PerNetns::register`] asked
    /// for.
    unsafe extern "C" fn init(net: *mut bindings::net) -> kernel::ffi::c_int {
        kernel::error::from_result(|| {
            // SAFETY: Called by the core, once for this namespace.
            unsafe { Self::begin(net) }.inspect_err(|_| {
                // SAFETY: The core frees the slot after this.
                let counts = unsafe { counts(net) };
                counts
                    .uses
                    .drain("what is registered with a network namespace");
                counts.holds.drain("what keeps a network namespace");
            })?;
            Ok(0)
        })
    }

    /// Makes what `net` has.
    ///
    /// # Safety
    ///
    /// Called once for a namespace whose slot is allocated.
    unsafe fn begin(net: *mut bindings::net) -> Result {
        // SAFETY: By the contract of this function; holds are waited for later.
        let hold = unsafe { NetHold::new(NonNull::new(net).ok_or(EINVAL)?)? };
        let namespace = KBox::new(Driven::new(N::create(hold)?, N::state)?, GFP_KERNEL)?;
        // SAFETY: By the contract of this function. What was made stays where it is and is only
        // looked at until `exit`, so its state does, too. Others see nothing of the slot but the
        // counts, and the state until `exit`.
        unsafe {
            let namespace: *const Made<N> = KBox::into_raw(namespace);
            let slot = slot(net);
            (&raw mut (*slot).namespace).write(namespace.cast());
            (&raw mut (*slot).kind).write(MaybeUninit::new(TypeId::of::<N::State>()));
            let state = ptr::from_ref((*namespace).state()).cast_mut();
            (*slot).state.store(state.cast(), Ordering::Release);
        }
        Ok(())
    }

    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated, as [`PerNetns::register`] asked
    /// for.
    unsafe extern "C" fn pre_exit(net: *mut bindings::net) {
        // SAFETY: Called by the core after `init` succeeded and before `exit`.
        let (namespace, counts) = unsafe {
            let namespace = (*slot(net)).namespace.cast::<Made<N>>();
            (namespace.as_ref(), counts(net))
        };
        counts.uses.close();
        if let Some(namespace) = namespace {
            namespace.stop();
        }
        // Packets and accesses that came by what was registered are over a grace period later.
        counts
            .uses
            .drain("what is registered with a network namespace");
    }

    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated, as [`PerNetns::register`] asked
    /// for.
    unsafe extern "C" fn exit(net: *mut bindings::net) {
        // SAFETY: Called by the core once; nothing is registered with the namespace, and it waited
        // for readers since `pre_exit`, so nobody else looks at more of the slot than its counts.
        unsafe {
            let slot = slot(net);
            (*slot).state.store(ptr::null_mut(), Ordering::Relaxed);
            let namespace = ptr::replace(&raw mut (*slot).namespace, ptr::null());
            if !namespace.is_null() {
                drop(KBox::from_raw(namespace.cast::<Made<N>>().cast_mut()));
            }
            counts(net).holds.drain("what keeps a network namespace");
        }
    }
}

#[pinned_drop]
impl<N: Namespace> PinnedDrop for PerNetns<N> {
    fn drop(self: Pin<&mut Self>) {
        STATE_USES.drain("what is registered for all network namespaces");
        // SAFETY: Registered by `register`.
        unsafe { bindings::unregister_pernet_subsys(self.ops.get()) };
        SLOT.store(0, Ordering::Release);
        STATE_USES.open();
        IS_REGISTERED.store(false, Ordering::Release);
    }
}
