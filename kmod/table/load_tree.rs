// SPDX-License-Identifier: GPL-2.0

//! Finds a scheduler's choice among many servers without scanning them: the [`Tournament`] or
//! [`Lottery`] of a pool, shared with its servers, which say in it that their load changed.
//!
//! A pick takes the dirty servers and updates the tree under a lock that it doesn't wait for: when
//! somebody else has it, the pick goes by how it stood a moment ago, as it would if it looked at
//! servers whose loads others are changing; or it does look at them.
//!
//! No change is lost when the rules give a server another tree. A connection first changes the load
//! and then looks where to say so; the rules first tell the servers of the new tree, and then
//! packets, the first of which fills it with all the loads. Between these two steps there is a
//! barrier on either side. So a change that is noted in the former tree, or in a wrong place, was
//! made before the new one is filled.

use core::sync::atomic::{
    AtomicU64,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::sched::lottery::{
    self,
    Lottery, //
};
use lvs_engine::sched::tournament::{
    self,
    Bid,
    Tournament, //
};
use lvs_engine::sched::{
    twos,
    Algorithm,
    Pair,
    Servers,
    Standing, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::RcuArc;
use crate::kernel_ext::task::lock::LockBh;

/// A pool's tree, some 24 bytes a server. Lives as long as the pool, or as a server that notes its
/// changes in it.
pub(crate) struct LoadTree {
    /// A bit for each server whose load changed since it was last looked at.
    dirty: GrowVec<AtomicU64>,
    /// How the tournament last stood, packed.
    last: AtomicU64,
    /// The lock guards the tree's memory. Picks try to take it, in softirq, and never wait for it.
    board: LockBh<Board>,
}

/// The tree's memory.
struct Board {
    tree: Tree,
    /// Whether the tree has ever been filled.
    is_filled: bool,
}

enum Tree {
    Tournament {
        bids: GrowVec<Bid>,
        winners: GrowVec<u32>,
        half_idle: u32,
    },
    Lottery {
        sums: GrowVec<u64>,
    },
}

impl LoadTree {
    /// Nobody leads: the tournament hasn't begun, or nobody takes connections.
    const NOBODY: u64 = u32::MAX as u64;
    const HALF_IDLE: u64 = 1 << 32;

    /// What `scheduler` needs for so many servers, if it is worthwhile for them. Sleeps. Fails with
    /// `ENOMEM`.
    pub(crate) fn of(scheduler: Algorithm, servers: usize) -> Result<Option<RcuArc<Self>>> {
        if servers < Tournament::WORTHWHILE {
            return Ok(None);
        }
        let tree = if scheduler.bids() {
            Tree::Tournament {
                bids: GrowVec::filled(servers, Bid::NONE)?,
                winners: GrowVec::filled(Tournament::nodes(servers), 0)?,
                half_idle: 0,
            }
        } else if scheduler.is_random() {
            Tree::Lottery {
                sums: GrowVec::filled(Lottery::nodes(servers), 0)?,
            }
        } else {
            return Ok(None);
        };
        let words = tournament::dirty_words(servers);
        let mut dirty = GrowVec::with_capacity(words)?;
        for _ in 0..words {
            dirty.push(AtomicU64::new(0))?;
        }
        let load_tree = Self {
            dirty,
            last: AtomicU64::new(Self::NOBODY),
            board: LockBh::new(Board {
                tree,
                is_filled: false,
            })?,
        };
        Ok(Some(RcuArc::new(load_tree)?))
    }

    /// Notes that the load of the server at `position` of the pool changed. Any context.
    #[inline]
    pub(crate) fn set_dirty(&self, position: u32) {
        tournament::set_dirty(&self.dirty, position as usize);
    }

    /// How the tournament stands among `servers`, the pool's; `None` when nobody can tell at once.
    /// Any context.
    pub(crate) fn standing(
        &self,
        algorithm: Algorithm,
        servers: &impl Servers,
    ) -> Option<Standing> {
        let Some(mut board) = self.board.try_lock() else {
            return self.last_standing(servers);
        };
        let Board { tree, is_filled } = &mut *board;
        let Tree::Tournament {
            bids,
            winners,
            half_idle,
        } = tree
        else {
            return None;
        };
        let mut tournament = Tournament::new(bids, winners, half_idle);
        if core::mem::replace(is_filled, true) {
            tournament::take_dirty(&self.dirty, |index| {
                tournament.update(index, algorithm.bid(servers, index));
            });
        } else {
            // Dirty from here on is what may be missing.
            tournament::take_dirty(&self.dirty, |_| ());
            tournament.begin(|index| algorithm.bid(servers, index));
        }
        let standing = tournament.standing();
        self.last.store(Self::pack(standing), Ordering::Relaxed);
        Some(standing)
    }

    /// How it stood a moment ago, if the winner still takes connections.
    #[cold]
    fn last_standing(&self, servers: &impl Servers) -> Option<Standing> {
        let packed = self.last.load(Ordering::Relaxed);
        let winner = packed as u32 as usize;
        let is_open = servers.weight(winner) > 0 && !servers.overloaded(winner);
        is_open.then_some(Standing {
            winner: Some(winner),
            is_any_half_idle: packed & Self::HALF_IDLE != 0,
        })
    }

    fn pack(standing: Standing) -> u64 {
        let winner = standing.winner.map_or(Self::NOBODY, |index| index as u64);
        let half_idle = if standing.is_any_half_idle {
            Self::HALF_IDLE
        } else {
            0
        };
        winner | half_idle
    }

    /// What the lottery draws among `servers`, the pool's; `None` when nobody can tell at once. Any
    /// context.
    pub(crate) fn drawn(&self, servers: &impl Servers, random: u64) -> Option<Pair> {
        let mut board = self.board.try_lock()?;
        let Board { tree, is_filled } = &mut *board;
        let Tree::Lottery { sums } = tree else {
            return None;
        };
        let mut lottery = Lottery::new(sums);
        if core::mem::replace(is_filled, true) {
            tournament::take_dirty(&self.dirty, |index| {
                lottery.update(index, lottery::lots(servers, index));
            });
        } else {
            // Dirty from here on is what may be missing.
            tournament::take_dirty(&self.dirty, |_| ());
            lottery.begin(servers.len(), |index| lottery::lots(servers, index));
        }
        Some(twos::draw(&lottery, random))
    }
}
