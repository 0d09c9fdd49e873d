// SPDX-License-Identifier: MIT OR GPL-2.0

//! The requests that change something, as data.

use lvs_uapi::genl::cmd;

use crate::change::Change;
use crate::error::Operation;
use crate::model::Service;
use crate::model::ServiceId;

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

/// The request of a change.
pub fn of(change: &Change) -> Request {
    let (cmd, attrs) = match change {
        Change::AddService(service) => (cmd::NEW_SERVICE, vec![whole(service)]),
        Change::EditService(service) => (cmd::SET_SERVICE, vec![whole(service)]),
        Change::DeleteService(id) => (cmd::DEL_SERVICE, vec![named(id)]),
        Change::Flush => (cmd::FLUSH, Vec::new()),
        Change::AddDest(id, dest) => {
            let dest = Attr::Dest(dest::full_attrs(dest));
            (cmd::NEW_DEST, vec![named(id), dest])
        }
        Change::EditDest(id, dest) => {
            let dest = Attr::Dest(dest::full_attrs(dest));
            (cmd::SET_DEST, vec![named(id), dest])
        }
        Change::DeleteDest(id, dest) => {
            let dest = Attr::Dest(dest::id_attrs(dest));
            (cmd::DEL_DEST, vec![named(id), dest])
        }
        Change::Zero(id) => (cmd::ZERO, id.iter().map(named).collect()),
        Change::SetTimeouts(timeouts) => {
            let attrs = vec![
                Attr::TimeoutTcp(timeouts.tcp),
                Attr::TimeoutTcpFin(timeouts.tcp_fin),
                Attr::TimeoutUdp(timeouts.udp),
            ];
            (cmd::SET_CONFIG, attrs)
        }
        Change::StartDaemon(daemon) => (cmd::NEW_DAEMON, vec![Attr::Daemon(daemon::attrs(daemon))]),
        Change::StopDaemon(role) => {
            let attrs = daemon::stop_attrs(*role);
            (cmd::DEL_DAEMON, vec![Attr::Daemon(attrs)])
        }
    };
    Request {
        operation: change.kind().into(),
        cmd,
        attrs,
    }
}

/// The attribute that names a service.
pub(super) fn named(id: &ServiceId) -> Attr {
    Attr::Service(service::id_attrs(id))
}

/// The attribute with a whole service.
fn whole(service: &Service) -> Attr {
    Attr::Service(service::full_attrs(service))
}
