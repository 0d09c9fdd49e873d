// SPDX-License-Identifier: GPL-2.0

//! Which daemons run.

use crate::kernel_ext::task::module_hold::ModuleHold;
use crate::kernel_ext::trace::NewsReader;

use super::daemon::{
    Daemon,
    Role, //
};

/// The daemons that run. Behind the rules lock.
#[derive(Default)]
pub(in crate::table) struct Daemons {
    master: Option<Running>,
    backup: Option<Running>,
    /// Threads of each daemon; both have as many.
    pub(super) threads: u16,
}

/// A daemon that runs.
pub(super) struct Running {
    pub(super) daemon: Daemon,
    /// The module isn't unloaded while a daemon runs.
    _hold: ModuleHold,
    /// A master hears what packets change.
    _news: Option<NewsReader>,
}

impl Running {
    pub(super) fn new(role: Role, daemon: Daemon, hold: ModuleHold) -> Self {
        Self {
            _news: (role == Role::Master).then(NewsReader::new),
            daemon,
            _hold: hold,
        }
    }
}

impl Daemons {
    pub(super) fn of(&self, role: Role) -> &Option<Running> {
        match role {
            Role::Master => &self.master,
            Role::Backup => &self.backup,
        }
    }

    pub(super) fn of_mut(&mut self, role: Role) -> &mut Option<Running> {
        match role {
            Role::Master => &mut self.master,
            Role::Backup => &mut self.backup,
        }
    }

    pub(super) fn run(&self) -> bool {
        Role::ALL.iter().any(|role| self.of(*role).is_some())
    }
}
