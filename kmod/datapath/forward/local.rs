// SPDX-License-Identifier: GPL-2.0

//! LocalNode: this host is the server.

use crate::kernel_ext::packet::{
    Disposition,
    Packet, //
};

/// Lets the packet go on to this host's own server.
#[inline]
pub(super) fn deliver(packet: Packet) -> Disposition {
    let mut packet = packet;
    packet.set_balanced();
    packet.untrack();
    packet.accept()
}
