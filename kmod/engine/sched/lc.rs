// SPDX-License-Identifier: GPL-2.0

//! Least connection: the available server with the fewest connections, whatever its weight.

use super::scheduler::Scheduler;
use super::servers::{
    overhead,
    Servers, //
};
use super::tournament::Bid;

/// The algorithm.
pub(super) struct LeastConnection;

impl Scheduler for LeastConnection {
    const HEEDS_WEIGHTS: bool = false;
    const BIDS: bool = true;

    /// A server's overhead.
    #[inline]
    fn bid(servers: &impl Servers, index: usize) -> Bid {
        Bid::of(servers, index, overhead(servers, index), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::tournament::lowest_bid;
    use super::*;

    #[test]
    fn an_active_connection_costs_257_inactive_ones() {
        let mut servers = of_weights(&[1, 1]);
        servers[0].active = 1;
        servers[1].inactive = 256;
        assert_eq!(lowest_bid(&servers, LeastConnection::bid), Some(1));
        servers[1].inactive = 257;
        assert_eq!(
            lowest_bid(&servers, LeastConnection::bid),
            Some(0),
            "the first of equals"
        );
        servers[1].inactive = 258;
        assert_eq!(lowest_bid(&servers, LeastConnection::bid), Some(0));
    }

    #[test]
    fn weight_matters_only_if_it_is_zero() {
        let mut servers = of_weights(&[0, 1, 1000, 1]);
        servers[1].inactive = 2;
        servers[2].inactive = 3;
        servers[3].overloaded = true;
        assert_eq!(lowest_bid(&servers, LeastConnection::bid), Some(1));
    }

    #[test]
    fn great_numbers_do_not_wrap() {
        let mut servers = of_weights(&[1, 1]);
        servers[0].active = u32::MAX;
        servers[0].inactive = u32::MAX;
        servers[1].active = 1 << 24;
        assert_eq!(lowest_bid(&servers, LeastConnection::bid), Some(1));
    }
}
