// SPDX-License-Identifier: GPL-2.0

//! A thread's way through its part of the table, again and again, in small steps.
//!
//! No entry keeps when it was told. A round takes a third of the shortest life there is; entries
//! that live longer have their turn in one of several rounds. At its turn an entry is told if it
//! was used since the turn before: its end and its life tell when that was. An end that another
//! director told is no use of it.

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::task::time;
use crate::table::conn::Conn;

use core::sync::atomic::Ordering;

/// Shortest and longest round, in ticks.
const SHORTEST: u32 = 2 * time::HZ;
const LONGEST: u32 = 60 * time::HZ;

/// The first round, in which all is told.
const FIRST: u32 = 10 * time::HZ;

/// Steps of a round.
const STEPS: u32 = 64;

/// Ticks by which the use of an entry may be noted late.
const SLACK: u32 = time::HZ / 4;

/// The way.
pub(super) struct Sweep {
    /// The number of the round.
    round: u32,
    /// The ticks that it takes.
    ticks: u32,
    began_at: u32,
    /// Buckets gone through.
    at: usize,
    /// The shortest life seen in it.
    shortest: u32,
    /// Where to go on instead.
    again: Option<Stop>,
    last: u32,
}

/// Buckets of the present step.
pub(super) struct Slice {
    end: usize,
}

/// A bucket, and how many of its entries were seen to already.
#[derive(Clone, Copy)]
pub(super) struct Stop {
    pub(super) bucket: usize,
    pub(super) done: usize,
}

/// The round that entries of this life want.
fn round_for(life: u32) -> u32 {
    (life / 3).clamp(SHORTEST, LONGEST)
}

impl Sweep {
    pub(super) fn new(now: u32) -> Self {
        Self {
            round: 0,
            ticks: FIRST,
            began_at: now,
            at: 0,
            shortest: u32::MAX,
            again: None,
            last: 0,
        }
    }

    /// Ticks until the next step.
    pub(super) fn wait(&self) -> u32 {
        (self.ticks / STEPS).max(1)
    }

    /// There is an entry with this life: the round isn't longer than that wants.
    pub(super) fn hurry_for(&mut self, life: u32) {
        self.note_life(life);
        self.ticks = self.ticks.min(round_for(life));
    }

    /// There is an entry with this life.
    pub(super) fn note_life(&mut self, life: u32) {
        self.shortest = self.shortest.min(life);
    }

    /// Begins a step: what is to be gone through by `now` of a table with so many buckets. Nothing
    /// is to wait longer than `longest`.
    pub(super) fn begin(&mut self, now: u32, buckets: usize, longest: u32) -> Slice {
        if self.at >= buckets {
            self.last = now.wrapping_sub(self.began_at);
            self.round = self.round.wrapping_add(1);
            self.began_at = now;
            self.at = 0;
            let least = round_for(self.shortest).min(longest.clamp(SHORTEST, LONGEST));
            self.ticks = least;
            self.shortest = u32::MAX;
        }
        let passed = now.wrapping_sub(self.began_at).saturating_add(self.wait());
        let share = u64::from(passed).saturating_mul(buckets as u64) / u64::from(self.ticks.max(1));
        let end = usize::try_from(share).unwrap_or(buckets).min(buckets);
        Slice { end }
    }

    /// The next bucket of the step.
    pub(super) fn next(&mut self, slice: &mut Slice) -> Option<Stop> {
        if let Some(stop) = self.again.take() {
            return Some(stop);
        }
        if self.at >= slice.end {
            return None;
        }
        let bucket = self.at;
        self.at = self.at.wrapping_add(1);
        Some(Stop { bucket, done: 0 })
    }

    /// `stop` isn't done.
    pub(super) fn again(&mut self, stop: Stop) {
        self.again = Some(stop);
    }

    /// Whether `conn`, which is to be told each `interval` and lives for `life` without packets,
    /// has its turn now, and was used since the last one. In the first round all have.
    pub(super) fn wants(&self, conn: &Entry<Conn>, interval: u32, life: u32) -> bool {
        if self.round == 0 {
            return true;
        }
        let rounds = (interval / self.ticks.max(1)).max(1);
        // The greatest power of two that isn't more.
        let rounds = 1_u32.wrapping_shl(31_u32.wrapping_sub(rounds.leading_zeros()));
        if self.round.wrapping_add(conn.hash() >> 20) & rounds.wrapping_sub(1) != 0 {
            return false;
        }
        if conn.is_held() {
            return true;
        }
        let end = conn.expires.load(Ordering::Relaxed);
        // Otherwise directors that tell each other would keep alive what nobody uses.
        if end == conn.told_end() {
            return false;
        }
        let left = end.wrapping_sub(time::now());
        let idle = life.saturating_sub(left);
        let since = rounds.saturating_mul(self.ticks.max(self.last));
        idle <= since.saturating_add(SLACK)
    }
}
