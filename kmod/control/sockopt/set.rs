// SPDX-License-Identifier: GPL-2.0

//! Options that are set: changes.

use core::mem::{
    offset_of,
    size_of, //
};

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
use lvs_uapi::limits::{
    IFNAME_MAXLEN,
    IPPROTO_SCTP,
    IPPROTO_TCP,
    IPPROTO_UDP, //
};
use lvs_uapi::sockopt::{
    set,
    DaemonUser,
    DestUser,
    ServiceDestUser,
    ServiceUser,
    TimeoutUser, //
};

use super::record::Record;
use crate::control::validate::{
    self,
    ServiceRequest, //
};
use crate::kernel_ext::user::sockopt::Argument;
use crate::table::{
    NetnsState, //
    RulesGuard,
};

const SERVICE: usize = size_of::<ServiceUser>();
const SERVICE_DEST: usize = size_of::<ServiceDestUser>();

/// Sets `option`.
pub(super) fn handle(state: &NetnsState, option: c_int, argument: &Argument) -> Result {
    match option {
        set::FLUSH if argument.len() == 0 => state.control().flush(),
        set::TIMEOUT => timeouts(state, &Record(argument.read()?)),
        set::STARTDAEMON => start_daemon(&Record(argument.read()?)),
        set::STOPDAEMON => stop_daemon(&Record(argument.read()?)),
        set::ADD | set::EDIT | set::DEL | set::ZERO => {
            service(state, option, &Record(argument.read()?))
        }
        set::ADDDEST | set::EDITDEST | set::DELDEST => {
            dest(state, option, &Record(argument.read()?))
        }
        _ => Err(EINVAL),
    }
}

fn timeouts(state: &NetnsState, record: &Record<{ size_of::<TimeoutUser>() }>) -> Result {
    let timeouts = Timeouts {
        tcp: record.u32(offset_of!(TimeoutUser, tcp_timeout)),
        tcp_fin: record.u32(offset_of!(TimeoutUser, tcp_fin_timeout)),
        udp: record.u32(offset_of!(TimeoutUser, udp_timeout)),
    };
    validate::set_timeouts(&mut state.control(), &timeouts)
}

fn start_daemon(record: &Record<{ size_of::<DaemonUser>() }>) -> Result {
    let interface: [u8; IFNAME_MAXLEN] = record.bytes(offset_of!(DaemonUser, mcast_ifn));
    if interface.first() == Some(&0) || !interface.contains(&0) {
        return Err(EINVAL);
    }
    validate::start_daemon(record.u32(offset_of!(DaemonUser, state)))
}

fn stop_daemon(record: &Record<{ size_of::<DaemonUser>() }>) -> Result {
    validate::stop_daemon(record.u32(offset_of!(DaemonUser, state)))
}

/// Fails for protocols that this interface doesn't know, even where a mark names the service.
fn check_protocol<const N: usize>(record: &Record<N>) -> Result {
    match record.u16(offset_of!(ServiceUser, protocol)) {
        IPPROTO_TCP | IPPROTO_UDP | IPPROTO_SCTP => Ok(()),
        _ => Err(EFAULT),
    }
}

/// Fails unless the service is there, and of the protocol that is given.
fn check_known<const N: usize>(
    control: &RulesGuard<'_>,
    id: &ServiceId,
    record: &Record<N>,
) -> Result {
    match control.with_service(id, |_, service| service.mark_details().protocol) {
        Ok(protocol) if protocol == record.mark_details().protocol => Ok(()),
        _ => Err(ESRCH),
    }
}

fn service(state: &NetnsState, option: c_int, record: &Record<SERVICE>) -> Result {
    let mut control = state.control();
    let id = record.service_id();
    if option == set::ZERO
        && record.u32(offset_of!(ServiceUser, fwmark)) == 0
        && record.u32(offset_of!(ServiceUser, addr)) == 0
        && record.u16(offset_of!(ServiceUser, port)) == 0
    {
        return control.zero(None);
    }
    match option {
        set::ADD | set::EDIT => {
            let (name, len) = record
                .scheduler(offset_of!(ServiceUser, sched_name))
                .ok_or(EINVAL)?;
            check_protocol(record)?;
            if option == set::EDIT {
                check_known(&control, &id, record)?;
            }
            let request = ServiceRequest {
                mark_details: record.mark_details(),
                scheduler: name.get(..len).unwrap_or(&[]),
                engine: &[],
                flags: record.u32(offset_of!(ServiceUser, flags)),
                timeout: record.u32(offset_of!(ServiceUser, timeout)),
                netmask: record.u32(offset_of!(ServiceUser, netmask)),
            };
            if option == set::ADD {
                validate::add_service(&mut control, &id, &request)
            } else {
                validate::edit_service(&mut control, &id, &request)
            }
        }
        set::DEL => {
            check_protocol(record)?;
            check_known(&control, &id, record)?;
            control.delete_service(&id)
        }
        _ => {
            check_protocol(record)?;
            check_known(&control, &id, record)?;
            control.zero(Some(&id))
        }
    }
}

fn dest(state: &NetnsState, option: c_int, record: &Record<SERVICE_DEST>) -> Result {
    let mut control = state.control();
    check_protocol(record)?;
    let service = record.service_id();
    check_known(&control, &service, record)?;
    let at = |field: usize| offset_of!(ServiceDestUser, dest).saturating_add(field);
    let id = DestId {
        family: Family::V4,
        addr: Addr::from_v4(record.bytes(at(offset_of!(DestUser, addr)))),
        port: record.be16(at(offset_of!(DestUser, port))),
    };
    let config = DestConfig {
        flags: record.u32(at(offset_of!(DestUser, conn_flags))),
        weight: record.u32(at(offset_of!(DestUser, weight))) as i32,
        upper_threshold: record.u32(at(offset_of!(DestUser, u_threshold))),
        lower_threshold: record.u32(at(offset_of!(DestUser, l_threshold))),
        tunnel: Tunnel::default(),
    };
    match option {
        set::ADDDEST => validate::add_dest(state.net(), &mut control, &service, &id, &config),
        set::EDITDEST => validate::edit_dest(&mut control, &service, &id, &config),
        _ => control.delete_dest(&service, &id),
    }
}
