// SPDX-License-Identifier: GPL-2.0

//! Commands on the synchronisation daemons.

use kernel::prelude::*;
use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_uapi::genl::{
    attr,
    cmd,
    daemon_attr, //
};
use lvs_uapi::limits::IFNAME_MAXLEN;

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
use crate::table::sync::{
    Daemon,
    DaemonRequest,
    DeviceName,
    Group,
    Role, //
};
use crate::table::RulesGuard;

const ATTRS: usize = daemon_attr::MAX as usize + 1;

static POLICY: Policy<ATTRS> = Policy::new()
    .u32(daemon_attr::STATE)
    .nul_string(daemon_attr::MCAST_IFN, IFNAME_MAXLEN - 1)
    .u32(daemon_attr::SYNC_ID)
    .u16(daemon_attr::SYNC_MAXLEN)
    .u32(daemon_attr::MCAST_GROUP)
    .at_least(daemon_attr::MCAST_GROUP6, 16)
    .u16(daemon_attr::MCAST_PORT)
    .u8(daemon_attr::MCAST_TTL);

fn parse<'a>(request: &Request<'a>) -> Result<Attrs<'a, ATTRS>> {
    let nest = request.attr(attr::DAEMON).ok_or(EINVAL)?;
    nest.nested(&POLICY).map_err(|_| EINVAL)
}

/// The group that is asked for, IPv4 before IPv6. Fails with `EINVAL` if it is none.
fn group(attrs: &Attrs<'_, ATTRS>) -> Result<Option<Group>> {
    let (family, addr, is_group) = if let Some(group) = attrs.get(daemon_attr::MCAST_GROUP) {
        let octets = group.padded::<4>();
        let [first, ..] = octets;
        (Family::V4, Addr::from_v4(octets), first & 0xf0 == 0xe0)
    } else if let Some(group) = attrs.get(daemon_attr::MCAST_GROUP6) {
        let octets = group.padded::<16>();
        let [first, ..] = octets;
        (Family::V6, Addr::from_octets(octets), first == 0xff)
    } else {
        return Ok(None);
    };
    is_group
        .then_some(Some(Group { family, addr }))
        .ok_or(EINVAL)
}

/// Starts a daemon.
pub(super) struct New;

impl Answer for New {
    fn answer(request: &Request<'_>) -> Result {
        let attrs = parse(request)?;
        let number = attrs.need(daemon_attr::STATE)?;
        let device = attrs.need(daemon_attr::MCAST_IFN)?;
        let sync_id = attrs.need(daemon_attr::SYNC_ID)?;
        let max_len = attrs.get(daemon_attr::SYNC_MAXLEN);
        let port = attrs.get(daemon_attr::MCAST_PORT);
        let ttl = attrs.get(daemon_attr::MCAST_TTL);
        let daemon = DaemonRequest {
            device: DeviceName::new(device.text()),
            sync_id: sync_id.u32()?,
            max_len: max_len.map_or(Ok(0), Attr::u16)?,
            group: group(&attrs)?,
            port: port.map_or(Ok(0), Attr::u16)?,
            ttl: ttl.map_or(Ok(0), Attr::u8)?,
        };
        let mut rules = RulesGuard::lock(request.state()?);
        // Messages have one family for client and server. Socket options don't ask.
        if rules.has_strangers() {
            return Err(EINVAL);
        }
        rules.start_daemon(number.u32()?, &daemon)
    }
}

/// Stops a daemon.
pub(super) struct Delete;

impl Answer for Delete {
    fn answer(request: &Request<'_>) -> Result {
        let number = parse(request)?.need(daemon_attr::STATE)?.u32()?;
        RulesGuard::lock(request.state()?).stop_daemon(number)
    }
}

fn fill(message: &mut Writer<'_>, role: Role, daemon: &Daemon) -> Result {
    message.nest(attr::DAEMON, |nest| {
        nest.u32(daemon_attr::STATE, role.number())?;
        nest.bytes(
            daemon_attr::MCAST_IFN,
            daemon.device.as_cstr().to_bytes_with_nul(),
        )?;
        nest.u32(daemon_attr::SYNC_ID, daemon.sync_id)?;
        nest.u16(daemon_attr::SYNC_MAXLEN, daemon.max_len)?;
        nest.u16(daemon_attr::MCAST_PORT, daemon.port)?;
        nest.u8(daemon_attr::MCAST_TTL, daemon.ttl)?;
        let group = &daemon.group.addr;
        match daemon.group.family {
            Family::V4 => nest.bytes(daemon_attr::MCAST_GROUP, &group.v4()),
            Family::V6 => nest.bytes(daemon_attr::MCAST_GROUP6, &group.octets()),
        }
    })
}

/// Lists the daemons that run.
pub(super) struct Get;

impl List for Get {
    fn list(dump: &mut Dump<'_>) -> Result {
        let rules = RulesGuard::lock(dump.state()?);
        let [mut position, ..] = dump.position();
        for role in Role::ALL.into_iter().skip(position) {
            if let Some(daemon) = rules.daemon(role) {
                let listed = dump.entry(cmd::NEW_DAEMON, |message| fill(message, role, daemon));
                if listed.is_err() {
                    break;
                }
            }
            position = position.saturating_add(1);
        }
        dump.set_position([position, 0, 0]);
        Ok(())
    }
}
