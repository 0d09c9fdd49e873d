// SPDX-License-Identifier: GPL-2.0

//! Slow start: a server that comes to others climbs from a tenth of its weight to all of it.
//!
//! Each pick among servers of which some ramp grants every one of these a credit: the share of the
//! pick that the scheduler would give it by the weight it has so far. A ramping server takes part
//! in a pick only with a whole credit, and pays one when it is chosen. So it gets what it would get
//! by that weight under a scheduler that follows weights, and no more under one that would give it
//! all for having no connections yet.

use core::num::NonZeroU32;

use crate::addr::Addr;

use super::servers::{
    Identified,
    Pair,
    Servers,
    Standing, //
};

/// What a whole fraction or a whole credit is.
pub const WHOLE: u32 = 1 << 16;

/// Fewest credits that may be saved up: so few connections may come at once.
const SAVED: u32 = 8;

/// Most credits that fit.
const MOST_SAVED: u32 = (1 << 15) - 1;

/// The ramp of a server: when it began, and how long it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ramp {
    /// The tick at which it began.
    pub begun: u32,
    /// Its length in ticks, less than half the counter's range.
    pub ticks: NonZeroU32,
}

impl Ramp {
    /// How much of its weight the server has at tick `now`, of [`WHOLE`]; `None` when that is all.
    #[inline]
    pub fn fraction(&self, now: u32) -> Option<u32> {
        let passed = now.wrapping_sub(self.begun);
        let ticks = self.ticks.get();
        if passed >= ticks {
            return None;
        }
        let tenth = u64::from(WHOLE) / 10;
        let rest = u64::from(WHOLE).wrapping_sub(tenth);
        let climbed = rest
            .wrapping_mul(u64::from(passed))
            .checked_div(u64::from(ticks))
            .unwrap_or(0);
        Some(tenth.wrapping_add(climbed) as u32)
    }

    /// The same in percent, at least 10.
    pub fn percent(&self, now: u32) -> u8 {
        let fraction = u64::from(self.fraction(now).unwrap_or(WHOLE));
        (fraction.wrapping_mul(100) >> WHOLE.trailing_zeros()).max(10) as u8
    }

    /// Ticks until it is over at tick `now`.
    pub const fn ticks_left(&self, now: u32) -> u32 {
        let passed = now.wrapping_sub(self.begun);
        self.ticks.get().saturating_sub(passed)
    }

    /// As a number, never 0.
    pub const fn packed(&self) -> u64 {
        ((self.ticks.get() as u64) << 32) | self.begun as u64
    }

    /// The ramp of a number of [`Ramp::packed`]; `None` of 0.
    #[inline]
    pub const fn unpacked(packed: u64) -> Option<Self> {
        match NonZeroU32::new((packed >> 32) as u32) {
            Some(ticks) => Some(Self {
                begun: packed as u32,
                ticks,
            }),
            None => None,
        }
    }
}

/// What a server is worth that has `fraction` of this weight.
#[inline]
pub fn worth(weight: u32, fraction: u32) -> u64 {
    u64::from(weight).wrapping_mul(u64::from(fraction))
}

/// The credit that a server worth so much is granted by one pick, where all are worth `all`.
#[inline]
pub fn grant(worth: u64, all: u64) -> u32 {
    // The worth of the greatest weight fits.
    let credit = worth.saturating_mul(u64::from(WHOLE));
    // No part is more than the whole.
    let credit = credit.checked_div(all).unwrap_or(0);
    credit.min(u64::from(WHOLE)) as u32
}

/// A server's credit after such a grant: no more is saved up than `turns`, the connections that may
/// come to the server one after the other at its turn.
#[inline]
pub fn granted(credit: u32, grant: u32, turns: u32) -> u32 {
    let most = turns.clamp(SAVED, MOST_SAVED).wrapping_mul(WHOLE);
    credit.saturating_add(grant).min(most)
}

/// A server's credit after it was chosen; `None` if it had no whole one.
#[inline]
pub fn paid(credit: u32) -> Option<u32> {
    credit.checked_sub(WHOLE)
}

/// Servers as a scheduler sees them while some wait for a credit, which `waits` tells of each:
/// those take no connections.
pub struct Present<'a, S> {
    servers: &'a S,
    waits: &'a dyn Fn(usize) -> bool,
}

impl<'a, S: Servers> Present<'a, S> {
    /// These servers.
    #[inline]
    pub fn new(servers: &'a S, waits: &'a dyn Fn(usize) -> bool) -> Self {
        Self { servers, waits }
    }
}

impl<S: Servers> Servers for Present<'_, S> {
    fn len(&self) -> usize {
        self.servers.len()
    }

    fn weight(&self, index: usize) -> u32 {
        if (self.waits)(index) {
            0
        } else {
            self.servers.weight(index)
        }
    }

    fn active(&self, index: usize) -> u32 {
        self.servers.active(index)
    }

    fn inactive(&self, index: usize) -> u32 {
        self.servers.inactive(index)
    }

    fn overloaded(&self, index: usize) -> bool {
        (self.waits)(index) || self.servers.overloaded(index)
    }

    fn table(&self) -> &[u16] {
        self.servers.table()
    }

    /// A tournament knows nothing of credits: it counts if its winner doesn't wait.
    fn standing(&self) -> Option<Standing> {
        let standing = self.servers.standing()?;
        let winner = standing.winner?;
        (!(self.waits)(winner)).then_some(standing)
    }

    /// Nor does a lottery.
    fn drawn(&self, random: u64) -> Option<Pair> {
        let drawn = self.servers.drawn(random)?;
        let (first, second) = drawn?;
        let is_anybody_waiting = (self.waits)(first) || (self.waits)(second);
        (!is_anybody_waiting).then_some(drawn)
    }
}

impl<S: Identified> Identified for Present<'_, S> {
    fn id(&self, index: usize) -> Option<NonZeroU32> {
        self.servers.id(index)
    }

    fn addr(&self, index: usize) -> Addr {
        self.servers.addr(index)
    }

    fn port(&self, index: usize) -> u16 {
        self.servers.port(index)
    }

    fn last_weight(&self, index: usize) -> u32 {
        self.servers.last_weight(index)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::super::locality::{
        self,
        Assignment,
        Cache,
        Clock, //
    };
    use super::super::testing::*;
    use super::super::*;
    use super::*;

    /// How connections end.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum End {
        /// Never.
        Never,
        /// The oldest one, once there are so many.
        Above(usize),
    }

    const TICKS: u32 = 10_000;
    const PICKS_A_TICK: u32 = 1;

    /// A pool in which servers ramp from the first tick on.
    struct Setup {
        algorithm: Algorithm,
        servers: Vec<Server>,
        ramps: Vec<Option<Ramp>>,
        credits: RefCell<Vec<u32>>,
        state: u64,
        assignments: Vec<Assignment>,
        random: u64,
        picked: u32,
        begun: Vec<usize>,
    }

    impl Setup {
        fn new(algorithm: Algorithm, weights: &[u32], ramping: &[usize]) -> Self {
            let servers = of_weights(weights);
            let ramp = |index| {
                ramping.contains(&index).then_some(Ramp {
                    begun: 0u32.wrapping_sub(1000),
                    ticks: NonZeroU32::new(TICKS).unwrap(),
                })
            };
            Self {
                algorithm,
                ramps: (0..servers.len()).map(ramp).collect(),
                credits: RefCell::new(vec![0; servers.len()]),
                state: changed(algorithm, &servers, 0, Change::Replaced),
                assignments: vec![Assignment::default(); locality::ROW_LEN * 64],
                servers,
                random: 0,
                picked: 0,
                begun: Vec::new(),
            }
        }

        fn weight(&self, index: usize) -> u32 {
            self.algorithm.counted_weight(self.servers[index].weight)
        }

        /// What each server is worth at a tick.
        fn worths(&self, now: u32) -> Vec<u64> {
            let fraction = |ramp: &Option<Ramp>| ramp.and_then(|ramp| ramp.fraction(now));
            (0..self.servers.len())
                .map(|index| {
                    worth(
                        self.weight(index),
                        fraction(&self.ramps[index]).unwrap_or(WHOLE),
                    )
                })
                .collect()
        }

        fn pick(&mut self, now: u32) -> usize {
            let facts = Facts::of(self.algorithm, &self.servers);
            let worths = self.worths(now);
            let all = worths.iter().sum();
            let ramps =
                |index: usize| self.ramps[index].is_some_and(|ramp| ramp.fraction(now).is_some());
            for index in (0..self.servers.len()).filter(|&index| ramps(index)) {
                let turns = self.algorithm.turns(self.servers[index].weight, &facts);
                let mut credits = self.credits.borrow_mut();
                credits[index] = granted(credits[index], grant(worths[index], all), turns);
            }
            self.picked += 1;
            // A sequence that fills the range evenly.
            self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let key = Key {
                random: self.random ^ (self.random >> 29),
                virtual_addr: Addr::from_v4_word(self.picked),
                ..Key::default()
            };
            let waits = |index: usize| ramps(index) && paid(self.credits.borrow()[index]).is_none();
            let present = Present::new(&self.servers, &waits);
            let index = if matches!(
                self.algorithm,
                Algorithm::LocalityLeastConnection | Algorithm::LocalityReplication
            ) {
                let mut cache = Cache::new(&mut self.assignments, (1, 2));
                let clock = Clock {
                    now,
                    expiration: TICKS,
                };
                locality::pick(
                    self.algorithm,
                    &mut cache,
                    &present,
                    &key.virtual_addr,
                    clock,
                )
            } else {
                let pick = pick(self.algorithm, &present, &facts, &key, self.state);
                self.state = pick.state;
                pick.index
            };
            let index = index.expect("a server");
            if ramps(index) {
                let mut credits = self.credits.borrow_mut();
                credits[index] = paid(credits[index]).expect("a credit");
            }
            index
        }

        fn begin(&mut self, index: usize, end: End) {
            self.servers[index].active += 1;
            if let End::Above(most) = end {
                self.begun.push(index);
                if self.begun.len() > most {
                    let index = self.begun.remove(0);
                    self.servers[index].active -= 1;
                }
            }
        }

        /// Lets all tenths pass: what each server got in each, and what it is on the line.
        fn run(&mut self, end: End) -> Vec<(Vec<u32>, Vec<f64>)> {
            let begun = 0u32.wrapping_sub(1000);
            let mut tenths = Vec::new();
            for tenth in 0..10 {
                let mut got = vec![0; self.servers.len()];
                let mut line = vec![0.0; self.servers.len()];
                for tick in TICKS / 10 * tenth..TICKS / 10 * (tenth + 1) {
                    let now = begun.wrapping_add(tick);
                    for _ in 0..PICKS_A_TICK {
                        let worths = self.worths(now);
                        let all: u64 = worths.iter().sum();
                        for (line, worth) in line.iter_mut().zip(&worths) {
                            *line += *worth as f64 / all as f64;
                        }
                        let index = self.pick(now);
                        got[index] += 1;
                        self.begin(index, end);
                    }
                }
                tenths.push((got, line));
            }
            tenths
        }
    }

    fn hashes(algorithm: Algorithm) -> bool {
        algorithm.table_len() > 0
    }

    /// Whether servers in `tenths` get what the line says, but for 20 %.
    fn check(what: &str, tenths: &[(Vec<u32>, Vec<f64>)], servers: &[usize]) {
        for (tenth, (got, line)) in tenths.iter().enumerate() {
            for &index in servers {
                let (got, line) = (f64::from(got[index]), line[index]);
                assert!(
                    (got - line).abs() <= line / 5.0 + 1.0,
                    "{what}: server {index} got {got} of {line} in tenth {tenth}"
                );
            }
        }
    }

    #[test]
    fn each_tenth_is_on_the_line() {
        // The ramping server is the heaviest one, without which failover and overflow have no
        // connections for it.
        let pools: [(&[u32], &[usize]); 6] = [
            (&[1, 1], &[0]),
            (&[1, 1, 1, 1], &[0]),
            (&[100, 40, 3, 1], &[0]),
            (&[7, 7, 7, 7, 7, 7, 7, 7, 7, 7], &[0, 1]),
            (&[30, 1], &[0]),
            (&[5; 60], &[0]),
        ];
        for algorithm in Algorithm::ALL.into_iter().filter(|one| !hashes(*one)) {
            for (weights, ramping) in pools {
                for end in [End::Never, End::Above(400)] {
                    // Overflow's servers are full.
                    if algorithm == Algorithm::Overflow && end == End::Never {
                        continue;
                    }
                    let weights: Vec<u32> = weights.iter().map(|weight| weight * 1000).collect();
                    // Failover has one server at a time.
                    let ramping = match algorithm {
                        Algorithm::Failover | Algorithm::Overflow => &ramping[..1],
                        _ => ramping,
                    };
                    let mut setup = Setup::new(algorithm, &weights, ramping);
                    let tenths = setup.run(end);
                    let what = format!("{algorithm:?}, {weights:?}, {end:?}");
                    check(&what, &tenths, ramping);
                }
            }
        }
    }

    #[test]
    fn the_others_share_the_rest_as_ever() {
        for algorithm in [Algorithm::RoundRobin, Algorithm::WeightedRoundRobin] {
            let mut setup = Setup::new(algorithm, &[4, 2, 1, 1], &[0]);
            let tenths = setup.run(End::Never);
            check(algorithm.name(), &tenths, &[0, 1, 2, 3]);
        }
    }

    #[test]
    fn a_light_server_among_heavy_ones_is_on_the_line() {
        // Its turn comes once in 111 picks, and then eleven times.
        for algorithm in [
            Algorithm::WeightedRoundRobin,
            Algorithm::WeightedLeastConnection,
        ] {
            for weights in [[11, 100], [1, 100], [37, 100]] {
                let mut setup = Setup::new(algorithm, &weights, &[0]);
                check(algorithm.name(), &setup.run(End::Never), &[0]);
            }
        }
    }

    #[test]
    fn it_climbs_from_a_tenth_to_all() {
        for begun in [0, 5, u32::MAX - 10] {
            let ramp = Ramp {
                begun,
                ticks: NonZeroU32::new(1000).unwrap(),
            };
            assert_eq!(ramp.fraction(begun), Some(WHOLE / 10));
            assert_eq!((ramp.percent(begun), ramp.ticks_left(begun)), (10, 1000));
            let end = begun.wrapping_add(1000);
            assert_eq!((ramp.percent(end), ramp.ticks_left(end)), (100, 0));
            let half = ramp.fraction(begun.wrapping_add(500)).unwrap();
            assert!(half.abs_diff(WHOLE * 55 / 100) <= 1, "{half}");
            let last = ramp.fraction(begun.wrapping_add(999)).unwrap();
            assert!(last < WHOLE && last > WHOLE * 99 / 100, "{last}");
            assert_eq!(ramp.fraction(begun.wrapping_add(1000)), None);
            assert_eq!(ramp.fraction(begun.wrapping_add(1 << 30)), None);
            assert_eq!(Ramp::unpacked(ramp.packed()), Some(ramp));
        }
        assert_eq!(Ramp::unpacked(0), None);
    }

    #[test]
    fn credits_are_never_more_than_picks() {
        assert_eq!(grant(5, 5), WHOLE);
        assert_eq!(grant(1, 2), WHOLE / 2);
        assert_eq!(grant(7, 0), 0);
        let most = worth(i32::MAX as u32, WHOLE);
        assert_eq!(
            (grant(most, most), grant(most, 2 * most)),
            (WHOLE, WHOLE / 2)
        );
        assert_eq!(grant(u64::MAX, 1), WHOLE);
        assert_eq!(granted(0, WHOLE, 0), WHOLE);
        assert_eq!(granted(u32::MAX, WHOLE, 0), SAVED * WHOLE);
        assert_eq!(granted(u32::MAX, WHOLE, u32::MAX), MOST_SAVED * WHOLE);
        assert_eq!(paid(WHOLE - 1), None);
        assert_eq!(paid(WHOLE + 3), Some(3));
    }

    #[test]
    fn nobody_is_chosen_who_waits() {
        for algorithm in Algorithm::ALL.into_iter().filter(|one| !hashes(*one)) {
            let servers = of_weights(&[3, 2, 1]);
            let facts = Facts::of(algorithm, &servers);
            let mut state = changed(algorithm, &servers, 0, Change::Replaced);
            for waiting in 0..3 {
                let is_waiting = |index| index == waiting;
                let present = Present::new(&servers, &is_waiting);
                for random in 0..20_u64 {
                    let key = Key {
                        random: (random << 59) | (random << 27),
                        ..Key::default()
                    };
                    let pick = pick(algorithm, &present, &facts, &key, state);
                    state = pick.state;
                    assert!(
                        pick.index.is_some_and(|index| index != waiting),
                        "{algorithm:?}"
                    );
                }
            }
            let all = Present::new(&servers, &|_| true);
            assert_eq!(
                pick(algorithm, &all, &facts, &Key::default(), state).index,
                None
            );
        }
    }
}
