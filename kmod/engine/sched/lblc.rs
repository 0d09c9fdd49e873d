// SPDX-License-Identifier: GPL-2.0

//! Locality-based least connection: an address that is seen for the first time gets its server by
//! weighted least connection. What is remembered of others takes [`super::locality`].

use super::scheduler::Scheduler;
use super::servers::Servers;
use super::tournament::Bid;
use super::wlc::WeightedLeastConnection;

/// The algorithm.
pub(super) struct LocalityLeastConnection;

impl Scheduler for LocalityLeastConnection {
    const BIDS: bool = true;

    /// The bid of weighted least connection.
    #[inline]
    fn bid(servers: &impl Servers, index: usize) -> Bid {
        WeightedLeastConnection::bid(servers, index)
    }
}
