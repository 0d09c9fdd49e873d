// SPDX-License-Identifier: MIT OR GPL-2.0

//! How many lines a second: what goes beyond is left out and counted.

use std::time::Duration;
use std::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// A limit of lines a second.
pub(super) struct Pace {
    /// 0: none.
    rate: u32,
    second: Option<Instant>,
    shown: u32,
    left_out: u64,
}

impl Pace {
    pub(super) fn new(rate: u32) -> Self {
        Pace {
            rate,
            second: None,
            shown: 0,
            left_out: 0,
        }
    }

    /// How many lines were left out in a second that is over by now, if any.
    pub(super) fn report(&mut self, now: Instant) -> Option<u64> {
        let is_over = self
            .second
            .is_some_and(|second| now.saturating_duration_since(second) >= SECOND);
        if !is_over {
            return None;
        }
        self.second = None;
        self.finish()
    }

    /// How many were left out since that was said last, if any.
    pub(super) fn finish(&mut self) -> Option<u64> {
        let left_out = std::mem::take(&mut self.left_out);
        (left_out != 0).then_some(left_out)
    }

    /// Whether a line may be shown; ask for the [`report`](Self::report) before.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        if self.rate == 0 {
            return true;
        }
        if self.second.is_none() {
            self.second = Some(now);
            self.shown = 0;
        }
        if self.shown < self.rate {
            self.shown += 1;
            return true;
        }
        self.left_out = self.left_out.saturating_add(1);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_lines() {
        let begin = Instant::now();
        let at = |milliseconds| begin + Duration::from_millis(milliseconds);
        let mut pace = Pace::new(2);
        let shown: Vec<bool> = [0, 1, 2, 999].map(|time| pace.admits(at(time))).to_vec();
        assert_eq!(shown, [true, true, false, false]);
        assert_eq!(pace.report(at(999)), None);
        assert_eq!(pace.report(at(1000)), Some(2));
        assert_eq!(pace.report(at(1001)), None);
        assert!(pace.admits(at(1500)) && pace.admits(at(2400)) && !pace.admits(at(2499)));
        assert_eq!(pace.report(at(2499)), None);
        assert_eq!(pace.finish(), Some(1));
        assert_eq!(pace.finish(), None);
    }

    #[test]
    fn there_may_be_no_limit() {
        let now = Instant::now();
        let mut pace = Pace::new(0);
        assert!((0..1000).all(|_| pace.admits(now)));
        assert_eq!(pace.finish(), None);
    }
}
