// SPDX-License-Identifier: MIT OR GPL-2.0

//! The rows of the live table: every service with its servers below it.

use std::cmp::Ordering;

use crate::model::DestEntry;
use crate::model::DestState;
use crate::model::Forward;
use crate::model::Service;
use crate::model::Stats;
use crate::model::TableEntry;
use crate::render::address;
use crate::render::address::host_port;
use crate::render::Numeric;

/// A column with numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The titles say it.
pub enum Column {
    Weight,
    Active,
    Inactive,
    Conns,
    InPackets,
    OutPackets,
    InBytes,
    OutBytes,
}

impl Column {
    /// Every column, from left to right.
    pub const ALL: [Column; 8] = [
        Column::Weight,
        Column::Active,
        Column::Inactive,
        Column::Conns,
        Column::InPackets,
        Column::OutPackets,
        Column::InBytes,
        Column::OutBytes,
    ];

    /// Title.
    pub fn title(self) -> &'static str {
        match self {
            Column::Weight => "Weight",
            Column::Active => "Active",
            Column::Inactive => "InAct",
            Column::Conns => "Conn/s",
            Column::InPackets => "InPkt/s",
            Column::OutPackets => "OutPkt/s",
            Column::InBytes => "InB/s",
            Column::OutBytes => "OutB/s",
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Name of the service or server.
    pub name: String,
    /// Scheduler or forwarding method.
    pub detail: String,
    /// Whether it is a server's.
    pub server: bool,
    /// The numbers, in the order of [`Column::ALL`].
    pub numbers: [u64; Column::ALL.len()],
}

/// What rows there are, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Sorted by this column, highest first; otherwise as listings are.
    pub sort: Option<Column>,
    /// The other way round.
    pub reverse: bool,
    /// Only services and servers whose name or method has this text.
    pub filter: String,
    /// Without servers.
    pub services_only: bool,
}

/// The rows of a table.
pub fn rows(entries: &[TableEntry], selection: &Selection) -> Vec<Row> {
    let mut groups: Vec<(Row, Vec<Row>)> = entries
        .iter()
        .map(group)
        .filter_map(|(service, servers)| matching(service, servers, &selection.filter))
        .collect();
    groups.sort_by(|(a, _), (b, _)| compare(a, b, selection));
    let mut rows = Vec::new();
    for (service, mut servers) in groups {
        rows.push(service);
        if !selection.services_only {
            servers.sort_by(|a, b| compare(a, b, selection));
            rows.append(&mut servers);
        }
    }
    rows
}

/// A matching service keeps all of its servers, another one those that match.
fn matching(service: Row, mut servers: Vec<Row>, filter: &str) -> Option<(Row, Vec<Row>)> {
    if !matches(&service, filter) {
        servers.retain(|server| matches(server, filter));
        if servers.is_empty() {
            return None;
        }
    }
    Some((service, servers))
}

fn matches(row: &Row, filter: &str) -> bool {
    let filter = filter.to_lowercase();
    [&row.name, &row.detail]
        .iter()
        .any(|text| text.to_lowercase().contains(&filter))
}

/// The order of two rows; rows that are equal in it stay as they came.
fn compare(a: &Row, b: &Row, selection: &Selection) -> Ordering {
    let order = match selection.sort {
        Some(column) => {
            let place = Column::ALL.iter().position(|other| *other == column);
            let place = place.unwrap_or_default();
            b.numbers[place].cmp(&a.numbers[place])
        }
        None => Ordering::Equal,
    };
    if selection.reverse {
        order.reverse()
    } else {
        order
    }
}

fn group(item: &TableEntry) -> (Row, Vec<Row>) {
    let service = &item.entry.service;
    let servers = item.dests.iter().map(|entry| server(service, entry));
    let sum = |number: fn(&DestEntry) -> u32| -> u64 {
        item.dests
            .iter()
            .map(|entry| u64::from(number(entry)))
            .sum()
    };
    let own = [
        sum(|entry| entry.dest.weight),
        sum(|entry| entry.active),
        sum(|entry| entry.inactive),
    ];
    let (protocol, host) = address::service(&Numeric, &service.id);
    let row = Row {
        name: format!("{protocol} {host}"),
        detail: service.scheduler.clone(),
        server: false,
        numbers: numbers(own, &item.entry.stats),
    };
    (row, servers.collect())
}

fn server(service: &Service, entry: &DestEntry) -> Row {
    let dest = &entry.dest;
    let host = host_port(&Numeric, dest.addr, dest.port, service.id.protocol());
    let detail = match dest.forward {
        Forward::Masq => "Masq",
        Forward::Local => "Local",
        Forward::Tunnel => "Tunnel",
        Forward::Route => "Route",
        Forward::Other(_) => "Bypass",
    };
    let left = match (entry.state(), entry.drain, entry.ramp) {
        (DestState::Draining, Some(drain), _) => drain.asked.seconds,
        (DestState::Starting, _, Some(ramp)) => Some(ramp.seconds),
        _ => None,
    };
    let detail = match (entry.state(), left) {
        (DestState::Active, _) => detail.to_owned(),
        (state, Some(seconds)) => format!("{detail}, {} for {seconds} s", state.word()),
        (state, None) => format!("{detail}, {}", state.word()),
    };
    let own = [dest.weight, entry.active, entry.inactive].map(u64::from);
    Row {
        name: format!("  -> {host}"),
        detail,
        server: true,
        numbers: numbers(own, &entry.stats),
    }
}

fn numbers([weight, active, inactive]: [u64; 3], stats: &Stats) -> [u64; Column::ALL.len()] {
    [
        weight,
        active,
        inactive,
        stats.cps,
        stats.inpps,
        stats.outpps,
        stats.inbps,
        stats.outbps,
    ]
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::apply::file;
    use crate::model::drain::Drain;
    use crate::model::drain::DrainRequest;
    use crate::model::extras::Ramp;
    use crate::model::ServiceEntry;

    /// A table of two services with two servers each; the numbers grow from row to row.
    pub(in super::super) fn entries() -> Vec<TableEntry> {
        let rules = "-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.0.2 -m\n-a -t 10.0.0.1:80 -r 10.0.0.3 -m\n\
                     -A -f 7\n-a -f 7 -r 10.0.0.2\n-a -f 7 -r 10.0.0.4 -i\n";
        let state = file::rules(rules).expect("rules");
        let mut cps = 0;
        let mut stats = || {
            cps += 10;
            Stats {
                cps,
                ..Stats::default()
            }
        };
        let entries = state.services.into_iter().flatten();
        entries
            .map(|entry| TableEntry {
                entry: ServiceEntry {
                    service: entry.service,
                    stats: stats(),
                },
                dests: entry
                    .dests
                    .iter()
                    .map(|dest| DestEntry {
                        dest: *dest,
                        active: 1,
                        inactive: 2,
                        persistent: 0,
                        drain: None,
                        ramp: None,
                        stats: stats(),
                    })
                    .collect(),
            })
            .collect()
    }

    fn names(selection: &Selection) -> Vec<String> {
        let rows = rows(&entries(), selection);
        rows.into_iter().map(|row| row.name).collect()
    }

    #[test]
    fn a_server_says_what_it_does_and_for_how_long() {
        let mut entries = entries();
        let drain = Drain {
            weight: 1,
            asked: DrainRequest {
                seconds: Some(7),
                ..DrainRequest::default()
            },
            ..Drain::default()
        };
        let dests = &mut entries[0].dests;
        dests[0].drain = Some(drain);
        dests[1].ramp = Some(Ramp {
            seconds: 3,
            percent: 40,
        });
        entries[1].dests[1].dest.weight = 0;
        let rows = rows(&entries, &Selection::default());
        let details: Vec<_> = rows.iter().map(|row| row.detail.as_str()).collect();
        assert_eq!(
            details,
            [
                "wlc",
                "Masq, draining for 7 s",
                "Masq, starting for 3 s",
                "wlc",
                "Route",
                "Tunnel, quiescent"
            ]
        );
    }

    #[test]
    fn servers_stand_below_their_service() {
        let all = Selection::default();
        assert_eq!(
            names(&all),
            [
                "TCP 10.0.0.1:80",
                "  -> 10.0.0.2:80",
                "  -> 10.0.0.3:80",
                "FWM 7",
                "  -> 10.0.0.2:0",
                "  -> 10.0.0.4:0",
            ]
        );
        assert_eq!(rows(&entries(), &all)[0].numbers[..3], [2, 2, 4]);
    }

    #[test]
    fn sorting_keeps_them_there() {
        let mut selection = Selection {
            sort: Some(Column::Conns),
            ..Selection::default()
        };
        assert_eq!(
            names(&selection)[..3],
            ["FWM 7", "  -> 10.0.0.4:0", "  -> 10.0.0.2:0"]
        );
        selection.reverse = true;
        assert_eq!(
            names(&selection)[..2],
            ["TCP 10.0.0.1:80", "  -> 10.0.0.2:80"]
        );
    }

    #[test]
    fn a_filter_shows_servers_with_their_service() {
        let selection = Selection {
            filter: "0.4".to_owned(),
            ..Selection::default()
        };
        assert_eq!(names(&selection), ["FWM 7", "  -> 10.0.0.4:0"]);
        let selection = Selection {
            filter: "tcp".to_owned(),
            services_only: true,
            ..Selection::default()
        };
        assert_eq!(names(&selection), ["TCP 10.0.0.1:80"]);
    }
}
