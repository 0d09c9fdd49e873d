// SPDX-License-Identifier: GPL-2.0

//! How the namespace's connection table is, and what was counted beside services: an answer of the
//! family `LVS`. `/proc/net/lvs` says the same to people, after a line for each server.

use kernel::prelude::*;
use lvs_uapi::drop_reason::DropReason;
use lvs_uapi::lvs::{
    attr,
    cmd,
    summary_attr,
    summary_drop_attr, //
};

use crate::control::procfs::status::Chains;
use crate::kernel_ext::user::genl::{
    Answer,
    Request, //
};
use crate::table::shortcuts::Shortcut;

/// Asks.
pub(super) struct Get;

impl Answer for Get {
    fn answer(request: &Request<'_>) -> Result {
        let state = request.state()?;
        let longest = Chains::of_conns(state).longest;
        let of_shortcut = state.shortcuts().sums();
        let drops = state.drops().sums();
        request.reply(cmd::SUMMARY, |message| {
            message.nest(attr::SUMMARY, |nest| {
                nest.u32(summary_attr::CONNS, state.conn_count())?;
                nest.u32(summary_attr::BUCKETS, u32::try_from(state.conn_buckets())?)?;
                nest.u32(summary_attr::LONGEST, u32::try_from(longest)?)?;
                nest.u64(summary_attr::BYTES, state.conn_bytes() as u64, 0)?;
                nest.u64(summary_attr::EARLY, of_shortcut.of(Shortcut::Early), 0)?;
                nest.u64(summary_attr::XDP, of_shortcut.of(Shortcut::Xdp), 0)?;
                for (reason, count) in DropReason::ALL.iter().zip(drops) {
                    nest.nest(summary_attr::DROP, |nest| {
                        nest.text(summary_drop_attr::REASON, reason.name())?;
                        nest.u64(summary_drop_attr::COUNT, count, 0)
                    })?;
                }
                Ok(())
            })
        })
    }
}
