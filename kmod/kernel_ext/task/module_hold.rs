// SPDX-License-Identifier: GPL-2.0

//! Keeping the module from being unloaded.
//!
//! Relies on: a module whose count isn't zero isn't unloaded.
//!
//! A breach would be noticed by: `test-sync-control`.

use kernel::prelude::*;

use super::bindings;
use crate::kernel_ext::compat::errno::ENOPROTOOPT;

/// One count of the module. While there is one, unloading it is refused.
///
/// # Invariants
///
/// The module was counted once for this.
pub(crate) struct ModuleHold(());

impl ModuleHold {
    /// Counts the module. Fails with `ENOPROTOOPT` when it is going already. Any context.
    pub(crate) fn take() -> Result<Self> {
        // SAFETY: The module whose code this is.
        let taken = unsafe { bindings::try_module_get(bindings::this_module()) };
        // INVARIANT: Counted just now.
        taken.then_some(Self(())).ok_or(ENOPROTOOPT)
    }
}

impl Drop for ModuleHold {
    fn drop(&mut self) {
        // SAFETY: Counted by `take`. The caller's code stays: it was called by something that
        // unloading waits for.
        unsafe { bindings::module_put(bindings::this_module()) };
    }
}
