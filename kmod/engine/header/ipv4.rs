// SPDX-License-Identifier: GPL-2.0

//! The IPv4 header (RFC 791).

/// Bytes of a header without options.
pub const LEN: usize = 20;

/// The first byte of a header without options: version 4, and five words long.
pub const PLAIN: u8 = 0x45;

/// Where the fields lie.
pub mod at {
    use core::ops::Range;

    /// Bytes of the whole packet, 2 bytes.
    pub const TOTAL_LEN: usize = 2;
    /// Checksum of the header, 2 bytes.
    pub const CHECK: usize = 10;
    /// Source address, 4 bytes.
    pub const SOURCE: usize = 12;
    /// Destination address, 4 bytes.
    pub const DESTINATION: usize = 16;
    /// Both addresses.
    pub const ADDRESSES: Range<usize> = SOURCE..super::LEN;
}

/// The two bytes of flags and fragment offset.
pub mod fragment {
    /// Routers must not fragment the packet.
    pub const DONT_FRAGMENT: u16 = 0x4000;
    /// More fragments follow.
    pub const MORE_FRAGMENTS: u16 = 0x2000;
    /// Where the fragment lies in the packet, in units of eight bytes.
    pub const OFFSET: u16 = 0x1fff;
}
