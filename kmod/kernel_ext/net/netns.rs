// SPDX-License-Identifier: GPL-2.0

//! State that each network namespace has of its own.

use core::marker::PhantomData;
use core::pin::Pin;
use core::ptr::{
    self,
    NonNull, //
};
use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;

/// A network namespace that is alive as long as the state kept for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Net(NonNull<bindings::net>);

// SAFETY: A handle; all use of the namespace goes through functions that do their own locking.
unsafe impl Send for Net {}
// SAFETY: As above.
unsafe impl Sync for Net {}

impl Net {
    #[inline]
    pub(in crate::kernel_ext) fn as_ptr(self) -> *mut bindings::net {
        self.0.as_ptr()
    }

    /// Has IPv6 fragments reassembled before they get to the hooks. Sleeps. Fails with `ENOENT` when
    /// the kernel has no module for it.
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

/// State of one namespace.
pub(crate) trait NetnsState: Sized + Send + Sync + 'static {
    /// Makes the state of a new namespace. Process context, may sleep.
    fn create(net: Net) -> Result<Pin<KBox<Self>>>;

    /// The namespace is about to die: stop taking packets and requests. Process context.
    fn stop(&self);

    /// No packet is inside any more: stop all that runs by itself. The kernel waited for readers since
    /// `stop`, once for all namespaces that die together, and the state is dropped after this. Process
    /// context.
    fn finish(&self);
}

/// Gives every present and future network namespace a `T`. Field order of the module's root object
/// makes this the last thing that goes away.
#[pin_data(PinnedDrop)]
pub(crate) struct PerNetns<T: NetnsState> {
    #[pin]
    ops: Opaque<bindings::pernet_operations>,
    state: PhantomData<T>,
}

// SAFETY: The operations are constant after registration.
unsafe impl<T: NetnsState> Send for PerNetns<T> {}
// SAFETY: As above.
unsafe impl<T: NetnsState> Sync for PerNetns<T> {}

/// Where the namespaces keep the pointer to their state; 0 until all that exist have theirs. So a
/// registration that fails half-way takes back states that no request has seen. One per module.
static SLOT: AtomicU32 = AtomicU32::new(0);
/// The same number, from before any state exists.
static mut SLOT_NUMBER: kernel::ffi::c_uint = 0;

/// The state of `net`; `None` before all namespaces have theirs and after it is gone.
///
/// # Safety
///
/// `net` is alive, `T` is the type registered by [`PerNetns`], and the state isn't torn down while
/// the result lives: the caller was called by something that [`NetnsState::stop`], the grace period
/// after it or [`NetnsState::finish`] waits for.
pub(in crate::kernel_ext) unsafe fn state_of<'a, T: NetnsState>(
    net: *mut bindings::net,
) -> Option<&'a T> {
    let slot = SLOT.load(Ordering::Acquire);
    if slot == 0 {
        return None;
    }
    // SAFETY: The slot was allocated by the registration; its memory holds one pointer.
    unsafe {
        let place = bindings::lvs_net_generic(net, slot).cast::<*const T>();
        place.as_ref()?.as_ref()
    }
}

impl<T: NetnsState> PerNetns<T> {
    /// Registers; makes the state of all namespaces that exist. The module's last registration: from
    /// its end on requests are served, and nothing that fails may follow.
    pub(crate) fn register() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            ops <- Opaque::try_ffi_init(|ops: *mut bindings::pernet_operations| {
                // SAFETY: The place is ours and pinned; the callbacks live as long as the module.
                unsafe {
                    ops.write(pin_init::zeroed());
                    (*ops).init = Some(Self::init);
                    (*ops).pre_exit = Some(Self::pre_exit);
                    (*ops).exit = Some(Self::exit);
                    (*ops).id = &raw mut SLOT_NUMBER;
                    (*ops).size = core::mem::size_of::<*const T>();
                    kernel::error::to_result(bindings::register_pernet_subsys(ops))
                        .inspect(|()| SLOT.store(SLOT_NUMBER, Ordering::Release))
                }
            }),
            state: PhantomData,
        }? Error)
    }

    /// The place of the pointer to a namespace's state.
    ///
    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated.
    unsafe fn place(net: *mut bindings::net) -> *mut *const T {
        // SAFETY: The core writes the number before it calls any of the callbacks.
        let slot = unsafe { (&raw const SLOT_NUMBER).read() };
        // SAFETY: By the contract of this function.
        unsafe { bindings::lvs_net_generic(net, slot).cast() }
    }

    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated, as [`PerNetns::register`] asked for.
    unsafe extern "C" fn init(net: *mut bindings::net) -> kernel::ffi::c_int {
        kernel::error::from_result(|| {
            let state = T::create(Net(NonNull::new(net).ok_or(EINVAL)?))?;
            // SAFETY: Called by the core; the state stays where it is until `exit`.
            unsafe {
                let state = KBox::into_raw(Pin::into_inner_unchecked(state));
                Self::place(net).write(state);
            }
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated, as [`PerNetns::register`] asked for.
    unsafe extern "C" fn pre_exit(net: *mut bindings::net) {
        // SAFETY: Called by the core after `init` succeeded and before `exit`.
        if let Some(state) = unsafe { (*Self::place(net)).as_ref() } {
            state.stop();
        }
    }

    /// # Safety
    ///
    /// Called by the core with a namespace whose slot is allocated, as [`PerNetns::register`] asked for.
    unsafe extern "C" fn exit(net: *mut bindings::net) {
        // SAFETY: Called by the core once; it waited for readers since `pre_exit`.
        unsafe {
            let place = Self::place(net);
            let state = ptr::replace(place, ptr::null());
            if !state.is_null() {
                let state = KBox::from_raw(state.cast_mut());
                state.finish();
            }
        }
    }
}

#[pinned_drop]
impl<T: NetnsState> PinnedDrop for PerNetns<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by `register`.
        unsafe { bindings::unregister_pernet_subsys(self.ops.get()) };
        SLOT.store(0, Ordering::Release);
    }
}
