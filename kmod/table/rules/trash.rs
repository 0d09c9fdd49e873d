// SPDX-License-Identifier: GPL-2.0

//! Removed servers that connections still go to, or did a short time ago: one that is added again
//! goes on with its connections and counters.
//!
//! Whoever reloads the rules removes and adds thousands of servers at once, so they are found by a
//! hash of their name. Control lock held throughout.

use kernel::prelude::*;

use lvs_engine::config::{
    DestId,
    ServiceId,
    Target, //
};

use crate::kernel_ext::list::List;
use crate::kernel_ext::rcu::RcuArc;
use crate::kernel_ext::time;

use super::super::dest::Dest;
use super::super::stats::Counters;

/// Seconds a removed server is kept after its last connection, so that it finds its counters when
/// it is added again.
const SECONDS: u32 = 120;

/// Removed servers, by name.
#[derive(Default)]
pub(super) struct Trash {
    /// [`Trash::BUCKETS`] of them as soon as a server was removed.
    buckets: List<Bucket>,
}

#[derive(Default)]
struct Bucket {
    trashed: List<Trashed>,
    /// Elements that room is being made for.
    expected: usize,
}

struct Trashed {
    dest: RcuArc<Dest>,
    state: State,
}

/// What becomes of a removed server, and the tick since when.
#[derive(Clone, Copy)]
enum State {
    /// Packets that had found it before its removal may still be counting.
    Leaves(u32),
    /// Connections go to it.
    Used,
    /// None does.
    Idle(u32),
}

impl Trashed {
    fn is(&self, service: &ServiceId, id: &DestId) -> bool {
        self.dest.id() == id && self.dest.service() == service
    }
}

/// How many servers are to be kept in each bucket.
pub(super) struct Expected(List<usize>);

impl Expected {
    /// None. Sleeps. Fails with `ENOMEM`.
    pub(super) fn none() -> Result<Self> {
        Ok(Self(List::filled(Trash::BUCKETS, 0)?))
    }

    /// One more: `dest`.
    pub(super) fn add(&mut self, dest: &Dest) {
        if let Some(count) = self.0.get_mut(Trash::place_of(dest)) {
            *count = count.saturating_add(1);
        }
    }
}

impl Trash {
    /// A power of two.
    const BUCKETS: usize = 512;

    /// Only who may change the rules chooses names, so the hash needs no key.
    fn place(service: &ServiceId, id: &DestId) -> usize {
        let service = match &service.target {
            Target::Mark(mark) => *mark,
            Target::Address { addr, port, .. } => addr.folded() ^ (u32::from(*port) << 16),
        };
        let dest = id.addr.folded() ^ (u32::from(id.port) << 16);
        let hash = service
            .wrapping_mul(0x9e37_79b1)
            .wrapping_add(dest)
            .wrapping_mul(0x85eb_ca6b);
        (hash >> 23) as usize & (Self::BUCKETS - 1)
    }

    fn place_of(dest: &Dest) -> usize {
        Self::place(dest.service(), dest.id())
    }

    fn bucket_mut(&mut self, dest: &Dest) -> Option<&mut Bucket> {
        self.buckets.get_mut(Self::place_of(dest))
    }

    fn make_buckets(&mut self) -> Result {
        while self.buckets.len() < Self::BUCKETS {
            self.buckets.push(Bucket::default())?;
        }
        Ok(())
    }

    /// Makes room for as many servers as were `expected`, so that [`Trash::put`] can't fail. Sleeps.
    /// Fails with `ENOMEM`.
    pub(super) fn reserve_all(&mut self, expected: &Expected) -> Result {
        self.make_buckets()?;
        for (bucket, &count) in self.buckets.iter_mut().zip(expected.0.iter()) {
            bucket.trashed.reserve(count)?;
        }
        Ok(())
    }

    /// The same for `dests`.
    pub(super) fn reserve(&mut self, dests: &[RcuArc<Dest>]) -> Result {
        self.make_buckets()?;
        let mut reserved = Ok(());
        for dest in dests {
            if let Some(bucket) = self.bucket_mut(dest) {
                bucket.expected = bucket.expected.saturating_add(1);
                reserved = reserved.and(bucket.trashed.reserve(bucket.expected));
            }
        }
        for dest in dests {
            if let Some(bucket) = self.bucket_mut(dest) {
                bucket.expected = 0;
            }
        }
        reserved
    }

    /// Keeps `dest`, whose service took over what it had counted. Without room, which was to be
    /// reserved, its connections alone keep it.
    pub(super) fn put(&mut self, dest: RcuArc<Dest>) {
        if let Some(bucket) = self.bucket_mut(&dest) {
            let state = State::Leaves(time::now());
            let _ = bucket.trashed.push_reserved(Trashed { dest, state });
        }
    }

    /// The removed server of this name, which stays.
    pub(super) fn find(&self, service: &ServiceId, id: &DestId) -> Option<RcuArc<Dest>> {
        let bucket = self.buckets.get(Self::place(service, id))?;
        let found = bucket.trashed.iter().find(|it| it.is(service, id))?;
        Some(found.dest.clone())
    }

    /// Has `take` take over what servers counted beyond that, once nobody counts any more.
    pub(super) fn settle(&mut self, mut take: impl FnMut(&Dest, Counters)) {
        let now = time::now();
        let trashed = self.buckets.iter_mut().flat_map(|it| it.trashed.iter_mut());
        for Trashed { dest, state } in trashed {
            if matches!(state, State::Leaves(at) if now.wrapping_sub(*at) >= time::HZ) {
                let counted = dest.raw_counters();
                take(dest, counted.minus(dest.handed_over()));
                dest.hand_over(counted);
                *state = State::Used;
            }
        }
    }

    /// Forgets the removed server of this name.
    pub(super) fn remove(&mut self, service: &ServiceId, id: &DestId) {
        if let Some(bucket) = self.buckets.get_mut(Self::place(service, id)) {
            if let Some(index) = bucket.trashed.iter().position(|it| it.is(service, id)) {
                drop(bucket.trashed.remove(index));
            }
        }
    }

    /// Forgets servers that nothing has gone to for a while.
    pub(super) fn empty(&mut self) {
        let now = time::now();
        for bucket in self.buckets.iter_mut() {
            bucket.trashed.retain(|Trashed { dest, state }| {
                let since = match *state {
                    State::Leaves(_) => return true,
                    _ if !RcuArc::is_unique(dest) => {
                        *state = State::Used;
                        return true;
                    }
                    State::Used => now,
                    State::Idle(since) => since,
                };
                *state = State::Idle(since);
                now.wrapping_sub(since) < SECONDS.wrapping_mul(time::HZ)
            });
        }
    }
}
