// SPDX-License-Identifier: GPL-2.0

//! Schedulers: which real server gets a new connection.
//!
//! Each algorithm is one file, which implements [`Scheduler`] and looks at the servers through
//! [`Servers`]. Most say what each server bids, and the lowest bid wins; the others have a `pick`
//! of their own. One that needs memory between picks takes its state as a value and returns the
//! next one; the caller swaps it in atomically and picks again when another CPU was faster. So no
//! algorithm locks, and all run on the host in tests.
//!
//! Servers are listed newest first, as ip_vs lists them: ties and rotations depend on it. A state
//! survives changes of the list if [`after_change`] is told about each of them.
//!
//! What the algorithms are asked is in `scheduler`, what they look at and answer with in `servers`;
//! [`foresee()`] tells what one would choose;
//! what they share is in `tournament`, `lottery`, `hash_ring` and `cursor`. The choice among them
//! is here, and [`locality`] remembers what was chosen.

mod cursor;
mod foresee;
mod hash_ring;
pub mod locality;
pub mod lottery;
pub mod ramp;
mod scheduler;
mod servers;
pub mod tournament;

pub use foresee::foresee;
pub use hash_ring::{
    FillError,
    Preference, //
};
pub use servers::{
    By,
    Change,
    Facts,
    Foreseen,
    Identified,
    Key,
    Pair,
    Pick,
    Servers,
    Standing, //
};

use crate::addr::Family;

use hash_ring::EMPTY;
use scheduler::Scheduler;
use tournament::Bid;

/// Declares the algorithms: a line has the file, whose name is that which administrators use, and
/// the [`Scheduler`] in it. `of!(algorithm => ITEM)` is an item of the algorithm's scheduler.
macro_rules! algorithms {
    ($d:tt $($(#[doc = $doc:literal])+ $vis:vis $file:ident: $scheduler:ident,)+) => {
        $($vis mod $file;)+

        /// The scheduling algorithms.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Algorithm {
            $($(#[doc = $doc])+ $scheduler,)+
        }

        impl Algorithm {
            /// All algorithms.
            pub const ALL: [Self; [$(stringify!($file)),+].len()] = [$(Self::$scheduler),+];

            /// The name administrators use.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$scheduler => stringify!($file),)+
                }
            }
        }

        macro_rules! of {
            ($d algorithm:expr => $d($d item:tt)+) => {
                match $d algorithm {
                    $(Algorithm::$scheduler => <$file::$scheduler as Scheduler>::$d($d item)+,)+
                }
            };
        }
    };
}

algorithms! { $
    /// Round robin.
    rr: RoundRobin,
    /// Weighted round robin.
    wrr: WeightedRoundRobin,
    /// Least connection.
    lc: LeastConnection,
    /// Weighted least connection.
    wlc: WeightedLeastConnection,
    /// Locality-based least connection.
    lblc: LocalityLeastConnection,
    /// Locality-based least connection with replication.
    lblcr: LocalityReplication,
    /// Destination hashing.
    dh: DestinationHashing,
    /// Source hashing.
    sh: SourceHashing,
    /// Maglev hashing.
    mh: Maglev,
    /// Shortest expected delay.
    sed: ShortestExpectedDelay,
    /// Never queue.
    nq: NeverQueue,
    /// Weighted failover.
    fo: Failover,
    /// Weighted overflow.
    ovf: Overflow,
    /// Power of two choices.
    pub twos: TwoChoices,
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
        of!(self => BIDS)
    }

    /// The bid of server `index`; none if the algorithm doesn't choose by bids.
    #[inline]
    pub fn bid(self, servers: &impl Servers, index: usize) -> Bid {
        of!(self => bid(servers, index))
    }

    /// Whether each pick takes a random number.
    #[inline]
    pub const fn is_random(self) -> bool {
        of!(self => IS_RANDOM)
    }

    /// What the algorithm chooses by; `None` if chance does.
    pub const fn chooses_by(self) -> Option<By> {
        if self.is_random() {
            None
        } else if self.bids() {
            Some(By::Load)
        } else if self.table_len() != 0 {
            Some(By::Hash)
        } else {
            Some(By::Turn)
        }
    }

    /// Whether the algorithm chooses by a hash of the client: then no server ramps, for its clients
    /// would have to go elsewhere meanwhile.
    pub const fn hashes(self) -> bool {
        self.table_len() > 0
    }

    /// The weight of a server as the algorithm counts it, which may not look at weights.
    pub const fn counted_weight(self, weight: u32) -> u32 {
        match weight {
            0 => 0,
            weight if of!(self => HEEDS_WEIGHTS) => weight,
            _ => 1,
        }
    }

    /// How often a server of this weight is chosen in each round of the algorithm, in which its
    /// turns may lie close together.
    pub fn turns(self, weight: u32, facts: &Facts) -> u32 {
        of!(self => turns(weight, facts))
    }

    /// Number of slots in the algorithm's table; 0 when it has none.
    pub const fn table_len(self) -> usize {
        of!(self => TABLE_LEN)
    }

    /// `lvs_uapi::flags::service` bits by which the table is filled in another way.
    pub const fn table_flags(self) -> u32 {
        of!(self => TABLE_FLAGS)
    }

    /// Number of [`Preference`]s that filling the table for `servers` servers takes.
    pub const fn scratch_len(self, servers: usize) -> usize {
        if of!(self => HAS_PREFERENCES) {
            servers
        } else {
            0
        }
    }
}

impl Facts {
    /// The facts that `algorithm` needs of `servers`.
    pub fn of(algorithm: Algorithm, servers: &impl Servers) -> Self {
        of!(algorithm => facts(servers))
    }
}

/// Fills the table of `algorithm` for the servers of a service of `family` with these `flags`; to
/// be repeated after every change of them, and of [`Algorithm::table_flags`]. `table` has
/// [`Algorithm::table_len`] slots, `scratch` is for the time of filling and has
/// [`Algorithm::scratch_len`] entries of whatever content.
pub fn fill_table(
    algorithm: Algorithm,
    family: Family,
    flags: u32,
    servers: &impl Identified,
    table: &mut [u16],
    scratch: &mut [Preference],
) -> Result<(), FillError> {
    if table.len() != algorithm.table_len() || scratch.len() != algorithm.scratch_len(servers.len())
    {
        return Err(FillError::WrongLength);
    }
    table.fill(EMPTY);
    of!(algorithm => fill(family, flags, servers, table, scratch))
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
    of!(algorithm => pick(servers, facts, key, state))
}

/// The state after a change of the servers; `facts` are the new ones.
pub fn after_change(algorithm: Algorithm, state: u64, change: Change, facts: &Facts) -> u64 {
    of!(algorithm => after_change(state, change, facts))
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
