// SPDX-License-Identifier: GPL-2.0

//! The checksum of a translated SCTP packet.

use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::drops::Drops;
use crate::kernel_ext::net::packet::{
    ChecksumState,
    Disposition,
    Packet, //
};

/// Has a translated packet leave with a right checksum: made anew when a port has changed, and when
/// a local sender left it to a device although the way out has none that `completes` it. As in
/// ip_vs, one that stays isn't looked at by anybody here again.
#[cold]
pub(in crate::datapath) fn keep(
    mut packet: Packet,
    ip_len: usize,
    same_port: bool,
    completes: bool,
    drops: &Drops,
) -> Result<Packet, Disposition> {
    let is_partial = packet.checksum_state() == ChecksumState::Partial;
    if !same_port || (is_partial && !completes) {
        // Segments get theirs when they are cut.
        if !packet.is_to_be_segmented() && packet.complete_sctp_checksum(ip_len).is_err() {
            return Err(packet.discard(drops, DropReason::NoMemory));
        }
    } else if !is_partial {
        packet.vouch_for_checksum();
    }
    Ok(packet)
}
