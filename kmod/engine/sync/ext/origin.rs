// SPDX-License-Identifier: GPL-2.0

//! Whose word on a connection holds, when several directors know of it.

use super::trailer::Kind;

/// Who had the last word on a connection that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The receiver: its own packets changed it.
    Own,
    /// Who tells of it now.
    Sender,
    /// Another director that is heard.
    Other,
    /// Another one that isn't heard any more, or ip_vs.
    Gone,
}

/// Whether an entry of a datagram of `kind` changes a connection that is there, a repair as what it
/// repeats. What just changed at a director does, for that is where the packets are, as under
/// ip_vs. What it knows since long doesn't undo what others, or packets, said later; of what one
/// director says the last word holds in any case. A sweep tells of connections that are used: one
/// that `says_same` undoes nothing, and keeps the connection alive.
#[inline]
pub const fn may_change(kind: Kind, origin: Origin, says_same: bool) -> bool {
    match (kind, origin) {
        (Kind::Live, _) | (_, Origin::Sender | Origin::Gone) => true,
        (Kind::Sweep, _) => says_same,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_undo_the_words_of_others() {
        for origin in [Origin::Own, Origin::Other] {
            assert!(may_change(Kind::Live, origin, false));
            assert!(!may_change(Kind::Bulk, origin, false));
            assert!(!may_change(Kind::Bulk, origin, true));
            assert!(!may_change(Kind::Sweep, origin, false));
            assert!(may_change(Kind::Sweep, origin, true));
        }
        for origin in [Origin::Sender, Origin::Gone] {
            assert!(may_change(Kind::Bulk, origin, false));
        }
    }
}
