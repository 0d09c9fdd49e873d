// SPDX-License-Identifier: GPL-2.0

//! SCTP packets: chunks that lie anywhere, and the CRC32c that covers the whole packet.
//!
//! Relies on: copying checks the packet's length; the sum is written where a header was made
//! writable.
//!
//! A breach would be noticed by: `test-sctp`, `test-packet-fuzz`.

use lvs_engine::header::sctp;
use lvs_engine::sctp_state::ChunkHeader;

use super::bindings;
use super::packet::{
    Packet,
    Unwritable, //
};
use super::route::Route;

impl Packet {
    /// Reads the chunk header at `offset`, wherever it lies. `None` when the packet ends before.
    pub(crate) fn chunk_at(&self, offset: usize) -> Option<ChunkHeader> {
        let mut header = ChunkHeader::default();
        let offset = i32::try_from(offset).ok()?;
        // SAFETY: The packet is alive; as many bytes are written as there is room.
        let copied = unsafe {
            bindings::lvs_skb_copy_bits(
                self.as_ptr(),
                offset,
                header.as_mut_ptr().cast(),
                header.len() as i32,
            )
        };
        copied.then_some(header)
    }

    /// Whether the packet will be cut into segments, whose checksums are made then.
    pub(crate) fn is_to_be_segmented(&self) -> bool {
        // SAFETY: The packet is alive.
        unsafe { bindings::lvs_skb_is_gso(self.as_ptr()) }
    }

    /// Fills in the CRC32c of the SCTP packet whose header is at `offset`.
    pub(crate) fn complete_sctp_checksum(&mut self, offset: usize) -> Result<(), Unwritable> {
        let end = offset.checked_add(sctp::LEN).ok_or(Unwritable)?;
        self.writable(end)?;
        // SAFETY: The packet is owned, and the header is linear and writable by the call above,
        // which also checked that it is there.
        unsafe { bindings::lvs_skb_sum_sctp(self.as_ptr(), offset as u32) };
        self.vouch_for_checksum();
        Ok(())
    }
}

impl Route {
    /// Whether this way's device completes the CRC32c of SCTP packets that lack it.
    pub(crate) fn sums_sctp(&self) -> bool {
        // SAFETY: The route holds a reference; output routes have a device.
        unsafe { bindings::lvs_dst_sums_sctp(self.dst()) }
    }
}
