// SPDX-License-Identifier: GPL-2.0

//! How fast datagrams leave that nobody waits for: a receiver with default buffers loses none.

/// Datagrams that are sent at once. ip_vs with a default socket buffer takes bursts of 100 whole.
pub const BURST: u32 = 64;
/// Milliseconds until the next.
pub const PAUSE: u64 = 10;

/// Lets [`BURST`] datagrams go each [`PAUSE`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    begun: u64,
    sent: u32,
}

impl Pace {
    /// How many may be sent at `now`, in milliseconds.
    pub fn room(&mut self, now: u64) -> u32 {
        if now.saturating_sub(self.begun) >= PAUSE {
            *self = Self {
                begun: now,
                sent: 0,
            };
        }
        BURST.saturating_sub(self.sent)
    }

    /// Notes that `count` were sent.
    pub fn sent(&mut self, count: u32) {
        self.sent = self.sent.saturating_add(count);
    }

    /// When there is room again, if there is none.
    pub const fn next(&self) -> u64 {
        self.begun.saturating_add(PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_are_bounded() {
        let mut pace = Pace::default();
        let mut total = 0;
        for now in 1000..2000 {
            let room = pace.room(now);
            assert!(room <= BURST);
            pace.sent(room);
            total += room;
        }
        assert_eq!(total, 100 * BURST);
        assert_eq!(pace.next(), 2000);
    }
}
