// SPDX-License-Identifier: MIT OR GPL-2.0

//! Has lvs drain servers, and asks how far it is.

use netlink_packet_core::DecodeError;

use lvs_uapi::lvs::FAMILY_NAME;

use crate::error::Error;
use crate::error::Operation;
use crate::model::drain::DrainRequest;
use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::ServiceId;

use super::drain;
use super::socket::Socket;

/// What can be asked of drains.
pub trait DrainControl {
    /// Drains a server.
    fn drain(&mut self, id: &ServiceId, dest: &Dest, asked: &DrainRequest) -> Result<(), Error>;
    /// Has it return.
    fn undrain(&mut self, id: &ServiceId, dest: &Dest) -> Result<(), Error>;
    /// How a server is.
    fn dest(&mut self, id: &ServiceId, dest: &Dest) -> Result<DestEntry, Error>;
}

/// Drains over generic netlink.
pub struct DrainNetlink {
    socket: Socket,
    family: u16,
}

impl DrainNetlink {
    /// Finds the family, which lvs alone has.
    pub fn open() -> Result<Self, Error> {
        let mut socket = Socket::open()?;
        let family = socket.resolve(FAMILY_NAME)?;
        Ok(DrainNetlink { socket, family })
    }
}

impl DrainControl for DrainNetlink {
    fn drain(&mut self, id: &ServiceId, dest: &Dest, asked: &DrainRequest) -> Result<(), Error> {
        let request = drain::drain(id, dest, asked);
        self.socket
            .request_of(self.family, Operation::Drain, request, |_| {})
    }

    fn undrain(&mut self, id: &ServiceId, dest: &Dest) -> Result<(), Error> {
        let request = drain::undrain(id, dest);
        self.socket
            .request_of(self.family, Operation::Drain, request, |_| {})
    }

    fn dest(&mut self, id: &ServiceId, dest: &Dest) -> Result<DestEntry, Error> {
        let mut found = Ok(None);
        self.socket.request_of(
            self.family,
            Operation::Drain,
            drain::ask(id, dest),
            |reply| found = drain::dest_of(&reply, id.family()),
        )?;
        found?.ok_or_else(|| DecodeError::from("reply without a server").into())
    }
}
