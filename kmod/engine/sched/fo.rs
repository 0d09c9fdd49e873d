// SPDX-License-Identifier: GPL-2.0

//! Weighted failover: the heaviest available server gets everything.

use super::scheduler::Scheduler;
use super::servers::Servers;
use super::tournament::Bid;

/// The algorithm.
pub(super) struct Failover;

impl Scheduler for Failover {
    const BIDS: bool = true;

    /// One load for all servers: the heaviest one bids lowest.
    #[inline]
    fn bid(servers: &impl Servers, index: usize) -> Bid {
        Bid::of(servers, index, 1, servers.weight(index))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::tournament::lowest_bid;
    use super::*;

    #[test]
    fn the_next_heaviest_takes_over() {
        let mut servers = of_weights(&[1, 3, 5, 3]);
        servers[2].active = 1000;
        assert_eq!(lowest_bid(&servers, Failover::bid), Some(2));
        servers[2].overloaded = true;
        assert_eq!(
            lowest_bid(&servers, Failover::bid),
            Some(1),
            "the first of equals"
        );
        servers[1].weight = 0;
        assert_eq!(lowest_bid(&servers, Failover::bid), Some(3));
    }
}
