// SPDX-License-Identifier: GPL-2.0

//! Services with what ip_vs's don't have, as the family `LVS` takes and shows them.

use kernel::prelude::*;
use lvs_engine::config::ServiceId;
use lvs_engine::extras::{
    Extras,
    OnExpiry,
    Wanted, //
};
use lvs_uapi::lvs::{
    attr,
    cmd,
    extras_attr, //
};

use super::service;
use super::stats::Widths;
use crate::control::validate::{
    self,
    ServiceRequest, //
};
use crate::kernel_ext::mem::rcu::ReadSide;
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
    RulesGuard,
    Service, //
};

static POLICY: Policy<{ extras_attr::MAX as usize + 1 }> = Policy::new()
    .u32(extras_attr::TCP_TIMEOUT)
    .u32(extras_attr::TCP_FIN_TIMEOUT)
    .u32(extras_attr::UDP_TIMEOUT)
    .u32(extras_attr::SCTP_TIMEOUT)
    .u8(extras_attr::ON_EXPIRY)
    .u32(extras_attr::SLOW_START);

/// What a request says.
fn parse(nest: Option<Attr<'_>>) -> Result<Wanted> {
    let Some(nest) = nest else {
        return Ok(Wanted::default());
    };
    let attrs = nest.nested(&POLICY).map_err(|_| EINVAL)?;
    let number = |attr| attrs.get(attr).map(Attr::u32).transpose();
    let on_expiry = attrs
        .get(extras_attr::ON_EXPIRY)
        .map(Attr::u8)
        .transpose()?;
    Ok(Wanted {
        tcp: number(extras_attr::TCP_TIMEOUT)?,
        tcp_fin: number(extras_attr::TCP_FIN_TIMEOUT)?,
        udp: number(extras_attr::UDP_TIMEOUT)?,
        sctp: number(extras_attr::SCTP_TIMEOUT)?,
        on_expiry: on_expiry
            .map(|number| OnExpiry::from_number(number).ok_or(EINVAL))
            .transpose()?,
        slow_start: number(extras_attr::SLOW_START)?,
    })
}

/// What a full service asks for, with what ip_vs's don't have.
pub(super) fn full<'a>(
    rules: &RulesGuard<'_>,
    request: &'a Request<'_>,
) -> Result<(ServiceId, ServiceRequest<'a>)> {
    let (id, mut wanted) = service::full(rules, request.attr(attr::SERVICE))?;
    wanted.extras = parse(request.attr(attr::EXTRAS))?;
    Ok((id, wanted))
}

/// Appends what the service has beyond ip_vs's, if anything.
fn fill_extras(message: &mut Writer<'_>, read: ReadSide<'_>, service: &Service) -> Result {
    let extras = service.extras_in_effect(read);
    let own = &extras.timeouts;
    if extras == Extras::default() {
        return Ok(());
    }
    message.nest(attr::EXTRAS, |nest| {
        let mut number = |attr, number| match number {
            0 => Ok(()),
            _ => nest.u32(attr, number),
        };
        number(extras_attr::TCP_TIMEOUT, own.tcp)?;
        number(extras_attr::TCP_FIN_TIMEOUT, own.tcp_fin)?;
        number(extras_attr::UDP_TIMEOUT, own.udp)?;
        number(extras_attr::SCTP_TIMEOUT, own.sctp)?;
        number(extras_attr::SLOW_START, extras.slow_start)?;
        match extras.on_expiry {
            OnExpiry::Inherit => Ok(()),
            told => nest.u8(extras_attr::ON_EXPIRY, told.number()),
        }
    })
}

/// Appends a service, and what it has beyond ip_vs's.
pub(super) fn fill(
    message: &mut Writer<'_>,
    read: ReadSide<'_>,
    service: &Service,
    widths: Widths,
) -> Result {
    service::fill(message, read, service, widths)?;
    fill_extras(message, read, service)
}

/// Adds a service.
pub(super) struct New;

impl Answer for New {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let (id, wanted) = full(&rules, request)?;
        validate::add_service(&mut rules, &id, &wanted)
    }
}

/// Changes a service.
pub(super) struct Set;

impl Answer for Set {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let (id, wanted) = full(&rules, request)?;
        validate::edit_service(&mut rules, &id, &wanted)
    }
}

/// Reads a service.
pub(super) struct Get;

impl Answer for Get {
    fn answer(request: &Request<'_>) -> Result {
        let rules = RulesGuard::lock(request.state()?);
        let id = service::existing(&rules, request)?;
        request.reply(cmd::SERVICE, |message| {
            rules.with_service(&id, |read, service| {
                fill(message, read, service, Widths::Wide)
            })?
        })
    }
}
