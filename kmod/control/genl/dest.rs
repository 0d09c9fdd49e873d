// SPDX-License-Identifier: GPL-2.0

//! Commands on destinations, the real servers of a service.

use kernel::prelude::*;
use lvs_engine::config::{
    DestConfig,
    DestId,
    ServiceId,
    Tunnel, //
};
use lvs_uapi::flags::fwd;
use lvs_uapi::genl::{
    attr,
    cmd,
    dest_attr, //
};
use lvs_uapi::limits::ADDR_LEN;

use super::policy;
use super::service;
use super::stats::{
    self,
    Widths, //
};
use crate::control::validate;
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
use crate::table::{
    Dest,
    NetnsState,
    RulesGuard, //
};

const ATTRS: usize = dest_attr::MAX as usize + 1;

static POLICY: Policy<ATTRS> = Policy::new()
    .at_most(dest_attr::ADDR, ADDR_LEN)
    .u16(dest_attr::PORT)
    .u32(dest_attr::FWD_METHOD)
    .u32(dest_attr::WEIGHT)
    .u32(dest_attr::U_THRESH)
    .u32(dest_attr::L_THRESH)
    .u32(dest_attr::ACTIVE_CONNS)
    .u32(dest_attr::INACT_CONNS)
    .u32(dest_attr::PERSIST_CONNS)
    .nested(dest_attr::STATS)
    .u16(dest_attr::ADDR_FAMILY)
    .u8(dest_attr::TUN_TYPE)
    .u16(dest_attr::TUN_PORT)
    .u16(dest_attr::TUN_FLAGS);

/// Which destination of `service` a nest names.
pub(super) fn identify(nest: Option<Attr<'_>>, service: &ServiceId) -> Result<DestId> {
    Named::parse(nest)?.id(service)
}

/// A destination in a request: what names it has been read, its family has not.
struct Named<'a> {
    octets: [u8; ADDR_LEN],
    port: u16,
    family: u16,
    attrs: Attrs<'a, ATTRS>,
}

impl<'a> Named<'a> {
    fn parse(nest: Option<Attr<'a>>) -> Result<Self> {
        let attrs = nest.ok_or(EINVAL)?.nested(&POLICY).map_err(|_| EINVAL)?;
        let addr = attrs.need(dest_attr::ADDR)?;
        let port = attrs.need(dest_attr::PORT)?;
        let family = attrs.get(dest_attr::ADDR_FAMILY);
        Ok(Self {
            octets: addr.padded(),
            port: port.be16()?,
            family: family.map_or(Ok(0), Attr::u16)?,
            attrs,
        })
    }

    /// The destination's name within `service`, whose family it has unless it says otherwise.
    fn id(&self, service: &ServiceId) -> Result<DestId> {
        let family = match self.family {
            0 => service.family,
            number => validate::family(number)?,
        };
        Ok(DestId {
            family,
            addr: validate::addr(family, self.octets),
            port: self.port,
        })
    }

    /// The rest of a full destination.
    fn config(&self) -> Result<DestConfig> {
        let method = self.attrs.need(dest_attr::FWD_METHOD)?;
        let weight = self.attrs.need(dest_attr::WEIGHT)?;
        let upper = self.attrs.need(dest_attr::U_THRESH)?;
        let lower = self.attrs.need(dest_attr::L_THRESH)?;
        let kind = self.attrs.get(dest_attr::TUN_TYPE);
        let port = self.attrs.get(dest_attr::TUN_PORT);
        let flags = self.attrs.get(dest_attr::TUN_FLAGS);
        Ok(DestConfig {
            flags: method.u32()? & fwd::MASK,
            weight: weight.u32()? as i32,
            upper_threshold: upper.u32()?,
            lower_threshold: lower.u32()?,
            tunnel: Tunnel {
                kind: kind.map_or(Ok(0), Attr::u8)?,
                port: port.map_or(Ok(0), Attr::be16)?,
                flags: flags.map_or(Ok(0), Attr::u16)?,
            },
        })
    }

    /// A full destination. Only tunnels lead to the other family, and none while connections are
    /// synchronised.
    fn full(&self, rules: &RulesGuard<'_>, service: &ServiceId) -> Result<(DestId, DestConfig)> {
        let config = self.config()?;
        let id = self.id(service)?;
        let is_allowed = config.flags == fwd::TUNNEL && !rules.is_synchronised();
        if id.family != service.family && !is_allowed {
            return Err(EINVAL);
        }
        Ok((id, config))
    }
}

/// The full destination of `service` in a nest.
pub(super) fn full(
    rules: &RulesGuard<'_>,
    nest: Option<Attr<'_>>,
    service: &ServiceId,
) -> Result<(DestId, DestConfig)> {
    Named::parse(nest)?.full(rules, service)
}

/// Appends `dest` as a nest.
pub(super) fn fill(message: &mut Writer<'_>, dest: &Dest, widths: Widths) -> Result {
    let id = dest.id();
    let config = dest.config();
    message.nest(attr::DEST, |nest| {
        nest.bytes(dest_attr::ADDR, &id.addr.octets())?;
        nest.be16(dest_attr::PORT, id.port)?;
        nest.u32(dest_attr::FWD_METHOD, config.flags & fwd::MASK)?;
        nest.u32(dest_attr::WEIGHT, config.weight as u32)?;
        nest.u8(dest_attr::TUN_TYPE, config.tunnel.kind)?;
        nest.be16(dest_attr::TUN_PORT, config.tunnel.port)?;
        nest.u16(dest_attr::TUN_FLAGS, config.tunnel.flags)?;
        nest.u32(dest_attr::U_THRESH, config.upper_threshold)?;
        nest.u32(dest_attr::L_THRESH, config.lower_threshold)?;
        nest.u32(dest_attr::ACTIVE_CONNS, dest.active())?;
        nest.u32(dest_attr::INACT_CONNS, dest.inactive())?;
        nest.u32(dest_attr::PERSIST_CONNS, dest.persistent())?;
        nest.u16(dest_attr::ADDR_FAMILY, id.family.number())?;
        let numbers = (dest_attr::STATS, dest_attr::STATS64);
        stats::fill(nest, numbers, widths, || dest.stats())
    })
}

/// Adds a destination.
pub(super) struct New;

impl Answer for New {
    fn answer(request: &Request<'_>) -> Result {
        let state: &NetnsState = request.state()?;
        let mut rules = RulesGuard::lock(state);
        let service = service::existing(&rules, request)?;
        let (id, config) = Named::parse(request.attr(attr::DEST))?.full(&rules, &service)?;
        validate::add_dest(state.net(), &mut rules, &service, &id, &config)
    }
}

/// Changes a destination.
pub(super) struct Set;

impl Answer for Set {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let service = service::existing(&rules, request)?;
        let (id, config) = Named::parse(request.attr(attr::DEST))?.full(&rules, &service)?;
        validate::edit_dest(&mut rules, &service, &id, &config)
    }
}

/// Deletes a destination.
pub(super) struct Delete;

impl Answer for Delete {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let service = service::existing(&rules, request)?;
        let id = identify(request.attr(attr::DEST), &service)?;
        rules.delete_dest(&service, &id)
    }
}

/// Lists the destinations of a service. One that doesn't exist, or isn't named properly, has none.
pub(super) struct Get;

impl List for Get {
    fn list(dump: &mut Dump<'_>) -> Result {
        let rules = RulesGuard::lock(dump.state()?);
        let Ok(attrs) = dump.attrs(&policy::REQUEST) else {
            return Ok(());
        };
        let Ok(id) = service::identify(attrs.get(attr::SERVICE)) else {
            return Ok(());
        };
        let [mut position, ..] = dump.position();
        let listed = rules.with_service(&id, |read, service| {
            let dests = service.dests(read);
            for dest in dests.iter().skip(position) {
                if dump
                    .entry(cmd::NEW_DEST, |message| fill(message, dest, Widths::Both))
                    .is_err()
                {
                    break;
                }
                position = position.saturating_add(1);
            }
        });
        if listed.is_ok() {
            dump.set_position([position, 0, 0]);
        }
        Ok(())
    }
}
