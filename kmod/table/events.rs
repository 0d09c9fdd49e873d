// SPDX-License-Identifier: GPL-2.0

//! What a namespace's listeners are told of.

use lvs_engine::config::{
    DestId,
    ServiceId, //
};
use lvs_engine::drain::{
    Begun,
    Phase,
    Then, //
};
use lvs_engine::sync::ext::Phase as SyncPhase;

/// Something that happened, by the names of what it happened to.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// To a service.
    Service(ServiceEvent, ServiceId),
    /// To a server.
    Dest(DestEvent, ServiceId, DestId),
    /// All services are gone, so many.
    Cleared(u32),
    /// A transaction was put in force.
    Committed(Summary),
    /// Synchronisation is otherwise than before.
    Sync(SyncState),
}

/// What happened to a service.
#[derive(Clone, Copy)]
pub(crate) enum ServiceEvent {
    Added,
    Changed,
    Removed,
}

/// What happened to a server.
#[derive(Clone, Copy)]
pub(crate) enum DestEvent {
    Added,
    Changed,
    Removed,
    Drained,
    Undrained,
    DrainEnded(Outcome),
    Overloaded,
    Available,
}

/// How a drain ended.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    /// No connection was left.
    Empty,
    /// What was left goes on.
    Kept,
    /// What was left was ended, and who goes on is told.
    Reset,
    /// What was left was ended.
    Forgotten,
}

impl Outcome {
    /// How `drain` ends that is in the phase before its last one.
    pub(super) fn of(drain: &Begun) -> Self {
        match (drain.phase, drain.then) {
            (Phase::Ending, Then::Reset) => Outcome::Reset,
            (Phase::Ending, _) => Outcome::Forgotten,
            _ if drain.leaves => Outcome::Kept,
            _ => Outcome::Empty,
        }
    }
}

/// How many services and servers a transaction changed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Summary {
    pub(crate) services_added: u32,
    /// Those whose servers changed among them.
    pub(crate) services_changed: u32,
    pub(crate) services_removed: u32,
    pub(crate) dests_added: u32,
    pub(crate) dests_changed: u32,
    pub(crate) dests_removed: u32,
    /// Whether each change was told before.
    pub(crate) is_told: bool,
}

/// How synchronisation is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SyncState {
    /// None: no daemon runs.
    pub(crate) phase: Option<SyncPhase>,
    pub(crate) is_in_sync: bool,
}
