// SPDX-License-Identifier: GPL-2.0

//! Sizes and numbers of the synchronisation protocol, versions 1 and 0.

use crate::addr::Family;

/// Bytes of a version 1 message's header.
pub const HEADER: usize = 8;
/// Bytes of a version 0 message's header.
pub const HEADER_V0: usize = 4;
/// The version byte of a version 1 message.
pub const VERSION: u8 = 1;
/// Most entries that the count byte of a message can tell.
pub const MAX_ENTRIES: u8 = 255;
/// Most bytes of a message, which its size field can tell.
pub const MAX_MESSAGE: usize = 65535;

/// Bytes of a version 0 entry without sequence numbers.
pub const ENTRY_V0: usize = 24;
/// Bytes of both directions' sequence numbers.
pub const SEQUENCES: usize = 24;
/// Entries of a version 1 message, and the message's header, are multiples of this from each other.
pub const ALIGNMENT: usize = 4;

/// Bit of an entry's type: its addresses are IPv6 ones.
pub(super) const TYPE_V6: u8 = 1;
/// Bits of an entry's size; the others are its version, 0.
pub(super) const SIZE_MASK: u16 = 0x0fff;

/// Option with the sequence numbers of both directions.
pub(super) const OPTION_SEQUENCES: u8 = 1;
/// Option with a persistence engine's data.
pub(super) const OPTION_DATA: u8 = 2;
/// Option with a persistence engine's name.
pub(super) const OPTION_NAME: u8 = 3;
/// Bit of an option's type: who doesn't know the option may go on without it.
pub(super) const OPTION_OPTIONAL: u8 = 0x40;
/// Bytes of an option in front of its data.
pub(super) const OPTION_HEADER: usize = 2;
/// Longest name of a persistence engine.
pub(super) const MAX_NAME: usize = 16;

/// Bytes of a version 1 entry without options.
#[inline]
pub const fn entry_len(family: Family) -> usize {
    match family {
        Family::V4 => 36,
        Family::V6 => 72,
    }
}

/// Bytes of the longest entry, options included.
pub const MAX_ENTRY: usize = entry_len(Family::V6)
    + (OPTION_HEADER + SEQUENCES)
    + (OPTION_HEADER + 255)
    + (OPTION_HEADER + MAX_NAME);

/// Bytes in front of the next entry behind one that ends `at` bytes from the start of its message.
#[inline]
pub(super) const fn padding(at: usize) -> usize {
    at.wrapping_neg() & (ALIGNMENT - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_on_boundaries() {
        assert_eq!([0, 1, 2, 3, 4, 44].map(padding), [0, 3, 2, 1, 0, 0]);
        assert_eq!(MAX_ENTRY, 373);
    }
}
