// SPDX-License-Identifier: MIT OR GPL-2.0

//! What there is in the kernel to complete a word with.

use std::collections::BTreeSet;

use crate::cli::parse::unfinished;
use crate::cli::verb::Verb;
use crate::client::Client;
use crate::client::Order;
use crate::model::Protocol;
use crate::model::ServiceId;
use crate::model::TableEntry;
use crate::render::address::host_port;
use crate::render::Numeric;
use crate::sys::names::System;

/// What the shells ask for.
pub const KINDS: [&str; 5] = ["tcp", "udp", "sctp", "fwmark", "server"];

/// Services or servers, one a line. `words` are those of the command line so far, the program's
/// name included.
pub fn list(client: &mut Client, kind: &str, words: &[String]) -> String {
    let found = match kind {
        "server" => servers(&client.table(Order::Kernel).unwrap_or_default(), words),
        _ => {
            let entries = client.control().services().unwrap_or_default();
            let ids = entries.iter().map(|entry| entry.service.id);
            ids.filter_map(|id| service(id, kind)).collect()
        }
    };
    found.into_iter().map(|text| text + "\n").collect()
}

/// A service, if it is of the kind.
fn service(id: ServiceId, kind: &str) -> Option<String> {
    let wanted = match kind {
        "tcp" => Some(Protocol::TCP),
        "udp" => Some(Protocol::UDP),
        "sctp" => Some(Protocol::SCTP),
        _ => None,
    };
    match id {
        ServiceId::Address {
            protocol,
            addr,
            port,
        } if wanted == Some(protocol) => Some(host_port(&Numeric, addr, port, None)),
        ServiceId::Mark { mark, .. } if kind == "fwmark" => Some(mark.to_string()),
        _ => None,
    }
}

/// The servers of the service that the words name. One to be added is rather among those of other
/// services that it hasn't yet.
fn servers(table: &[TableEntry], words: &[String]) -> BTreeSet<String> {
    let (command, id) = unfinished(words, &System);
    let of = |is_wanted: &dyn Fn(&TableEntry) -> bool| -> BTreeSet<String> {
        let wanted = table.iter().filter(|item| is_wanted(item));
        let dests = wanted.flat_map(|item| &item.dests).map(|entry| entry.dest);
        dests
            .map(|dest| host_port(&Numeric, dest.addr, dest.port, None))
            .collect()
    };
    let Some(id) = id else {
        return of(&|_| true);
    };
    let own = of(&|item| item.entry.service.id == id);
    match command {
        Some(Verb::AddServer) => &of(&|_| true) - &own,
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DestEntry;
    use crate::model::ServiceEntry;
    use crate::model::Stats;
    use crate::render::list::tests::dest;
    use crate::render::list::tests::service as sample_service;

    /// A service with servers.
    fn item(service: &str, servers: &[&str]) -> TableEntry {
        let stats = Stats::default();
        let entry = |server: &&str| DestEntry {
            dest: dest(server),
            active: 0,
            inactive: 0,
            persistent: 0,
            drain: None,
            ramp: None,
            stats,
        };
        TableEntry {
            entry: ServiceEntry {
                service: sample_service(service),
                stats,
            },
            dests: servers.iter().map(entry).collect(),
        }
    }

    #[test]
    fn servers_are_those_of_the_service() {
        let table = [
            item("10.0.0.1:80", &["10.0.0.2:80", "10.0.0.3:80"]),
            item("10.0.0.1:443", &["10.0.0.3:80", "10.0.0.4:443"]),
        ];
        for (line, expected) in [
            ("-d -t 10.0.0.1:80 -r", "10.0.0.2:80 10.0.0.3:80"),
            (
                "-e --tcp-service=10.0.0.1:443 -r",
                "10.0.0.3:80 10.0.0.4:443",
            ),
            ("-at10.0.0.1:80 -w 1 -r", "10.0.0.4:443"),
            ("-d -u 10.0.0.1:80 -r", ""),
            ("-d -r", "10.0.0.2:80 10.0.0.3:80 10.0.0.4:443"),
            ("-d -t nonsense -r", "10.0.0.2:80 10.0.0.3:80 10.0.0.4:443"),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let found: Vec<String> = servers(&table, &words).into_iter().collect();
            assert_eq!(found.join(" "), expected, "{line}");
        }
    }
}
