// SPDX-License-Identifier: GPL-2.0

//! The family `LVS`, of what ip_vs doesn't have: all services and servers in one list.

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
    service, //
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

/// Requests need no attributes.
static POLICY: Policy<{ attr::MAX as usize + 1 }> = Policy::new();

static OPS: [Op; 1] = [Op::new(cmd::GET_TABLE).listed_by::<Table>()];

static FAMILY: Family = Family::new(
    FAMILY_NAME,
    FAMILY_VERSION,
    &POLICY,
    &OPS,
    cmd::GET_TABLE + 1,
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
