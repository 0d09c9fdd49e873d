// SPDX-License-Identifier: GPL-2.0

//! The GRE header without key (RFC 2784).

/// Bytes of a header without checksum.
pub const LEN: usize = 4;

/// Bytes of a header with checksum.
pub const LEN_WITH_CHECKSUM: usize = 8;

/// The first byte's bit that says that there is a checksum.
pub const HAS_CHECKSUM: u8 = 0x80;

/// Types of the packet inside.
pub mod ethertype {
    /// IPv4.
    pub const IPV4: u16 = 0x0800;
    /// IPv6.
    pub const IPV6: u16 = 0x86dd;
}
