// SPDX-License-Identifier: GPL-2.0

//! Power of two choices: the less loaded of two servers drawn at random, each with a probability in
//! proportion to its weight.
//!
//! Source: Mitzenmacher: The power of two choices in randomized load balancing (1996).

use super::lottery::{
    lots,
    Lottery, //
};
use super::scheduler::Scheduler;
use super::servers::{
    overhead,
    Key,
    Pair,
    Servers, //
};
use super::tournament::heavier;

/// Chooses one of the two servers that the halves of `random` stand for. The first of two equals
/// is the one drawn first.
#[inline]
fn pick(servers: &impl Servers, random: u64) -> Option<usize> {
    let pair = match servers.drawn(random) {
        Some(pair) => pair,
        None => scan(servers, random),
    };
    let (first, second) = pair?;
    let is_second_better = heavier(
        overhead(servers, first),
        servers.weight(first),
        overhead(servers, second),
        servers.weight(second),
    );
    Some(if is_second_better { second } else { first })
}

/// The servers that the halves of `random` stand for.
#[inline]
pub fn draw(lottery: &Lottery<'_>, random: u64) -> Pair {
    let (first, second) = tickets(lottery.total(), random);
    Some((lottery.draw(first)?, lottery.draw(second)?))
}

/// The servers that the halves of `random` stand for, found by a look at all servers.
#[inline]
fn scan(servers: &impl Servers, random: u64) -> Pair {
    let participants = || {
        (0..servers.len())
            .map(|index| (index, u64::from(lots(servers, index))))
            .filter(|&(_, lots)| lots > 0)
    };
    let total = participants().fold(0_u64, |sum, (_, lots)| sum.wrapping_add(lots));
    let (last, _) = participants().last()?;
    let draw = |mut ticket: u64| {
        participants()
            .find(|&(_, lots)| {
                let is_hit = ticket <= lots;
                ticket = ticket.saturating_sub(lots);
                is_hit
            })
            .map_or(last, |(index, _)| index)
    };
    let (first, second) = tickets(total, random);
    Some((draw(first), draw(second)))
}

/// Two tickets for `total` lots.
#[inline]
fn tickets(total: u64, random: u64) -> (u64, u64) {
    // ip_vs draws from 0 to the total inclusive. So the first server's share is larger by one than
    // its weight.
    let bound = total.wrapping_add(1);
    (
        below(bound, (random >> 32) as u32),
        below(bound, random as u32),
    )
}

/// Scales 32 random bits down to a number below `bound`. Not quite evenly if that isn't a power of
/// two, but off by no more than 2^-32.
#[inline]
fn below(bound: u64, random: u32) -> u64 {
    let random = u64::from(random);
    let (high, low) = (bound >> 32, bound & 0xffff_ffff);
    random
        .wrapping_mul(high)
        .wrapping_add(random.wrapping_mul(low) >> 32)
}

/// The algorithm.
pub(super) struct TwoChoices;

impl Scheduler for TwoChoices {
    const IS_RANDOM: bool = true;

    #[inline]
    fn choose(servers: &impl Servers, key: &Key) -> Option<usize> {
        pick(servers, key.random)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::*;
    use super::*;

    /// Random bits that draw `first` and `second` of 0 to `total`.
    fn drawing(total: u64, first: u64, second: u64) -> u64 {
        let bits = |n: u64| (n << 32).div_ceil(total + 1);
        (bits(first) << 32) | bits(second)
    }

    #[test]
    fn the_less_loaded_of_two_wins() {
        let mut servers = of_weights(&[0, 1, 2, 1]);
        let drawn = |servers: &Vec<Server>, a, b| pick(servers, drawing(4, a, b)).unwrap();
        for (number, index) in [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3)] {
            assert_eq!(drawn(&servers, number, number), index);
        }
        assert_eq!(drawn(&servers, 2, 4), 2, "the first of equals");
        assert_eq!(drawn(&servers, 4, 2), 3, "the first of equals");
        servers[2].active = 2;
        servers[3].active = 1;
        assert_eq!(drawn(&servers, 2, 4), 2, "the same load for the weight");
        servers[2].inactive = 1;
        assert_eq!(drawn(&servers, 2, 4), 3);
        assert_eq!(drawn(&servers, 4, 2), 3);
    }

    #[test]
    fn shares_of_idle_servers_follow_weights() {
        let weights = [100, 0, 300, 600];
        let servers = of_weights(&weights);
        let mut shares = [0_u32; 4];
        // A sequence that fills the range evenly.
        for n in 0..100_000_u64 {
            let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            shares[pick(&servers, random).unwrap()] += 1;
        }
        for (share, weight) in shares.into_iter().zip(weights) {
            let expected = weight * 100;
            assert!(share.abs_diff(expected) <= expected / 50, "{shares:?}");
        }
    }

    proptest! {
        #[test]
        fn scaled_numbers_stay_below_the_bound(bound in 1..1_u64 << 60, random: u32) {
            let expected = (u128::from(bound) * u128::from(random)) >> 32;
            prop_assert_eq!(u128::from(below(bound, random)), expected);
        }
    }
}
