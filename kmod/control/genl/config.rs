// SPDX-License-Identifier: GPL-2.0

//! Commands on what isn't a service: timeouts and general information.

use kernel::prelude::*;
use lvs_engine::config::Timeouts;
use lvs_uapi::genl::{
    attr,
    cmd,
    info_attr, //
};
use lvs_uapi::limits::IP_VS_VERSION_CODE;

use crate::control::validate;
use crate::kernel_ext::user::genl::{
    Answer,
    Request, //
};
use crate::table::{
    NetnsState,
    RulesGuard, //
};

/// Sets the timeouts that were sent.
pub(super) struct Set;

impl Answer for Set {
    fn answer(request: &Request<'_>) -> Result {
        let seconds = |number| request.attr(number).map_or(Ok(0), |attr| attr.u32());
        let timeouts = Timeouts {
            tcp: seconds(attr::TIMEOUT_TCP)?,
            tcp_fin: seconds(attr::TIMEOUT_TCP_FIN)?,
            udp: seconds(attr::TIMEOUT_UDP)?,
            sctp: 0,
        };
        validate::set_timeouts(&mut RulesGuard::lock(request.state()?), &timeouts)
    }
}

/// Reads the timeouts.
pub(super) struct Get;

impl Answer for Get {
    fn answer(request: &Request<'_>) -> Result {
        let timeouts = RulesGuard::lock(request.state()?).timeouts();
        request.reply(cmd::SET_CONFIG, |message| {
            message.u32(attr::TIMEOUT_TCP, timeouts.tcp)?;
            message.u32(attr::TIMEOUT_TCP_FIN, timeouts.tcp_fin)?;
            message.u32(attr::TIMEOUT_UDP, timeouts.udp)
        })
    }
}

/// Reads the version and the size of the connection table.
pub(super) struct Info;

impl Answer for Info {
    fn answer(request: &Request<'_>) -> Result {
        let buckets = request.state::<NetnsState>()?.conn_buckets();
        request.reply(cmd::SET_INFO, |message| {
            message.u32(info_attr::VERSION, IP_VS_VERSION_CODE)?;
            message.u32(info_attr::CONN_TAB_SIZE, buckets as u32)
        })
    }
}
