// SPDX-License-Identifier: GPL-2.0

//! What the daemons of a namespace did: nothing is logged per message, all is counted.

use core::sync::atomic::{
    AtomicU64,
    Ordering, //
};

use lvs_engine::sync::ext::Disbelief;
use lvs_engine::sync::{
    Ignored,
    Refused, //
};

/// A number that threads count up.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The number so far.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was counted, since the namespace began.
#[derive(Default)]
pub(crate) struct SyncCounts {
    /// Messages that a master sent.
    pub(crate) sent: Count,
    /// Entries in them.
    pub(crate) told: Count,
    /// Messages that the network didn't take.
    pub(crate) unsent: Count,
    /// Messages that a backup received.
    pub(crate) received: Count,
    /// Messages by unicast of who isn't a peer.
    pub(crate) strangers: Count,
    /// Messages that were longer than what it takes.
    pub(crate) too_long: Count,
    /// Messages that it ignored, by reason.
    ignored: [Count; Ignored::ALL.len()],
    /// Messages that it didn't believe, by reason.
    disbelieved: [Count; Disbelief::ALL.len()],
    /// Entries that it refused, by reason.
    refused: [Count; Refused::ALL.len()],
    /// Datagrams sent again, as what they told of is by then.
    pub(crate) repaired: Count,
    /// Signals sent to other directors.
    pub(crate) signals: Count,
    /// Entries that others' bulk or sweep told, of connections on which somebody else had the last
    /// word.
    pub(crate) older: Count,
    /// Connections and templates that it made.
    pub(crate) made: Count,
    /// Those that it changed or kept alive.
    pub(crate) updated: Count,
    /// Those that were replaced, since they go to another server.
    pub(crate) replaced: Count,
    /// Late news of connections that were replaced.
    pub(crate) outdated: Count,
    /// Those for which there was no room.
    pub(crate) no_room: Count,
}

impl SyncCounts {
    pub(super) fn ignore(&self, reason: Ignored) {
        if let Some(count) = self.ignored.get(reason.number()) {
            count.add(1);
        }
    }

    pub(super) fn refuse(&self, reason: Refused) {
        if let Some(count) = self.refused.get(reason.number()) {
            count.add(1);
        }
    }

    pub(super) fn disbelieve(&self, reason: Disbelief) {
        if let Some(count) = self.disbelieved.get(reason.number()) {
            count.add(1);
        }
    }

    /// Calls `show` with each number and its name.
    pub(crate) fn for_each(&self, mut show: impl FnMut(&'static str, u64)) {
        for (name, count) in [
            ("sent", &self.sent),
            ("entries_sent", &self.told),
            ("send_failed", &self.unsent),
            ("signals_sent", &self.signals),
            ("repaired", &self.repaired),
            ("received", &self.received),
            ("made", &self.made),
            ("updated", &self.updated),
            ("replaced", &self.replaced),
            ("outdated", &self.outdated),
            ("older", &self.older),
            ("no_room", &self.no_room),
            ("too_long", &self.too_long),
            ("not_a_peer", &self.strangers),
        ] {
            show(name, count.get());
        }
        self.for_each_reason(show);
    }

    /// Calls `show` with each reason for which a message was ignored or not believed, or an entry
    /// refused.
    pub(crate) fn for_each_reason(&self, mut show: impl FnMut(&'static str, u64)) {
        for (reason, count) in Ignored::ALL.iter().zip(&self.ignored) {
            show(reason.name(), count.get());
        }
        for (reason, count) in Disbelief::ALL.iter().zip(&self.disbelieved) {
            show(reason.name(), count.get());
        }
        for (reason, count) in Refused::ALL.iter().zip(&self.refused) {
            show(reason.name(), count.get());
        }
    }
}
