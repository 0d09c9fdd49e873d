// SPDX-License-Identifier: MIT OR GPL-2.0

//! The rows of the live table: every service with its servers below it.

use std::cmp::Ordering;
use std::net::IpAddr;

use crate::model::DestEntry;
use crate::model::DestState;
use crate::model::Forward;
use crate::model::Service;
use crate::model::ServiceId;
use crate::model::Stats;
use crate::model::TableEntry;
use crate::render::address;
use crate::render::address::host_port;
use crate::render::Numeric;

use super::history::Heights;
use super::history::History;

/// A column with numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The titles say it.
pub enum Column {
    Weight,
    Active,
    Conns,
    InPackets,
    InBytes,
    OutBytes,
    OutPackets,
    Inactive,
}

/// Counters that have spark lines.
pub const RATES: usize = 5;

impl Column {
    /// Every column, from left to right; what doesn't fit is at the end.
    pub const ALL: [Column; 8] = [
        Column::Weight,
        Column::Active,
        Column::Conns,
        Column::InPackets,
        Column::InBytes,
        Column::OutBytes,
        Column::OutPackets,
        Column::Inactive,
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

    /// The place of its spark line, if it has one.
    pub fn rate(self) -> Option<usize> {
        match self {
            Column::Weight | Column::Active | Column::Inactive => None,
            Column::Conns => Some(0),
            Column::InPackets => Some(1),
            Column::OutPackets => Some(2),
            Column::InBytes => Some(3),
            Column::OutBytes => Some(4),
        }
    }
}

/// What a server does, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It is a service.
    Service,
    /// It takes connections.
    Plain,
    /// It climbs to its weight.
    Starting,
    /// It takes none.
    Quiet,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Name of the service or server.
    pub name: String,
    /// Scheduler or forwarding method.
    pub method: String,
    /// What a server does beside taking connections, and how long yet.
    pub state: String,
    /// Its colour.
    pub tone: Tone,
    /// The numbers, in the order of [`Column::ALL`].
    pub numbers: [u64; Column::ALL.len()],
    /// The last minute of each rate.
    pub sparks: [Heights; RATES],
}

/// A service and its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    service: Row,
    servers: Vec<Row>,
}

/// What rows there are, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Sorted by this column, highest first; otherwise as listings are.
    pub sort: Option<Column>,
    /// The other way round.
    pub reverse: bool,
    /// Only services and servers whose name, method or state has this text.
    pub filter: String,
    /// Without servers.
    pub services_only: bool,
}

/// What spark lines are remembered by: a service, or a server of it.
pub type Key = (ServiceId, Option<(IpAddr, u16)>);

/// The rows of a table.
pub fn groups(entries: &[TableEntry], history: &mut History<Key, RATES>) -> Vec<Group> {
    entries.iter().map(|item| group(item, history)).collect()
}

/// Which rows are shown, by places: of the group, and of its server, unless it is the service.
pub type Order = Vec<(usize, Option<usize>)>;

/// The rows that are selected, in their order.
pub fn order(groups: &[Group], selection: &Selection) -> Order {
    let filter = selection.filter.to_lowercase();
    let mut chosen: Vec<usize> = (0..groups.len()).collect();
    let has = |row: &Row| matches(row, &filter);
    let is_in = |group: &Group| has(&group.service) || group.servers.iter().any(has);
    if !filter.is_empty() {
        chosen.retain(|place| groups.get(*place).is_some_and(is_in));
    }
    sort(&mut chosen, |place| &groups[place].service, selection);
    let mut order = Vec::new();
    for place in chosen {
        let Group { service, servers } = &groups[place];
        order.push((place, None));
        if selection.services_only {
            continue;
        }
        // A service that matches keeps all of its servers, another one those that match.
        let all = filter.is_empty() || has(service);
        let mut shown: Vec<usize> = (0..servers.len())
            .filter(|server| all || has(&servers[*server]))
            .collect();
        sort(&mut shown, |server| &servers[server], selection);
        order.extend(shown.into_iter().map(|server| (place, Some(server))));
    }
    order
}

/// The row at a place.
pub fn at<'a>(groups: &'a [Group], place: &(usize, Option<usize>)) -> Option<&'a Row> {
    let group = groups.get(place.0)?;
    match place.1 {
        None => Some(&group.service),
        Some(server) => group.servers.get(server),
    }
}

/// `filter` is in lower case.
fn matches(row: &Row, filter: &str) -> bool {
    let wanted = filter.as_bytes();
    [&row.name, &row.method, &row.state]
        .into_iter()
        .any(|text| {
            let windows = &mut text.as_bytes().windows(wanted.len().max(1));
            wanted.is_empty() || windows.any(|part| part.eq_ignore_ascii_case(wanted))
        })
}

/// Rows that are equal stay as they came.
fn sort<'a>(places: &mut [usize], row: impl Fn(usize) -> &'a Row, selection: &Selection) {
    let Some(column) = selection.sort else {
        if selection.reverse {
            places.reverse();
        }
        return;
    };
    let column = Column::ALL.iter().position(|other| *other == column);
    let column = column.unwrap_or_default();
    let compare = |a: &usize, b: &usize| -> Ordering {
        let order = row(*b).numbers[column].cmp(&row(*a).numbers[column]);
        match selection.reverse {
            true => order.reverse(),
            false => order,
        }
    };
    places.sort_by(compare);
}

fn group(item: &TableEntry, history: &mut History<Key, RATES>) -> Group {
    let service = &item.entry.service;
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
    let stats = &item.entry.stats;
    let row = Row {
        name: format!("{protocol} {host}"),
        method: service.scheduler.clone(),
        state: String::new(),
        tone: Tone::Service,
        numbers: numbers(own, stats),
        sparks: history.take((service.id, None), counters(stats)),
    };
    let servers = item.dests.iter();
    Group {
        service: row,
        servers: servers
            .map(|entry| server(service, entry, history))
            .collect(),
    }
}

fn server(service: &Service, entry: &DestEntry, history: &mut History<Key, RATES>) -> Row {
    let dest = &entry.dest;
    let host = host_port(&Numeric, dest.addr, dest.port, service.id.protocol());
    let method = match dest.forward {
        Forward::Masq => "Masq",
        Forward::Local => "Local",
        Forward::Tunnel => "Tunnel",
        Forward::Route => "Route",
        Forward::Other(_) => "Bypass",
    };
    let (state, tone) = state(entry);
    let own = [dest.weight, entry.active, entry.inactive].map(u64::from);
    let key = (service.id, Some((dest.addr, dest.port)));
    Row {
        name: format!("  -> {host}"),
        method: method.to_owned(),
        state,
        tone,
        numbers: numbers(own, &entry.stats),
        sparks: history.take(key, counters(&entry.stats)),
    }
}

fn state(entry: &DestEntry) -> (String, Tone) {
    match (entry.state(), entry.drain, entry.ramp) {
        (DestState::Draining, Some(drain), _) => {
            let text = match drain.asked.seconds {
                Some(seconds) => format!("drain {}", time(seconds)),
                None => "drain".to_owned(),
            };
            (text, Tone::Quiet)
        }
        (DestState::Starting, _, Some(ramp)) => (
            format!("slow {}% {}", ramp.percent, time(ramp.seconds)),
            Tone::Starting,
        ),
        (DestState::Quiescent, Some(_), _) => ("drained".to_owned(), Tone::Quiet),
        (DestState::Quiescent, ..) => ("weight 0".to_owned(), Tone::Quiet),
        _ => (String::new(), Tone::Plain),
    }
}

/// A time in six characters.
fn time(seconds: u32) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86400, seconds / 3600 % 24),
    }
}

fn counters(stats: &Stats) -> [u64; RATES] {
    [
        stats.conns,
        stats.inpkts,
        stats.outpkts,
        stats.inbytes,
        stats.outbytes,
    ]
}

fn numbers([weight, active, inactive]: [u64; 3], stats: &Stats) -> [u64; Column::ALL.len()] {
    Column::ALL.map(|column| match column {
        Column::Weight => weight,
        Column::Active => active,
        Column::Conns => stats.cps,
        Column::InPackets => stats.inpps,
        Column::InBytes => stats.inbps,
        Column::OutBytes => stats.outbps,
        Column::OutPackets => stats.outpps,
        Column::Inactive => inactive,
    })
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

    /// Its rows.
    pub(in super::super) fn sample() -> Vec<Group> {
        groups(&entries(), &mut History::default())
    }

    fn rows(selection: &Selection) -> Vec<Row> {
        let groups = sample();
        let order = order(&groups, selection);
        let rows = order.iter().filter_map(|place| at(&groups, place));
        rows.cloned().collect()
    }

    fn names(selection: &Selection) -> Vec<String> {
        rows(selection).into_iter().map(|row| row.name).collect()
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
        let numbers = rows(&all)[0].numbers;
        assert_eq!((numbers[0], numbers[1], numbers[7]), (2, 2, 4));
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
            filter: "Tcp".to_owned(),
            services_only: true,
            ..Selection::default()
        };
        assert_eq!(names(&selection), ["TCP 10.0.0.1:80"]);
    }

    #[test]
    fn a_server_says_what_it_does_and_how_long_yet() {
        let mut entry = entries()[0].dests[0];
        assert_eq!(state(&entry), (String::new(), Tone::Plain));
        entry.ramp = Some(Ramp {
            seconds: 12,
            percent: 40,
        });
        assert_eq!(state(&entry), ("slow 40% 12s".to_owned(), Tone::Starting));
        entry.dest.weight = 0;
        assert_eq!(state(&entry).0, "weight 0");
        let mut drain = Drain::default();
        for (seconds, text) in [
            (None, "drain"),
            (Some(299), "drain 4m59s"),
            (Some(7260), "drain 2h01m"),
            (Some(90_000), "drain 1d01h"),
        ] {
            drain.asked = DrainRequest {
                seconds,
                ..DrainRequest::default()
            };
            entry.drain = Some(drain);
            assert_eq!(state(&entry), (text.to_owned(), Tone::Quiet));
        }
        drain.is_over = true;
        entry.drain = Some(drain);
        assert_eq!(state(&entry).0, "drained");
    }
}
