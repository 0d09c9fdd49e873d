// SPDX-License-Identifier: GPL-2.0

//! The generic netlink interface: family `IPVS`, which ipvsadm, keepalived and kube-proxy speak.
//!
//! One file per noun. All of them take the namespace's control lock for the whole of a request.

mod config;
mod daemon;
mod dest;
mod service;
mod stats;
pub(super) mod table;

use core::ops::ControlFlow;

use kernel::module::this_module;
use kernel::prelude::*;
use lvs_uapi::genl::{
    attr,
    cmd,
    FAMILY_NAME,
    FAMILY_VERSION, //
};

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::user::genl::{
    Dump,
    Family,
    Op,
    Registration, //
};
use crate::kernel_ext::user::nla::Policy;
use crate::table::rules::walk::{
    Item,
    Place, //
};
use crate::table::RulesGuard;

/// Attributes of the outermost level.
static POLICY: Policy<{ attr::MAX as usize + 1 }> = Policy::new()
    .nested(attr::SERVICE)
    .nested(attr::DEST)
    .nested(attr::DAEMON)
    .u32(attr::TIMEOUT_TCP)
    .u32(attr::TIMEOUT_TCP_FIN)
    .u32(attr::TIMEOUT_UDP);

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

static FAMILY: Family = Family::new(
    this_module::<crate::LocalModule>(),
    FAMILY_NAME,
    FAMILY_VERSION,
    &POLICY,
    &OPS,
    cmd::FLUSH + 1,
);

/// Calls `visit` with what `dump` hasn't listed yet, until it breaks off, and notes how far it came.
fn resume(
    dump: &mut Dump<'_>,
    control: &RulesGuard<'_>,
    mut visit: impl for<'r> FnMut(&mut Dump<'_>, ReadSide<'r>, Item<'r>) -> ControlFlow<()>,
) {
    let [bucket, services, items] = dump.position();
    let from = Place {
        bucket,
        services,
        items,
    };
    let next = control.walk(from, |read, item| visit(dump, read, item));
    dump.set_position(next.map_or([usize::MAX, 0, 0], |place| {
        [place.bucket, place.services, place.items]
    }));
}

/// Makes the family known; `EEXIST` when ip_vs has it.
pub(super) fn register() -> Result<Registration> {
    FAMILY.register()
}
