// SPDX-License-Identifier: MIT OR GPL-2.0

//! Commands, without what they are given.

use std::fmt;

/// A command: the option that comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are those of the command line.
pub enum Verb {
    AddService,
    EditService,
    DeleteService,
    Flush,
    List,
    AddServer,
    DeleteServer,
    EditServer,
    Set,
    StartDaemon,
    StopDaemon,
    Restore,
    Save,
    Zero,
    Help,
    Version,
}

impl Verb {
    /// Name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Verb::AddService => "add-service",
            Verb::EditService => "edit-service",
            Verb::DeleteService => "delete-service",
            Verb::Flush => "flush",
            Verb::List => "list",
            Verb::AddServer => "add-server",
            Verb::DeleteServer => "delete-server",
            Verb::EditServer => "edit-server",
            Verb::Set => "set",
            Verb::StartDaemon => "start-daemon",
            Verb::StopDaemon => "stop-daemon",
            Verb::Restore => "restore",
            Verb::Save => "save",
            Verb::Zero => "zero",
            Verb::Help => "help",
            Verb::Version => "version",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
