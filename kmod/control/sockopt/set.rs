// SPDX-License-Identifier: GPL-2.0

//! Options that are set: changes.

use kernel::prelude::*;
use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::{
    DestConfig,
    DestId,
    ServiceId,
    Timeouts,
    Tunnel, //
};
use lvs_engine::extras::Wanted;
use lvs_uapi::limits::{
    IPPROTO_SCTP,
    IPPROTO_TCP,
    IPPROTO_UDP, //
};
use lvs_uapi::sockopt::{
    set,
    DaemonUser,
    ServiceDestUser,
    ServiceUser,
    TimeoutUser, //
};
use zerocopy::FromBytes;

use super::record::{
    from_bytes,
    name,
    Named, //
};
use crate::control::validate::{
    self,
    ServiceRequest, //
};
use crate::kernel_ext::user::sockopt::Argument;
use crate::table::sync::{
    DaemonRequest,
    DeviceName, //
};
use crate::table::{
    NetnsState,
    RulesGuard, //
};

const SERVICE: usize = size_of::<ServiceUser>();
const SERVICE_DEST: usize = size_of::<ServiceDestUser>();
const TIMEOUTS: usize = size_of::<TimeoutUser>();
const DAEMON: usize = size_of::<DaemonUser>();

/// The record that an option is set to, which has to be of `N` bytes.
fn read<T: FromBytes, const N: usize>(argument: &Argument) -> Result<T> {
    from_bytes(&argument.read::<N>()?)
}

/// Sets `option`.
pub(super) fn handle(state: &NetnsState, option: c_int, argument: &Argument) -> Result {
    match option {
        set::FLUSH if argument.len() == 0 => RulesGuard::lock(state).flush(),
        set::TIMEOUT => timeouts(state, &read::<_, TIMEOUTS>(argument)?),
        set::STARTDAEMON => start(state, &read::<_, DAEMON>(argument)?),
        set::STOPDAEMON => {
            let record: DaemonUser = read::<_, DAEMON>(argument)?;
            RulesGuard::lock(state).stop_daemon(record.state)
        }
        set::ADD | set::EDIT | set::DEL | set::ZERO => {
            service(state, option, &read::<_, SERVICE>(argument)?)
        }
        set::ADDDEST | set::EDITDEST | set::DELDEST => {
            dest(state, option, &read::<_, SERVICE_DEST>(argument)?)
        }
        _ => Err(EINVAL),
    }
}

fn timeouts(state: &NetnsState, record: &TimeoutUser) -> Result {
    let timeouts = Timeouts {
        tcp: record.tcp_timeout,
        tcp_fin: record.tcp_fin_timeout,
        udp: record.udp_timeout,
        sctp: 0,
    };
    validate::set_timeouts(&mut RulesGuard::lock(state), &timeouts)
}

/// Starts a daemon.
fn start(state: &NetnsState, record: &DaemonUser) -> Result {
    let device = name(&record.mcast_ifn).filter(|name| !name.is_empty());
    let daemon = DaemonRequest {
        device: DeviceName::new(device.ok_or(EINVAL)?),
        sync_id: record.syncid,
        max_len: 0,
        group: None,
        port: 0,
        ttl: 0,
    };
    RulesGuard::lock(state).start_daemon(record.state, &daemon)
}

/// Fails for protocols that this interface doesn't know, even where a mark names the service.
fn check_protocol(record: &ServiceUser) -> Result {
    match record.protocol {
        IPPROTO_TCP | IPPROTO_UDP | IPPROTO_SCTP => Ok(()),
        _ => Err(EFAULT),
    }
}

/// Fails unless the service is there, and of the protocol that is given.
fn check_known(rules: &RulesGuard<'_>, id: &ServiceId, record: &ServiceUser) -> Result {
    match rules.with_service(id, |_, service| service.mark_details().protocol) {
        Ok(protocol) if protocol == record.protocol => Ok(()),
        _ => Err(ESRCH),
    }
}

fn service(state: &NetnsState, option: c_int, record: &ServiceUser) -> Result {
    let mut rules = RulesGuard::lock(state);
    let id = record.service_id();
    if option == set::ZERO && record.fwmark == 0 && record.addr == [0; 4] && record.port == [0; 2] {
        return rules.zero(None);
    }
    match option {
        set::ADD | set::EDIT => {
            let scheduler = name(&record.sched_name).ok_or(EINVAL)?;
            check_protocol(record)?;
            if option == set::EDIT {
                check_known(&rules, &id, record)?;
            }
            let request = ServiceRequest {
                mark_details: record.mark_details(),
                scheduler,
                engine: &[],
                flags: record.flags,
                timeout: record.timeout,
                netmask: record.netmask,
                extras: Wanted::default(),
            };
            if option == set::ADD {
                validate::add_service(&mut rules, &id, &request)
            } else {
                validate::edit_service(&mut rules, &id, &request)
            }
        }
        set::DEL => {
            check_protocol(record)?;
            check_known(&rules, &id, record)?;
            rules.delete_service(&id)
        }
        _ => {
            check_protocol(record)?;
            check_known(&rules, &id, record)?;
            rules.zero(Some(&id))
        }
    }
}

fn dest(state: &NetnsState, option: c_int, record: &ServiceDestUser) -> Result {
    let mut rules = RulesGuard::lock(state);
    check_protocol(&record.service)?;
    let service = record.service.service_id();
    check_known(&rules, &service, &record.service)?;
    let dest = &record.dest;
    let id = DestId {
        family: Family::V4,
        addr: Addr::from_v4(dest.addr),
        port: u16::from_be_bytes(dest.port),
    };
    let config = DestConfig {
        flags: dest.conn_flags,
        weight: dest.weight,
        upper_threshold: dest.u_threshold,
        lower_threshold: dest.l_threshold,
        tunnel: Tunnel::default(),
    };
    match option {
        set::ADDDEST => validate::add_dest(state.net(), &mut rules, &service, &id, &config),
        set::EDITDEST => validate::edit_dest(&mut rules, &service, &id, &config),
        _ => rules.delete_dest(&service, &id),
    }
}
