// SPDX-License-Identifier: GPL-2.0

//! The ports that TCP's, UDP's and SCTP's headers start with.

/// Bytes of both ports.
pub const LEN: usize = 4;
