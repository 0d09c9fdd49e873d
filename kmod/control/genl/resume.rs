// SPDX-License-Identifier: GPL-2.0

//! Listings of services and servers, which a client gets in several messages.

use core::ops::ControlFlow;

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::user::genl::Dump;
use crate::table::rules::walk::{
    Item, //
    WalkPosition,
};
use crate::table::RulesGuard;

/// Calls `visit` with what `dump` hasn't listed yet, until it breaks off, and notes how far it
/// came.
pub(super) fn resume(
    dump: &mut Dump<'_>,
    rules: &RulesGuard<'_>,
    mut visit: impl for<'r> FnMut(&mut Dump<'_>, ReadSide<'r>, Item<'r>) -> ControlFlow<()>,
) {
    let [bucket, services, items] = dump.position();
    let from = WalkPosition {
        bucket,
        services,
        items,
    };
    let next = rules.walk(from, |read, item| visit(dump, read, item));
    dump.set_position(next.map_or([usize::MAX, 0, 0], |place| {
        [place.bucket, place.services, place.items]
    }));
}
