// SPDX-License-Identifier: GPL-2.0

//! Locality-based least connection: a virtual address keeps its server until that has more active
//! connections than weight while another is half idle. For clusters of caches, where each server
//! holds what it has been asked for, behind a range of addresses (a mark service).
//!
//! With replication an address has a set of servers: it grows by one when all of them are busy, and
//! loses the most loaded one when nothing changed for long.
//!
//! Which address has which servers is remembered in a [`Cache`] over the caller's memory. It never
//! grows: an address that is new to a full row takes the place of the one used least recently.

use core::num::NonZeroU32;
use core::ops::Range;

use super::foresee::EachLookedAt;
use super::scheduler::Scheduler;
use super::servers::{
    overhead,
    By,
    Foreseen,
    Identified,
    Servers, //
};
use super::tournament::{
    heavier,
    is_half_idle,
    lowest,
    lowest_bid, //
};
use super::wlc::WeightedLeastConnection;
use super::Algorithm;
use crate::addr::Addr;
use crate::hash::{
    hash_3,
    HashKey, //
};

/// Assignments in a row of the cache, the places an address can have.
pub const ROW_LEN: usize = 4;

/// Servers an address can have. Beyond that a new one takes the place of the oldest.
const MOST_SERVERS: usize = 8;

/// An address and its servers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Assignment {
    addr: Addr,
    /// When the address was last looked up.
    used: u32,
    /// When the set of servers last changed.
    changed: u32,
    /// Its servers, the newest first; the assignment is free when there is none.
    servers: [Option<Remembered>; MOST_SERVERS],
}

/// A server.
#[derive(Clone, Copy, Debug)]
struct Remembered {
    id: NonZeroU32,
    /// Where it was in the list when it was last looked for.
    index: u32,
}

impl Remembered {
    /// Where the server is now, if it is still there.
    #[inline]
    fn find(&mut self, servers: &impl Identified) -> Option<usize> {
        let is_here = |index: usize| servers.id(index) == Some(self.id);
        let index = Some(self.index as usize)
            .filter(|&index| is_here(index))
            .or_else(|| (0..servers.len()).find(|&index| is_here(index)))?;
        self.index = index as u32;
        Some(index)
    }
}

/// Time, in a unit of the caller's choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    /// The present; may wrap around.
    pub now: u32,
    /// How long an address is remembered after its last use, and how long a set of servers stays as
    /// it is before it shrinks.
    pub expiration: u32,
}

impl Clock {
    #[inline]
    fn is_past(self, time: u32) -> bool {
        self.now.wrapping_sub(time) > self.expiration
    }
}

/// Which virtual address has which servers.
pub struct Cache<'a> {
    assignments: &'a mut [Assignment],
    key: HashKey,
}

impl<'a> Cache<'a> {
    /// The cache in `assignments`, which are default ones at first; rows are found by a hash with
    /// `key`.
    #[inline]
    pub fn new(assignments: &'a mut [Assignment], key: HashKey) -> Self {
        Self { assignments, key }
    }

    /// The assignment of `addr`, or the one to put it into.
    #[inline]
    fn assignment(&mut self, addr: &Addr, clock: Clock) -> Option<&mut Assignment> {
        let row = row(self.key, self.assignments.len(), addr)?;
        self.assignments
            .get_mut(row)?
            .iter_mut()
            .min_by_key(|assignment| match assignment.servers[0] {
                Some(_) if assignment.addr == *addr => (0, 0),
                None => (1, 0),
                Some(_) => (
                    2,
                    u32::MAX.wrapping_sub(clock.now.wrapping_sub(assignment.used)),
                ),
            })
    }
}

/// Where the assignment of `addr` may be among so many; rows are found by a hash with `key`.
#[inline]
fn row(key: HashKey, assignments: usize, addr: &Addr) -> Option<Range<usize>> {
    let rows = u64::try_from(assignments / ROW_LEN).ok()?;
    let [a, b, c, d] = addr.0.map(u64::from);
    let hash = u64::from(hash_3(key, (a << 32) | b, (c << 32) | d, 0));
    let row = usize::try_from(hash.wrapping_mul(rows) >> 32).ok()?;
    let start = row.wrapping_mul(ROW_LEN);
    Some(start..start.wrapping_add(ROW_LEN))
}

impl Assignment {
    /// Whether the assignment tells the servers of `addr`.
    #[inline]
    fn is_of(&self, addr: &Addr, clock: Clock) -> bool {
        self.servers[0].is_some() && self.addr == *addr && !clock.is_past(self.used)
    }

    /// The indices of those servers that are still there.
    #[inline]
    fn present<'a>(&'a mut self, servers: &'a impl Identified) -> impl Iterator<Item = usize> + 'a {
        self.servers
            .iter_mut()
            .flatten()
            .filter_map(|server| server.find(servers))
    }

    /// Makes the server with this number, which is at `index` now, one of them.
    fn insert(&mut self, id: NonZeroU32, index: usize, now: u32) {
        if self.servers.iter().flatten().any(|server| server.id == id) {
            return;
        }
        // Each one moves by one place; the last one falls out if there is no gap.
        let mut mover = Some(Remembered {
            id,
            index: index as u32,
        });
        for place in &mut self.servers {
            core::mem::swap(place, &mut mover);
            if mover.is_none() {
                break;
            }
        }
        self.changed = now;
    }

    /// Removes `id` from the servers and closes the gap.
    fn remove(&mut self, id: NonZeroU32, now: u32) {
        let mut kept = [None; MOST_SERVERS];
        let others = self.servers.iter().flatten().filter(|other| other.id != id);
        for (place, &other) in kept.iter_mut().zip(others) {
            *place = Some(other);
        }
        self.servers = kept;
        self.changed = now;
    }
}

/// Chooses the server for a new connection to `addr`. `algorithm` is one of the two locality-based
/// algorithms.
pub fn pick(
    algorithm: Algorithm,
    cache: &mut Cache<'_>,
    servers: &impl Identified,
    addr: &Addr,
    clock: Clock,
) -> Option<usize> {
    let Some(assignment) = cache.assignment(addr, clock) else {
        return lowest_bid(servers, WeightedLeastConnection::bid);
    };
    let is_known = assignment.is_of(addr, clock);
    if is_known {
        if let Some(index) = remembered(algorithm, assignment, servers, clock) {
            return Some(index);
        }
    }
    let index = lowest_bid(servers, WeightedLeastConnection::bid)?;
    let id = servers.id(index)?;
    if !is_known || algorithm != Algorithm::LocalityReplication {
        *assignment = Assignment {
            addr: *addr,
            used: clock.now,
            ..Assignment::default()
        };
    }
    assignment.insert(id, index, clock.now);
    Some(index)
}

/// What [`pick`] would choose for `addr` by the `assignments` of a cache whose rows are found by
/// `key`, of which nothing changes.
pub fn foresee(
    algorithm: Algorithm,
    (assignments, key): (&[Assignment], HashKey),
    servers: &impl Identified,
    addr: &Addr,
    clock: Clock,
) -> Foreseen {
    let servers = &EachLookedAt(servers);
    let kept = row(key, assignments.len(), addr)
        .and_then(|row| {
            assignments
                .get(row)?
                .iter()
                .find(|own| own.is_of(addr, clock))
        })
        .and_then(|own| remembered(algorithm, &mut own.clone(), servers, clock));
    if let Some(index) = kept {
        return Foreseen::Server(index, By::Memory);
    }
    match lowest_bid(servers, WeightedLeastConnection::bid) {
        Some(index) => Foreseen::Server(index, By::Load),
        None => Foreseen::Nobody,
    }
}

/// The server that an address keeps by its assignment, if that may go on.
#[inline]
fn remembered(
    algorithm: Algorithm,
    assignment: &mut Assignment,
    servers: &impl Identified,
    clock: Clock,
) -> Option<usize> {
    assignment.used = clock.now;
    let kept = match algorithm {
        Algorithm::LocalityReplication => from_set(assignment, servers, clock),
        _ => assignment
            .present(servers)
            .next()
            // ip_vs looks at the weight only: an overloaded server keeps its addresses.
            .filter(|&index| servers.weight(index) > 0),
    };
    kept.filter(|&index| !is_busy(servers, index))
}

/// The least loaded server of a set. If that didn't change for long, the most loaded one leaves
/// it, even if it is the same.
fn from_set(assignment: &mut Assignment, servers: &impl Identified, clock: Clock) -> Option<usize> {
    let least = lowest(
        servers,
        assignment.present(servers),
        WeightedLeastConnection::bid,
    );
    if clock.is_past(assignment.changed) && assignment.present(servers).nth(1).is_some() {
        let most = most_loaded(servers, assignment.present(servers));
        if let Some(id) = most.and_then(|index| servers.id(index)) {
            assignment.remove(id, clock.now);
        }
    }
    least
}

/// The one with the most load for its weight, the first one of equals, overloaded or not.
fn most_loaded<S: Servers>(servers: &S, candidates: impl Iterator<Item = usize>) -> Option<usize> {
    candidates
        .filter(|&index| servers.weight(index) > 0)
        .reduce(|most, index| {
            let is_heavier = heavier(
                overhead(servers, index),
                servers.weight(index),
                overhead(servers, most),
                servers.weight(most),
            );
            if is_heavier {
                index
            } else {
                most
            }
        })
}

/// Whether server `index` has more to do than its weight says while another one is half idle.
fn is_busy(servers: &impl Servers, index: usize) -> bool {
    servers.active(index) > servers.weight(index)
        && match servers.standing() {
            Some(standing) => standing.is_any_half_idle,
            None => (0..servers.len()).any(|other| is_half_idle(servers, other)),
        }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::Algorithm::{
        LocalityLeastConnection,
        LocalityReplication, //
    };
    use super::*;

    /// A cache, its servers and a clock.
    struct Setup {
        algorithm: Algorithm,
        assignments: Vec<Assignment>,
        servers: Vec<Server>,
        now: u32,
    }

    impl Setup {
        fn new(algorithm: Algorithm, weights: &[u32]) -> Self {
            Self {
                algorithm,
                assignments: vec![Assignment::default(); 64],
                servers: of_weights(weights),
                // Close to where the clock wraps around.
                now: u32::MAX - 5,
            }
        }

        fn pick(&mut self, addr: u8) -> Option<usize> {
            let clock = Clock {
                now: self.now,
                expiration: 10,
            };
            let key = (1, 2);
            let addr = Addr::from_v4([10, 0, 0, addr]);
            let cache = (&self.assignments[..], key);
            let foreseen = foresee(self.algorithm, cache, &self.servers, &addr, clock);
            let mut cache = Cache::new(&mut self.assignments, key);
            let picked = pick(self.algorithm, &mut cache, &self.servers, &addr, clock);
            match foreseen {
                Foreseen::Server(index, _) => assert_eq!(picked, Some(index)),
                _ => assert_eq!(picked, None),
            }
            picked
        }

        fn later(&mut self, time: u32) {
            self.now = self.now.wrapping_add(time);
        }
    }

    const BOTH: [Algorithm; 2] = [LocalityLeastConnection, LocalityReplication];

    #[test]
    fn an_address_keeps_its_server() {
        for algorithm in BOTH {
            let mut setup = Setup::new(algorithm, &[10, 10]);
            assert_eq!(setup.pick(1), Some(0));
            setup.servers[0].active = 10;
            assert_eq!(setup.pick(1), Some(0), "no more than its weight");
            assert_eq!(setup.pick(2), Some(1), "another address");
        }
    }

    #[test]
    fn what_is_foreseen_tells_memory_from_load() {
        for algorithm in BOTH {
            let mut setup = Setup::new(algorithm, &[10, 10]);
            let foresee = |setup: &Setup| {
                let clock = Clock {
                    now: setup.now,
                    expiration: 10,
                };
                let addr = Addr::from_v4([10, 0, 0, 1]);
                foresee(
                    algorithm,
                    (&setup.assignments, (1, 2)),
                    &setup.servers,
                    &addr,
                    clock,
                )
            };
            assert_eq!(foresee(&setup), Foreseen::Server(0, By::Load));
            setup.pick(1);
            setup.servers[0].active = 10;
            assert_eq!(foresee(&setup), Foreseen::Server(0, By::Memory));
            setup.servers[0].active = 11;
            assert_eq!(foresee(&setup), Foreseen::Server(1, By::Load));
            setup.servers[0].active = 10;
            setup.later(11);
            assert_eq!(foresee(&setup), Foreseen::Server(1, By::Load), "forgotten");
        }
    }

    #[test]
    fn a_busy_server_loses_an_address_to_a_half_idle_one() {
        for algorithm in BOTH {
            let mut setup = Setup::new(algorithm, &[10, 10]);
            setup.pick(1);
            setup.servers[0].active = 11;
            setup.servers[1].active = 5;
            assert_eq!(setup.pick(1), Some(0), "nobody is half idle");
            setup.servers[1].active = 4;
            assert_eq!(setup.pick(1), Some(1));
            setup.servers[0].active = 0;
            let back = (algorithm == LocalityReplication).then_some(0);
            assert_eq!(setup.pick(1), back.or(Some(1)));
        }
    }

    #[test]
    fn a_server_that_went_or_is_quiescent_is_replaced() {
        for algorithm in BOTH {
            let mut setup = Setup::new(algorithm, &[1, 1]);
            setup.pick(1);
            setup.pick(2);
            setup.servers[0].weight = 0;
            assert_eq!(setup.pick(1), Some(1));
            let gone = setup.servers.remove(0);
            assert_eq!(setup.pick(2), Some(0));
            setup.servers.insert(
                0,
                Server {
                    id: 7,
                    weight: 1,
                    ..gone
                },
            );
            assert_eq!(setup.pick(2), Some(1), "indices moved");
        }
    }

    #[test]
    fn overload_takes_addresses_from_a_set_only() {
        let mut setup = Setup::new(LocalityLeastConnection, &[1, 1]);
        setup.pick(1);
        setup.servers[0].overloaded = true;
        assert_eq!(setup.pick(1), Some(0));
        let mut setup = Setup::new(LocalityReplication, &[1, 1]);
        setup.pick(1);
        setup.servers[0].overloaded = true;
        assert_eq!(setup.pick(1), Some(1));
    }

    #[test]
    fn a_set_shrinks_when_nothing_changed_for_long() {
        let mut setup = Setup::new(LocalityReplication, &[10, 10]);
        setup.pick(1);
        setup.servers[0].active = 11;
        assert_eq!(setup.pick(1), Some(1), "the set grows");
        setup.servers[0].active = 9;
        setup.servers[1].active = 8;
        setup.later(10);
        assert_eq!(setup.pick(1), Some(1));
        setup.later(1);
        assert_eq!(setup.pick(1), Some(1), "the first server leaves");
        setup.servers[0].active = 0;
        assert_eq!(setup.pick(1), Some(1));
    }

    #[test]
    fn an_unused_address_is_forgotten() {
        for algorithm in BOTH {
            let mut setup = Setup::new(algorithm, &[1, 1]);
            setup.pick(1);
            setup.servers[0].active = 1;
            setup.later(10);
            assert_eq!(setup.pick(1), Some(0));
            setup.later(11);
            assert_eq!(setup.pick(1), Some(1));
        }
    }

    #[test]
    fn the_least_recently_used_address_makes_room() {
        for algorithm in BOTH {
            let mut setup = Setup::new(algorithm, &[10, 10]);
            setup.assignments.truncate(ROW_LEN);
            for addr in 0..4 {
                assert_eq!(setup.pick(addr), Some(0));
                setup.later(1);
            }
            setup.servers[0].active = 1;
            assert_eq!(setup.pick(0), Some(0));
            assert_eq!(setup.pick(4), Some(1), "in the place of 1");
            assert_eq!([0, 2, 3].map(|addr| setup.pick(addr)), [Some(0); 3]);
            assert_eq!(setup.pick(1), Some(1));
        }
    }

    #[test]
    fn without_memory_it_is_weighted_least_connection() {
        for algorithm in BOTH {
            let mut setup = Setup::new(algorithm, &[1, 1]);
            setup.assignments.clear();
            assert_eq!(setup.pick(1), Some(0));
            setup.servers[0].active = 1;
            assert_eq!(setup.pick(1), Some(1));
        }
    }

    #[test]
    fn a_set_is_bounded() {
        let mut setup = Setup::new(LocalityReplication, &[10; 12]);
        for index in 0..12 {
            assert_eq!(setup.pick(1), Some(index));
            setup.servers[index].active = 11;
        }
        // The first servers fell out of the set when the last ones came.
        setup
            .servers
            .iter_mut()
            .for_each(|server| server.active = 10);
        setup.servers[3].active = 1;
        assert_eq!(setup.pick(1), Some(11));
        setup.servers[4].active = 2;
        assert_eq!(setup.pick(1), Some(4));
    }
}
