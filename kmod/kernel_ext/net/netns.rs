// SPDX-License-Identifier: GPL-2.0

//! State that each network namespace has of its own.
//!
//! Relies on: `init`, `pre_exit`, `exit` come in this order, once, with a grace period before
//! `exit`; the slot holds what was stored.
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
    AtomicPtr,
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;
use crate::kernel_ext::task::driven::Driven;
use crate::kernel_ext::task::thread::Routine;
use crate::kernel_ext::task::work::Worker;

/// A network namespace that is alive as long as the state kept for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Net(NonNull<bindings::net>);

// SAFETY: A handle; all use of the namespace goes through functions that do their own locking.
unsafe impl Send for Net {}
// SAFETY: Shared or copied, it is the same handle.
unsafe impl Sync for Net {}

impl Net {
    /// The namespace for C.
    #[inline]
    pub(in crate::kernel_ext) fn as_ptr(self) -> *mut bindings::net {
        self.0.as_ptr()
    }

    /// Has IPv6 fragments reassembled before they get to the hooks. Sleeps. Fails with `ENOENT`
    /// when the kernel has no module for it.
    pub(crate) fn reassemble_v6(self) -> Result {
        // SAFETY: The namespace is alive.
        kernel::error::to_result(unsafe { bindings::lvs_defrag6_enable(self.as_ptr()) })
    }

    /// Whether this is the namespace the system booted with.
    pub(crate) fn is_initial(self) -> bool {
        // SAFETY: The namespace is alive.
        unsafe { bindings::lvs_is_initial_net(self.as_ptr()) }
    }
}

/// What lives with a network namespace: its state, and what needs the state to be there.
pub(crate) trait Namespace: Sized + Send + Sync + 'static {
    /// What packets, requests and notifiers of the namespace are given.
    type State: NetnsState + Worker + Routine;

    /// Makes what a new namespace has. Process context, may sleep. Thread and work of its state can
    /// be begun once this is done, and requests and packets come then.
    fn create(net: Net) -> Result<Pin<KBox<Self>>>;

    /// The state, the same at each call.
    fn state(&self) -> &Self::State;

    /// The namespace is about to die: stop taking packets and requests. Process context. After this
    /// the kernel waits for readers, once for all namespaces that die together; then thread and
    /// work are stopped, and this is dropped.
    fn stop(&self);
}

/// State of one namespace, which lives as long as its [`Namespace`].
pub(crate) trait NetnsState: Send + Sync + 'static {}

/// Gives every present and future network namespace an `N`. Field order of the module's root object
/// makes this the last thing that goes away.
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

/// Number of the [`Slot`] that each namespace has; 0 until all that exist have their state. So a
/// registration that fails half-way takes back states that no request has seen. One per module.
static SLOT: AtomicU32 = AtomicU32::new(0);
/// That number as the kernel writes it, before any state exists.
static mut SLOT_NUMBER: kernel::ffi::c_uint = 0;
/// Whether there is a [`PerNetns`], to which the two numbers belong.
static IS_REGISTERED: AtomicBool = AtomicBool::new(false);

/// What a namespace keeps for the module. The kernel makes it, of zeros.
struct Slot {
    /// The state within the namespace's own, of the type that `kind` tells; null as long as, and
    /// again when, there is none.
    state: AtomicPtr<c_void>,
    kind: MaybeUninit<TypeId>,
    /// What [`Namespace::create`] made: a box of [`Made`].
    namespace: *const c_void,
}

/// What lives with a namespace, with what runs for it.
type Made<N> = Driven<N, <N as Namespace>::State>;

/// The state of `net`; `None` before all namespaces have theirs and after it is gone, and when
/// theirs is of another type.
///
/// # Safety
///
/// `net` is alive, and the state isn't torn down while the result lives: the caller was called by
/// something that [`Namespace::stop`] or the grace period after it waits for.
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
        let slot = &*bindings::lvs_net_generic(net, number).cast::<Slot>();
        // Acquire pairs with the release of `init`.
        let state = NonNull::new(slot.state.load(Ordering::Acquire))?;
        let is_right = slot.kind.assume_init() == TypeId::of::<T>();
        is_right.then(|| state.cast::<T>().as_ref())
    }
}

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

    /// The slot of a namespace.
    ///
    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated.
    unsafe fn slot(net: *mut bindings::net) -> *mut Slot {
        // SAFETY: The core writes the number before it calls any of the callbacks.
        let number = unsafe { (&raw const SLOT_NUMBER).read() };
        // SAFETY: By the contract of this function.
        unsafe { bindings::lvs_net_generic(net, number).cast() }
    }

    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated, as [`PerNetns::register`] asked
    /// for.
    unsafe extern "C" fn init(net: *mut bindings::net) -> kernel::ffi::c_int {
        kernel::error::from_result(|| {
            let namespace = N::create(Net(NonNull::new(net).ok_or(EINVAL)?))?;
            let namespace = KBox::new(Driven::new(namespace, N::state)?, GFP_KERNEL)?;
            // SAFETY: Called by the core, once for this namespace. What was made stays where it is
            // and is only looked at until `exit`, so its state does, too. Others see nothing of the
            // slot but the state until `exit`.
            unsafe {
                let namespace: *const Made<N> = KBox::into_raw(namespace);
                let slot = Self::slot(net);
                (&raw mut (*slot).namespace).write(namespace.cast());
                (&raw mut (*slot).kind).write(MaybeUninit::new(TypeId::of::<N::State>()));
                let state = ptr::from_ref((*namespace).state()).cast_mut();
                (*slot).state.store(state.cast(), Ordering::Release);
            }
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated, as [`PerNetns::register`] asked
    /// for.
    unsafe extern "C" fn pre_exit(net: *mut bindings::net) {
        // SAFETY: Called by the core after `init` succeeded and before `exit`.
        let namespace = unsafe { (*Self::slot(net)).namespace.cast::<Made<N>>().as_ref() };
        if let Some(namespace) = namespace {
            namespace.stop();
        }
    }

    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated, as [`PerNetns::register`] asked
    /// for.
    unsafe extern "C" fn exit(net: *mut bindings::net) {
        // SAFETY: Called by the core once; it waited for readers since `pre_exit`, so nobody else
        // looks at the slot.
        unsafe {
            let slot = Self::slot(net);
            (*slot).state.store(ptr::null_mut(), Ordering::Relaxed);
            let namespace = ptr::replace(&raw mut (*slot).namespace, ptr::null());
            if !namespace.is_null() {
                drop(KBox::from_raw(namespace.cast::<Made<N>>().cast_mut()));
            }
        }
    }
}

#[pinned_drop]
impl<N: Namespace> PinnedDrop for PerNetns<N> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by `register`.
        unsafe { bindings::unregister_pernet_subsys(self.ops.get()) };
        SLOT.store(0, Ordering::Release);
        IS_REGISTERED.store(false, Ordering::Release);
    }
}
