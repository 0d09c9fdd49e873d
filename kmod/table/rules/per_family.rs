// SPDX-License-Identifier: GPL-2.0

//! One of something for each address family.

use lvs_engine::addr::Family;

/// A `T` for IPv4 and one for IPv6.
#[derive(Default)]
pub(super) struct PerFamily<T> {
    v4: T,
    v6: T,
}

impl<T> PerFamily<T> {
    /// That of `family`.
    pub(super) fn of(&mut self, family: Family) -> &mut T {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }
}
