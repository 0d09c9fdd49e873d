// SPDX-License-Identifier: GPL-2.0

//! Which numbers of a sequence came: none is taken twice, and those that are missing are known.

/// Words of bits that are kept.
pub(super) const WORDS: usize = 8;
/// How many of the last numbers are told apart.
pub const KEPT: u64 = 64 * WORDS as u64;

/// Numbers that were lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Missing {
    /// The number that the lowest bit of the first word stands for.
    pub from: u64,
    /// A bit for each number from there on.
    pub bits: [u64; WORDS],
}

impl Missing {
    /// The numbers, in their order.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        (0..KEPT).filter_map(|index| {
            let word = self.bits.get(word(index))?;
            let is_missing = (word >> (index % 64)) & 1 != 0;
            self.from.checked_add(index).filter(|_| is_missing)
        })
    }
}

/// The word that the bit with this index, modulo [`KEPT`], is in.
fn word(index: u64) -> usize {
    (index / 64 % WORDS as u64) as usize
}

/// What a number is to a receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Number {
    /// Above all that came.
    New,
    /// Missing until now.
    Late,
    /// It came before.
    Duplicate,
    /// Too far below the highest one to tell.
    TooOld,
}

/// The numbers that came from a sender in one sequence.
///
/// What came before the first is taken as having come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ReceiveWindow {
    highest: u64,
    /// A bit for each of the last numbers, at the number modulo [`KEPT`].
    bits: [u64; WORDS],
    /// A number was missing for so long that it isn't known any more.
    has_lost: bool,
}

impl ReceiveWindow {
    /// Nothing came after `number`.
    pub(super) const fn after(number: u64) -> Self {
        Self {
            highest: number,
            bits: [u64::MAX; WORDS],
            has_lost: false,
        }
    }

    fn has(&self, number: u64) -> bool {
        let word = self.bits.get(word(number));
        word.is_some_and(|word| (word >> (number % 64)) & 1 != 0)
    }

    fn set(&mut self, number: u64, came: bool) {
        if let Some(word) = self.bits.get_mut(word(number)) {
            let bit = 1 << (number % 64);
            *word = if came { *word | bit } else { *word & !bit };
        }
    }

    /// What `number` is; nothing is noted.
    pub(super) fn look(&self, number: u64) -> Number {
        if number > self.highest {
            Number::New
        } else if self.highest.wrapping_sub(number) >= KEPT {
            Number::TooOld
        } else if self.has(number) {
            Number::Duplicate
        } else {
            Number::Late
        }
    }

    /// Notes that `number` came, unless it is too old to tell.
    pub(super) fn note(&mut self, number: u64) {
        self.expect_up_to(number);
        if self.highest.wrapping_sub(number) < KEPT {
            self.set(number, true);
        }
    }

    /// Notes that all up to `number` were sent: what didn't come is missing.
    pub(super) fn expect_up_to(&mut self, number: u64) {
        let Some(ahead) = number.checked_sub(self.highest).filter(|ahead| *ahead > 0) else {
            return;
        };
        if ahead >= KEPT {
            // As many as are kept fall off at once, and some that never were.
            self.has_lost |= ahead > KEPT || !self.is_whole();
            self.bits = [0; WORDS];
        } else {
            let highest = self.highest;
            for step in 0..ahead {
                let next = highest.saturating_add(step).saturating_add(1);
                self.has_lost |= !self.has(next);
                self.set(next, false);
            }
        }
        self.highest = number;
    }

    /// Notes that nobody has those before `number` any more: what is missing of them is lost.
    pub(super) fn give_up_before(&mut self, number: u64) {
        let Some(missing) = self.missing() else {
            return;
        };
        for lost in missing.numbers().take_while(|lost| *lost < number) {
            self.set(lost, true);
            self.has_lost = true;
        }
    }

    /// The last number up to which none is missing.
    pub(super) fn whole_until(&self) -> u64 {
        match self.missing() {
            Some(missing) => missing
                .numbers()
                .next()
                .map_or(self.highest, |first| first.saturating_sub(1)),
            None => self.highest,
        }
    }

    /// Whether none is missing.
    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        self.bits == [u64::MAX; WORDS]
    }

    /// The numbers that are missing; `None` if none is.
    pub(super) fn missing(&self) -> Option<Missing> {
        if self.is_whole() {
            return None;
        }
        let from = self.highest.saturating_sub(KEPT - 1);
        let mut missing = Missing {
            from,
            bits: [0; WORDS],
        };
        for index in 0..KEPT {
            let number = from.saturating_add(index);
            if let Some(word) = missing.bits.get_mut(word(index)) {
                *word |= u64::from(number <= self.highest && !self.has(number)) << (index % 64);
            }
        }
        Some(missing)
    }

    /// Whether a number is missing that nobody can be asked for any more; forgets it.
    pub(super) fn take_lost(&mut self) -> bool {
        core::mem::take(&mut self.has_lost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    use super::*;

    fn missing(seen: &ReceiveWindow) -> Vec<u64> {
        seen.missing()
            .map_or(Vec::new(), |missing| missing.numbers().collect())
    }

    #[test]
    fn each_number_is_taken_once() {
        let mut seen = ReceiveWindow::after(10);
        assert_eq!(seen.look(10), Number::Duplicate);
        assert_eq!(seen.look(14), Number::New);
        seen.note(14);
        assert_eq!(seen.look(14), Number::Duplicate);
        assert_eq!(missing(&seen), [11, 12, 13]);
        assert_eq!(seen.whole_until(), 10);
        assert_eq!(seen.look(12), Number::Late);
        seen.note(12);
        seen.note(11);
        assert_eq!((missing(&seen), seen.whole_until()), (vec![13], 12));
        seen.note(13);
        assert_eq!((missing(&seen), seen.whole_until()), (vec![], 14));
        seen.expect_up_to(16);
        assert_eq!(missing(&seen), [15, 16]);
        assert!(!seen.take_lost());
    }

    #[test]
    fn what_is_too_old_counts_as_lost_once() {
        let mut seen = ReceiveWindow::after(0);
        seen.note(2);
        seen.note(KEPT);
        assert!(!seen.take_lost());
        assert_eq!(seen.look(1), Number::Late);
        seen.note(KEPT + 1);
        assert_eq!(seen.look(1), Number::TooOld);
        assert!(seen.take_lost());
        assert!(!seen.take_lost());
        seen.note(10 * KEPT);
        assert!(seen.take_lost());
        let mut fresh = ReceiveWindow::after(5);
        fresh.expect_up_to(5 + KEPT);
        assert!(!fresh.take_lost());
        assert_eq!(missing(&fresh).len() as u64, KEPT);
        fresh.expect_up_to(u64::MAX);
        assert!(fresh.take_lost());
        assert_eq!(fresh.look(u64::MAX), Number::Late);
    }

    proptest! {
        #[test]
        fn it_knows_what_a_set_would_know(
            numbers in prop::collection::vec(1..2000_u64, 1..60),
            first in 0..500_u64,
        ) {
            let mut seen = ReceiveWindow::after(first);
            let mut set = BTreeSet::new();
            let mut highest = first;
            for number in numbers {
                let expected = if number > highest {
                    Number::New
                } else if highest - number >= KEPT {
                    Number::TooOld
                } else if number <= first || set.contains(&number) {
                    Number::Duplicate
                } else {
                    Number::Late
                };
                prop_assert_eq!(seen.look(number), expected);
                seen.note(number);
                set.insert(number);
                highest = highest.max(number);
                let from = (highest + 1).saturating_sub(KEPT).max(first + 1);
                let lacking: Vec<_> = (from..=highest).filter(|n| !set.contains(n)).collect();
                prop_assert_eq!(missing(&seen), lacking);
            }
        }
    }
}
