// SPDX-License-Identifier: GPL-2.0

//! The IPv6 header and its extension headers (RFC 8200).

/// Bytes of the header without extension headers.
pub const LEN: usize = 40;

/// Bytes of an address.
pub const ADDR_LEN: usize = 16;

/// Where the fields lie.
pub mod at {
    use core::ops::Range;

    /// Bytes behind the header, 2 bytes.
    pub const PAYLOAD_LEN: usize = 4;
    /// Source address, 16 bytes.
    pub const SOURCE: usize = 8;
    /// Destination address, 16 bytes.
    pub const DESTINATION: usize = 24;
    /// Both addresses.
    pub const ADDRESSES: Range<usize> = SOURCE..super::LEN;
}

/// Extension headers: their protocol numbers and common shape.
pub mod extension {
    use crate::header::protocol;

    /// Hop-by-hop options.
    pub const HOP_BY_HOP: u8 = 0;
    /// Routing header.
    pub const ROUTING: u8 = 43;
    /// Fragment header.
    pub const FRAGMENT: u8 = 44;
    /// Authentication header.
    pub const AUTHENTICATION: u8 = protocol::AH;
    /// No next header.
    pub const NONE: u8 = 59;
    /// Destination options.
    pub const DESTINATION: u8 = 60;

    /// Least bytes of an extension header, and those of the fragment header.
    pub const MIN_LEN: usize = 8;
    /// The bits of the fragment header's third and fourth byte that say where the fragment lies.
    pub const FRAGMENT_OFFSET: u16 = 0xfff8;
}
