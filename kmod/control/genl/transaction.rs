// SPDX-License-Identifier: GPL-2.0

//! Commands of the family `LVS` that replace rules in one step.
//!
//! A transaction is opened, told of services and servers, and committed or aborted, by one socket.
//! Each message is checked when it comes, so that the sender learns which one is wrong; what
//! depends on the rules as they are is checked by the commit.

use kernel::prelude::*;
use lvs_engine::config::{
    DestConfig,
    DestId, //
};
use lvs_uapi::lvs::{
    attr,
    cmd,
    event_attr,
    transaction_attr, //
};

use super::{
    dest,
    extras,
    service, //
};
use crate::control::validate;
use crate::kernel_ext::user::genl::{
    Answer,
    Request, //
};
use crate::kernel_ext::user::netlink_watch::SocketObserver;
use crate::kernel_ext::user::nla::{
    Attr,
    Attrs,
    Policy, //
};
use crate::table::rules::transaction::Mode;
use crate::table::transactions::Transaction;
use crate::table::{
    NetnsState,
    RulesGuard, //
};

const ATTRS: usize = transaction_attr::MAX as usize + 1;

static POLICY: Policy<ATTRS> = Policy::new()
    .u32(transaction_attr::GENERATION)
    .u8(transaction_attr::WHOLE)
    .u8(transaction_attr::CHECK);

/// What a request says of a transaction; nothing if it doesn't.
fn parse<'a>(request: &Request<'a>) -> Result<Option<Attrs<'a, ATTRS>>> {
    request
        .attr(attr::TRANSACTION)
        .map(|nest| nest.nested(&POLICY))
        .transpose()
        .map_err(|_| EINVAL)
}

/// Whether the request says `attr`.
fn says(attrs: Option<&Attrs<'_, ATTRS>>, attr: u16) -> Result<bool> {
    let said = attrs.and_then(|attrs| attrs.get(attr));
    Ok(said.map_or(Ok(0), Attr::u8)? != 0)
}

/// Opens a transaction.
pub(super) struct Begin;

impl Answer for Begin {
    fn answer(request: &Request<'_>) -> Result {
        let attrs = parse(request)?;
        let generation = attrs
            .as_ref()
            .and_then(|attrs| attrs.get(transaction_attr::GENERATION))
            .map(Attr::u32)
            .transpose()?;
        let is_whole = says(attrs.as_ref(), transaction_attr::WHOLE)?;
        let state: &NetnsState = request.state()?;
        if let Some(generation) = generation {
            validate::is_generation(&RulesGuard::lock(state), generation)?;
        }
        state.open_transaction(request.owner(), Transaction::new(generation, is_whole)?)
    }
}

/// Says what a service is to be.
pub(super) struct PutService;

impl Answer for PutService {
    fn answer(request: &Request<'_>) -> Result {
        let state: &NetnsState = request.state()?;
        let owner = request.owner();
        let parsed = {
            let rules = RulesGuard::lock(state);
            extras::full(&rules, request)
        };
        state.continue_transaction(owner, |transaction| {
            let (id, wanted) = parsed?;
            let (mark_details, config) = wanted.checked(id.family)?;
            transaction.put_service(&id, mark_details, &config)
        })
    }
}

/// Says that the service of the message before is to have a server.
pub(super) struct PutDest;

impl Answer for PutDest {
    fn answer(request: &Request<'_>) -> Result {
        let state: &NetnsState = request.state()?;
        let owner = request.owner();
        let service = state
            .continue_transaction(owner, |transaction| transaction.last_service().ok_or(ESRCH))?;
        let check = || -> Result<(DestId, DestConfig)> {
            let rules = RulesGuard::lock(state);
            let (id, config) = dest::full(&rules, request.attr(attr::DEST), &service)?;
            let config = validate::wanted_dest(state.net(), &rules, &service, &id, &config)?;
            Ok((id, config))
        };
        let checked = check();
        state.continue_transaction(owner, |transaction| {
            let (id, config) = checked?;
            transaction.put_dest(&id, &config)
        })
    }
}

/// Says that a service is to go.
pub(super) struct RemoveService;

impl Answer for RemoveService {
    fn answer(request: &Request<'_>) -> Result {
        let state: &NetnsState = request.state()?;
        state.continue_transaction(request.owner(), |transaction| {
            transaction.remove_service(&service::identify(request.attr(attr::SERVICE))?)
        })
    }
}

/// Puts the transaction in force, or says whether that would do. It is closed then.
pub(super) struct Commit;

impl Answer for Commit {
    fn answer(request: &Request<'_>) -> Result {
        let state: &NetnsState = request.state()?;
        let attrs = parse(request)?;
        let purpose = if says(attrs.as_ref(), transaction_attr::CHECK)? {
            Mode::Check
        } else {
            Mode::Commit
        };
        let transaction = state.close_transaction(request.owner()).ok_or(ENOENT)?;
        RulesGuard::lock(state).commit(transaction, purpose)
    }
}

/// Closes the transaction; nothing has changed.
pub(super) struct Abort;

impl Answer for Abort {
    fn answer(request: &Request<'_>) -> Result {
        let state: &NetnsState = request.state()?;
        let closed = state.close_transaction(request.owner());
        closed.map(drop).ok_or(ENOENT)
    }
}

/// Tells the generation of the rules, and the last event.
pub(super) struct GetGeneration;

impl Answer for GetGeneration {
    fn answer(request: &Request<'_>) -> Result {
        let rules = RulesGuard::lock(request.state()?);
        let (generation, event) = (rules.generation(), rules.last_event());
        drop(rules);
        request.reply(cmd::GENERATION, |message| {
            message.nest(attr::TRANSACTION, |nest| {
                nest.u32(transaction_attr::GENERATION, generation)
            })?;
            message.nest(attr::EVENT, |nest| nest.u64(event_attr::SEQUENCE, event, 0))
        })
    }
}

impl SocketObserver for NetnsState {
    fn socket_closed(&self, owner: u32) {
        drop(self.close_transaction(owner));
    }
}
