// SPDX-License-Identifier: GPL-2.0

//! What the threads of a namespace's daemons do.

use kernel::prelude::*;

use crate::kernel_ext::task::crew::{
    Crew,
    Employer, //
};
use crate::kernel_ext::task::thread::Present;
use crate::table::netns_state::NetnsState;

use super::daemon::Role;
use super::thread_setup::{
    Share,
    ThreadSetup, //
};
use super::{
    backup_thread,
    master_thread, //
};

impl Employer for NetnsState {
    type Tools = ThreadSetup;

    fn crews(&self) -> [&Crew<Self>; 2] {
        Role::ALL.map(|role| self.sync().of(role))
    }

    fn work(&self, setup: ThreadSetup, present: &Present<'_>) {
        let name = match setup.role {
            Role::Master => "MASTER",
            Role::Backup => "BACKUP",
        };
        if setup.share == Share::All {
            pr_info!(
                "sync thread started: state = {name}, mcast_ifn = {}, syncid = {}, id = {}\n",
                setup.daemon.device.as_cstr(),
                setup.daemon.sync_id as i32,
                setup.id
            );
        }
        match setup.role {
            Role::Master => master_thread::live(self, setup, present),
            Role::Backup => backup_thread::live(self, setup, present),
        }
    }
}
