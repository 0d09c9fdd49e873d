// SPDX-License-Identifier: GPL-2.0

//! Commands on virtual services.

use core::ops::ControlFlow;

use kernel::prelude::*;
use lvs_engine::addr::Addr;
use lvs_engine::config::{
    ServiceId,
    Target, //
};
use lvs_engine::extras::Wanted;
use lvs_uapi::flags;
use lvs_uapi::genl::{
    attr,
    cmd,
    service_attr, //
};
use lvs_uapi::limits::{
    ADDR_LEN,
    IPPROTO_TCP,
    PENAME_MAXLEN,
    SCHEDNAME_MAXLEN, //
};

use super::resume::resume;
use super::stats::{
    self,
    Widths, //
};
use crate::control::names;
use crate::control::validate::{
    self,
    ServiceRequest, //
};
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::user::genl::{
    Answer,
    Dump,
    List,
    Request, //
};
use crate::kernel_ext::user::nla::{
    Attr,
    Attrs,
    Policy,
    Writer, //
};
use crate::table::rules::walk::Item;
use crate::table::{
    RulesGuard,
    Service, //
};

const ATTRS: usize = service_attr::MAX as usize + 1;

static POLICY: Policy<ATTRS> = Policy::new()
    .u16(service_attr::AF)
    .u16(service_attr::PROTOCOL)
    .at_most(service_attr::ADDR, ADDR_LEN)
    .u16(service_attr::PORT)
    .u32(service_attr::FWMARK)
    .nul_string(service_attr::SCHED_NAME, SCHEDNAME_MAXLEN - 1)
    .at_most(service_attr::FLAGS, 8)
    .u32(service_attr::TIMEOUT)
    .u32(service_attr::NETMASK)
    .nested(service_attr::STATS)
    .nul_string(service_attr::PE_NAME, PENAME_MAXLEN);

/// Which service `nest` names, and everything else in it.
fn parse(nest: Option<Attr<'_>>) -> Result<(ServiceId, Attrs<'_, ATTRS>)> {
    let attrs = nest.ok_or(EINVAL)?.nested(&POLICY).map_err(|_| EINVAL)?;
    let family = attrs.need(service_attr::AF)?;
    let mark = attrs.get(service_attr::FWMARK);
    let protocol = attrs.get(service_attr::PROTOCOL);
    let addr = attrs.get(service_attr::ADDR);
    let port = attrs.get(service_attr::PORT);
    if mark.is_none() && (protocol.is_none() || addr.is_none() || port.is_none()) {
        return Err(EINVAL);
    }

    let family = validate::family(family.u16()?)?;
    let target = match (mark, protocol, addr, port) {
        (Some(mark), ..) => match mark.u32()? {
            // A mark that no packet can be told by: what is left is the address, of which there is
            // none.
            0 => Target::Address {
                protocol: IPPROTO_TCP,
                addr: Addr::ANY,
                port: 0,
            },
            mark => Target::Mark(mark),
        },
        (None, Some(protocol), Some(addr), Some(port)) => Target::Address {
            protocol: protocol.u16()?,
            addr: validate::addr(family, addr.padded()),
            port: port.be16()?,
        },
        _ => return Err(EINVAL),
    };
    Ok((ServiceId { family, target }, attrs))
}

/// Which service the request names.
pub(super) fn identify(nest: Option<Attr<'_>>) -> Result<ServiceId> {
    parse(nest).map(|(id, _)| id)
}

/// Which existing service the request names.
pub(super) fn existing(rules: &RulesGuard<'_>, request: &Request<'_>) -> Result<ServiceId> {
    let id = identify(request.attr(attr::SERVICE))?;
    if validate::exists(rules, &id) {
        Ok(id)
    } else {
        Err(ESRCH)
    }
}

/// What a full service asks for.
pub(super) fn full<'a>(
    rules: &RulesGuard<'_>,
    nest: Option<Attr<'a>>,
) -> Result<(ServiceId, ServiceRequest<'a>)> {
    let (id, attrs) = parse(nest)?;
    let scheduler = attrs.need(service_attr::SCHED_NAME)?;
    let change = attrs.need(service_attr::FLAGS)?;
    let timeout = attrs.need(service_attr::TIMEOUT)?;
    let netmask = attrs.need(service_attr::NETMASK)?;

    let (values, mask) = words(change.padded());
    let old = rules
        .with_service(&id, |_, service| service.flags())
        .unwrap_or(0);
    let request = ServiceRequest {
        mark_details: validate::mark_details(&id),
        scheduler: scheduler.text(),
        engine: attrs.get(service_attr::PE_NAME).map_or(&[], Attr::text),
        flags: (old & !mask) | (values & mask),
        timeout: timeout.u32()?,
        netmask: netmask.u32()?,
        extras: Wanted::default(),
    };
    Ok((id, request))
}

/// Two numbers in host order.
fn words([a, b, c, d, e, f, g, h]: [u8; 8]) -> (u32, u32) {
    (
        u32::from_ne_bytes([a, b, c, d]),
        u32::from_ne_bytes([e, f, g, h]),
    )
}

/// The bytes of two numbers in host order.
fn pair(first: u32, second: u32) -> [u8; 8] {
    let [a, b, c, d] = first.to_ne_bytes();
    let [e, f, g, h] = second.to_ne_bytes();
    [a, b, c, d, e, f, g, h]
}

/// Appends what names a service, within its nest.
pub(super) fn fill_name(nest: &mut Writer<'_>, id: &ServiceId) -> Result {
    nest.u16(service_attr::AF, id.family.number())?;
    match id.target {
        Target::Mark(mark) => nest.u32(service_attr::FWMARK, mark),
        Target::Address {
            protocol,
            addr,
            port,
        } => {
            nest.u16(service_attr::PROTOCOL, protocol)?;
            nest.bytes(service_attr::ADDR, &addr.octets())?;
            nest.be16(service_attr::PORT, port)
        }
    }
}

/// Appends `service` as a nest.
pub(super) fn fill(
    message: &mut Writer<'_>,
    read: ReadSide<'_>,
    service: &Service,
    widths: Widths,
) -> Result {
    let id = service.id();
    let config = service.config(read);
    message.nest(attr::SERVICE, |nest| {
        fill_name(nest, id)?;
        nest.text(
            service_attr::SCHED_NAME,
            names::of_scheduler(config.scheduler),
        )?;
        if config.sip {
            nest.text(service_attr::PE_NAME, names::SIP)?;
        }
        nest.bytes(
            service_attr::FLAGS,
            &pair(config.flags | flags::service::HASHED, u32::MAX),
        )?;
        nest.u32(service_attr::TIMEOUT, config.timeout)?;
        nest.u32(service_attr::NETMASK, config.netmask)?;
        let numbers = (service_attr::STATS, service_attr::STATS64);
        stats::fill(nest, numbers, widths, || service.stats(read))
    })
}

/// Adds a service.
pub(super) struct New;

impl Answer for New {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let (id, wanted) = full(&rules, request.attr(attr::SERVICE))?;
        validate::add_service(&mut rules, &id, &wanted)
    }
}

/// Changes a service.
pub(super) struct Set;

impl Answer for Set {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let (id, wanted) = full(&rules, request.attr(attr::SERVICE))?;
        validate::edit_service(&mut rules, &id, &wanted)
    }
}

/// Deletes a service.
pub(super) struct Delete;

impl Answer for Delete {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let id = existing(&rules, request)?;
        rules.delete_service(&id)
    }
}

/// Reads one service or all.
pub(super) struct Get;

impl Answer for Get {
    fn answer(request: &Request<'_>) -> Result {
        let rules = RulesGuard::lock(request.state()?);
        let id = identify(request.attr(attr::SERVICE))?;
        request.reply(cmd::NEW_SERVICE, |message| {
            rules.with_service(&id, |read, service| {
                fill(message, read, service, Widths::Both)
            })?
        })
    }
}

impl List for Get {
    fn list(dump: &mut Dump<'_>) -> Result {
        let rules = RulesGuard::lock(dump.state()?);
        resume(dump, &rules, |dump, read, item| match item {
            Item::Service(service) => {
                let appended = dump.entry(cmd::NEW_SERVICE, |message| {
                    fill(message, read, service, Widths::Both)
                });
                match appended {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            }
            Item::Dest(_) => ControlFlow::Continue(()),
        });
        Ok(())
    }
}

/// Zeroes the counters of one service or of everything.
pub(super) struct Zero;

impl Answer for Zero {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        if request.attr(attr::SERVICE).is_none() {
            return rules.zero(None);
        }
        let id = existing(&rules, request)?;
        rules.zero(Some(&id))
    }
}

/// Deletes every service.
pub(super) struct Flush;

impl Answer for Flush {
    fn answer(request: &Request<'_>) -> Result {
        RulesGuard::lock(request.state()?).flush()
    }
}
