// SPDX-License-Identifier: GPL-2.0

//! The family `LVS`, of what ip_vs doesn't have: all services and servers in one list, and how
//! synchronisation is (in [`super::sync`]).

use core::ops::ControlFlow;

use kernel::prelude::*;
use lvs_uapi::lvs::{
    attr,
    cmd,
    FAMILY_NAME,
    FAMILY_VERSION, //
};

use super::resume::resume;
use super::stats::Widths;
use super::{
    dest,
    service,
    sync, //
};
use crate::kernel_ext::user::genl::{
    Dump,
    Family,
    List,
    Op,
    Registration, //
};
use crate::kernel_ext::user::nla::Policy;
use crate::table::rules::walk::Item;
use crate::table::RulesGuard;

static POLICY: Policy<{ attr::MAX as usize + 1 }> = Policy::new()
    .nested(attr::SYNC)
    .nested(attr::SYNC_KEY)
    .nested(attr::SYNC_PEER);

static OPS: [Op; 7] = [
    Op::new(cmd::GET_TABLE).listed_by::<Table>(),
    Op::new(cmd::GET_SYNC).listed_by::<sync::Get>(),
    Op::new(cmd::SET_SYNC).answered_by::<sync::Set>(),
    Op::new(cmd::ADD_SYNC_KEY).answered_by::<sync::AddKey>(),
    Op::new(cmd::DEL_SYNC_KEY).answered_by::<sync::DeleteKey>(),
    Op::new(cmd::ADD_SYNC_PEER).answered_by::<sync::AddPeer>(),
    Op::new(cmd::DEL_SYNC_PEER).answered_by::<sync::DeletePeer>(),
];

static FAMILY: Family = Family::new(
    FAMILY_NAME,
    FAMILY_VERSION,
    &POLICY,
    &OPS,
    cmd::DEL_SYNC_PEER + 1,
);

/// Makes the family known.
pub(in crate::control) fn register() -> Result<Registration> {
    FAMILY.register()
}

/// Lists all services, each followed by its servers.
struct Table;

impl List for Table {
    fn list(dump: &mut Dump<'_>) -> Result {
        let rules = RulesGuard::lock(dump.state()?);
        dump.note_generation(rules.generation());
        resume(dump, &rules, |dump, read, item| {
            let appended = match item {
                Item::Service(service) => dump.entry(cmd::SERVICE, |message| {
                    service::fill(message, read, service, Widths::Wide)
                }),
                Item::Dest(dest) => {
                    dump.entry(cmd::DEST, |message| dest::fill(message, dest, Widths::Wide))
                }
            };
            match appended {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        Ok(())
    }
}
