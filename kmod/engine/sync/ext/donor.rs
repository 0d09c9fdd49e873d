// SPDX-License-Identifier: GPL-2.0

//! A director that is asked for all its connections: to whom, how far, and when it is done.

use super::receive_window::KEPT;
use super::signal::{
    Said, //
    Signal,
};

/// How many may wait for theirs.
const WAITING: usize = 8;
/// By how many numbers a joiner may be behind before it is waited for: what it misses of them can
/// still be repaired, and as much that changes meanwhile.
const AHEAD: u64 = KEPT / 2;
/// Milliseconds without an acknowledgement after which a joiner is given up.
const PATIENCE: u64 = 5_000;
/// Milliseconds between two messages that all was sent.
const DONE_PAUSE: u64 = 100;

/// What a donor does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Nobody wants anything.
    Idle,
    /// The walk through the table begins anew, from its start.
    Begin,
    /// The walk goes on, for up to so many datagrams.
    Walk(u32),
    /// This is sent.
    Say(Signal),
    /// Nothing until an acknowledgement comes, or this time.
    Wait(u64),
}

/// One joiner's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Bulk {
    to: u64,
    bulk: u32,
    has_begun: bool,
    acked: u64,
    heard_at: u64,
    entries: u32,
    /// Number of the last datagram, once all are sent.
    last: Option<u64>,
    done_at: u64,
}

/// Whom connections are sent to, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Donor {
    queue: [Option<Bulk>; WAITING],
}

impl Donor {
    /// A joiner with boot id `to` asks at `now`, by a number that it chose. Asking again with the
    /// same number changes nothing, with another one begins anew. Returns whether it will be
    /// served: too many wait otherwise.
    pub fn request(&mut self, to: u64, bulk: u32, now: u64) -> bool {
        let new = Bulk {
            to,
            bulk,
            has_begun: false,
            acked: 0,
            heard_at: now,
            entries: 0,
            last: None,
            done_at: 0,
        };
        let known = self.queue.iter_mut().flatten().find(|one| one.to == to);
        if let Some(known) = known {
            if known.bulk == bulk {
                known.heard_at = now;
            } else {
                *known = new;
            }
            return true;
        }
        let free = self.queue.iter_mut().find(|place| place.is_none());
        free.is_some_and(|place| {
            *place = Some(new);
            true
        })
    }

    /// The joiner `from` misses nothing up to number `until`.
    pub fn ack(&mut self, from: u64, bulk: u32, until: u64, now: u64) {
        let Some(Some(current)) = self.queue.first_mut() else {
            return;
        };
        if current.to != from || current.bulk != bulk {
            return;
        }
        current.heard_at = now;
        current.acked = current.acked.max(until);
        if current.last.is_some_and(|last| until >= last) {
            self.next();
        }
    }

    /// Who is served now, and the number of its request.
    pub fn current(&self) -> Option<(u64, u32)> {
        let current = self.queue.first()?.as_ref()?;
        Some((current.to, current.bulk))
    }

    /// The first one goes, the others move up.
    fn next(&mut self) {
        if let Some(first) = self.queue.first_mut() {
            *first = None;
        }
        self.queue.rotate_left(1);
        let end = self.queue.iter().position(Option::is_none);
        if let Some(rest) = self.queue.get_mut(end.unwrap_or(WAITING)..) {
            rest.fill(None);
        }
    }

    /// Notes that the walk put so many more entries into datagrams.
    pub fn walked(&mut self, entries: u32) {
        if let Some(Some(current)) = self.queue.first_mut() {
            current.entries = current.entries.saturating_add(entries);
        }
    }

    /// Notes that the walk is at its end, and the number of its last datagram.
    pub fn has_walked_all(&mut self, last: u64) {
        if let Some(Some(current)) = self.queue.first_mut() {
            current.last = Some(last);
        }
    }

    /// What to do at `now`. `last` is the last number of data, `room` what [`super::Pace`] allows.
    pub fn step(&mut self, now: u64, last: u64, room: u32) -> Step {
        loop {
            let Some(Some(current)) = self.queue.first_mut() else {
                return Step::Idle;
            };
            if !current.has_begun {
                current.has_begun = true;
                current.acked = last;
                current.heard_at = now;
                return Step::Begin;
            }
            let give_up = current.heard_at.saturating_add(PATIENCE);
            if now < give_up {
                return current.step(now, last, room, give_up);
            }
            self.next();
        }
    }
}

impl Bulk {
    fn step(&mut self, now: u64, last: u64, room: u32, give_up: u64) -> Step {
        if let Some(last) = self.last {
            let at = self.done_at.saturating_add(DONE_PAUSE);
            if now < at {
                return Step::Wait(at.min(give_up));
            }
            self.done_at = now;
            return Step::Say(Signal {
                to: self.to,
                said: Said::Done {
                    bulk: self.bulk,
                    entries: self.entries,
                    last,
                },
            });
        }
        let behind = last.saturating_sub(self.acked);
        let may = AHEAD.saturating_sub(behind).min(u64::from(room));
        match u32::try_from(may) {
            Ok(0) | Err(_) => Step::Wait(give_up),
            Ok(count) => Step::Walk(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joiner_is_served_to_its_end() {
        let mut donor = Donor::default();
        assert_eq!(donor.step(1, 50, 64), Step::Idle);
        assert!(donor.request(7, 1, 1));
        assert_eq!(donor.step(1, 50, 64), Step::Begin);
        assert_eq!(donor.step(1, 50, 64), Step::Walk(64));
        donor.walked(2000);
        // Nobody is overrun.
        assert_eq!(donor.step(2, 50 + 250, 64), Step::Walk(6));
        assert_eq!(donor.step(2, 50 + 256, 64), Step::Wait(5001));
        donor.ack(7, 1, 200, 10);
        assert_eq!(donor.step(11, 306, 64), Step::Walk(64));
        donor.has_walked_all(310);
        let done = Step::Say(Signal {
            to: 7,
            said: Said::Done {
                bulk: 1,
                entries: 2000,
                last: 310,
            },
        });
        assert_eq!(donor.step(1000, 310, 64), done);
        assert_eq!(donor.step(1001, 310, 64), Step::Wait(1100));
        assert_eq!(donor.step(1100, 310, 64), done);
        donor.ack(7, 1, 309, 1101);
        donor.ack(8, 1, 400, 1101);
        donor.ack(7, 2, 400, 1101);
        assert_eq!(donor.current(), Some((7, 1)));
        donor.ack(7, 1, 310, 1102);
        assert_eq!(donor.step(1103, 310, 64), Step::Idle);
    }

    #[test]
    fn others_wait_and_who_is_silent_is_given_up() {
        let mut donor = Donor::default();
        assert!((1..=8).all(|to| donor.request(to, 1, 1)));
        assert!(!donor.request(9, 1, 1));
        assert!(donor.request(3, 1, 1) && donor.request(4, 2, 1));
        assert_eq!(donor.step(1, 0, 64), Step::Begin);
        assert_eq!(donor.current(), Some((1, 1)));
        assert_eq!(donor.step(5001, 0, 64), Step::Begin);
        assert_eq!(donor.current(), Some((2, 1)));
        donor.has_walked_all(0);
        donor.ack(2, 1, 0, 5002);
        assert_eq!(donor.current(), Some((3, 1)));
        // One that begins anew.
        assert_eq!(donor.step(5002, 0, 64), Step::Begin);
        assert!(donor.request(3, 9, 5003));
        assert_eq!(donor.step(5004, 0, 64), Step::Begin);
        assert_eq!(donor.current(), Some((3, 9)));
    }
}
