// SPDX-License-Identifier: GPL-2.0

//! The headers of ICMP and ICMPv6 messages (RFC 792, RFC 4443), which are alike.

/// Bytes of the header; behind an error's lies the packet that it is about.
pub const LEN: usize = 8;

/// Where the fields lie.
pub mod at {
    /// Checksum of the message, with ICMPv6 of a pseudo-header too, 2 bytes.
    pub const CHECK: usize = 2;
}

/// Types and codes of ICMP.
pub mod v4 {
    /// Type: the destination can't be reached.
    pub const UNREACHABLE: u8 = 3;
    /// Code of [`UNREACHABLE`]: the host can't be reached.
    pub const UNREACHABLE_HOST: u8 = 1;
    /// Code of [`UNREACHABLE`]: nobody listens at the port.
    pub const UNREACHABLE_PORT: u8 = 3;
    /// Code of [`UNREACHABLE`]: the packet is too big and may not be fragmented.
    pub const UNREACHABLE_TOO_BIG: u8 = 4;
    /// Type: the sender is to send less (obsolete, RFC 6633).
    pub const SOURCE_QUENCH: u8 = 4;
    /// Type: the packet had no hops left, or fragments were missing.
    pub const TIME_EXCEEDED: u8 = 11;
}

/// Types and codes of ICMPv6.
pub mod v6 {
    /// Type: the destination can't be reached.
    pub const UNREACHABLE: u8 = 1;
    /// Code of [`UNREACHABLE`]: the address can't be reached.
    pub const UNREACHABLE_ADDRESS: u8 = 3;
    /// Code of [`UNREACHABLE`]: nobody listens at the port.
    pub const UNREACHABLE_PORT: u8 = 4;
    /// Type: the packet is too big.
    pub const TOO_BIG: u8 = 2;
    /// Type: the packet had no hops left, or fragments were missing.
    pub const TIME_EXCEEDED: u8 = 3;
    /// The first type that is no error.
    pub const FIRST_INFORMATIONAL: u8 = 128;
}
