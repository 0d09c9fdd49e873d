// SPDX-License-Identifier: GPL-2.0

//! Schedulers: which real server gets a new connection.
//!
//! Each algorithm is one file that looks at the servers through [`Servers`]. Most say what each
//! server bids, and the lowest bid wins; the others have a `pick` of their own. One that needs
//! memory between picks takes its state as a value and returns the next one; the caller swaps it in
//! atomically and picks again when another CPU was faster. So no algorithm locks, and all run on
//! the host in tests.
//!
//! Servers are listed newest first, as ip_vs lists them: ties and rotations depend on it. A state
//! survives changes of the list if [`after_change`] is told about each of them.

mod cursor;
mod dh;
mod fo;
pub mod hash_ring;
mod lc;
pub mod locality;
pub mod lottery;
pub mod mh;
mod nq;
mod ovf;
mod rr;
mod sed;
mod sh;
pub mod tournament;
pub mod twos;
mod wlc;
mod wrr;

use core::num::NonZeroU32;

use crate::addr::Addr;

use tournament::{
    Bid,
    Standing, //
};

/// Declares the algorithms, each with the name that administrators use.
macro_rules! algorithms {
    ($($(#[doc = $doc:literal])+ $variant:ident: $name:literal,)+) => {
        /// The scheduling algorithms.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Algorithm {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Algorithm {
            /// All algorithms.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name administrators use.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

algorithms! {
    /// Round robin.
    RoundRobin: "rr",
    /// Weighted round robin.
    WeightedRoundRobin: "wrr",
    /// Least connection.
    LeastConnection: "lc",
    /// Weighted least connection.
    WeightedLeastConnection: "wlc",
    /// Locality-based least connection.
    LocalityLeastConnection: "lblc",
    /// Locality-based least connection with replication.
    LocalityReplication: "lblcr",
    /// Destination hashing.
    DestinationHashing: "dh",
    /// Source hashing.
    SourceHashing: "sh",
    /// Maglev hashing.
    Maglev: "mh",
    /// Shortest expected delay.
    ShortestExpectedDelay: "sed",
    /// Never queue.
    NeverQueue: "nq",
    /// Weighted failover.
    Failover: "fo",
    /// Weighted overflow.
    Overflow: "ovf",
    /// Power of two choices.
    TwoChoices: "twos",
}

impl Algorithm {
    /// The algorithm that administrators call `name`.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().as_bytes() == name)
    }

    /// Whether the algorithm chooses the server with the lowest bid, so that a tournament finds it.
    #[inline]
    pub const fn bids(self) -> bool {
        matches!(
            self,
            Algorithm::LeastConnection
                | Algorithm::WeightedLeastConnection
                | Algorithm::LocalityLeastConnection
                | Algorithm::LocalityReplication
                | Algorithm::ShortestExpectedDelay
                | Algorithm::NeverQueue
                | Algorithm::Failover
                | Algorithm::Overflow
        )
    }

    /// The bid of server `index`; none if the algorithm doesn't choose by bids.
    #[inline]
    pub fn bid(self, servers: &impl Servers, index: usize) -> Bid {
        match self {
            Algorithm::LeastConnection => lc::bid(servers, index),
            Algorithm::WeightedLeastConnection
            | Algorithm::LocalityLeastConnection
            | Algorithm::LocalityReplication => wlc::bid(servers, index),
            Algorithm::ShortestExpectedDelay => sed::bid(servers, index),
            Algorithm::NeverQueue => nq::bid(servers, index),
            Algorithm::Failover => fo::bid(servers, index),
            Algorithm::Overflow => ovf::bid(servers, index),
            _ => Bid::NONE,
        }
    }

    /// Whether each pick takes a random number.
    #[inline]
    pub const fn is_random(self) -> bool {
        matches!(self, Algorithm::TwoChoices)
    }
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

    /// The table of hash values that [`hash_ring::fill`] filled for these servers; empty if the
    /// algorithm has none.
    fn table(&self) -> &[u16] {
        &[]
    }

    /// What a tournament of the service's algorithm says now; `None` if none is kept, so that one
    /// has to look at all servers.
    #[inline]
    fn standing(&self) -> Option<Standing> {
        None
    }

    /// The servers that a lottery draws with these random bits; `None` if none is kept, so that one
    /// has to look at all servers.
    #[inline]
    fn drawn(&self, random: u64) -> Option<twos::Pair> {
        let _ = random;
        None
    }

    /// Whether there is no server at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Servers with what tells them apart, for the schedulers that remember them.
pub trait Identified: Servers {
    /// A number that no other server had or will have while its service exists; `None` for an
    /// index out of range.
    fn id(&self, index: usize) -> Option<NonZeroU32>;
    /// Address of server `index`.
    fn addr(&self, index: usize) -> Addr;
    /// Port of server `index`, host order.
    fn port(&self, index: usize) -> u16;
    /// The weight if that isn't 0, else the last one that wasn't: 0 if the server has had none
    /// since it came.
    fn last_weight(&self, index: usize) -> u32;
}

/// What a scheduler computes from the servers whenever their configuration changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Greatest weight.
    pub max_weight: u32,
    /// Greatest common divisor of the weights above 0; 0 when there is none.
    pub gcd: u32,
}

impl Facts {
    /// The facts that `algorithm` needs of `servers`.
    pub fn of(algorithm: Algorithm, servers: &impl Servers) -> Self {
        match algorithm {
            Algorithm::WeightedRoundRobin => Self::of_weights(weights(servers)),
            _ => Self::default(),
        }
    }

    /// The facts of these weights.
    fn of_weights(weights: impl Iterator<Item = u32>) -> Self {
        weights.fold(Self::default(), |facts, weight| Self {
            max_weight: facts.max_weight.max(weight),
            gcd: gcd(facts.gcd, weight),
        })
    }
}

/// What a new connection is like, for the schedulers that look at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Key {
    /// Address of the client.
    pub client_addr: Addr,
    /// Port of the client, host order; 0 for protocols without ports.
    pub client_port: u16,
    /// Address the client wants.
    pub virtual_addr: Addr,
    /// Port the client wants, host order.
    pub virtual_port: u16,
    /// `lvs_uapi::flags::service` bits of the service.
    pub flags: u32,
    /// A fresh random number if [`Algorithm::is_random`], else anything.
    pub random: u64,
}

/// What a scheduler chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pick {
    /// The chosen server; `None` when none takes new connections.
    pub index: Option<usize>,
    /// The scheduler's next state.
    pub state: u64,
}

/// What happened to a service's servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A server came: it is the first now.
    Inserted,
    /// The server that had this index went.
    Removed(usize),
    /// The server with this index has new settings.
    Edited(usize),
    /// The service got another scheduler.
    Replaced,
}

/// Chooses the server for a new connection. `state` is 0 for a service without servers, and after
/// that whatever the last pick or [`after_change`] returned.
///
/// The locality-based algorithms choose here as for an address they see for the first time; what
/// they remember of others takes [`locality::pick`].
#[inline]
pub fn pick(
    algorithm: Algorithm,
    servers: &impl Servers,
    facts: &Facts,
    key: &Key,
    state: u64,
) -> Pick {
    let index = match algorithm {
        Algorithm::RoundRobin => return rr::pick(servers, state),
        Algorithm::WeightedRoundRobin => return wrr::pick(servers, facts, state),
        Algorithm::LeastConnection => lowest_bid(servers, lc::bid),
        Algorithm::WeightedLeastConnection
        | Algorithm::LocalityLeastConnection
        | Algorithm::LocalityReplication => lowest_bid(servers, wlc::bid),
        Algorithm::DestinationHashing => dh::pick(servers, key),
        Algorithm::SourceHashing => sh::pick(servers, key),
        Algorithm::Maglev => mh::pick(servers, key),
        Algorithm::ShortestExpectedDelay => lowest_bid(servers, sed::bid),
        Algorithm::NeverQueue => lowest_bid(servers, nq::bid),
        Algorithm::Failover => lowest_bid(servers, fo::bid),
        Algorithm::Overflow => lowest_bid(servers, ovf::bid),
        Algorithm::TwoChoices => twos::pick(servers, key.random),
    };
    Pick { index, state }
}

/// The state after a change of the servers; `facts` are the new ones.
pub fn after_change(algorithm: Algorithm, state: u64, change: Change, facts: &Facts) -> u64 {
    match algorithm {
        Algorithm::RoundRobin => rr::after_change(state, change),
        Algorithm::WeightedRoundRobin => wrr::after_change(state, change, facts),
        _ => 0,
    }
}

/// Whether server `index` takes new connections.
#[inline]
fn available(servers: &impl Servers, index: usize) -> bool {
    servers.weight(index) > 0 && !servers.overloaded(index)
}

/// The weights of all servers.
#[inline]
fn weights(servers: &impl Servers) -> impl Iterator<Item = u32> + '_ {
    (0..servers.len()).map(|index| servers.weight(index))
}

/// What a server's connections cost it: an active one as much as 257 inactive ones.
#[inline]
fn overhead(servers: &impl Servers, index: usize) -> u64 {
    let active = u64::from(servers.active(index));
    (active << 8)
        .wrapping_add(active)
        .wrapping_add(u64::from(servers.inactive(index)))
}

/// The server with the lowest bid, the first of equals.
#[inline]
fn lowest_bid<S: Servers>(servers: &S, bid: impl Fn(&S, usize) -> Bid) -> Option<usize> {
    match servers.standing() {
        Some(standing) => standing.winner,
        None => tournament::lowest(servers, 0..servers.len(), bid),
    }
}

/// What a server's active connections would cost it with one more.
#[inline]
fn expected_delay(servers: &impl Servers, index: usize) -> u64 {
    u64::from(servers.active(index)).wrapping_add(1)
}

/// Greatest common divisor; `gcd(0, n)` is `n`.
fn gcd(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

#[cfg(test)]
pub(crate) mod testing {
    //! Servers for tests.

    use std::cell::Cell;

    use super::*;

    use super::hash_ring::fill;
    use crate::addr::Family;

    /// A server with its numbers.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct Server {
        pub(crate) id: u32,
        pub(crate) weight: u32,
        pub(crate) last_weight: u32,
        pub(crate) active: u32,
        pub(crate) inactive: u32,
        pub(crate) overloaded: bool,
    }

    impl Servers for Vec<Server> {
        fn len(&self) -> usize {
            self.as_slice().len()
        }
        fn weight(&self, index: usize) -> u32 {
            self.get(index).map_or(0, |server| server.weight)
        }
        fn active(&self, index: usize) -> u32 {
            self.get(index).map_or(0, |server| server.active)
        }
        fn inactive(&self, index: usize) -> u32 {
            self.get(index).map_or(0, |server| server.inactive)
        }
        fn overloaded(&self, index: usize) -> bool {
            self.get(index).is_none_or(|server| server.overloaded)
        }
    }

    impl Identified for Vec<Server> {
        fn id(&self, index: usize) -> Option<NonZeroU32> {
            NonZeroU32::new(self.get(index)?.id + 1)
        }
        fn addr(&self, index: usize) -> Addr {
            Addr::from_v4_word((0xc000_0200 + self[index].id).to_be())
        }
        fn port(&self, _: usize) -> u16 {
            80
        }
        fn last_weight(&self, index: usize) -> u32 {
            self[index].last_weight
        }
    }

    /// Servers with their table.
    pub(crate) struct Pool<'a> {
        servers: &'a Vec<Server>,
        table: Vec<u16>,
        /// Looks at weights until the first server loses its own, if ever.
        looks: Option<Cell<u32>>,
    }

    impl<'a> Pool<'a> {
        pub(crate) fn new(algorithm: Algorithm, servers: &'a Vec<Server>) -> Self {
            let mut table = vec![0; algorithm.table_len()];
            let mut scratch = vec![mh::Preference::default(); algorithm.scratch_len(servers.len())];
            fill(algorithm, Family::V4, servers, &mut table, &mut scratch).unwrap();
            Self {
                servers,
                table,
                looks: None,
            }
        }

        /// Has the first server's weight fall to 0 after so many looks at any server's.
        pub(crate) fn whose_first_closes_after(mut self, looks: u32) -> Self {
            self.looks = Some(Cell::new(looks));
            self
        }
    }

    impl Servers for Pool<'_> {
        fn len(&self) -> usize {
            Servers::len(self.servers)
        }
        fn weight(&self, index: usize) -> u32 {
            if let Some(looks) = &self.looks {
                let left = looks.replace(looks.get().saturating_sub(1));
                if index == 0 && left == 0 {
                    return 0;
                }
            }
            self.servers.weight(index)
        }
        fn active(&self, index: usize) -> u32 {
            self.servers.active(index)
        }
        fn inactive(&self, index: usize) -> u32 {
            self.servers.inactive(index)
        }
        fn overloaded(&self, index: usize) -> bool {
            self.servers.overloaded(index)
        }
        fn table(&self) -> &[u16] {
            &self.table
        }
    }

    /// Idle servers of these weights, newest first.
    pub(crate) fn of_weights(weights: &[u32]) -> Vec<Server> {
        let server = |(id, &weight): (usize, &u32)| Server {
            id: id as u32,
            weight,
            last_weight: weight,
            ..Server::default()
        };
        weights.iter().enumerate().map(server).collect()
    }

    /// The servers that `count` picks return, starting from `state`.
    pub(crate) fn picks(
        algorithm: Algorithm,
        servers: &Vec<Server>,
        state: &mut u64,
        count: usize,
    ) -> Vec<Option<usize>> {
        let facts = Facts::of(algorithm, servers);
        let pool = Pool::new(algorithm, servers);
        (0..count)
            .map(|_| {
                let pick = pick(algorithm, &pool, &facts, &Key::default(), *state);
                *state = pick.state;
                pick.index
            })
            .collect()
    }

    /// The server that an algorithm without a state chooses for `key`.
    pub(crate) fn pick_for(algorithm: Algorithm, servers: &Vec<Server>, key: Key) -> Option<usize> {
        pick(
            algorithm,
            &Pool::new(algorithm, servers),
            &Facts::default(),
            &key,
            0,
        )
        .index
    }

    /// The state after `change` led to `servers`.
    pub(crate) fn changed(
        algorithm: Algorithm,
        servers: &Vec<Server>,
        state: u64,
        change: Change,
    ) -> u64 {
        after_change(algorithm, state, change, &Facts::of(algorithm, servers))
    }
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;

    #[test]
    fn names_round_trip() {
        for algorithm in Algorithm::ALL {
            assert_eq!(
                Algorithm::from_name(algorithm.name().as_bytes()),
                Some(algorithm)
            );
        }
        assert_eq!(Algorithm::from_name(b"none"), None);
        assert_eq!(Algorithm::from_name(b""), None);
        assert_eq!(Algorithm::from_name(b"rr\0"), None);
    }

    #[test]
    fn nobody_available_means_no_pick() {
        let mut closed = of_weights(&[0, 3]);
        closed[1].overloaded = true;
        for algorithm in Algorithm::ALL {
            for servers in [Vec::new(), of_weights(&[0, 0]), closed.clone()] {
                let mut state = changed(algorithm, &servers, 0, Change::Replaced);
                assert_eq!(
                    picks(algorithm, &servers, &mut state, 3),
                    [None; 3],
                    "{algorithm:?}"
                );
            }
        }
    }

    #[test]
    fn any_state_is_survived() {
        let servers = of_weights(&[1, 5, 3]);
        for algorithm in Algorithm::ALL {
            for state in [0, 1, 3, 4, u64::MAX, u64::MAX << 32, u64::from(u32::MAX)] {
                let mut next = state;
                let picks = picks(algorithm, &servers, &mut next, 3);
                assert!(picks.iter().all(Option::is_some), "{algorithm:?} {state:x}");
            }
        }
    }

    #[test]
    fn gcd_ignores_zero() {
        assert_eq!(gcd(0, 0), 0);
        assert_eq!(gcd(0, 6), 6);
        assert_eq!(gcd(9, 6), 3);
        let facts = Facts::of_weights([4, 0, 6].into_iter());
        assert_eq!((facts.max_weight, facts.gcd), (6, 2));
    }
}
