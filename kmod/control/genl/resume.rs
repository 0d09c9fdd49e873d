// SPDX-License-Identifier: GPL-2.0

//! Listings of services and servers, which a client gets in several messages.

use core::ops::ControlFlow;

use kernel::prelude::*;
use lvs_engine::config::ServiceId;

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::user::genl::Dump;
use crate::table::rules::walk::{
    Item, //
    WalkPosition,
};
use crate::table::RulesGuard;

/// Bucket of a position at which nothing is left.
const END: usize = usize::MAX;

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
    dump.set_position(next.map_or([END, 0, 0], |place| {
        [place.bucket, place.services, place.items]
    }));
}

/// The same of one service. Fails with `ESRCH` when there is none.
pub(super) fn resume_one(
    dump: &mut Dump<'_>,
    rules: &RulesGuard<'_>,
    id: &ServiceId,
    mut visit: impl for<'r> FnMut(&mut Dump<'_>, ReadSide<'r>, Item<'r>) -> ControlFlow<()>,
) -> Result {
    let [bucket, _, items] = dump.position();
    if bucket == END {
        return Ok(());
    }
    let next = rules.walk_service(id, items, |read, item| visit(dump, read, item))?;
    dump.set_position(next.map_or([END, 0, 0], |items| [0, 0, items]));
    Ok(())
}
