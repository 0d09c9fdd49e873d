// SPDX-License-Identifier: GPL-2.0

//! Draining a server: it takes no new connections, until a deadline or until it has none left.

/// What becomes of the connections that are left at the deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Then {
    /// They go on.
    #[default]
    Keep,
    /// They end, and whoever goes on with one is told.
    Reset,
    /// They end, and nobody is told.
    Forget,
}

/// What becomes of clients that persistence holds to the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Persistent {
    /// Their next connection goes to another server.
    #[default]
    Move,
    /// They come back until their templates end.
    Keep,
}

/// How a server is drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Drain {
    /// The deadline, in seconds from the beginning; `None`: never.
    pub seconds: Option<u32>,
    /// What comes then.
    pub then: Then,
    /// What persistent clients do meanwhile.
    pub persistent: Persistent,
}

/// What is to be done with a server that is drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Nothing yet.
    Wait,
    /// The drain is over; what is left goes on.
    Finish,
    /// The drain is over; what is left has to end.
    End,
}

impl Drain {
    /// What is to be done: `is_due` says that the deadline is there, `connections` and `templates`
    /// how many the server has.
    pub const fn step(&self, is_due: bool, connections: u32, templates: u32) -> Step {
        let holds_clients = matches!(self.persistent, Persistent::Keep) && templates != 0;
        if connections == 0 && !holds_clients {
            return Step::Finish;
        }
        match self.then {
            _ if !is_due => Step::Wait,
            Then::Keep => Step::Finish,
            Then::Reset | Then::Forget => Step::End,
        }
    }
}

/// How far the drain of a server is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Connections are waited for.
    Waiting,
    /// The deadline has come, and those that are left are being ended.
    Ending,
    /// It is over. The server takes no connections until it is told to.
    Over,
}

/// A drain that has begun, as one number; 0 is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Begun {
    /// What was asked for; its time isn't kept.
    pub then: Then,
    /// What was asked for.
    pub persistent: Persistent,
    /// The second of the deadline.
    pub deadline: Option<u32>,
    /// How far it is.
    pub phase: Phase,
    /// Whether connections were left when it was over.
    pub leaves: bool,
}

impl Begun {
    /// The drain that begins in second `now`.
    pub const fn new(drain: &Drain, now: u32) -> Self {
        Self {
            then: drain.then,
            persistent: drain.persistent,
            deadline: match drain.seconds {
                Some(seconds) => Some(now.wrapping_add(seconds)),
                None => None,
            },
            phase: Phase::Waiting,
            leaves: false,
        }
    }

    /// What is to be done in second `now`.
    pub const fn step(&self, now: u32, connections: u32, templates: u32) -> Step {
        let drain = Drain {
            seconds: None,
            then: self.then,
            persistent: self.persistent,
        };
        let is_due = match self.seconds_left(now) {
            Some(left) => left == 0,
            None => false,
        };
        drain.step(is_due, connections, templates)
    }

    /// Seconds until the deadline in second `now`, if there is one; 0 when it has come.
    pub const fn seconds_left(&self, now: u32) -> Option<u32> {
        match self.deadline {
            Some(deadline) => {
                let left = deadline.wrapping_sub(now) as i32;
                Some(if left > 0 { left as u32 } else { 0 })
            }
            None => None,
        }
    }

    /// As a number, never 0.
    pub const fn packed(&self) -> u64 {
        let phase: u64 = match self.phase {
            Phase::Waiting => 1,
            Phase::Ending => 2,
            Phase::Over => 3,
        };
        let then = match self.then {
            Then::Keep => 0,
            Then::Reset => 1,
            Then::Forget => 2,
        };
        let persistent = match self.persistent {
            Persistent::Move => 0,
            Persistent::Keep => 1,
        };
        let (has_deadline, deadline) = match self.deadline {
            Some(deadline) => (1, deadline as u64),
            None => (0, 0),
        };
        let leaves = self.leaves as u64;
        let flags = (has_deadline << 5) | (leaves << 6);
        (deadline << 32) | phase | (then << 2) | (persistent << 4) | flags
    }

    /// The drain of a number of [`Begun::packed`]; `None` of 0.
    #[inline]
    pub const fn unpacked(packed: u64) -> Option<Self> {
        let phase = match packed & 3 {
            0 => return None,
            1 => Phase::Waiting,
            2 => Phase::Ending,
            _ => Phase::Over,
        };
        Some(Self {
            then: match (packed >> 2) & 3 {
                1 => Then::Reset,
                2 => Then::Forget,
                _ => Then::Keep,
            },
            persistent: if (packed >> 4) & 1 == 0 {
                Persistent::Move
            } else {
                Persistent::Keep
            },
            deadline: if (packed >> 5) & 1 == 0 {
                None
            } else {
                Some((packed >> 32) as u32)
            },
            phase,
            leaves: (packed >> 6) & 1 != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THENS: [Then; 3] = [Then::Keep, Then::Reset, Then::Forget];
    const PERSISTENTS: [Persistent; 2] = [Persistent::Move, Persistent::Keep];
    const PHASES: [Phase; 3] = [Phase::Waiting, Phase::Ending, Phase::Over];

    fn drain(then: Then, persistent: Persistent) -> Drain {
        Drain {
            seconds: Some(30),
            then,
            persistent,
        }
    }

    #[test]
    fn it_is_over_when_none_is_left() {
        for then in THENS {
            let moving = drain(then, Persistent::Move);
            assert_eq!(moving.step(false, 0, 5), Step::Finish);
            assert_eq!(moving.step(false, 1, 0), Step::Wait);
            let keeping = drain(then, Persistent::Keep);
            assert_eq!(keeping.step(false, 0, 5), Step::Wait);
            assert_eq!(keeping.step(false, 0, 0), Step::Finish);
        }
    }

    #[test]
    fn the_deadline_ends_it() {
        let steps = THENS.map(|then| drain(then, Persistent::Move).step(true, 3, 0));
        assert_eq!(steps, [Step::Finish, Step::End, Step::End]);
    }

    #[test]
    fn the_deadline_comes_in_its_second_whatever_the_clock_says() {
        for now in [0, 1000, u32::MAX - 3] {
            let begun = Begun::new(&drain(Then::Forget, Persistent::Move), now);
            assert_eq!(begun.seconds_left(now), Some(30));
            assert_eq!(begun.step(now.wrapping_add(29), 1, 0), Step::Wait);
            assert_eq!(begun.step(now.wrapping_add(30), 1, 0), Step::End);
            assert_eq!(begun.seconds_left(now.wrapping_add(31)), Some(0));
        }
    }

    #[test]
    fn without_a_deadline_it_waits() {
        let begun = Begun::new(&Drain::default(), 5);
        assert_eq!(begun.step(5 + 1_000_000, 1, 0), Step::Wait);
        assert_eq!(begun.seconds_left(6), None);
    }

    #[test]
    fn a_number_holds_all_of_it() {
        assert_eq!(Begun::unpacked(0), None);
        for then in THENS {
            for persistent in PERSISTENTS {
                for phase in PHASES {
                    for deadline in [None, Some(0), Some(u32::MAX)] {
                        let begun = Begun {
                            then,
                            persistent,
                            deadline,
                            phase,
                            leaves: phase == Phase::Over,
                        };
                        assert_eq!(Begun::unpacked(begun.packed()), Some(begun));
                    }
                }
            }
        }
    }
}
