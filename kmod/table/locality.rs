// SPDX-License-Identifier: GPL-2.0

//! What the locality-based algorithms remember between two picks.

use kernel::prelude::*;

use lvs_engine::hash::HashKey;
use lvs_engine::sched::locality::{
    self,
    Assignment,
    Cache,
    Clock, //
};
use lvs_engine::sched::{
    Algorithm,
    Foreseen,
    Identified,
    Key, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::RcuArc;
use crate::kernel_ext::task::lock::LockBh;
use crate::kernel_ext::task::time;

/// What the locality-based algorithms remember: a bounded number of addresses and their servers.
pub(crate) struct Locality {
    /// The lock guards these alone. Picks take it, in softirq.
    entries: LockBh<GrowVec<Assignment>>,
    key: HashKey,
}

impl Locality {
    /// Addresses remembered at most.
    const ENTRIES: usize = 1024 * locality::ROW_LEN;

    /// An empty memory if `scheduler` needs one. Sleeps. Fails with `ENOMEM`.
    pub(crate) fn of(scheduler: Option<Algorithm>) -> Result<Option<RcuArc<Self>>> {
        if !scheduler.is_some_and(is_used_by) {
            return Ok(None);
        }
        let entries = GrowVec::filled(Self::ENTRIES, Assignment::default())?;
        Ok(Some(RcuArc::new(Self {
            entries: LockBh::new(entries)?,
            key: (time::random_u64(), time::random_u64()),
        })?))
    }
}

/// What [`pick`] would choose with the same arguments; nothing is remembered of it.
#[cold]
pub(super) fn foresee(
    memory: Option<&Locality>,
    servers: &impl Identified,
    algorithm: Algorithm,
    key: &Key,
    expiration: u32,
) -> Foreseen {
    let clock = Clock {
        now: time::now(),
        expiration,
    };
    let find = |entries: &[Assignment], memory_key| {
        let cache = (entries, memory_key);
        locality::foresee(algorithm, cache, servers, &key.virtual_addr, clock)
    };
    match memory {
        Some(memory) => find(&memory.entries.lock(), memory.key),
        None => find(&[], (0, 0)),
    }
}

/// Whether the algorithm remembers addresses.
pub(super) const fn is_used_by(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::LocalityLeastConnection | Algorithm::LocalityReplication
    )
}

/// The place of the server that such an algorithm picks by what it remembers. `expiration` is how
/// long that is, in ticks.
#[cold]
pub(super) fn pick(
    memory: Option<&Locality>,
    servers: &impl Identified,
    algorithm: Algorithm,
    key: &Key,
    expiration: u32,
) -> Option<usize> {
    let clock = Clock {
        now: time::now(),
        expiration,
    };
    let find = |entries: &mut [Assignment], memory_key| {
        let mut cache = Cache::new(entries, memory_key);
        locality::pick(algorithm, &mut cache, servers, &key.virtual_addr, clock)
    };
    match memory {
        Some(memory) => find(&mut memory.entries.lock(), memory.key),
        // The service has just got another scheduler.
        None => find(&mut [], (0, 0)),
    }
}
