// SPDX-License-Identifier: GPL-2.0

//! Weighted overflow: the heaviest server gets everything until it has more active connections than
//! weight, then the next one.

use super::fo::Failover;
use super::scheduler::Scheduler;
use super::servers::Servers;
use super::tournament::Bid;

/// The algorithm.
pub(super) struct Overflow;

impl Scheduler for Overflow {
    const BIDS: bool = true;

    /// The bid of failover; a server with more active connections than weight takes no part.
    #[inline]
    fn bid(servers: &impl Servers, index: usize) -> Bid {
        if servers.active(index) > servers.weight(index) {
            return Bid::NONE;
        }
        Failover::bid(servers, index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::tournament::lowest_bid;
    use super::*;

    #[test]
    fn a_full_server_flows_over_to_the_next() {
        let mut servers = of_weights(&[1, 2, 2]);
        let order: Vec<_> = (0..9)
            .map(|_| {
                let index = lowest_bid(&servers, Overflow::bid);
                if let Some(index) = index {
                    servers[index].active += 1;
                }
                index
            })
            .collect();
        let [a, b, c] = [Some(0), Some(1), Some(2)];
        assert_eq!(order, [b, b, b, c, c, c, a, a, None]);
    }
}
