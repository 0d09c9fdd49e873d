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
use super::tools::{
    Share,
    Tools, //
};
use super::{
    receiver,
    sender, //
};

impl Employer for NetnsState {
    type Tools = Tools;

    fn crews(&self) -> [&Crew<Self>; 2] {
        Role::ALL.map(|role| self.sync().of(role))
    }

    fn work(&self, tools: Tools, present: &Present<'_>) {
        let name = match tools.role {
            Role::Master => "MASTER",
            Role::Backup => "BACKUP",
        };
        if tools.share == Share::All {
            pr_info!(
                "sync thread started: state = {name}, mcast_ifn = {}, syncid = {}, id = {}\n",
                tools.daemon.device.as_cstr(),
                tools.daemon.sync_id as i32,
                tools.id
            );
        }
        match tools.role {
            Role::Master => sender::live(self, tools, present),
            Role::Backup => receiver::live(self, tools, present),
        }
    }
}
