// SPDX-License-Identifier: MIT OR GPL-2.0

//! Shows steps: as command lines, and as the lines of the saved table that come and go.

use crate::change::Change;
use crate::model::Service;
use crate::model::ServiceId;
use crate::render::save;
use crate::render::Numeric;

use super::plan::Step;

/// What a step takes away (`-`) and what it brings (`+`), in the format of `-S -n`.
pub fn show(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        let taken = step.undo.iter().map(|change| ('-', change));
        let brought = std::iter::once(('+', &step.change));
        for (sign, change) in taken.chain(brought) {
            if let Some(text) = saved(change) {
                out.push(sign);
                out.push_str(&text);
                out.push('\n');
            }
        }
    }
    out
}

/// What a change leaves in the saved table. What only deletes leaves nothing.
fn saved(change: &Change) -> Option<String> {
    Some(match change {
        Change::AddService(service) | Change::EditService(service) => {
            format!("-A {}", service_options(service))
        }
        Change::AddDest(id, dest) | Change::EditDest(id, dest) => {
            format!("-a {}", save::server(id, dest, &Numeric))
        }
        Change::SetTimeouts(_) | Change::StartDaemon(_) => line(change),
        Change::DeleteService(_)
        | Change::DeleteDest(..)
        | Change::StopDaemon(_)
        | Change::Flush
        | Change::Zero(_) => return None,
    })
}

/// The command line of a change.
pub fn line(change: &Change) -> String {
    let id = |id: &ServiceId| save::service_option(id, &Numeric);
    match change {
        Change::AddService(service) => format!("-A {}", service_options(service)),
        Change::EditService(service) => format!("-E {}", service_options(service)),
        Change::DeleteService(service) => format!("-D {}", id(service)),
        Change::Flush => "-C".to_owned(),
        Change::AddDest(service, dest) => format!("-a {}", save::server(service, dest, &Numeric)),
        Change::EditDest(service, dest) => format!("-e {}", save::server(service, dest, &Numeric)),
        Change::DeleteDest(service, dest) => {
            let server = save::server_option(service, dest, &Numeric);
            format!("-d {} {server}", id(service))
        }
        Change::Zero(None) => "-Z".to_owned(),
        Change::Zero(Some(service)) => format!("-Z {}", id(service)),
        Change::SetTimeouts(timeouts) => {
            format!(
                "--set {} {} {}",
                timeouts.tcp, timeouts.tcp_fin, timeouts.udp
            )
        }
        Change::StartDaemon(daemon) => {
            let mut text = format!(
                "--start-daemon {} --mcast-interface {} --syncid {}",
                daemon.role.name(),
                daemon.interface,
                daemon.sync_id
            );
            let options = [
                ("--sync-maxlen", daemon.max_len.map(|n| n.to_string())),
                ("--mcast-group", daemon.group.map(|n| n.to_string())),
                ("--mcast-port", daemon.port.map(|n| n.to_string())),
                ("--mcast-ttl", daemon.ttl.map(|n| n.to_string())),
            ];
            for (option, value) in options {
                if let Some(value) = value {
                    text.push_str(&format!(" {option} {value}"));
                }
            }
            text
        }
        Change::StopDaemon(role) => format!("--stop-daemon {}", role.name()),
    }
}

/// Name and options of a service.
fn service_options(service: &Service) -> String {
    save::service(service, &Numeric)
}
