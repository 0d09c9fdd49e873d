// SPDX-License-Identifier: GPL-2.0

//! Commands on the drain of a server, and servers as the family `LVS` shows them.

use kernel::prelude::*;
use lvs_engine::config::{
    DestId,
    ServiceId, //
};
use lvs_engine::drain::{
    Drain,
    Persistent,
    Phase,
    Then, //
};
use lvs_uapi::lvs::{
    attr,
    cmd,
    drain_attr,
    drain_persistent,
    drain_then,
    ramp_attr, //
};

use super::stats::Widths;
use super::{
    dest,
    service, //
};
use crate::kernel_ext::task::time;
use crate::kernel_ext::user::genl::{
    Answer,
    Request, //
};
use crate::kernel_ext::user::nla::{
    Attr,
    Policy,
    Writer, //
};
use crate::table::{
    Dest,
    RulesGuard, //
};

/// Seconds to a deadline that can still be told from one that has passed.
const LONGEST: u32 = i32::MAX as u32;

static POLICY: Policy<{ drain_attr::MAX as usize + 1 }> = Policy::new()
    .u32(drain_attr::SECONDS)
    .u8(drain_attr::THEN)
    .u8(drain_attr::PERSISTENT);

/// How a request wants a server drained.
fn parse(nest: Option<Attr<'_>>) -> Result<Drain> {
    let Some(nest) = nest else {
        return Ok(Drain::default());
    };
    let attrs = nest.nested(&POLICY).map_err(|_| EINVAL)?;
    let seconds = attrs.get(drain_attr::SECONDS).map(Attr::u32).transpose()?;
    if seconds.is_some_and(|seconds| !(1..=LONGEST).contains(&seconds)) {
        return Err(EINVAL);
    }
    let then = attrs.get(drain_attr::THEN).map(Attr::u8).transpose()?;
    let persistent = attrs
        .get(drain_attr::PERSISTENT)
        .map(Attr::u8)
        .transpose()?;
    Ok(Drain {
        seconds,
        then: match then {
            None | Some(drain_then::KEEP) => Then::Keep,
            Some(drain_then::RESET) => Then::Reset,
            Some(drain_then::FORGET) => Then::Forget,
            Some(_) => return Err(EINVAL),
        },
        persistent: match persistent {
            None | Some(drain_persistent::MOVE) => Persistent::Move,
            Some(drain_persistent::KEEP) => Persistent::Keep,
            Some(_) => return Err(EINVAL),
        },
    })
}

/// Appends how `dest` is drained, if it is.
fn fill_drain(message: &mut Writer<'_>, dest: &Dest) -> Result {
    let Some(drain) = dest.drain() else {
        return Ok(());
    };
    let then = match drain.then {
        Then::Keep => drain_then::KEEP,
        Then::Reset => drain_then::RESET,
        Then::Forget => drain_then::FORGET,
    };
    let persistent = match drain.persistent {
        Persistent::Move => drain_persistent::MOVE,
        Persistent::Keep => drain_persistent::KEEP,
    };
    message.nest(attr::DRAIN, |nest| {
        if let Some(seconds) = drain.seconds_left(time::seconds()) {
            nest.u32(drain_attr::SECONDS, seconds)?;
        }
        nest.u8(drain_attr::THEN, then)?;
        nest.u8(drain_attr::PERSISTENT, persistent)?;
        nest.u8(drain_attr::OVER, u8::from(drain.phase == Phase::Over))?;
        nest.u32(drain_attr::WEIGHT, dest.configured_weight() as u32)?;
        nest.u8(drain_attr::LEFT, u8::from(drain.leaves))
    })
}

/// Appends a server, and how it is drained.
pub(super) fn fill(message: &mut Writer<'_>, dest: &Dest, widths: Widths) -> Result {
    dest::fill(message, dest, widths)?;
    fill_drain(message, dest)?;
    fill_ramp(message, dest)
}

/// Appends how far `dest` has climbed to its weight, if it does.
fn fill_ramp(message: &mut Writer<'_>, dest: &Dest) -> Result {
    let Some(ramp) = dest.ramp() else {
        return Ok(());
    };
    let now = time::now();
    message.nest(attr::RAMP, |nest| {
        nest.u32(ramp_attr::SECONDS, ramp.ticks_left(now).div_ceil(time::HZ))?;
        nest.u8(ramp_attr::PERCENT, ramp.percent(now))
    })
}

/// Which service and server a request names.
fn named(rules: &RulesGuard<'_>, request: &Request<'_>) -> Result<(ServiceId, DestId)> {
    let service = service::existing(rules, request)?;
    let id = dest::identify(request.attr(attr::DEST), &service)?;
    Ok((service, id))
}

/// Drains a server.
pub(super) struct Begin;

impl Answer for Begin {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let (service, id) = named(&rules, request)?;
        let drain = parse(request.attr(attr::DRAIN))?;
        rules.drain_dest(&service, &id, &drain)
    }
}

/// Has it return.
pub(super) struct End;

impl Answer for End {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let (service, id) = named(&rules, request)?;
        rules.undrain_dest(&service, &id)
    }
}

/// Reads a server.
pub(super) struct Get;

impl Answer for Get {
    fn answer(request: &Request<'_>) -> Result {
        let rules = RulesGuard::lock(request.state()?);
        let (service, id) = named(&rules, request)?;
        request.reply(cmd::DEST, |message| {
            rules.with_service(&service, |read, service| {
                let dests = service.dests(read);
                let dest = dests.iter().find(|dest| dest.id() == &id).ok_or(ENOENT)?;
                fill(message, dest, Widths::Wide)
            })?
        })
    }
}
