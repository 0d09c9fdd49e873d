// SPDX-License-Identifier: GPL-2.0

//! Draws of servers, each with a probability in proportion to its weight, without a look at every
//! server for every draw.
//!
//! Servers are the leaves of a binary tree whose nodes hold the sum of the weights below. A ticket
//! finds its server on the way down from the root. What changes a server is noted, as for a
//! [`super::tournament`].

use super::servers::{
    available,
    Servers, //
};

/// The weight with which server `index` takes part: 0 if it takes no connections.
#[inline]
pub fn lots(servers: &impl Servers, index: usize) -> u32 {
    if available(servers, index) {
        servers.weight(index)
    } else {
        0
    }
}

/// A lottery in the caller's memory.
pub struct Lottery<'a> {
    /// Node `n` has the children `2 n` and `2 n + 1`; the root is 1, the second half are servers.
    sums: &'a mut [u64],
}

impl<'a> Lottery<'a> {
    /// Length of `sums` for that many servers.
    pub const fn nodes(servers: usize) -> usize {
        match servers.checked_next_power_of_two() {
            Some(leaves) => leaves.saturating_mul(2),
            None => 0,
        }
    }

    /// The lottery in this memory: anything before [`Lottery::begin`], and then what is left of the
    /// last use. `sums` has [`Lottery::nodes`] elements.
    #[inline]
    pub fn new(sums: &'a mut [u64]) -> Self {
        Self { sums }
    }

    #[inline]
    fn leaves(&self) -> usize {
        self.sums.len() >> 1
    }

    #[inline]
    fn sum(&self, node: usize) -> u64 {
        self.sums.get(node).copied().unwrap_or(0)
    }

    /// Takes the lots of `servers` servers.
    pub fn begin(&mut self, servers: usize, lots: impl Fn(usize) -> u32) {
        let leaves = self.leaves();
        self.sums.fill(0);
        for index in 0..servers.min(leaves) {
            if let Some(sum) = self.sums.get_mut(leaves.wrapping_add(index)) {
                *sum = u64::from(lots(index));
            }
        }
        for node in (1..leaves).rev() {
            let sum = self.sum(node << 1).wrapping_add(self.sum((node << 1) | 1));
            if let Some(place) = self.sums.get_mut(node) {
                *place = sum;
            }
        }
    }

    /// Takes the new lots of server `index`. Ignores unknown servers.
    #[inline]
    pub fn update(&mut self, index: usize, lots: u32) {
        if index >= self.leaves() {
            return;
        }
        let mut node = self.leaves().wrapping_add(index);
        let former = self.sum(node);
        let change = u64::from(lots).wrapping_sub(former);
        while change != 0 && node > 0 {
            if let Some(sum) = self.sums.get_mut(node) {
                *sum = sum.wrapping_add(change);
            }
            node >>= 1;
        }
    }

    /// All lots together.
    #[inline]
    pub fn total(&self) -> u64 {
        self.sum(1)
    }

    /// The first server that takes part up to which there are `ticket` lots or more.
    #[inline]
    pub fn draw(&self, mut ticket: u64) -> Option<usize> {
        if ticket > self.total() || self.total() == 0 {
            return None;
        }
        let leaves = self.leaves();
        let mut node = 1;
        while node < leaves {
            node <<= 1;
            let left = self.sum(node);
            if left == 0 || ticket > left {
                ticket = ticket.wrapping_sub(left);
                node |= 1;
            }
        }
        Some(node.wrapping_sub(leaves))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::*;
    use super::*;

    /// The definition.
    fn scan(servers: &Vec<Server>, mut ticket: u64) -> Option<usize> {
        (0..servers.as_slice().len()).find(|&index| {
            let lots = u64::from(lots(servers, index));
            let is_hit = lots > 0 && ticket <= lots;
            ticket = ticket.saturating_sub(lots);
            is_hit
        })
    }

    fn server() -> impl Strategy<Value = Server> {
        let weight = prop_oneof![3 => 0..4_u32, 1 => any::<u32>()];
        (weight, prop::bool::weighted(0.2)).prop_map(|(weight, overloaded)| Server {
            weight: weight & 0x7fff_ffff,
            overloaded,
            ..Server::default()
        })
    }

    proptest! {
        #[test]
        fn a_ticket_finds_whom_a_scan_finds(
            mut servers in prop::collection::vec(server(), 1..130),
            changes in prop::collection::vec((any::<prop::sample::Index>(), server()), 0..30),
            tickets in prop::collection::vec(any::<u64>(), 20),
        ) {
            let mut sums = vec![99; Lottery::nodes(servers.len())];
            let mut lottery = Lottery::new(&mut sums);
            lottery.begin(servers.len(), |index| lots(&servers, index));
            for (index, new) in changes {
                let index = index.index(servers.len());
                servers[index] = new;
                lottery.update(index, lots(&servers, index));
            }
            lottery.update(usize::MAX, 5);
            let total = (0..servers.len()).map(|index| u64::from(lots(&servers, index))).sum();
            prop_assert_eq!(lottery.total(), total);
            let within = tickets.iter().map(|ticket| ticket % (total + 1));
            for ticket in within.chain([0, 1, total]).filter(|_| total > 0) {
                prop_assert_eq!(lottery.draw(ticket), scan(&servers, ticket), "{}", ticket);
            }
            prop_assert_eq!(lottery.draw(total + 1), None);
        }
    }

    #[test]
    fn nobody_is_drawn_of_nobody() {
        for servers in [Vec::new(), of_weights(&[0]), of_weights(&[0, 0, 0])] {
            let count = servers.as_slice().len();
            let mut sums = vec![1; Lottery::nodes(count)];
            let mut lottery = Lottery::new(&mut sums);
            lottery.begin(count, |index| lots(&servers, index));
            assert_eq!((lottery.total(), lottery.draw(0)), (0, None));
        }
    }
}
