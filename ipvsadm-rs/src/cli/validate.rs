// SPDX-License-Identifier: MIT OR GPL-2.0

//! The checks that need the whole command line, and the defaults.

use lvs_uapi::flags;

use crate::change::Change;
use crate::model::extras::starts_slowly;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Protocol;
use crate::model::Service;
use crate::model::ServiceId;

use super::command::Command;
use super::command::List;
use super::draft::Draft;
use super::draft::Listing;
use super::legality::check_command;
use super::legality::check_tunnel;
use super::legality::speaks_of_tunnels;
use super::usage::UsageError;
use super::verb::Verb;

/// Scheduler of a service that names none.
const DEFAULT_SCHEDULER: &str = "wlc";
/// Interface of a synchronisation daemon that names none.
const DEFAULT_INTERFACE: &str = "eth0";

/// Turns a draft into a command.
pub(super) fn finish(draft: Draft<'_>) -> Result<Command, UsageError> {
    check_command(draft.verb, &draft.given)?;
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
        Verb::Help => Ok(Command::Help),
        Verb::Version => Ok(Command::Version),
    }
}

/// The service, which legality made sure of.
fn id(draft: &Draft<'_>) -> Result<ServiceId, UsageError> {
    draft
        .service
        .ok_or(UsageError::MissingForCommand("service-address", draft.verb))
}

fn service(draft: Draft<'_>) -> Result<Service, UsageError> {
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
    let is_slow = draft.extras.slow_start.is_some_and(|seconds| seconds != 0);
    if is_slow && !starts_slowly(&scheduler) {
        return Err(UsageError::SlowStartOfHash);
    }
    Ok(Service {
        id,
        scheduler,
        flags: draft.flags,
        timeout: draft.timeout,
        netmask: draft.netmask,
        pe: draft.pe,
        extras: draft.extras,
    })
}

fn server(draft: Draft<'_>) -> Result<Command, UsageError> {
    let id = id(&draft)?;
    let mut dest = draft.dest;
    // A packet that keeps its headers keeps its port.
    if let ServiceId::Address { port, .. } = id {
        if matches!(dest.forward, Forward::Tunnel | Forward::Route) {
            dest.port = port;
        }
    }
    if dest.forward == Forward::Tunnel {
        check_tunnel(dest.tunnel.type_name(), &draft.given)?;
    } else {
        if Family::of(dest.addr) != id.family() {
            return Err(UsageError::MixedFamily);
        }
        if speaks_of_tunnels(&draft.given) {
            return Err(UsageError::TunnelOptions);
        }
    }
    let change = match draft.verb {
        Verb::EditServer => Change::EditDest(id, dest),
        _ => Change::AddDest(id, dest),
    };
    Ok(change.into())
}

fn list(draft: &Draft<'_>) -> Result<Command, UsageError> {
    let format = draft.format;
    // Counters and thresholds are of services; with connections `--persistent-conn` adds columns.
    let is_in_conflict = match draft.listing {
        None => false,
        Some(Listing::Connections) => format.stats || format.rate || format.thresholds,
        Some(Listing::Timeouts | Listing::Daemons) => {
            format.stats || format.rate || format.thresholds || format.persistent_conn
        }
    };
    if is_in_conflict {
        return Err(UsageError::ListConflict);
    }
    let what = match (draft.listing, draft.service) {
        (Some(Listing::Connections), _) => List::Connections,
        (Some(Listing::Timeouts), _) => List::Timeouts,
        (Some(Listing::Daemons), _) => List::Daemons,
        (None, Some(id)) => List::Service(id),
        (None, None) => List::All,
    };
    Ok(Command::List(what, format))
}
