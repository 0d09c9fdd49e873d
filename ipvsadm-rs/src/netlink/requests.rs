// SPDX-License-Identifier: MIT OR GPL-2.0

//! The requests that change something, as data.

use lvs_uapi::genl::cmd;

use crate::change::Change;
use crate::error::Operation;
use crate::model::Daemon;
use crate::model::Dest;
use crate::model::Role;
use crate::model::Service;
use crate::model::ServiceId;
use crate::model::Timeouts;

use super::daemon;
use super::dest;
use super::message::Attr;
use super::service;

/// A request that isn't encoded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it is for.
    pub operation: Operation,
    /// A number of [`lvs_uapi::genl::cmd`].
    pub cmd: u8,
    /// Its attributes.
    pub attrs: Vec<Attr>,
}

fn request(operation: Operation, cmd: u8, attrs: Vec<Attr>) -> Request {
    Request {
        operation,
        cmd,
        attrs,
    }
}

/// The request of a change.
pub fn of(change: &Change) -> Request {
    match change {
        Change::AddService(service) => add_service(service),
        Change::EditService(service) => edit_service(service),
        Change::DeleteService(id) => delete_service(id),
        Change::Flush => flush(),
        Change::AddDest(id, dest) => add_dest(id, dest),
        Change::EditDest(id, dest) => edit_dest(id, dest),
        Change::DeleteDest(id, dest) => delete_dest(id, dest),
        Change::Zero(id) => zero(id.as_ref()),
        Change::SetTimeouts(timeouts) => set_timeouts(timeouts),
        Change::StartDaemon(daemon) => start_daemon(daemon),
        Change::StopDaemon(role) => stop_daemon(*role),
    }
}

/// The attribute that names a service.
pub(super) fn named(id: &ServiceId) -> Attr {
    Attr::Service(service::id_attrs(id))
}

pub(super) fn add_service(service: &Service) -> Request {
    let attrs = vec![Attr::Service(service::full_attrs(service))];
    request(Operation::AddService, cmd::NEW_SERVICE, attrs)
}

pub(super) fn edit_service(service: &Service) -> Request {
    let attrs = vec![Attr::Service(service::full_attrs(service))];
    request(Operation::EditService, cmd::SET_SERVICE, attrs)
}

pub(super) fn delete_service(id: &ServiceId) -> Request {
    request(Operation::DeleteService, cmd::DEL_SERVICE, vec![named(id)])
}

pub(super) fn flush() -> Request {
    request(Operation::Flush, cmd::FLUSH, Vec::new())
}

pub(super) fn zero(id: Option<&ServiceId>) -> Request {
    let attrs = id.map(named).into_iter().collect();
    request(Operation::Zero, cmd::ZERO, attrs)
}

pub(super) fn add_dest(id: &ServiceId, dest: &Dest) -> Request {
    let attrs = vec![named(id), Attr::Dest(dest::full_attrs(dest))];
    request(Operation::AddDest, cmd::NEW_DEST, attrs)
}

pub(super) fn edit_dest(id: &ServiceId, dest: &Dest) -> Request {
    let attrs = vec![named(id), Attr::Dest(dest::full_attrs(dest))];
    request(Operation::EditDest, cmd::SET_DEST, attrs)
}

pub(super) fn delete_dest(id: &ServiceId, dest: &Dest) -> Request {
    let attrs = vec![named(id), Attr::Dest(dest::id_attrs(dest))];
    request(Operation::DeleteDest, cmd::DEL_DEST, attrs)
}

pub(super) fn set_timeouts(timeouts: &Timeouts) -> Request {
    let attrs = vec![
        Attr::TimeoutTcp(timeouts.tcp),
        Attr::TimeoutTcpFin(timeouts.tcp_fin),
        Attr::TimeoutUdp(timeouts.udp),
    ];
    request(Operation::SetTimeouts, cmd::SET_CONFIG, attrs)
}

pub(super) fn start_daemon(daemon: &Daemon) -> Request {
    let attrs = vec![Attr::Daemon(daemon::attrs(daemon))];
    request(Operation::StartDaemon, cmd::NEW_DAEMON, attrs)
}

pub(super) fn stop_daemon(role: Role) -> Request {
    let attrs = vec![Attr::Daemon(daemon::stop_attrs(role))];
    request(Operation::StopDaemon, cmd::DEL_DAEMON, attrs)
}
