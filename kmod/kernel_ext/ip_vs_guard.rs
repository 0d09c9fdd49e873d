// SPDX-License-Identifier: GPL-2.0

//! Keeps ip_vs out while this module is loaded.
//!
//! Relies on: the chain of module events hands out a module that is being loaded, with its name and
//! its init function.
//!
//! A breach would be noticed by: `test-coexist`, `test-placeholders`.

use kernel::ffi;
use kernel::prelude::*;

use super::bindings;
use super::notifier::{
    Listener,
    Notifier, //
};

/// Makes loading ip_vs fail with `EBUSY`, as it has the same interfaces. Without this its
/// initialisation would fail as well, but half-way, with a warning in the log about a file that
/// exists already.
pub(crate) type Exclusion = Notifier<IpVsGuard>;

/// The name of the module that is kept out.
const IP_VS: &CStr = c"ip_vs";

/// Listens for modules that are being loaded.
pub(crate) struct IpVsGuard;

// SAFETY: The two are a pair, and the chain's lock is held while it is called.
unsafe impl Listener for IpVsGuard {
    const REGISTER: unsafe extern "C" fn(*mut bindings::notifier_block) -> ffi::c_int =
        bindings::register_module_notifier;
    const UNREGISTER: unsafe extern "C" fn(*mut bindings::notifier_block) -> ffi::c_int =
        bindings::unregister_module_notifier;

    unsafe fn notice(event: ffi::c_ulong, info: *mut ffi::c_void) -> Result {
        if event != bindings::module_state_MODULE_STATE_COMING as ffi::c_ulong {
            return Ok(());
        }
        // SAFETY: The chain hands out the module that is being loaded; both names are terminated.
        let is_ip_vs = unsafe {
            bindings::lvs_module_is(info.cast(), IP_VS.as_char_ptr())
                && bindings::lvs_module_begins(info.cast())
        };
        // A module that does nothing when it is loaded is a placeholder, which depends on this one.
        if !is_ip_vs {
            return Ok(());
        }
        pr_err!("ip_vs can't be loaded beside this: unload this first (rmmod lvs)\n");
        Err(EBUSY)
    }
}
