// SPDX-License-Identifier: MIT OR GPL-2.0

//! Every metric, once: a row is all that a new one needs, and a row in `docs/howto/metrics.md`.

use crate::model::DestEntry;
use crate::model::DestState;
use crate::model::TableEntry;

use super::Snapshot;

/// What a metric's value does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It counts up, and starts again from 0.
    Counter,
    /// It goes up and down.
    Gauge,
}

impl Kind {
    /// Name in the text format.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        }
    }
}

/// A metric: a row of the tables.
#[derive(Clone, Copy, Debug)]
pub struct Family<T> {
    /// Name, which ends in the unit and, if it counts, `_total`.
    pub name: &'static str,
    /// What its value does.
    pub kind: Kind,
    /// What it is, without backslashes and line breaks.
    pub help: &'static str,
    /// The value, if it is known.
    pub value: fn(&T) -> Option<u64>,
}

const fn counter<T>(
    name: &'static str,
    help: &'static str,
    value: fn(&T) -> Option<u64>,
) -> Family<T> {
    Family {
        name,
        kind: Kind::Counter,
        help,
        value,
    }
}

const fn gauge<T>(
    name: &'static str,
    help: &'static str,
    value: fn(&T) -> Option<u64>,
) -> Family<T> {
    Family {
        name,
        kind: Kind::Gauge,
        help,
        value,
    }
}

/// The metric whose labels tell what the others are about.
pub const INFO: Family<Snapshot> = gauge(
    "lvs_info",
    "Which module it is, and IPVS's version.",
    |_| Some(1),
);

/// Metrics of the network namespace.
#[rustfmt::skip]
pub const NAMESPACE: &[Family<Snapshot>] = &[
    counter("lvs_connections_total", "Connections scheduled.",
        |all| all.totals.map(|stats| stats.conns)),
    counter("lvs_incoming_packets_total", "Packets from clients.",
        |all| all.totals.map(|stats| stats.inpkts)),
    counter("lvs_outgoing_packets_total", "Packets to clients that passed the director.",
        |all| all.totals.map(|stats| stats.outpkts)),
    counter("lvs_incoming_bytes_total", "Bytes from clients.",
        |all| all.totals.map(|stats| stats.inbytes)),
    counter("lvs_outgoing_bytes_total", "Bytes to clients that passed the director.",
        |all| all.totals.map(|stats| stats.outbytes)),
    gauge("lvs_connection_table_entries", "Connections and persistence templates in the table.",
        |all| all.table.entries),
    gauge("lvs_connection_table_buckets", "Buckets of the connection table.",
        |all| all.table.buckets),
    gauge("lvs_connection_table_longest_chain_entries", "Entries in the fullest bucket.",
        |all| all.table.longest),
    gauge("lvs_connection_table_bytes", "Memory of the connection table and its entries.",
        |all| all.table.bytes),
];

/// Metrics of ways in front of the stack, and of synchronisation, which lvs alone has.
#[rustfmt::skip]
pub const BEYOND: &[Family<Snapshot>] = &[
    counter("lvs_early_path_packets_total", "Packets that left by the early path.",
        |all| all.summary.map(|summary| summary.early)),
    counter("lvs_xdp_packets_total", "Packets that left by XDP.",
        |all| all.summary.map(|summary| summary.xdp)),
    gauge("lvs_synchronisation_in_sync",
        "1 if the director has all connections that others have, as far as it knows.",
        |all| all.sync.as_ref().map(|sync| sync.is_in_sync.into())),
];

/// Metric of each thing that synchronisation counts.
pub const SYNC: Family<u64> = counter(
    "lvs_synchronisation_events_total",
    "What synchronisation did, by what it was.",
    |count| Some(*count),
);

/// Metric of each reason for which packets are dropped.
pub const DROPPED: Family<u64> = counter(
    "lvs_dropped_packets_total",
    "Packets that were dropped, by reason.",
    |dropped| Some(*dropped),
);

/// Metrics of a service.
#[rustfmt::skip]
pub const SERVICE: &[Family<TableEntry>] = &[
    counter("lvs_service_connections_total", "Connections scheduled by the service.",
        |item| Some(item.entry.stats.conns)),
    counter("lvs_service_incoming_packets_total", "Packets from the service's clients.",
        |item| Some(item.entry.stats.inpkts)),
    counter("lvs_service_outgoing_packets_total",
        "Packets to the service's clients that passed the director.",
        |item| Some(item.entry.stats.outpkts)),
    counter("lvs_service_incoming_bytes_total", "Bytes from the service's clients.",
        |item| Some(item.entry.stats.inbytes)),
    counter("lvs_service_outgoing_bytes_total",
        "Bytes to the service's clients that passed the director.",
        |item| Some(item.entry.stats.outbytes)),
    gauge("lvs_service_servers", "Servers of the service.",
        |item| Some(item.dests.len() as u64)),
    gauge("lvs_service_servers_in_use", "Servers of the service whose weight is above 0.",
        |item| count(item, |entry| entry.dest.weight > 0)),
    gauge("lvs_service_servers_draining",
        "Servers of the service that are being drained.",
        |item| count(item, |entry| entry.state() == DestState::Draining)),
    gauge("lvs_service_servers_starting",
        "Servers of the service that climb to their weight.",
        |item| count(item, |entry| entry.state() == DestState::Starting)),
    gauge("lvs_service_weight", "Sum of the weights of the service's servers.",
        |item| sum(item, |entry| entry.dest.weight)),
    gauge("lvs_service_active_connections", "Active connections of the service's servers.",
        |item| sum(item, |entry| entry.active)),
    gauge("lvs_service_inactive_connections", "Inactive connections of the service's servers.",
        |item| sum(item, |entry| entry.inactive)),
    gauge("lvs_service_persistent_connections",
        "Persistence templates of the service's servers.",
        |item| sum(item, |entry| entry.persistent)),
];

/// Metrics of a server of a service.
#[rustfmt::skip]
pub const SERVER: &[Family<DestEntry>] = &[
    counter("lvs_server_connections_total", "Connections scheduled to the server.",
        |entry| Some(entry.stats.conns)),
    counter("lvs_server_incoming_packets_total", "Packets from clients to the server.",
        |entry| Some(entry.stats.inpkts)),
    counter("lvs_server_outgoing_packets_total",
        "Packets from the server to clients that passed the director.",
        |entry| Some(entry.stats.outpkts)),
    counter("lvs_server_incoming_bytes_total", "Bytes from clients to the server.",
        |entry| Some(entry.stats.inbytes)),
    counter("lvs_server_outgoing_bytes_total",
        "Bytes from the server to clients that passed the director.",
        |entry| Some(entry.stats.outbytes)),
    gauge("lvs_server_weight", "Weight of the server, 0 for no new connections.",
        |entry| Some(entry.dest.weight.into())),
    gauge("lvs_server_active_connections", "Active connections of the server.",
        |entry| Some(entry.active.into())),
    gauge("lvs_server_inactive_connections", "Inactive connections of the server.",
        |entry| Some(entry.inactive.into())),
    gauge("lvs_server_persistent_connections", "Persistence templates of the server.",
        |entry| Some(entry.persistent.into())),
    gauge("lvs_server_draining", "1 while the server is being drained; none otherwise.",
        |entry| (entry.state() == DestState::Draining).then_some(1)),
    gauge("lvs_server_slow_start_percent",
        "Percent of its weight that a server has while it climbs there; none otherwise.",
        |entry| entry.ramp.map(|ramp| ramp.percent.into())),
];

fn count(item: &TableEntry, is: fn(&DestEntry) -> bool) -> Option<u64> {
    Some(item.dests.iter().filter(|entry| is(entry)).count() as u64)
}

fn sum(item: &TableEntry, number: fn(&DestEntry) -> u32) -> Option<u64> {
    let numbers = item.dests.iter().map(|entry| u64::from(number(entry)));
    Some(numbers.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where users read of them.
    const DOCUMENT: &str = include_str!("../../../docs/howto/metrics.md");
    const DASHBOARD: &str = include_str!("../../../docs/grafana-dashboard.json");

    fn rows<T>(families: &[Family<T>]) -> impl Iterator<Item = (&str, Kind, &str)> {
        families
            .iter()
            .map(|family| (family.name, family.kind, family.help))
    }

    fn all() -> impl Iterator<Item = (&'static str, Kind, &'static str)> {
        const ABOUT: &[Family<Snapshot>] = &[INFO];
        rows(ABOUT)
            .chain(rows(NAMESPACE))
            .chain(rows(&[DROPPED]))
            .chain(rows(BEYOND))
            .chain(rows(&[SYNC]))
            .chain(rows(SERVICE))
            .chain(rows(SERVER))
    }

    #[test]
    fn the_document_has_every_metric_and_no_other() {
        let row = |(name, kind, help): (&str, Kind, &str)| {
            format!(
                "| `{name}` | {} | {} |",
                kind.name(),
                help.trim_end_matches('.')
            )
        };
        let mut expected: Vec<String> = all().map(row).collect();
        let is_row = |line: &&str| line.starts_with("| `lvs_");
        let mut found: Vec<String> = DOCUMENT.lines().filter(is_row).map(str::to_owned).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_dashboard_asks_for_metrics_that_there_are() {
        let names: Vec<&str> = all().map(|(name, ..)| name).collect();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut asked = 0;
        for word in DASHBOARD.split(|c| !is_part(c)) {
            if word.starts_with("lvs_") {
                assert!(names.contains(&word), "{word}");
                asked += 1;
            }
        }
        assert_ne!(asked, 0);
    }

    #[test]
    fn names_tell_what_counts_and_help_needs_no_escapes() {
        for (name, kind, help) in all() {
            assert_eq!(name.ends_with("_total"), kind == Kind::Counter, "{name}");
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{name}"
            );
            assert!(
                !help.contains(['\\', '\n']) && help.ends_with('.'),
                "{name}"
            );
        }
    }
}
