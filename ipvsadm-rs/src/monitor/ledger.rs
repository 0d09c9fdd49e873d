// SPDX-License-Identifier: MIT OR GPL-2.0

//! Which events came, and so which were lost.

/// The number of the event that comes next, if none is lost.
#[derive(Debug)]
pub(super) struct Ledger(u64);

impl Ledger {
    /// The event `last` was the last one before those that count.
    pub(super) fn new(last: u64) -> Self {
        Ledger(last.saturating_add(1))
    }

    /// How many events are missing when this one comes.
    pub(super) fn missing_before(&self, number: u64) -> u64 {
        number.saturating_sub(self.0)
    }

    /// This one came, or is known to be lost. One that came before the number of the last one was
    /// asked for changes nothing.
    pub(super) fn note(&mut self, number: u64) {
        self.0 = self.0.max(number.saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_counted_once() {
        let mut ledger = Ledger::new(4);
        let mut lost = Vec::new();
        for number in [3, 4, 5, 6, 9, 10, 20] {
            lost.push(ledger.missing_before(number));
            ledger.note(number);
        }
        assert_eq!(lost, [0, 0, 0, 0, 2, 0, 9]);
        // The last ones are lost, and the next one comes.
        assert_eq!(ledger.missing_before(25 + 1), 5);
        ledger.note(25);
        assert_eq!(ledger.missing_before(26), 0);
    }

    #[test]
    fn no_number_is_too_large() {
        let mut ledger = Ledger::new(u64::MAX);
        assert_eq!(ledger.missing_before(u64::MAX), 0);
        ledger.note(u64::MAX);
        assert_eq!(ledger.missing_before(0), 0);
    }
}
