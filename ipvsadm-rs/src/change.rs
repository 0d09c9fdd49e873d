// SPDX-License-Identifier: MIT OR GPL-2.0

//! Changes as values, so that many can be on their way at once.

use crate::client::Control;
use crate::error::Error;
use crate::model::Daemon;
use crate::model::Dest;
use crate::model::Role;
use crate::model::Service;
use crate::model::ServiceId;
use crate::model::Timeouts;

/// A request that changes something and answers nothing but success or failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds a service.
    AddService(Service),
    /// Changes a service.
    EditService(Service),
    /// Deletes a service.
    DeleteService(ServiceId),
    /// Deletes everything.
    Flush,
    /// Adds a server.
    AddDest(ServiceId, Dest),
    /// Changes a server.
    EditDest(ServiceId, Dest),
    /// Deletes a server.
    DeleteDest(ServiceId, Dest),
    /// Zeroes the counters of one service or of all.
    Zero(Option<ServiceId>),
    /// Sets the timeouts.
    SetTimeouts(Timeouts),
    /// Starts a synchronisation daemon.
    StartDaemon(Daemon),
    /// Stops a synchronisation daemon.
    StopDaemon(Role),
}

impl Change {
    /// Makes the change.
    pub fn carry_out(&self, control: &mut (impl Control + ?Sized)) -> Result<(), Error> {
        match self {
            Change::AddService(service) => control.add_service(service),
            Change::EditService(service) => control.edit_service(service),
            Change::DeleteService(id) => control.delete_service(id),
            Change::Flush => control.flush(),
            Change::AddDest(id, dest) => control.add_dest(id, dest),
            Change::EditDest(id, dest) => control.edit_dest(id, dest),
            Change::DeleteDest(id, dest) => control.delete_dest(id, dest),
            Change::Zero(id) => control.zero(id.as_ref()),
            Change::SetTimeouts(timeouts) => control.set_timeouts(timeouts),
            Change::StartDaemon(daemon) => control.start_daemon(daemon),
            Change::StopDaemon(role) => control.stop_daemon(*role),
        }
    }
}
