// SPDX-License-Identifier: GPL-2.0

//! Picks of a scheduler, with what it remembers between two of them.

use core::sync::atomic::{
    AtomicU64,
    Ordering, //
};

use lvs_engine::sched::ramp::Present;
use lvs_engine::sched::{
    self,
    Algorithm,
    Facts,
    Identified,
    Key,
    Servers, //
};

use crate::kernel_ext::task::time;

use super::locality::{
    self,
    Locality, //
};
use super::pool::Pool;

/// How often a pick is tried again whose server's credit somebody else took.
const TRIES: usize = 3;

/// What a scheduler remembers between two picks.
pub(super) struct Memory<'a> {
    pub(super) cursor: &'a AtomicU64,
    pub(super) locality: Option<&'a Locality>,
    /// How long the locality-based algorithms remember, in ticks.
    pub(super) expiration: u32,
}

impl Memory<'_> {
    pub(super) fn pick(
        &self,
        algorithm: Algorithm,
        servers: &impl Identified,
        facts: &Facts,
        key: &Key,
    ) -> Option<usize> {
        if locality::is_used_by(algorithm) {
            return locality::pick(self.locality, servers, algorithm, key, self.expiration);
        }
        pick_from(self.cursor, algorithm, servers, facts, key)
    }

    /// The place of the server picked from `servers`, which are those of `pool`, some of which
    /// ramp. If nobody has a credit who could take the client, one without does.
    pub(super) fn pick_ramping(
        &self,
        pool: &Pool,
        servers: &impl Identified,
        key: &Key,
    ) -> Option<usize> {
        let algorithm = pool.scheduler?;
        let now = time::now();
        pool.grant(algorithm, servers, now);
        let waits = |index| pool.waits(index, now);
        let present = Present::new(servers, &waits);
        for _ in 0..TRIES {
            let Some(index) = self.pick(algorithm, &present, &pool.facts, key) else {
                break;
            };
            if pool.pay(index, now) {
                return Some(index);
            }
        }
        self.pick(algorithm, servers, &pool.facts, key)
    }
}

/// The place of the server that `algorithm` picks, which remembers `cursor` between two picks.
#[inline]
pub(super) fn pick_from(
    cursor: &AtomicU64,
    algorithm: Algorithm,
    servers: &impl Servers,
    facts: &Facts,
    key: &Key,
) -> Option<usize> {
    let mut state = cursor.load(Ordering::Relaxed);
    loop {
        let pick = sched::pick(algorithm, servers, facts, key, state);
        if pick.state != state {
            // Somebody else may have picked meanwhile: then pick again from there.
            if let Err(present) =
                cursor.compare_exchange(state, pick.state, Ordering::Relaxed, Ordering::Relaxed)
            {
                state = present;
                continue;
            }
        }
        return pick.index;
    }
}
