// SPDX-License-Identifier: MIT OR GPL-2.0

//! The checks that need the whole command line, and the defaults.

use lvs_uapi::flags;

use crate::change::Change;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Protocol;
use crate::model::Service;
use crate::model::ServiceId;

use super::command::Command;
use super::command::List;
use super::legality::check_command;
use super::legality::check_tunnel;
use super::legality::Class;
use super::legality::ClassSet;
use super::legality::Verb;
use super::parse::Draft;
use super::usage::UsageError;

/// Scheduler of a service that names none.
const DEFAULT_SCHEDULER: &str = "wlc";
/// Interface of a synchronisation daemon that names none.
const DEFAULT_INTERFACE: &str = "eth0";

/// Options that say something of a tunnel.
const TUNNEL_OPTIONS: ClassSet = ClassSet::of(&[
    Class::TunType,
    Class::TunPort,
    Class::TunNocsum,
    Class::TunCsum,
    Class::TunRemcsum,
]);
/// Listings that aren't of services.
const OTHER_LISTS: ClassSet = ClassSet::of(&[Class::Connection, Class::Timeout, Class::Daemon]);
/// Layouts that make sense for services only.
const SERVICE_LAYOUTS: ClassSet = ClassSet::of(&[Class::Stats, Class::Rate, Class::Thresholds]);
/// Listings for which `--persistent-conn` makes no sense; with connections it adds columns.
const WITHOUT_PERSISTENCE: ClassSet = ClassSet::of(&[Class::Timeout, Class::Daemon]);

/// Turns a draft into a command.
pub(super) fn finish(draft: Draft) -> Result<Command, UsageError> {
    check_command(draft.verb, draft.given)?;
    match draft.verb {
        Verb::AddService => Ok(Change::AddService(service(draft)?).into()),
        Verb::EditService => Ok(Change::EditService(service(draft)?).into()),
        Verb::DeleteService => Ok(Change::DeleteService(id(&draft)?).into()),
        Verb::AddServer | Verb::EditServer => server(draft),
        Verb::DeleteServer => Ok(Change::DeleteDest(id(&draft)?, draft.dest).into()),
        Verb::Flush => Ok(Change::Flush.into()),
        Verb::List => list(&draft),
        Verb::Save => Ok(Command::Save(draft.format)),
        Verb::Restore => Ok(Command::Restore),
        Verb::Zero => Ok(Change::Zero(draft.service).into()),
        Verb::Set => Ok(Change::SetTimeouts(draft.timeouts).into()),
        Verb::StartDaemon => {
            let mut daemon = draft.daemon;
            if daemon.interface.is_empty() {
                daemon.interface = DEFAULT_INTERFACE.to_owned();
            }
            Ok(Change::StartDaemon(daemon).into())
        }
        Verb::StopDaemon => Ok(Change::StopDaemon(draft.daemon.role).into()),
    }
}

/// The service, which legality made sure of.
fn id(draft: &Draft) -> Result<ServiceId, UsageError> {
    draft.service.ok_or(UsageError::MissingForCommand(
        Class::ServiceAddress,
        draft.verb,
    ))
}

fn service(draft: Draft) -> Result<Service, UsageError> {
    let id = id(&draft)?;
    if let ServiceId::Address { protocol, port, .. } = id {
        if port == 0 && draft.flags & flags::service::PERSISTENT == 0 {
            return Err(UsageError::ZeroPort);
        }
        if draft.flags & flags::service::ONEPACKET != 0 && protocol != Protocol::UDP {
            return Err(UsageError::OpsWithoutUdp);
        }
    }
    let scheduler = if draft.scheduler.is_empty() {
        DEFAULT_SCHEDULER.to_owned()
    } else {
        draft.scheduler
    };
    Ok(Service {
        id,
        scheduler,
        flags: draft.flags,
        timeout: draft.timeout,
        netmask: draft.netmask,
        pe: draft.pe,
    })
}

fn server(draft: Draft) -> Result<Command, UsageError> {
    let id = id(&draft)?;
    let mut dest = draft.dest;
    // A packet that keeps its headers keeps its port.
    if let ServiceId::Address { port, .. } = id {
        if matches!(dest.forward, Forward::Tunnel | Forward::Route) {
            dest.port = port;
        }
    }
    if dest.forward == Forward::Tunnel {
        check_tunnel(dest.tunnel.kind, draft.given)?;
    } else {
        if Family::of(dest.addr) != id.family() {
            return Err(UsageError::MixedFamily);
        }
        if draft.given.intersects(TUNNEL_OPTIONS) {
            return Err(UsageError::TunnelOptions);
        }
    }
    let change = match draft.verb {
        Verb::EditServer => Change::EditDest(id, dest),
        _ => Change::AddDest(id, dest),
    };
    Ok(change.into())
}

fn list(draft: &Draft) -> Result<Command, UsageError> {
    let given = draft.given;
    let layout_conflict = given.intersects(OTHER_LISTS) && given.intersects(SERVICE_LAYOUTS);
    let persistence_conflict =
        given.intersects(WITHOUT_PERSISTENCE) && given.contains(Class::PersistentConn);
    if layout_conflict || persistence_conflict {
        return Err(UsageError::ListConflict);
    }
    let what = match draft.service {
        _ if given.contains(Class::Connection) => List::Connections,
        Some(id) => List::Service(id),
        None if given.contains(Class::Timeout) => List::Timeouts,
        None if given.contains(Class::Daemon) => List::Daemons,
        None => List::All,
    };
    Ok(Command::List(what, draft.format))
}
