// SPDX-License-Identifier: GPL-2.0

//! What the present process may do: capabilities, and ownership of network namespaces.
//!
//! Relies on: a namespace is owned by a user namespace that is alive.
//!
//! A breach would be noticed by: `test-control-fuzz`.

use super::bindings;
use crate::kernel_ext::net::netns::Net;

impl Net<'_> {
    /// Whether the initial user namespace owns this namespace, not some user's container.
    pub(crate) fn is_privileged(self) -> bool {
        // SAFETY: The namespace is alive.
        unsafe { bindings::lvs_net_is_privileged(self.as_ptr()) }
    }
}

/// Whether the current process has `CAP_NET_ADMIN` in the initial user namespace.
pub(crate) fn is_network_admin() -> bool {
    // SAFETY: Callable in process context, which all control paths are.
    unsafe { bindings::capable(bindings::CAP_NET_ADMIN as i32) }
}
