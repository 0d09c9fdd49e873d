// SPDX-License-Identifier: MIT OR GPL-2.0

//! Timeouts and synchronisation daemons.

use std::fmt::Write;

use crate::model::Daemon;
use crate::model::Timeouts;

/// The timeouts, one line.
pub fn timeouts(timeouts: &Timeouts) -> String {
    let Timeouts { tcp, tcp_fin, udp } = timeouts;
    format!("Timeout (tcp tcpfin udp): {tcp} {tcp_fin} {udp}\n")
}

/// The daemons, one line each.
pub fn daemons(daemons: &[Daemon]) -> String {
    daemons.iter().map(daemon).collect()
}

fn daemon(daemon: &Daemon) -> String {
    let mut out = format!(
        "{} sync daemon (mcast={}, syncid={}",
        daemon.role.name(),
        daemon.interface,
        daemon.sync_id
    );
    // Writing to a `String` can't fail.
    if let Some(length) = daemon.max_len {
        let _ = write!(out, ", maxlen={length}");
    }
    if let Some(group) = daemon.group {
        let _ = write!(out, ", group={group}");
    }
    if let Some(port) = daemon.port {
        let _ = write!(out, ", port={port}");
    }
    if let Some(ttl) = daemon.ttl {
        let _ = write!(out, ", ttl={ttl}");
    }
    out.push_str(")\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    #[test]
    fn a_daemon_in_full_and_in_brief() {
        let mut master = Daemon {
            role: Role::Master,
            interface: "dummy0".to_owned(),
            sync_id: 5,
            max_len: Some(1472),
            group: Some([224, 0, 0, 81].into()),
            port: Some(8848),
            ttl: Some(1),
        };
        assert_eq!(
            daemons(std::slice::from_ref(&master)),
            "master sync daemon (mcast=dummy0, syncid=5, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n"
        );
        master.max_len = None;
        master.group = None;
        master.port = None;
        master.ttl = None;
        assert_eq!(
            daemons(&[master]),
            "master sync daemon (mcast=dummy0, syncid=5)\n"
        );
    }

    #[test]
    fn timeouts_on_one_line() {
        let all = Timeouts {
            tcp: 900,
            tcp_fin: 120,
            udp: 300,
        };
        assert_eq!(timeouts(&all), "Timeout (tcp tcpfin udp): 900 120 300\n");
    }
}
