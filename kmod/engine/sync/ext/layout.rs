// SPDX-License-Identifier: GPL-2.0

//! Sizes of what lvs adds to the protocol, and how its control messages are told from others.

/// Bytes of a trailer.
pub const TRAILER: usize = 56;
/// Bytes that a message grows by at most when it is sealed.
pub const SEAL: usize = TRAILER + 3;
/// Bytes of the signature.
pub const TAG: usize = 16;

/// Bytes of a control message's header.
pub(super) const CONTROL_HEADER: usize = 8;
/// What a control message has where others have their version.
pub(super) const CONTROL_VERSION: u8 = 0x4c;

/// Whether `datagram` begins as a control message does.
pub(super) fn is_control(datagram: &[u8]) -> bool {
    matches!(datagram, [0, _, _, _, _, CONTROL_VERSION, 0, 0, ..])
}
