// SPDX-License-Identifier: GPL-2.0

//! Multicast groups of generic netlink.
//!
//! Relies on: generic netlink only reads the description of a group.
//!
//! A breach would be noticed by: `test-events`.
//!
//! C header: [`include/net/genetlink.h`](srctree/include/net/genetlink.h)

use super::bindings;

/// A multicast group. Whoever joins needs `CAP_NET_ADMIN` in the user namespace that owns the
/// network namespace.
#[repr(transparent)]
pub(crate) struct Group(bindings::genl_multicast_group);

// SAFETY: Immutable data.
unsafe impl Sync for Group {}

impl Group {
    /// A group for a static. A name that is too long fails the build.
    pub(crate) const fn new(name: &'static str) -> Self {
        let mut group: bindings::genl_multicast_group = pin_init::zeroed();
        let name = name.as_bytes();
        assert!(name.len() < group.name.len());
        let mut i = 0;
        while i < name.len() {
            group.name[i] = name[i];
            i += 1;
        }
        group.flags = bindings::LVS_GROUP_NEEDS_ADMIN as u8;
        Self(group)
    }

    /// The group for C.
    pub(super) const fn as_ptr(&self) -> *const bindings::genl_multicast_group {
        &raw const self.0
    }
}
