// SPDX-License-Identifier: GPL-2.0

//! Schedulers: which real server gets a new connection.
//!
//! Each algorithm is one file with a `pick` that looks at the servers through [`Servers`] and, if
//! it needs memory between picks, takes its state as a value and returns the next one; the caller
//! swaps it in atomically and picks again when somebody else was faster. So no algorithm locks,
//! and all run on the host in tests.
//!
//! Servers are listed newest first, as ip_vs lists them: ties and rotations depend on it.

/// The scheduling algorithms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Round robin.
    RoundRobin,
    /// Weighted round robin.
    WeightedRoundRobin,
    /// Least connection.
    LeastConnection,
    /// Weighted least connection.
    WeightedLeastConnection,
}

/// The servers of a service as a scheduler sees them: a snapshot's fixed order, live numbers.
pub trait Servers {
    /// Number of servers.
    fn len(&self) -> usize;
    /// Weight of server `index`; 0 for a quiescent server and for an index out of range.
    fn weight(&self, index: usize) -> u32;
    /// Connections in an active state.
    fn active(&self, index: usize) -> u32;
    /// Connections in an inactive state.
    fn inactive(&self, index: usize) -> u32;
    /// Whether the server reached its upper threshold and hasn't recovered yet.
    fn overloaded(&self, index: usize) -> bool;

    /// Whether there is no server at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
