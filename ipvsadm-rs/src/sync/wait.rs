// SPDX-License-Identifier: MIT OR GPL-2.0

//! Waiting until a director has all connections.

use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::error::Error;
use crate::netlink::sync_control::SyncControl;

/// Time between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// How time passes.
pub(super) trait Clock {
    /// Lets a moment pass; tells if the time is over instead.
    fn pass(&mut self) -> bool;
}

/// The time of people.
pub(super) struct Steady {
    end: Option<Instant>,
}

impl Steady {
    /// Time is over after `timeout`, if there is one.
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        Steady {
            end: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        }
    }
}

impl Clock for Steady {
    fn pass(&mut self) -> bool {
        let left = self
            .end
            .map(|end| end.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return false;
        }
        thread::sleep(left.map_or(PAUSE, |left| left.min(PAUSE)));
        true
    }
}

/// Waits until the director is in sync. Tells whether it is, or the time was over.
pub(super) fn until_in_sync(
    control: &mut dyn SyncControl,
    clock: &mut dyn Clock,
) -> Result<bool, Error> {
    loop {
        if control.status()?.is_in_sync {
            return Ok(true);
        }
        if !clock.pass() {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;
    use crate::error::Operation;
    use crate::model::sync::SyncChange;
    use crate::model::sync::SyncStatus;

    /// In sync after so many questions; `None`: refuses.
    struct Director(Option<u32>);

    impl SyncControl for Director {
        fn status(&mut self) -> Result<SyncStatus, Error> {
            let Some(left) = self.0.as_mut() else {
                return Err(Error::Refused {
                    operation: Operation::GetSync,
                    errno: Errno::EOPNOTSUPP,
                });
            };
            *left = left.saturating_sub(1);
            Ok(SyncStatus {
                is_in_sync: *left == 0,
                ..SyncStatus::default()
            })
        }

        fn make(&mut self, _: &SyncChange) -> Result<(), Error> {
            Ok(())
        }
    }

    /// Over after so many moments.
    struct Moments(u32);

    impl Clock for Moments {
        fn pass(&mut self) -> bool {
            self.0 = self.0.saturating_sub(1);
            self.0 > 0
        }
    }

    #[test]
    fn it_ends_with_the_time_or_with_being_in_sync() {
        for (questions, moments, expected) in [(1, 1, true), (5, 10, true), (10, 5, false)] {
            let mut director = Director(Some(questions));
            let found = until_in_sync(&mut director, &mut Moments(moments));
            assert_eq!(found.ok(), Some(expected));
        }
        assert!(until_in_sync(&mut Director(None), &mut Moments(9)).is_err());
    }
}
