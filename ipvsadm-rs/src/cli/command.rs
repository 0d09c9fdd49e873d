// SPDX-License-Identifier: MIT OR GPL-2.0

//! A command line as a value, checked.

use crate::model::Daemon;
use crate::model::Dest;
use crate::model::Role;
use crate::model::Service;
use crate::model::ServiceId;
use crate::model::Timeouts;
use crate::render::Format;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
    /// Add a service.
    AddService(Service),
    /// Change a service.
    EditService(Service),
    /// Delete a service.
    DeleteService(ServiceId),
    /// Delete everything.
    Flush,
    /// Add a server.
    AddDest(ServiceId, Dest),
    /// Change a server.
    EditDest(ServiceId, Dest),
    /// Delete a server.
    DeleteDest(ServiceId, Dest),
    /// Print something.
    List(List, Format),
    /// Print the table as command lines.
    Save(Format),
    /// Read command lines from standard input.
    Restore,
    /// Zero the counters of one service or of all.
    Zero(Option<ServiceId>),
    /// Set the timeouts.
    SetTimeouts(Timeouts),
    /// Start a synchronisation daemon.
    StartDaemon(Daemon),
    /// Stop a synchronisation daemon.
    StopDaemon(Role),
}

/// What to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// All services.
    All,
    /// One service.
    Service(ServiceId),
    /// The connections.
    Connections,
    /// The timeouts.
    Timeouts,
    /// The synchronisation daemons.
    Daemons,
}
