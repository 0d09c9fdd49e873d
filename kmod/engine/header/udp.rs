// SPDX-License-Identifier: GPL-2.0

//! The UDP header (RFC 768).

/// Bytes of the header.
pub const LEN: usize = 8;

/// Where the fields lie.
pub mod at {
    /// Checksum of pseudo-header and datagram, 2 bytes; 0 if there is none.
    pub const CHECK: usize = 6;
}
