// SPDX-License-Identifier: MIT OR GPL-2.0

//! A command line as a value, checked.

use crate::change::Change;
use crate::model::ServiceId;
use crate::render::Format;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
    /// Change something.
    Change(Change),
    /// Print something.
    List(List, Format),
    /// Print the table as command lines.
    Save(Format),
    /// Read command lines from standard input.
    Restore,
}

impl From<Change> for Command {
    fn from(change: Change) -> Self {
        Command::Change(change)
    }
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
