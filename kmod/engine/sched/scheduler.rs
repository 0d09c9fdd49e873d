// SPDX-License-Identifier: GPL-2.0

//! What an algorithm says of itself: a file of its own implements [`Scheduler`], and a line of the
//! list in the `mod.rs` above names it.

use super::hash_ring::{
    deal,
    FillError,
    Preference, //
};
use super::servers::{
    Change,
    Facts,
    Identified,
    Key,
    Pick,
    Servers, //
};
use super::tournament::{
    lowest_bid,
    Bid, //
};
use crate::addr::Family;

/// A scheduling algorithm. One that chooses the least of something says what that is by
/// [`Scheduler::bid`]; another one has a [`Scheduler::choose`], or a [`Scheduler::pick`] if it
/// keeps a state.
pub(super) trait Scheduler {
    /// Whether the algorithm chooses the server with the lowest bid, so that a tournament finds it.
    const BIDS: bool = false;
    /// Whether weights above 0 make a difference.
    const HEEDS_WEIGHTS: bool = true;
    /// Whether each pick takes a random number.
    const IS_RANDOM: bool = false;
    /// Number of slots in the algorithm's table; 0 when it has none.
    const TABLE_LEN: usize = 0;
    /// Whether filling the table takes a [`Preference`] for each server.
    const HAS_PREFERENCES: bool = false;
    /// The service's flags by which its table is filled in another way.
    const TABLE_FLAGS: u32 = 0;

    /// The bid of server `index`.
    #[inline]
    fn bid(_servers: &impl Servers, _index: usize) -> Bid {
        Bid::NONE
    }

    /// Chooses the server for a new connection, where that takes no state.
    #[inline]
    fn choose(servers: &impl Servers, _key: &Key) -> Option<usize> {
        lowest_bid(servers, Self::bid)
    }

    /// Chooses the server for a new connection, and tells the next state.
    #[inline]
    fn pick(servers: &impl Servers, _facts: &Facts, key: &Key, state: u64) -> Pick {
        Pick {
            index: Self::choose(servers, key),
            state,
        }
    }

    /// What has to be known of the servers for each pick.
    fn facts(_servers: &impl Servers) -> Facts {
        Facts::default()
    }

    /// The state after a change of the servers; `facts` are the new ones.
    fn after_change(_state: u64, _change: Change, _facts: &Facts) -> u64 {
        0
    }

    /// How often a server of this weight is chosen in each round, where there are rounds.
    fn turns(_weight: u32, _facts: &Facts) -> u32 {
        1
    }

    /// How many slots server `index` gets at its turn; 0 is one, too.
    fn share(_servers: &impl Servers, _index: usize) -> u32 {
        1
    }

    /// Fills an empty table, which is as long as the algorithm says; `scratch` has an entry for
    /// each server if it has preferences. The servers get their shares in turn, unless the
    /// algorithm does otherwise. `flags` are the service's.
    fn fill(
        _family: Family,
        _flags: u32,
        servers: &impl Identified,
        table: &mut [u16],
        _scratch: &mut [Preference],
    ) -> Result<(), FillError> {
        deal(servers, table, Self::share);
        Ok(())
    }
}
