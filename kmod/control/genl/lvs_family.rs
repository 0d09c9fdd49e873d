// SPDX-License-Identifier: GPL-2.0

//! The family `LVS`, of what ip_vs doesn't have: all services and servers in one list, what
//! replaces them in one step (in [`super::transaction`]), what happens to them (in
//! [`super::events`]), how synchronisation is (in [`super::sync`]), what would become of a packet
//! (in [`super::explain`]), and what is kept while the module isn't there (in [`super::conns`] and
//! [`super::counters`]).

use core::ops::ControlFlow;

use kernel::prelude::*;
use lvs_uapi::lvs::{
    attr,
    cmd,
    EVENTS_GROUP,
    FAMILY_NAME,
    FAMILY_VERSION, //
};

use super::resume::{
    resume,
    resume_one, //
};
use super::service;
use super::stats::Widths;
use super::{
    conns,
    counters,
    drain,
    explain,
    extras,
    summary,
    sync,
    transaction, //
};
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::user::genl::{
    Dump,
    Family,
    List,
    Op,
    Registration, //
};
use crate::kernel_ext::user::genl_group::Group;
use crate::kernel_ext::user::nla::Policy;
use crate::table::rules::walk::Item;
use crate::table::RulesGuard;

/// What a request may contain.
static POLICY: Policy<{ attr::MAX as usize + 1 }> = Policy::new()
    .nested(attr::SERVICE)
    .nested(attr::DEST)
    .nested(attr::SYNC)
    .nested(attr::SYNC_KEY)
    .nested(attr::SYNC_PEER)
    .nested(attr::TRANSACTION)
    .nested(attr::DRAIN)
    .nested(attr::EVENT)
    .nested(attr::QUESTION)
    .u32(attr::ELAPSED)
    .u64(attr::POSITION)
    .nested(attr::COUNTERS)
    .nested(attr::EXTRAS)
    .nested(attr::RAMP);

static OPS: [Op; 25] = [
    Op::new(cmd::GET_TABLE).listed_by::<Table>(),
    Op::new(cmd::GET_SYNC).listed_by::<sync::Get>(),
    Op::new(cmd::SET_SYNC).answered_by::<sync::Set>(),
    Op::new(cmd::ADD_SYNC_KEY).answered_by::<sync::AddKey>(),
    Op::new(cmd::DEL_SYNC_KEY).answered_by::<sync::DeleteKey>(),
    Op::new(cmd::ADD_SYNC_PEER).answered_by::<sync::AddPeer>(),
    Op::new(cmd::DEL_SYNC_PEER).answered_by::<sync::DeletePeer>(),
    Op::new(cmd::BEGIN).answered_by::<transaction::Begin>(),
    Op::new(cmd::PUT_SERVICE).answered_by::<transaction::PutService>(),
    Op::new(cmd::PUT_DEST).answered_by::<transaction::PutDest>(),
    Op::new(cmd::REMOVE_SERVICE).answered_by::<transaction::RemoveService>(),
    Op::new(cmd::COMMIT).answered_by::<transaction::Commit>(),
    Op::new(cmd::ABORT).answered_by::<transaction::Abort>(),
    Op::new(cmd::GET_GENERATION).answered_by::<transaction::GetGeneration>(),
    Op::new(cmd::DRAIN).answered_by::<drain::Begin>(),
    Op::new(cmd::UNDRAIN).answered_by::<drain::End>(),
    Op::new(cmd::GET_DEST).answered_by::<drain::Get>(),
    Op::new(cmd::GET_EXPLANATION).listed_by::<explain::Get>(),
    Op::new(cmd::GET_CONNS).listed_by::<conns::Get>(),
    Op::new(cmd::LOAD_CONNS).answered_by::<conns::Load>(),
    Op::new(cmd::SET_COUNTERS).answered_by::<counters::Set>(),
    Op::new(cmd::NEW_SERVICE).answered_by::<extras::New>(),
    Op::new(cmd::SET_SERVICE).answered_by::<extras::Set>(),
    Op::new(cmd::GET_SERVICE).answered_by::<extras::Get>(),
    Op::new(cmd::GET_SUMMARY).answered_by::<summary::Get>(),
];

/// Who listens to events.
static LISTENERS: Group = Group::new(EVENTS_GROUP);

pub(super) static FAMILY: Family = Family::new(
    FAMILY_NAME,
    FAMILY_VERSION,
    &POLICY,
    &OPS,
    cmd::GET_SUMMARY + 1,
)
.with_group(&LISTENERS);

/// Makes the family known.
pub(in crate::control) fn register() -> Result<Registration> {
    FAMILY.register()
}

/// Lists all services, or the one that is named, each followed by its servers.
struct Table;

impl List for Table {
    fn list(dump: &mut Dump<'_>) -> Result {
        let named = dump.attrs(&POLICY)?.get(attr::SERVICE);
        let rules = RulesGuard::lock(dump.state()?);
        dump.note_generation(rules.generation());
        match named {
            None => resume(dump, &rules, append),
            Some(named) => resume_one(dump, &rules, &service::identify(Some(named))?, append)?,
        }
        Ok(())
    }
}

/// Appends a service or a server; breaks off when there is no room for it.
fn append(dump: &mut Dump<'_>, read: ReadSide<'_>, item: Item<'_>) -> ControlFlow<()> {
    let appended = match item {
        Item::Service(service) => dump.entry(cmd::SERVICE, |message| {
            extras::fill(message, read, service, Widths::Wide)?;
            message.u64(attr::POSITION, service.position(), attr::PAD)
        }),
        Item::Dest(dest) => dump.entry(cmd::DEST, |message| {
            drain::fill(message, dest, Widths::Wide)
        }),
    };
    match appended {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}
