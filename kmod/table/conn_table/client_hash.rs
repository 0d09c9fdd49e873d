// SPDX-License-Identifier: GPL-2.0

//! The hash by which a client's connections are found.

/// The hash of a client's protocol, address and port.
#[derive(Clone, Copy)]
pub(crate) struct ClientHash(pub(super) u32);
