// SPDX-License-Identifier: GPL-2.0

//! What tells a connection from others.

use lvs_engine::addr::{
    Addr,
    Family, //
};

/// Both ends of a connection as the client sees them, and the server behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tuple {
    /// Family of client and virtual address.
    pub(crate) family: Family,
    /// IP protocol.
    pub(crate) protocol: u8,
    /// The client.
    pub(crate) client: Addr,
    /// The client's port.
    pub(crate) client_port: u16,
    /// The virtual address.
    pub(crate) virtual_addr: Addr,
    /// The virtual port.
    pub(crate) virtual_port: u16,
}
