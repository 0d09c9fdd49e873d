// SPDX-License-Identifier: GPL-2.0

//! Sizes of what lvs adds to the protocol, and how its signals are told from others.

/// Bytes of a trailer.
pub const TRAILER: usize = 56;
/// Bytes that a message grows by at most when it is sealed.
pub const SEAL: usize = TRAILER + 3;
/// Bytes of the signature.
pub const TAG: usize = 16;

/// Bytes of a signal's header.
pub(super) const SIGNAL_HEADER: usize = 8;
/// What a signal has where others have their version.
pub(super) const SIGNAL_VERSION: u8 = 0x4c;

/// Whether `datagram` begins as a signal does.
pub(super) fn is_signal(datagram: &[u8]) -> bool {
    matches!(datagram, [0, _, _, _, _, SIGNAL_VERSION, 0, 0, ..])
}
