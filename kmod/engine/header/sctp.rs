// SPDX-License-Identifier: GPL-2.0

//! SCTP's common header (RFC 9260).

/// Bytes of the common header, behind which the first chunk starts.
pub const LEN: usize = 12;
