// SPDX-License-Identifier: MIT OR GPL-2.0

//! What is kept of a table while the module isn't there.

use super::Stats;
use super::TableEntry;

/// What became of how many records of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// There are connections of them.
    pub made: u64,
    /// There were connections of the same clients.
    pub present: u64,
    /// Their life was over.
    pub over: u64,
    /// The kernel couldn't read them.
    pub refused: u64,
    /// There was no room, or no memory.
    pub no_room: u64,
}

impl Loaded {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Loaded {
            made: self.made.saturating_add(other.made),
            present: self.present.saturating_add(other.present),
            over: self.over.saturating_add(other.over),
            refused: self.refused.saturating_add(other.refused),
            no_room: self.no_room.saturating_add(other.no_room),
        }
    }
}

/// A service with its servers, and where its scheduler stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Both.
    pub entry: TableEntry,
    /// A number of the scheduler's, which means something for the same servers in the same order.
    pub position: Option<u64>,
}

/// Connections, and the counters of what they go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// All services.
    pub services: Vec<Placed>,
    /// The namespace's counters.
    pub totals: Stats,
    /// Records of connections, those that control others first.
    pub records: Vec<u8>,
}
