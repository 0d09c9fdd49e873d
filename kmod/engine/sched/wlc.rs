// SPDX-License-Identifier: GPL-2.0

//! Weighted least connection: the available server with the fewest connections for its weight.

use super::scheduler::Scheduler;
use super::servers::{
    overhead,
    Servers, //
};
use super::tournament::Bid;

/// The algorithm.
pub(super) struct WeightedLeastConnection;

impl Scheduler for WeightedLeastConnection {
    const BIDS: bool = true;

    /// A server's overhead for its weight.
    #[inline]
    fn bid(servers: &impl Servers, index: usize) -> Bid {
        Bid::of(
            servers,
            index,
            overhead(servers, index),
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
    fn idle_servers_are_equal_and_the_first_wins() {
        assert_eq!(
            lowest_bid(&of_weights(&[1, 100]), WeightedLeastConnection::bid),
            Some(0)
        );
        assert_eq!(
            lowest_bid(&of_weights(&[0, 1, 100]), WeightedLeastConnection::bid),
            Some(1)
        );
    }

    #[test]
    fn connections_count_against_weight() {
        let mut servers = of_weights(&[1, 3]);
        servers[0].active = 1;
        servers[1].active = 3;
        assert_eq!(lowest_bid(&servers, WeightedLeastConnection::bid), Some(0));
        servers[1].active = 2;
        servers[1].inactive = 256;
        assert_eq!(lowest_bid(&servers, WeightedLeastConnection::bid), Some(1));
    }

    #[test]
    fn an_overloaded_server_is_passed_over() {
        let mut servers = of_weights(&[1, 1]);
        servers[0].overloaded = true;
        servers[1].active = 100;
        assert_eq!(lowest_bid(&servers, WeightedLeastConnection::bid), Some(1));
    }

    #[test]
    fn great_numbers_do_not_wrap() {
        let mut servers = of_weights(&[i32::MAX as u32, i32::MAX as u32]);
        servers[0].active = 100_000;
        servers[1].active = 99_999;
        assert_eq!(lowest_bid(&servers, WeightedLeastConnection::bid), Some(1));
    }

    #[test]
    fn connections_settle_in_the_ratio_of_weights() {
        let mut servers = of_weights(&[5, 3, 2]);
        for _ in 0..100_000 {
            let index = lowest_bid(&servers, WeightedLeastConnection::bid).unwrap();
            servers[index].active += 1;
        }
        let shares = servers.iter().map(|server| server.active);
        for (share, expected) in shares.zip([50_000u32, 30_000, 20_000]) {
            assert!(share.abs_diff(expected) <= expected / 100, "{share}");
        }
    }
}
