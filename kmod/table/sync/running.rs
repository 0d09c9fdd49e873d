// SPDX-License-Identifier: GPL-2.0

//! Which daemons run.

use crate::kernel_ext::task::module_hold::ModuleHold;

use super::daemon::{
    Daemon,
    Side, //
};

/// The daemons that run. Behind the control lock.
#[derive(Default)]
pub(in crate::table) struct Daemons {
    master: Option<Running>,
    backup: Option<Running>,
    /// Threads of each daemon; both have as many.
    pub(super) threads: u16,
}

/// A daemon that runs.
pub(super) struct Running {
    daemon: Daemon,
    /// The module isn't unloaded while a daemon runs.
    _hold: ModuleHold,
}

impl Running {
    pub(super) fn new(daemon: Daemon, hold: ModuleHold) -> Self {
        Self {
            daemon,
            _hold: hold,
        }
    }

    pub(super) fn daemon(&self) -> &Daemon {
        &self.daemon
    }
}

impl Daemons {
    pub(super) fn of(&self, side: Side) -> &Option<Running> {
        match side {
            Side::Master => &self.master,
            Side::Backup => &self.backup,
        }
    }

    pub(super) fn of_mut(&mut self, side: Side) -> &mut Option<Running> {
        match side {
            Side::Master => &mut self.master,
            Side::Backup => &mut self.backup,
        }
    }

    pub(super) fn run(&self) -> bool {
        Side::ALL.iter().any(|side| self.of(*side).is_some())
    }
}
