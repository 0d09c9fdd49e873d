// SPDX-License-Identifier: GPL-2.0

//! Messages of a sender that put more than 255 entries into one: its count byte has the low eight
//! bits of their number only.

use super::wire::ENTRY_V0;

/// Bytes behind the header from which on a count may have overflown.
pub(super) const OVERFLOW: usize = 256 * ENTRY_V0;

/// Entries that a count byte of `told` stands for, if the message consists of `whole` ones.
pub(super) fn with_overflow(told: u8, whole: Option<usize>) -> usize {
    let told = usize::from(told);
    match whole {
        Some(whole) if whole > told && whole & 0xff == told => whole,
        _ => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_multiples_of_256_are_added_to_a_count() {
        assert_eq!(with_overflow(104, Some(360)), 360);
        assert_eq!(with_overflow(104, Some(616)), 616);
        assert_eq!(with_overflow(104, Some(359)), 104);
        assert_eq!(with_overflow(104, Some(104)), 104);
        assert_eq!(with_overflow(104, None), 104);
        assert_eq!(with_overflow(0, Some(256)), 256);
    }
}
