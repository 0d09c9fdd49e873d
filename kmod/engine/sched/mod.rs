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
//!
//! What the algorithms look at and answer with is below them, in `servers`; what they share is in
//! `tournament`, `lottery`, `hash_ring` and `cursor`. The choice among them is here, and
//! [`locality`] remembers what was chosen.

mod cursor;
mod dh;
mod fo;
mod hash_ring;
mod lc;
pub mod locality;
pub mod lottery;
pub mod mh;
mod nq;
mod ovf;
mod rr;
mod sed;
mod servers;
mod sh;
pub mod tournament;
pub mod twos;
mod wlc;
mod wrr;

pub use hash_ring::FillError;
pub use servers::{
    Change,
    Facts,
    Identified,
    Key,
    Pair,
    Pick,
    Servers,
    Standing, //
};

use crate::addr::Family;

use hash_ring::EMPTY;
use servers::weights;
use tournament::{
    lowest_bid,
    Bid, //
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

    /// Number of slots in the algorithm's table; 0 when it has none.
    pub const fn table_len(self) -> usize {
        match self {
            Algorithm::SourceHashing => sh::TABLE_LEN,
            Algorithm::DestinationHashing => dh::TABLE_LEN,
            Algorithm::Maglev => mh::TABLE_LEN,
            _ => 0,
        }
    }

    /// Number of [`mh::Preference`]s that filling the table for `servers` servers takes.
    pub const fn scratch_len(self, servers: usize) -> usize {
        match self {
            Algorithm::Maglev => servers,
            _ => 0,
        }
    }
}

impl Facts {
    /// The facts that `algorithm` needs of `servers`.
    pub fn of(algorithm: Algorithm, servers: &impl Servers) -> Self {
        match algorithm {
            Algorithm::WeightedRoundRobin => Self::of_weights(weights(servers)),
            _ => Self::default(),
        }
    }
}

/// Fills the table of `algorithm` for the servers of a service of `family`; to be repeated after
/// every change of them. `table` has [`Algorithm::table_len`] slots, `scratch` is for the time of
/// filling and has [`Algorithm::scratch_len`] entries of whatever content.
pub fn fill_table(
    algorithm: Algorithm,
    family: Family,
    servers: &impl Identified,
    table: &mut [u16],
    scratch: &mut [mh::Preference],
) -> Result<(), FillError> {
    if table.len() != algorithm.table_len() || scratch.len() != algorithm.scratch_len(servers.len())
    {
        return Err(FillError::WrongLength);
    }
    table.fill(EMPTY);
    match algorithm {
        Algorithm::SourceHashing => sh::fill(servers, table),
        Algorithm::DestinationHashing => dh::fill(servers, table),
        Algorithm::Maglev => return mh::fill(family, servers, table, scratch),
        _ => {}
    }
    Ok(())
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

#[cfg(test)]
pub(crate) mod testing;

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
}
