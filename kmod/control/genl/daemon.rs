// SPDX-License-Identifier: GPL-2.0

//! Commands on the synchronisation daemon. There is none yet: requests are still checked, then
//! starting one isn't supported and none runs that could be stopped or listed.

use kernel::prelude::*;
use lvs_uapi::genl::{
    attr,
    daemon_attr, //
};
use lvs_uapi::limits::IFNAME_MAXLEN;

use crate::control::validate;
use crate::kernel_ext::user::genl::{
    Answer,
    Dump,
    List,
    Request, //
};
use crate::kernel_ext::user::nla::{
    Attrs,
    Policy, //
};

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

/// Starts a daemon.
pub(super) struct New;

impl Answer for New {
    fn answer(request: &Request<'_>) -> Result {
        let attrs = parse(request)?;
        let number = attrs.need(daemon_attr::STATE)?;
        attrs.need(daemon_attr::MCAST_IFN)?;
        attrs.need(daemon_attr::SYNC_ID)?;
        if let Some(group) = attrs.get(daemon_attr::MCAST_GROUP) {
            let [first, ..] = group.padded::<4>();
            if first & 0xf0 != 0xe0 {
                return Err(EINVAL);
            }
        } else if let Some(group) = attrs.get(daemon_attr::MCAST_GROUP6) {
            let [first, ..] = group.padded::<16>();
            if first != 0xff {
                return Err(EINVAL);
            }
        }
        validate::start_daemon(number.u32()?)
    }
}

/// Stops a daemon.
pub(super) struct Delete;

impl Answer for Delete {
    fn answer(request: &Request<'_>) -> Result {
        let attrs = parse(request)?;
        validate::stop_daemon(attrs.need(daemon_attr::STATE)?.u32()?)
    }
}

/// Lists the daemons that run.
pub(super) struct Get;

impl List for Get {
    fn list(_dump: &mut Dump<'_>) -> Result {
        Ok(())
    }
}
