// SPDX-License-Identifier: GPL-2.0

//! What a daemon's thread is given.

use crate::kernel_ext::mem::grow_vec::GrowVec;

use super::daemon::{
    Daemon,
    Role, //
};
use super::link::Socket;

/// What a thread is given.
pub(crate) struct Tools {
    pub(super) role: Role,
    pub(super) daemon: Daemon,
    pub(super) id: u16,
    pub(super) link: Socket,
    /// As long as the longest message.
    pub(super) buffer: GrowVec<u8>,
}
