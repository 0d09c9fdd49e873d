// SPDX-License-Identifier: GPL-2.0

//! Weighted round robin: the servers in turn, the heavier ones more often.
//!
//! The rotation has a current weight. It passes over servers that weigh less, and each time it
//! comes round the current weight falls by the common divisor of all weights, from the greatest
//! weight to 1 and over again. So servers of weights 4, 3 and 2 (A, B, C) come as A A B A B C A B
//! C.
//!
//! The upper half of the state is the [`Cursor`] on the last chosen server, the lower half the
//! current weight, which is 0 as long as no server weighs anything.

use super::cursor::Cursor;
use super::scheduler::Scheduler;
use super::servers::{
    available,
    weights,
    Change,
    Facts,
    Key,
    Pick,
    Servers, //
};

/// The state, unpacked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Rotation {
    cursor: Cursor,
    weight: u32,
}

impl Rotation {
    #[inline]
    const fn unpack(state: u64) -> Self {
        Self {
            cursor: Cursor::from_number((state >> 32) as u32),
            weight: state as u32,
        }
    }

    #[inline]
    fn pack(self) -> u64 {
        (u64::from(self.cursor.number()) << 32) | u64::from(self.weight)
    }
}

/// How the current weight moves.
#[derive(Clone, Copy)]
struct Scale {
    /// Where it starts: the least weight that takes the heaviest server only.
    top: u32,
    /// How much it falls each time round; never 0.
    step: u32,
}

impl Scale {
    #[inline]
    fn of(facts: &Facts) -> Self {
        let step = facts.gcd.max(1);
        Self {
            top: facts.max_weight.saturating_sub(step.wrapping_sub(1)),
            step,
        }
    }

    /// The weight that follows `weight`, and whether it starts over.
    #[inline]
    fn lower(self, weight: u32) -> (u32, bool) {
        match weight.checked_sub(self.step) {
            None | Some(0) => (self.top, true),
            Some(lower) => (lower, false),
        }
    }

    /// The first weight from `weight` downwards that is at most `bound`, which is above 0.
    #[inline]
    fn lower_to(self, weight: u32, bound: u32) -> u32 {
        let excess = weight.saturating_sub(bound);
        let fall = match excess.checked_rem(self.step) {
            None | Some(0) => excess,
            Some(rest) => excess.saturating_add(self.step.wrapping_sub(rest)),
        };
        weight.saturating_sub(fall).max(1)
    }
}

/// Chooses the next available server of at least the current weight.
///
/// Where the rotation would come round several times until the current weight is low enough for
/// anybody, the weight falls at once: a pick looks at no server more than three times.
#[inline]
fn pick(servers: &impl Servers, facts: &Facts, state: u64) -> Pick {
    let scale = Scale::of(facts);
    if scale.top == 0 {
        return Pick { index: None, state };
    }
    let len = servers.len();
    let Rotation { cursor, weight } = Rotation::unpack(state);
    let weight = match weight {
        0 => scale.top,
        weight => weight.min(scale.top),
    };
    let find = |from: usize, weight: u32| {
        let index = (from..len)
            .find(|&index| !servers.overloaded(index) && servers.weight(index) >= weight)?;
        let cursor = Cursor::on(index);
        Some(Pick {
            index: Some(index),
            state: Rotation { cursor, weight }.pack(),
        })
    };
    if let Some(pick) = find(cursor.next(len), weight) {
        return pick;
    }
    let heaviest = (0..len)
        .filter(|&index| available(servers, index))
        .map(|index| servers.weight(index))
        .max();
    let Some(heaviest) = heaviest else {
        return Pick {
            index: None,
            state: exhausted(scale, cursor, weight).pack(),
        };
    };
    let (next, _) = scale.lower(weight);
    // The heaviest may be another one by now.
    find(0, scale.lower_to(next, heaviest))
        .or_else(|| find(0, 1))
        .unwrap_or(Pick { index: None, state })
}

/// Where the search ends when no server is available, with each considered at weight 1.
#[inline]
fn exhausted(scale: Scale, cursor: Cursor, weight: u32) -> Rotation {
    let is_last_round = |weight| weight <= scale.step;
    if cursor == Cursor::START || !is_last_round(weight) {
        // A whole round at weight 1 was the last one.
        let (cursor, weight) = (Cursor::START, scale.top);
        return Rotation { cursor, weight };
    }
    // The servers behind the cursor were considered at weight 1 at first, those up to it at last.
    let weight = scale.lower_to(scale.top, 1);
    Rotation { cursor, weight }
}

/// The state after a change of the servers: the rotation starts over, at the weight it had if that
/// still occurs.
fn after_change(state: u64, change: Change, facts: &Facts) -> u64 {
    let scale = Scale::of(facts);
    let weight = match Rotation::unpack(state).weight {
        _ if change == Change::Replaced => scale.top,
        weight if weight == 0 || weight > scale.top => scale.top,
        weight => weight
            .checked_rem(scale.step)
            .filter(|_| scale.step > 1)
            .map_or(weight, |rest| weight.wrapping_sub(rest).saturating_add(1)),
    };
    let cursor = Cursor::START;
    Rotation { cursor, weight }.pack()
}

/// The algorithm.
pub(super) struct WeightedRoundRobin;

impl Scheduler for WeightedRoundRobin {
    #[inline]
    fn pick(servers: &impl Servers, facts: &Facts, _key: &Key, state: u64) -> Pick {
        pick(servers, facts, state)
    }

    fn facts(servers: &impl Servers) -> Facts {
        Facts::of_weights(weights(servers))
    }

    fn after_change(state: u64, change: Change, facts: &Facts) -> u64 {
        after_change(state, change, facts)
    }

    fn turns(weight: u32, facts: &Facts) -> u32 {
        weight.checked_div(facts.gcd).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::*;
    use super::super::Algorithm::WeightedRoundRobin;
    use super::*;

    #[test]
    fn whoever_stays_open_is_found_while_another_one_closes() {
        let servers = of_weights(&[100, 5, 0]);
        let facts = Facts::of(WeightedRoundRobin, &servers);
        let states = (0..200).scan(start(&servers), |state, _| {
            *state = super::pick(&servers, &facts, *state).state;
            Some(*state)
        });
        for (state, looks) in states.flat_map(|state| (0..12).map(move |looks| (state, looks))) {
            let closing = Pool::new(WeightedRoundRobin, &servers).whose_first_closes_after(looks);
            let pick = super::pick(&closing, &facts, state);
            assert!(pick.index.is_some(), "{state:x} after {looks} looks");
        }
    }

    fn start(servers: &Vec<Server>) -> u64 {
        changed(WeightedRoundRobin, servers, 0, Change::Replaced)
    }

    fn sequence(weights: &[u32], count: usize) -> Vec<Option<usize>> {
        let servers = of_weights(weights);
        picks(WeightedRoundRobin, &servers, &mut start(&servers), count)
    }

    /// The algorithm one server at a time. Never ends when no server is available.
    fn step_by_step(servers: &Vec<Server>, rotation: &mut Rotation) -> usize {
        let scale = Scale::of(&Facts::of(WeightedRoundRobin, servers));
        let mut position = rotation.cursor.number() as usize;
        loop {
            position += 1;
            if position > servers.len() {
                position = 0;
                rotation.weight = match rotation.weight.saturating_sub(scale.step) {
                    0 => scale.top,
                    lower => lower,
                };
                continue;
            }
            let server = servers[position - 1];
            if !server.overloaded && server.weight >= rotation.weight {
                rotation.cursor = Cursor::on(position - 1);
                return position - 1;
            }
        }
    }

    #[test]
    fn the_rotation_is_the_published_one() {
        let expected = [0, 0, 1, 0, 1, 2, 0, 1, 2, 0, 0, 1];
        assert_eq!(sequence(&[4, 3, 2], 12), expected.map(Some));
        assert_eq!(sequence(&[40, 30, 20], 12), expected.map(Some));
    }

    #[test]
    fn servers_of_weight_zero_get_nothing() {
        assert_eq!(sequence(&[0, 2, 0, 1], 4), [1, 1, 3, 1].map(Some));
    }

    #[test]
    fn a_current_weight_survives_changes_as_in_ip_vs() {
        // The first server leaves the weight at 1, and a heavier one doesn't raise it.
        let mut servers = of_weights(&[1]);
        let mut state = changed(WeightedRoundRobin, &servers, 0, Change::Inserted);
        servers.insert(
            0,
            Server {
                id: 1,
                weight: 3,
                ..Server::default()
            },
        );
        state = changed(WeightedRoundRobin, &servers, state, Change::Inserted);
        assert_eq!(
            picks(WeightedRoundRobin, &servers, &mut state, 6),
            [0, 1, 0, 0, 0, 1].map(Some)
        );
    }

    #[test]
    fn a_change_rounds_the_weight_to_the_new_step() {
        let scale = |gcd, max_weight| Facts { gcd, max_weight };
        let weight =
            |weight: u64, facts| after_change((7 << 32) | weight, Change::Edited(0), &facts);
        assert_eq!(weight(5, scale(3, 9)), 4);
        assert_eq!(weight(6, scale(3, 9)), 7);
        assert_eq!(weight(8, scale(3, 9)), 7, "above the top");
        assert_eq!(weight(2, scale(1, 9)), 2);
        assert_eq!(weight(0, scale(1, 9)), 9);
        assert_eq!(weight(4, scale(0, 0)), 0);
    }

    #[test]
    fn a_futile_search_ends_where_that_of_ip_vs_does() {
        let mut servers = of_weights(&[4, 3, 2]);
        for server in &mut servers {
            server.overloaded = true;
        }
        let search = |cursor, weight| {
            let mut state = Rotation { cursor, weight }.pack();
            assert_eq!(picks(WeightedRoundRobin, &servers, &mut state, 1), [None]);
            let Rotation { cursor, weight } = Rotation::unpack(state);
            (cursor.number(), weight)
        };
        assert_eq!(search(Cursor::START, 3), (0, 4));
        assert_eq!(search(Cursor::START, 1), (0, 4));
        assert_eq!(search(Cursor::on(1), 3), (0, 4));
        assert_eq!(search(Cursor::on(1), 1), (2, 1));
    }

    #[test]
    fn a_light_server_among_heavy_closed_ones_is_found_at_once() {
        let mut servers = of_weights(&[i32::MAX as u32, 1, i32::MAX as u32 - 1]);
        servers[0].overloaded = true;
        servers[2].overloaded = true;
        let mut state = start(&servers);
        assert_eq!(
            picks(WeightedRoundRobin, &servers, &mut state, 3),
            [Some(1); 3]
        );
    }

    #[test]
    fn shares_follow_weights() {
        let weights = [7, 0, 1, 12];
        let mut shares = [0u32; 4];
        for index in sequence(&weights, 100_000) {
            shares[index.unwrap()] += 1;
        }
        for (share, weight) in shares.into_iter().zip(weights) {
            let expected = weight * 100_000 / 20;
            assert!(share.abs_diff(expected) <= expected / 100, "{share}");
        }
    }

    proptest! {
        #[test]
        fn leaping_equals_stepping(
            servers in prop::collection::vec((0u32..12, prop::bool::weighted(0.2)), 1..8),
            cursor in 0u32..9,
            weight in 0u32..14,
        ) {
            let servers: Vec<_> = servers
                .into_iter()
                .map(|(weight, overloaded)| Server { weight, overloaded, ..Server::default() })
                .collect();
            prop_assume!((0..servers.len()).any(|index| available(&servers, index)));
            let cursor = Cursor::from_number(cursor.min(servers.len() as u32));
            let scale = Scale::of(&Facts::of(WeightedRoundRobin, &servers));
            // Any weight that occurs.
            let weight = scale.lower_to(scale.top, weight.max(1));
            let mut slow = Rotation { cursor, weight };
            let mut state = slow.pack();
            for _ in 0..50 {
                let expected = step_by_step(&servers, &mut slow);
                prop_assert_eq!(
                    picks(WeightedRoundRobin, &servers, &mut state, 1),
                    [Some(expected)]
                );
                prop_assert_eq!(state, slow.pack());
            }
        }
    }
}
