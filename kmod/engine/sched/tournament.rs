// SPDX-License-Identifier: GPL-2.0

//! The server with the lowest [`Bid`], without a look at every server for every connection.
//!
//! Servers are the leaves of a binary tree, and each node above names the better one of its two
//! children, the left one of equals; so the root names the server that a scan finds. A change of
//! one server's bid is played again on the way up from its leaf, as far as it makes a difference.
//!
//! The tree holds bids of its own. A change of a server has to be noted by [`set_dirty`], and the
//! next pick updates the dirty ones: many changes between two picks are one update, and a server's
//! connections may come and go on all CPUs without a lock.

use core::sync::atomic::{
    AtomicU64,
    Ordering, //
};

use super::servers::{
    available,
    Servers,
    Standing, //
};

/// What a server's load is for its weight: the lower it is, the sooner a server is chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bid {
    load: u64,
    /// 0: the server takes no new connection.
    weight: u32,
    /// Whether the server has fewer active connections than half its weight.
    is_half_idle: bool,
}

impl Bid {
    /// Of a server that takes no new connection: as a fraction it is infinite, so that every other
    /// one is lower.
    pub const NONE: Self = Self {
        load: 1,
        weight: 0,
        is_half_idle: false,
    };

    /// The bid `load / weight` of server `index` if it is available, else none.
    #[inline]
    pub(super) fn of(servers: &impl Servers, index: usize, load: u64, weight: u32) -> Self {
        let is_half_idle = is_half_idle(servers, index);
        if available(servers, index) {
            Self {
                load,
                weight,
                is_half_idle,
            }
        } else {
            Self {
                is_half_idle,
                ..Self::NONE
            }
        }
    }

    /// Whether this bid is lower than `other`.
    #[inline]
    pub(super) fn is_below(self, other: Self) -> bool {
        heavier(other.load, other.weight, self.load, self.weight)
    }
}

/// Whether load `a` on weight `wa` is heavier than `b` on `wb`: `a / wa > b / wb`.
#[inline]
pub(super) fn heavier(a: u64, wa: u32, b: u64, wb: u32) -> bool {
    // Exact, however great the numbers are: else the order of a scan would matter.
    let product = |load: u64, weight: u32| u128::from(load).wrapping_mul(u128::from(weight));
    product(a, wb) > product(b, wa)
}

/// Whether server `index` has fewer active connections than half its weight.
#[inline]
pub(super) fn is_half_idle(servers: &impl Servers, index: usize) -> bool {
    u64::from(servers.active(index)) << 1 < u64::from(servers.weight(index))
}

/// The one of `candidates` with the lowest bid, the first of equals.
#[inline]
pub(super) fn lowest<S: Servers>(
    servers: &S,
    candidates: impl Iterator<Item = usize>,
    bid: impl Fn(&S, usize) -> Bid,
) -> Option<usize> {
    let mut lowest: Option<(usize, Bid)> = None;
    for index in candidates {
        let mine = bid(servers, index);
        if mine.is_below(lowest.map_or(Bid::NONE, |(_, other)| other)) {
            lowest = Some((index, mine));
            if mine.load == 0 {
                break;
            }
        }
    }
    lowest.map(|(index, _)| index)
}

/// The server with the lowest bid, the first of equals.
#[inline]
pub(super) fn lowest_bid<S: Servers>(servers: &S, bid: impl Fn(&S, usize) -> Bid) -> Option<usize> {
    match servers.standing() {
        Some(standing) => standing.winner,
        None => lowest(servers, 0..servers.len(), bid),
    }
}

/// A tournament in the caller's memory.
pub struct Tournament<'a> {
    /// Of all servers.
    bids: &'a mut [Bid],
    /// The better child of each inner node: the root is 1, node `n` has the children `2 n` and
    /// `2 n + 1`, and what would come after the last inner node are the servers.
    winners: &'a mut [u32],
    /// Number of servers that are half idle.
    half_idle: &'a mut u32,
}

impl<'a> Tournament<'a> {
    /// From how many servers on a pick from a tournament is cheaper than a scan.
    pub const WORTHWHILE: usize = 48;

    /// Length of `winners` for that many servers.
    pub const fn nodes(servers: usize) -> usize {
        match servers.checked_next_power_of_two() {
            Some(nodes) => nodes,
            None => 0,
        }
    }

    /// The tournament in this memory: anything before [`Tournament::begin`], and then what is left
    /// of the last use. `winners` has [`Tournament::nodes`] elements.
    #[inline]
    pub fn new(bids: &'a mut [Bid], winners: &'a mut [u32], half_idle: &'a mut u32) -> Self {
        Self {
            bids,
            winners,
            half_idle,
        }
    }

    /// Takes everybody's bid.
    pub fn begin(&mut self, bid: impl Fn(usize) -> Bid) {
        *self.half_idle = 0;
        for index in 0..self.bids.len() {
            if let Some(place) = self.bids.get_mut(index) {
                *place = bid(index);
                *self.half_idle = self.half_idle.wrapping_add(u32::from(place.is_half_idle));
            }
        }
        for node in (1..self.winners.len()).rev() {
            let (left, right) = (self.winner_of(node << 1), self.winner_of((node << 1) | 1));
            let is_right_better = self.bid(right).is_below(self.bid(left));
            if let Some(place) = self.winners.get_mut(node) {
                *place = if is_right_better { right } else { left };
            }
        }
    }

    /// Takes a new bid of server `index`. Ignores unknown servers.
    #[inline]
    pub fn update(&mut self, index: usize, bid: Bid) {
        let Some(place) = self.bids.get_mut(index) else {
            return;
        };
        let former = core::mem::replace(place, bid);
        if former == bid {
            return;
        }
        *self.half_idle = self
            .half_idle
            .wrapping_add(u32::from(bid.is_half_idle))
            .wrapping_sub(u32::from(former.is_half_idle));
        let (mut node, mut winner, mut bid) =
            (self.winners.len().wrapping_add(index), index as u32, bid);
        while node > 1 {
            let rival = self.winner_of(node ^ 1);
            let other = self.bid(rival);
            // The left one of equals stays.
            let is_left = node & 1 == 0;
            let stays = bid.is_below(other) || is_left && !other.is_below(bid);
            if !stays {
                (winner, bid) = (rival, other);
            }
            node >>= 1;
            let Some(place) = self.winners.get_mut(node) else {
                return;
            };
            let former = core::mem::replace(place, winner);
            // No node further up speaks of the server, neither before nor now.
            if former == winner && winner as usize != index {
                return;
            }
        }
    }

    /// How it stands.
    #[inline]
    pub fn standing(&self) -> Standing {
        let winner = self.winner_of(1);
        let takes_part = self.bid(winner).weight != 0;
        Standing {
            winner: takes_part.then_some(winner as usize),
            is_any_half_idle: *self.half_idle != 0,
        }
    }

    /// The winner of an inner node, or the server that a leaf is.
    #[inline]
    fn winner_of(&self, node: usize) -> u32 {
        match self.winners.get(node) {
            Some(&winner) => winner,
            None => node.wrapping_sub(self.winners.len()) as u32,
        }
    }

    #[inline]
    fn bid(&self, index: u32) -> Bid {
        self.bids.get(index as usize).copied().unwrap_or(Bid::NONE)
    }
}

/// Number of words that say of so many servers whether they are dirty.
pub const fn dirty_words(servers: usize) -> usize {
    (servers >> 6).wrapping_add(1)
}

/// Notes that server `index` changed. What the caller changed before is visible to a reader that
/// takes it.
#[inline]
pub fn set_dirty(dirty: &[AtomicU64], index: usize) {
    if let Some(word) = dirty.get(index >> 6) {
        word.fetch_or(1 << (index & 63), Ordering::Release);
    }
}

/// Takes all dirty servers, and calls `changed` for each.
#[inline]
pub fn take_dirty(dirty: &[AtomicU64], mut changed: impl FnMut(usize)) {
    for number in 0..dirty.len() {
        let Some(word) = dirty.get(number) else {
            return;
        };
        if word.load(Ordering::Relaxed) == 0 {
            continue;
        }
        let mut bits = word.swap(0, Ordering::Acquire);
        while bits != 0 {
            changed((number << 6) | bits.trailing_zeros() as usize);
            bits &= bits.wrapping_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::*;
    use super::super::*;
    use super::*;

    const BIDDING: [Algorithm; 8] = [
        Algorithm::LeastConnection,
        Algorithm::WeightedLeastConnection,
        Algorithm::LocalityLeastConnection,
        Algorithm::LocalityReplication,
        Algorithm::ShortestExpectedDelay,
        Algorithm::NeverQueue,
        Algorithm::Failover,
        Algorithm::Overflow,
    ];

    /// A tournament with its memory.
    struct Setup {
        algorithm: Algorithm,
        bids: Vec<Bid>,
        winners: Vec<u32>,
        half_idle: u32,
        dirty: Vec<AtomicU64>,
    }

    impl Setup {
        fn new(algorithm: Algorithm, servers: &Vec<Server>) -> Self {
            let count = Servers::len(servers);
            let mut this = Self {
                algorithm,
                bids: vec![Bid::NONE; count],
                winners: vec![7; Tournament::nodes(count)],
                half_idle: 99,
                dirty: (0..dirty_words(count)).map(|_| AtomicU64::new(0)).collect(),
            };
            this.tournament()
                .begin(|index| algorithm.bid(servers, index));
            this
        }

        fn tournament(&mut self) -> Tournament<'_> {
            Tournament::new(&mut self.bids, &mut self.winners, &mut self.half_idle)
        }

        fn standing(&mut self, servers: &Vec<Server>) -> Standing {
            let algorithm = self.algorithm;
            let mut tournament =
                Tournament::new(&mut self.bids, &mut self.winners, &mut self.half_idle);
            take_dirty(&self.dirty, |index| {
                tournament.update(index, algorithm.bid(servers, index))
            });
            tournament.standing()
        }
    }

    /// What a scan of all servers says.
    fn scan(algorithm: Algorithm, servers: &Vec<Server>) -> Standing {
        Standing {
            winner: pick(algorithm, servers, &Facts::default(), &Key::default(), 0).index,
            is_any_half_idle: (0..servers.as_slice().len()).any(|at| is_half_idle(servers, at)),
        }
    }

    #[test]
    fn only_what_bids_has_a_tournament() {
        for algorithm in Algorithm::ALL {
            assert_eq!(
                algorithm.bids(),
                BIDDING.contains(&algorithm),
                "{algorithm:?}"
            );
        }
    }

    #[test]
    fn nobody_wins_without_servers() {
        for algorithm in BIDDING {
            let servers = Vec::new();
            let standing = Setup::new(algorithm, &servers).standing(&servers);
            assert_eq!(standing, scan(algorithm, &servers));
            assert_eq!(standing.winner, None);
        }
    }

    #[test]
    fn a_change_without_a_server_is_ignored() {
        let servers = of_weights(&[1, 2, 3]);
        let mut setup = Setup::new(Algorithm::WeightedLeastConnection, &servers);
        for index in [3, 63, 64, usize::MAX] {
            set_dirty(&setup.dirty, index);
        }
        assert_eq!(setup.standing(&servers).winner, Some(0));
    }

    /// Small numbers, so that many bids are equal, and the greatest ones.
    fn number() -> impl Strategy<Value = u32> {
        prop_oneof![8 => 0..6_u32, 2 => 0..1000_u32, 1 => Just(u32::MAX), 1 => any::<u32>()]
    }

    fn server() -> impl Strategy<Value = Server> {
        let numbers = (number(), number(), number(), prop::bool::weighted(0.1));
        numbers.prop_map(|(weight, active, inactive, overloaded)| Server {
            weight: weight & 0x7fff_ffff,
            active,
            inactive,
            overloaded,
            ..Server::default()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever happens to servers, in whatever order, between any two picks.
        #[test]
        fn it_stands_as_a_scan_finds(
            mut servers in prop::collection::vec(server(), 1..130),
            rounds in prop::collection::vec(
                prop::collection::vec((any::<prop::sample::Index>(), server()), 0..20),
                1..20,
            ),
        ) {
            for algorithm in BIDDING {
                let mut setup = Setup::new(algorithm, &servers);
                let expected = scan(algorithm, &servers);
                prop_assert_eq!(setup.standing(&servers), expected, "{:?}", algorithm);
                for round in &rounds {
                    for (index, new) in round {
                        let index = index.index(servers.len());
                        servers[index] = *new;
                        set_dirty(&setup.dirty, index);
                    }
                    let expected = scan(algorithm, &servers);
                    prop_assert_eq!(setup.standing(&servers), expected, "{:?}", algorithm);
                }
            }
        }

        /// Connections that go where the pick says, become active, end and are forgotten.
        #[test]
        fn a_sequence_of_connections_goes_where_scans_send_it(
            weights in prop::collection::vec(0..5_u32, 1..100),
            choices in prop::collection::vec(any::<u32>(), 300),
        ) {
            for algorithm in BIDDING {
                let mut servers = of_weights(&weights);
                let mut setup = Setup::new(algorithm, &servers);
                let mut open = Vec::new();
                for &choice in &choices {
                    let standing = setup.standing(&servers);
                    prop_assert_eq!(standing, scan(algorithm, &servers), "{:?}", algorithm);
                    if let Some(index) = standing.winner {
                        servers[index].inactive += 1;
                        servers[index].overloaded = servers[index].inactive > 4;
                        set_dirty(&setup.dirty, index);
                        open.push(index);
                    }
                    if choice % 3 != 0 {
                        let index = open[choice as usize % open.len().max(1)..].first().copied();
                        if let Some(index) = index.filter(|&index| servers[index].inactive > 0) {
                            servers[index].inactive -= 1;
                            servers[index].active += choice % 2;
                            servers[index].overloaded = false;
                            set_dirty(&setup.dirty, index);
                        }
                    }
                }
            }
        }
    }
}
