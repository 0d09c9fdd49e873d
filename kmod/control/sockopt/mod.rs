// SPDX-License-Identifier: GPL-2.0

//! The socket option interface, which clients use where they have no netlink. It knows IPv4 and
//! counters of 32 bits; what goes beyond is hidden from it.

mod get;
mod record;
mod set;

use kernel::prelude::*;
use lvs_uapi::sockopt;

use crate::kernel_ext::user::sockopt::{
    Argument,
    Options,
    Reply, //
};
use crate::table::NetnsState;

/// The options.
pub(crate) struct Ipvs;

impl Options for Ipvs {
    type State = NetnsState;

    const FIRST: c_int = sockopt::BASE;
    const LAST_SET: c_int = sockopt::set::LAST;
    const LAST_GET: c_int = sockopt::get::LAST;

    fn set(state: &NetnsState, option: c_int, argument: &Argument) -> Result {
        set::handle(state, option, argument)
    }

    fn get(state: &NetnsState, option: c_int, reply: &mut Reply<'_>) -> Result {
        get::handle(state, option, reply)
    }
}
