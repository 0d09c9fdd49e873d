// SPDX-License-Identifier: MIT OR GPL-2.0

//! Changes as command lines.

use crate::change::Change;
use crate::model::ServiceId;

use super::save;
use super::Numeric;

/// The command line of a change.
pub fn line(change: &Change) -> String {
    let id = |id: &ServiceId| save::service_option(id, &Numeric);
    match change {
        Change::AddService(service) => format!("-A {}", save::service(service, &Numeric)),
        Change::EditService(service) => format!("-E {}", save::service(service, &Numeric)),
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
