// SPDX-License-Identifier: MIT OR GPL-2.0

//! Asks lvs how synchronisation is, and changes it.

use lvs_uapi::lvs::FAMILY_NAME;

use crate::error::Error;
use crate::model::sync::SyncChange;
use crate::model::sync::SyncStatus;

use super::socket::Socket;
use super::sync;
use super::sync::SyncMessage;

/// What can be asked of synchronisation.
pub trait SyncControl {
    /// How it is.
    fn status(&mut self) -> Result<SyncStatus, Error>;
    /// Makes a change.
    fn make(&mut self, change: &SyncChange) -> Result<(), Error>;
}

/// Synchronisation over generic netlink.
pub struct SyncNetlink {
    socket: Socket,
    family: u16,
}

impl SyncNetlink {
    /// Finds the family, which lvs alone has.
    pub fn open() -> Result<Self, Error> {
        let mut socket = Socket::open()?;
        let family = socket.resolve(FAMILY_NAME)?;
        Ok(SyncNetlink { socket, family })
    }
}

impl SyncControl for SyncNetlink {
    fn status(&mut self) -> Result<SyncStatus, Error> {
        sync::status(&mut self.socket, self.family)
    }

    fn make(&mut self, change: &SyncChange) -> Result<(), Error> {
        let (operation, request) = SyncMessage::change(change);
        self.socket
            .request_of(self.family, operation, request, |_| {})
    }
}
