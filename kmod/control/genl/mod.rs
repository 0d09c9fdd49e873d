// SPDX-License-Identifier: GPL-2.0

//! The generic netlink interface: family `IPVS`, which ipvsadm, keepalived and kube-proxy speak.
//!
//! One file per noun. Requests about rules take the namespace's rules lock for the whole of what
//! they change or list.

mod config;
mod conns;
mod counters;
mod daemon;
mod dest;
mod drain;
mod events;
mod explain;
mod extras;
pub(super) mod lvs_family;
mod policy;
mod resume;
mod service;
mod stats;
mod summary;
mod sync;
mod transaction;

use kernel::prelude::*;
use lvs_uapi::genl::{
    cmd,
    FAMILY_NAME,
    FAMILY_VERSION, //
};

use crate::kernel_ext::user::genl::{
    Family,
    Op,
    Registration, //
};

use policy::REQUEST;

static OPS: [Op; 16] = [
    Op::new(cmd::NEW_SERVICE).answered_by::<service::New>(),
    Op::new(cmd::SET_SERVICE).answered_by::<service::Set>(),
    Op::new(cmd::DEL_SERVICE).answered_by::<service::Delete>(),
    Op::new(cmd::GET_SERVICE)
        .answered_by::<service::Get>()
        .listed_by::<service::Get>(),
    Op::new(cmd::NEW_DEST).answered_by::<dest::New>(),
    Op::new(cmd::SET_DEST).answered_by::<dest::Set>(),
    Op::new(cmd::DEL_DEST).answered_by::<dest::Delete>(),
    Op::new(cmd::GET_DEST).listed_by::<dest::Get>(),
    Op::new(cmd::NEW_DAEMON).answered_by::<daemon::New>(),
    Op::new(cmd::DEL_DAEMON).answered_by::<daemon::Delete>(),
    Op::new(cmd::GET_DAEMON).listed_by::<daemon::Get>(),
    Op::new(cmd::SET_CONFIG).answered_by::<config::Set>(),
    Op::new(cmd::GET_CONFIG).answered_by::<config::Get>(),
    Op::new(cmd::GET_INFO).answered_by::<config::Info>(),
    Op::new(cmd::ZERO).answered_by::<service::Zero>(),
    Op::new(cmd::FLUSH).answered_by::<service::Flush>(),
];

static FAMILY: Family = Family::new(FAMILY_NAME, FAMILY_VERSION, &REQUEST, &OPS, cmd::FLUSH + 1);

/// Makes the family known; `EEXIST` when ip_vs has it.
pub(super) fn register() -> Result<Registration> {
    FAMILY.register()
}
