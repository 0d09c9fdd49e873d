// SPDX-License-Identifier: GPL-2.0

//! Going through all services and their servers, a slice at a time: there may be 100,000 of them,
//! and nobody else runs on the processor while a slice lasts.

use core::ops::ControlFlow;

use kernel::prelude::*;
use lvs_engine::config::ServiceId;

use crate::kernel_ext::mem::rcu::{
    self,
    ReadSide, //
};
use crate::kernel_ext::task::time;

use super::super::dest::Dest;
use super::super::service::Service;
use super::guard::RulesGuard;

/// Items that are visited before others run: some 20 µs.
pub(crate) const SLICE: u32 = 64;

/// Buckets that are looked at within one read side.
const BUCKETS: u32 = 16;

/// How far a walk came. When the table of services was resized since, what follows may be missed or
/// visited twice, as in ip_vs.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WalkPosition {
    /// Bucket of the table of services.
    pub(crate) bucket: usize,
    /// Services of the bucket that are done.
    pub(crate) services: usize,
    /// Items of the next service that are done: itself, then its servers.
    pub(crate) items: usize,
}

/// What a walk comes by: a service, and after it each of its servers, newest first.
pub(crate) enum Item<'r> {
    /// A service.
    Service(&'r Service),
    /// A server of the service before.
    Dest(&'r Dest),
}

/// Visits what isn't `done` of a service.
fn visit_service<'r>(
    read: ReadSide<'r>,
    service: &'r Service,
    done: &mut usize,
    visit: &mut impl FnMut(ReadSide<'r>, Item<'r>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if *done == 0 {
        visit(read, Item::Service(service))?;
        *done = 1;
    }
    let dests = service.dests(read);
    for dest in dests.iter().skip(done.wrapping_sub(1)) {
        visit(read, Item::Dest(dest))?;
        *done = done.wrapping_add(1);
    }
    ControlFlow::Continue(())
}

impl RulesGuard<'_> {
    /// Calls `visit` with everything from `from` on, until it breaks off. Returns where it
    /// broke off at; `None` at the end.
    pub(crate) fn walk(
        &self,
        from: WalkPosition,
        mut visit: impl for<'r> FnMut(ReadSide<'r>, Item<'r>) -> ControlFlow<()>,
    ) -> Option<WalkPosition> {
        let services = &self.state.tables()?.services;
        let mut cursor = from;
        loop {
            let mut flow = ControlFlow::Continue(());
            let exists = rcu::read(|read| {
                for _ in 0..BUCKETS {
                    if cursor.services == 0 && cursor.items == 0 {
                        cursor.bucket = services.skip_empty(read, cursor.bucket);
                    }
                    let mut position = 0_usize;
                    let exists = services.for_each_in_bucket(read, cursor.bucket, |service| {
                        if flow.is_continue() && position == cursor.services {
                            flow = visit_service(read, service, &mut cursor.items, &mut visit);
                            if flow.is_continue() {
                                cursor.services = cursor.services.wrapping_add(1);
                                cursor.items = 0;
                            }
                        }
                        position = position.wrapping_add(1);
                    });
                    if !exists || flow.is_break() {
                        return exists;
                    }
                    cursor = WalkPosition {
                        bucket: cursor.bucket.wrapping_add(1),
                        ..WalkPosition::default()
                    };
                }
                true
            });
            if flow.is_break() {
                return Some(cursor);
            }
            if !exists {
                return None;
            }
        }
    }

    /// Calls `visit` with a service and its servers, without the `done` first of these, until it
    /// breaks off. Returns how many are done then; `None` at the end. Fails with `ESRCH` when there
    /// is no such service.
    pub(crate) fn walk_service(
        &self,
        id: &ServiceId,
        mut done: usize,
        mut visit: impl for<'r> FnMut(ReadSide<'r>, Item<'r>) -> ControlFlow<()>,
    ) -> Result<Option<usize>> {
        self.with_service(id, |read, service| {
            let flow = visit_service(read, service, &mut done, &mut visit);
            flow.is_break().then_some(done)
        })
    }

    /// Calls `visit` with the items of one slice. Returns where the next one begins.
    pub(super) fn walk_slice(
        &self,
        from: WalkPosition,
        mut visit: impl for<'r> FnMut(ReadSide<'r>, Item<'r>),
    ) -> Option<WalkPosition> {
        let mut left = SLICE;
        self.walk(from, |read, item| {
            if left == 0 {
                return ControlFlow::Break(());
            }
            left = left.wrapping_sub(1);
            visit(read, item);
            ControlFlow::Continue(())
        })
    }

    /// Calls `visit` with everything, and lets other tasks run meanwhile, which can't change the
    /// rules.
    pub(super) fn walk_all(&self, mut visit: impl for<'r> FnMut(ReadSide<'r>, Item<'r>)) {
        let mut cursor = Some(WalkPosition::default());
        while let Some(from) = cursor {
            cursor = self.walk_slice(from, &mut visit);
            time::yield_now();
        }
    }
}
