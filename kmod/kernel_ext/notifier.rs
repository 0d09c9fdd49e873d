// SPDX-License-Identifier: GPL-2.0

//! Listeners of the kernel's notifier chains.
//!
//! Relies on: a chain calls a block from its registration on, and when unregistering returns it is
//! done with it.
//!
//! A breach would be noticed by: `test-coexist`, `test-devices`, `test-modcycle`.

use core::marker::PhantomData;

use kernel::ffi;
use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;
use super::net::netns::StateUse;

/// What a [`Notifier`] listens to, and what it does about it.
///
/// # Safety
///
/// `unregister` takes off its chain what `register` put there, and waits for calls that are
/// running.
pub(crate) unsafe trait Listener: 'static {
    /// Puts a block on the chain.
    const REGISTER: unsafe extern "C" fn(*mut bindings::notifier_block) -> ffi::c_int;
    /// Takes it off.
    const UNREGISTER: unsafe extern "C" fn(*mut bindings::notifier_block) -> ffi::c_int;

    /// Hears of `event`. An error stops the chain, where the chain allows that.
    ///
    /// # Safety
    ///
    /// `event` and `info` are what the chain hands to those on it.
    unsafe fn notice(event: ffi::c_ulong, info: *mut ffi::c_void) -> Result;
}

/// A registered listener. Dropping it waits for calls that are running, and the states of all
/// namespaces for that.
///
/// # Invariants
///
/// `block` is on the chain of `L`.
#[pin_data(PinnedDrop)]
pub(crate) struct Notifier<L: Listener> {
    #[pin]
    block: Opaque<bindings::notifier_block>,
    _state_use: StateUse,
    listener: PhantomData<L>,
}

// SAFETY: Only the chain changes the block, under its own lock; any thread may take it off.
unsafe impl<L: Listener> Send for Notifier<L> {}
// SAFETY: There is nothing that can be done to a shared one.
unsafe impl<L: Listener> Sync for Notifier<L> {}

impl<L: Listener> Notifier<L> {
    /// Begins to listen. Sleeps.
    pub(crate) fn register() -> impl PinInit<Self, Error> {
        // Counted first: what fails behind the registration would leave the block on the chain.
        try_pin_init!(Self {
            _state_use: StateUse::begin()?,
            block <- Opaque::try_ffi_init(|block: *mut bindings::notifier_block| {
                // SAFETY: The place is ours and pinned until `drop` took it off the chain; the
                // callback lives as long as the module.
                // INVARIANT: Success means that it is on the chain.
                unsafe {
                    block.write(pin_init::zeroed());
                    (*block).notifier_call = Some(Self::call);
                    kernel::error::to_result(L::REGISTER(block))
                }
            }),
            listener: PhantomData,
        }? Error)
    }

    /// # Safety
    ///
    /// Called by the chain of `L` alone.
    unsafe extern "C" fn call(
        _block: *mut bindings::notifier_block,
        event: ffi::c_ulong,
        info: *mut ffi::c_void,
    ) -> ffi::c_int {
        // SAFETY: By the contract of this function.
        match unsafe { L::notice(event, info) } {
            Ok(()) => bindings::NOTIFY_OK as ffi::c_int,
            // SAFETY: Converts a number.
            Err(error) => unsafe { bindings::lvs_notifier_from_errno(error.to_errno()) },
        }
    }
}

#[pinned_drop]
impl<L: Listener> PinnedDrop for Notifier<L> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: On the chain by the type invariants; this happens once.
        unsafe { L::UNREGISTER(self.block.get()) };
    }
}
