// SPDX-License-Identifier: MIT OR GPL-2.0

//! Draining servers, which lvs can.

use lvs_uapi::lvs::drain_persistent;
use lvs_uapi::lvs::drain_then;

use super::words::words;

words! {
    /// What becomes of connections that are left at the deadline.
    pub enum Then {
        /// They go on.
        #[default]
        Keep = drain_then::KEEP, "keep";
        /// They end, and who goes on with one is answered with a reset.
        Reset = drain_then::RESET, "reset";
        /// They end.
        Forget = drain_then::FORGET, "forget";
    }
}

words! {
    /// What becomes of clients that persistence holds.
    pub enum Persistent {
        /// They go to another server.
        #[default]
        Move = drain_persistent::MOVE, "move";
        /// They come back until their templates end.
        Keep = drain_persistent::KEEP, "keep";
    }
}

/// How a server is to be drained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DrainRequest {
    /// Seconds until the deadline, if there is one.
    pub seconds: Option<u32>,
    /// What comes then.
    pub then: Then,
    /// What persistent clients do meanwhile.
    pub persistent: Persistent,
}

/// How a server is drained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drain {
    /// What was asked for; of the time what is left.
    pub asked: DrainRequest,
    /// Whether it is over: the server stays as it is until it is told to return.
    pub is_over: bool,
    /// The weight it gets then.
    pub weight: u32,
    /// Whether it kept connections at the deadline.
    pub has_left: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_mean_the_same() {
        for word in Then::WORDS {
            let then = Then::from_word(word).expect("a word");
            assert_eq!(Then::from_number(then.number()), Some(then));
            assert_eq!(then.word(), *word);
        }
        for word in Persistent::WORDS {
            let persistent = Persistent::from_word(word).expect("a word");
            assert_eq!(
                Persistent::from_number(persistent.number()),
                Some(persistent)
            );
        }
        assert_eq!(
            (Then::from_word("kept"), Then::from_number(9)),
            (None, None)
        );
    }
}
