// SPDX-License-Identifier: MIT OR GPL-2.0

//! The options that change something, as data.

use std::mem::offset_of;
use std::mem::size_of;

use lvs_uapi::sockopt::set;
use lvs_uapi::sockopt::DaemonUser;
use lvs_uapi::sockopt::ServiceDestUser;
use lvs_uapi::sockopt::ServiceUser;
use lvs_uapi::sockopt::TimeoutUser;

use crate::change::Change;
use crate::model::Dest;
use crate::model::ServiceId;

use super::bytes;
use super::bytes::Fields;

/// Option and value of a change. `None` if it needs more than this interface has.
pub fn of(change: &Change) -> Option<(i32, Fields)> {
    Some(match change {
        Change::AddService(service) => (set::ADD, bytes::service(service)?),
        Change::EditService(service) => (set::EDIT, bytes::service(service)?),
        Change::DeleteService(id) => (set::DEL, named(Some(id))?),
        Change::Flush => (set::FLUSH, Fields::zeroed(0)),
        Change::AddDest(id, dest) => (set::ADDDEST, whole_dest(id, dest)?),
        Change::EditDest(id, dest) => (set::EDITDEST, whole_dest(id, dest)?),
        Change::DeleteDest(id, dest) => (set::DELDEST, whole_dest(id, dest)?),
        Change::Zero(id) => (set::ZERO, named(id.as_ref())?),
        Change::SetTimeouts(timeouts) => {
            let mut fields = Fields::zeroed(size_of::<TimeoutUser>());
            fields.put_u32(offset_of!(TimeoutUser, tcp_timeout), timeouts.tcp);
            fields.put_u32(offset_of!(TimeoutUser, tcp_fin_timeout), timeouts.tcp_fin);
            fields.put_u32(offset_of!(TimeoutUser, udp_timeout), timeouts.udp);
            (set::TIMEOUT, fields)
        }
        Change::StartDaemon(daemon) => (set::STARTDAEMON, bytes::daemon(daemon)),
        Change::StopDaemon(role) => {
            let mut fields = Fields::zeroed(size_of::<DaemonUser>());
            fields.put_u32(offset_of!(DaemonUser, state), role.state());
            (set::STOPDAEMON, fields)
        }
    })
}

/// What names at most a service.
fn named(id: Option<&ServiceId>) -> Option<Fields> {
    let mut fields = Fields::zeroed(size_of::<ServiceUser>());
    if let Some(id) = id {
        bytes::service_id(&mut fields, id)?;
    }
    Some(fields)
}

/// A server behind the name of its service.
fn whole_dest(id: &ServiceId, dest: &Dest) -> Option<Fields> {
    let mut fields = Fields::zeroed(size_of::<ServiceDestUser>());
    bytes::service_id(&mut fields, id)?;
    bytes::dest(&mut fields, dest)?;
    Some(fields)
}
