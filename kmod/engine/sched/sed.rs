// SPDX-License-Identifier: GPL-2.0

//! Shortest expected delay: the available server that would have the fewest active connections for
//! its weight if it got this one too.

use super::scheduler::Scheduler;
use super::servers::{
    expected_delay,
    Servers, //
};
use super::tournament::Bid;

/// The algorithm.
pub(super) struct ShortestExpectedDelay;

impl Scheduler for ShortestExpectedDelay {
    const BIDS: bool = true;

    /// What a server's active connections would be with one more, for its weight.
    #[inline]
    fn bid(servers: &impl Servers, index: usize) -> Bid {
        Bid::of(
            servers,
            index,
            expected_delay(servers, index),
            servers.weight(index),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::tournament::lowest_bid;
    use super::*;

    #[test]
    fn the_new_connection_counts() {
        let mut servers = of_weights(&[1, 2]);
        assert_eq!(
            lowest_bid(&servers, ShortestExpectedDelay::bid),
            Some(1),
            "1/2 against 1/1"
        );
        servers[1].active = 1;
        assert_eq!(
            lowest_bid(&servers, ShortestExpectedDelay::bid),
            Some(0),
            "2/2 against 1/1"
        );
        servers[0].active = 1;
        assert_eq!(
            lowest_bid(&servers, ShortestExpectedDelay::bid),
            Some(1),
            "2/2 against 2/1"
        );
    }

    #[test]
    fn inactive_connections_do_not_count() {
        let mut servers = of_weights(&[1, 1]);
        servers[0].inactive = 1000;
        assert_eq!(lowest_bid(&servers, ShortestExpectedDelay::bid), Some(0));
    }
}
