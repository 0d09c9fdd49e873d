// SPDX-License-Identifier: MIT OR GPL-2.0

//! The options that change something, as data.

use lvs_uapi::sockopt::set;
use lvs_uapi::sockopt::DaemonUser;
use lvs_uapi::sockopt::ServiceDestUser;
use lvs_uapi::sockopt::ServiceUser;
use zerocopy::IntoBytes;

use crate::change::Change;
use crate::model::Dest;
use crate::model::ServiceId;

use super::records;

/// Option and value of a change. `None` if it needs more than this interface has.
pub fn of(change: &Change) -> Option<(i32, Vec<u8>)> {
    Some(match change {
        Change::AddService(service) => (set::ADD, records::service(service)?.as_bytes().to_vec()),
        Change::EditService(service) => (set::EDIT, records::service(service)?.as_bytes().to_vec()),
        Change::DeleteService(id) => (set::DEL, records::service_id(id)?.as_bytes().to_vec()),
        Change::Flush => (set::FLUSH, Vec::new()),
        Change::AddDest(id, dest) => (set::ADDDEST, server(id, dest)?.as_bytes().to_vec()),
        Change::EditDest(id, dest) => (set::EDITDEST, server(id, dest)?.as_bytes().to_vec()),
        Change::DeleteDest(id, dest) => (set::DELDEST, server(id, dest)?.as_bytes().to_vec()),
        Change::Zero(Some(id)) => (set::ZERO, records::service_id(id)?.as_bytes().to_vec()),
        Change::Zero(None) => (set::ZERO, ServiceUser::default().as_bytes().to_vec()),
        Change::SetTimeouts(timeouts) => (
            set::TIMEOUT,
            records::timeouts(timeouts).as_bytes().to_vec(),
        ),
        Change::StartDaemon(daemon) => (
            set::STARTDAEMON,
            records::daemon(daemon).as_bytes().to_vec(),
        ),
        Change::StopDaemon(role) => {
            let record = DaemonUser {
                state: role.state(),
                ..DaemonUser::default()
            };
            (set::STOPDAEMON, record.as_bytes().to_vec())
        }
    })
}

/// A server behind the name of its service.
fn server(id: &ServiceId, dest: &Dest) -> Option<ServiceDestUser> {
    Some(ServiceDestUser {
        service: records::service_id(id)?,
        dest: records::dest(dest)?,
    })
}
