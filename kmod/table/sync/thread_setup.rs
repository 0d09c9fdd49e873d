// SPDX-License-Identifier: GPL-2.0

//! What a daemon's thread is given.

use crate::kernel_ext::mem::grow_vec::GrowVec;

use super::daemon::{
    Daemon,
    Role, //
};
use super::link::Socket;

/// How much of its daemon's work a thread does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// All.
    All,
    /// What a director needs of the daemon that it doesn't run: a master hears who asks it, a
    /// backup fills who does.
    Signals,
}

/// What a thread is given.
pub(crate) struct ThreadSetup {
    pub(super) role: Role,
    pub(super) daemon: Daemon,
    pub(super) id: u16,
    pub(super) share: Share,
    /// None where it couldn't be made yet.
    pub(super) link: Option<Socket>,
    /// As long as the longest message.
    pub(super) buffer: GrowVec<u8>,
}
