// SPDX-License-Identifier: GPL-2.0

//! Never queue: an idle server if there is one, else as by shortest expected delay.

use super::scheduler::Scheduler;
use super::servers::{
    expected_delay,
    Servers, //
};
use super::tournament::Bid;

/// The algorithm.
pub(super) struct NeverQueue;

impl Scheduler for NeverQueue {
    const BIDS: bool = true;

    /// The expected delay, which is none with an idle server.
    #[inline]
    fn bid(servers: &impl Servers, index: usize) -> Bid {
        let delay = match servers.active(index) {
            0 => 0,
            _ => expected_delay(servers, index),
        };
        Bid::of(servers, index, delay, servers.weight(index))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::tournament::lowest_bid;
    use super::*;

    #[test]
    fn an_idle_server_comes_before_a_faster_one() {
        let mut servers = of_weights(&[100, 0, 1, 5]);
        servers[0].active = 1;
        assert_eq!(lowest_bid(&servers, NeverQueue::bid), Some(2));
        servers[2].active = 1;
        servers[3].active = 1;
        assert_eq!(lowest_bid(&servers, NeverQueue::bid), Some(0));
    }

    #[test]
    fn an_idle_overloaded_server_stays_idle() {
        let mut servers = of_weights(&[1, 1]);
        servers[0].overloaded = true;
        servers[1].active = 1;
        assert_eq!(lowest_bid(&servers, NeverQueue::bid), Some(1));
    }
}
