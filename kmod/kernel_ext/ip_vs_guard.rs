// SPDX-License-Identifier: GPL-2.0

//! Keeps another module out while this one is loaded.

use kernel::ffi;
use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;

/// Refuses the module of the same interfaces. Without this its initialisation would fail as well,
/// but half-way, with a warning in the log about a file that exists already.
#[pin_data(PinnedDrop)]
pub(crate) struct Refusal {
    #[pin]
    notifier: Opaque<bindings::notifier_block>,
}

// SAFETY: The notifier is constant once it is registered.
unsafe impl Send for Refusal {}
// SAFETY: As above.
unsafe impl Sync for Refusal {}

/// The name of the module that is refused, terminated as in the kernel.
const RIVAL: &[u8] = b"ip_vs\0";

impl Refusal {
    /// From now on the rival's loading fails with `EBUSY`.
    pub(crate) fn register() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            notifier <- Opaque::try_ffi_init(|notifier: *mut bindings::notifier_block| {
                // SAFETY: The place is ours and pinned; the callback lives as long as the module.
                unsafe {
                    notifier.write(pin_init::zeroed());
                    (*notifier).notifier_call = Some(Self::notice);
                    kernel::error::to_result(bindings::register_module_notifier(notifier))
                }
            }),
        }? Error)
    }

    /// # Safety
    ///
    /// Called by the module loader with the module concerned.
    unsafe extern "C" fn notice(
        _notifier: *mut bindings::notifier_block,
        action: ffi::c_ulong,
        module: *mut ffi::c_void,
    ) -> ffi::c_int {
        if action != bindings::module_state_MODULE_STATE_COMING as ffi::c_ulong {
            return bindings::LVS_NOTIFY_OK as ffi::c_int;
        }
        // SAFETY: Called with the module that is being loaded.
        let name = unsafe { &(*module.cast::<bindings::module>()).name };
        let same = name.iter().zip(RIVAL).all(|(&a, &b)| a == b);
        if !same {
            return bindings::LVS_NOTIFY_OK as ffi::c_int;
        }
        pr_err!("ip_vs can't be loaded beside this: unload this first (rmmod lvs)\n");
        // SAFETY: Converts a number.
        unsafe { bindings::lvs_notifier_from_errno(EBUSY.to_errno()) }
    }
}

#[pinned_drop]
impl PinnedDrop for Refusal {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by `register`.
        unsafe { bindings::unregister_module_notifier(self.notifier.get()) };
    }
}
