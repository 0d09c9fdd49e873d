// SPDX-License-Identifier: GPL-2.0

//! LocalNode: this host is the server.

use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn::Conn;

use super::leave::pass_on;

/// Lets the packet go on to this host's own server.
#[inline]
pub(super) fn deliver(packet: Packet, conn: &Conn) -> Disposition {
    pass_on(packet, conn)
}
