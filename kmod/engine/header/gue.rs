// SPDX-License-Identifier: GPL-2.0

//! The header of generic UDP encapsulation, variant 0 (draft-ietf-intarea-gue, extensions in
//! draft-ietf-intarea-gue-extensions).

/// Bytes of a header without options; the UDP header in front isn't counted.
pub const LEN: usize = 4;

/// Greatest first byte of a data message of variant 0: its lower five bits count the words of four
/// bytes that the options take.
pub const MAX_OPTION_WORDS: u8 = 0x1f;

/// Bytes of the private flags and the remote checksum option behind them.
pub const REMOTE_CHECKSUM_LEN: usize = 8;
