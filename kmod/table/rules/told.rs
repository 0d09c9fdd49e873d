// SPDX-License-Identifier: GPL-2.0

//! What is noted of listeners: see [`super::announce`].

use super::super::events::SyncState;

/// What listeners were told.
#[derive(Default)]
pub(crate) struct Told {
    /// The number of the last event.
    pub(super) number: u64,
    /// Whether somebody listened when the chore looked last.
    pub(super) was_heard: bool,
    /// [`crate::table::overload::changes`] by then.
    pub(super) overload_changes: u32,
    /// Synchronisation by then.
    pub(super) sync: SyncState,
}
