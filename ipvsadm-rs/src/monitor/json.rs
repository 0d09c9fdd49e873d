// SPDX-License-Identifier: MIT OR GPL-2.0

//! Lines for programs: an object of JSON each, whose members come in one order. A member that says
//! nothing about an event is absent. Services and servers have the members that listings have.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use serde::Serialize;

use crate::document::schema;
use crate::document::schema::FamilyName;
use crate::document::schema::Seconds;
use crate::model::event::Event;
use crate::model::event::Kind;
use crate::model::event::Subject;
use crate::model::extras::OnExpiry;
use crate::model::DestEntry;
use crate::model::Service;
use crate::model::ServiceId;

use super::clock;
use super::Line;

#[cfg(test)]
#[path = "samples.rs"]
pub(super) mod samples;

/// Changes when a member goes or changes its meaning, not when one is added.
const SCHEMA: u32 = 1;

#[derive(Default, Serialize)]
struct Object {
    time: String,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<ServicePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<ServerPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_sync: Option<bool>,
}

/// A service: its name, and its settings if it is there.
#[derive(Serialize)]
struct ServicePart {
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fwmark: Option<u32>,
    family: Option<FamilyName>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
}

#[derive(Serialize)]
struct Settings {
    scheduler: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scheduler_flags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    persistent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netmask: Option<Ipv4Addr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    persistence_engine: Option<String>,
    one_packet: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp_timeout: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp_fin_timeout: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    udp_timeout: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sctp_timeout: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_expiry: Option<OnExpiry>,
}

/// A server: its name, or as listings have it.
#[derive(Serialize)]
#[serde(untagged)]
enum ServerPart {
    Name { address: IpAddr, port: u16 },
    Whole(Box<schema::Server>),
}

/// How many services and servers a transaction changed.
#[derive(Serialize)]
struct Changes {
    services_added: u32,
    services_changed: u32,
    services_removed: u32,
    servers_added: u32,
    servers_changed: u32,
    servers_removed: u32,
    told: bool,
}

/// A line; what isn't an event has the time `now`.
pub(super) fn line(line: &Line<'_>, now: u64) -> String {
    let object = match line {
        Line::Listening { generation, last } => Object {
            time: clock::written(now),
            event: "listening".to_owned(),
            schema: Some(SCHEMA),
            sequence: Some(*last),
            generation: Some(*generation),
            ..Object::default()
        },
        Line::Lost(count) => Object {
            time: clock::written(now),
            event: "lost".to_owned(),
            count: Some(*count),
            ..Object::default()
        },
        Line::Event(event) => of_event(event),
    };
    // Its keys are words and its values plain: this doesn't fail.
    serde_json::to_string(&object).unwrap_or_default()
}

fn of_event(event: &Event) -> Object {
    let summary = &event.summary;
    Object {
        time: clock::written(event.time),
        event: event.kind.word(),
        sequence: Some(event.sequence),
        generation: Some(event.generation),
        service: event.service.as_ref().map(of_service),
        server: event.server.as_ref().map(of_server),
        outcome: event.outcome.map(|outcome| outcome.word()),
        count: (event.kind == Kind::Cleared).then_some(summary.services_removed.into()),
        changes: (event.kind == Kind::Committed).then_some(Changes {
            services_added: summary.services_added,
            services_changed: summary.services_changed,
            services_removed: summary.services_removed,
            servers_added: summary.servers_added,
            servers_changed: summary.servers_changed,
            servers_removed: summary.servers_removed,
            told: summary.is_told,
        }),
        phase: event.sync.map(|(phase, _)| phase.to_string()),
        in_sync: event.sync.map(|(_, is_in_sync)| is_in_sync),
        ..Object::default()
    }
}

fn of_service(service: &Subject<ServiceId, Service>) -> ServicePart {
    let (document, is_whole) = match service {
        Subject::Whole(service) => (schema::Service::from(service), true),
        Subject::Name(id) => (schema::Service::from(&Service::named(*id)), false),
    };
    ServicePart {
        protocol: document.protocol,
        address: document.address,
        port: document.port,
        fwmark: document.fwmark,
        family: document.family,
        settings: is_whole.then_some(Settings {
            scheduler: document.scheduler,
            scheduler_flags: document.scheduler_flags,
            persistent: document.persistent,
            netmask: document.netmask,
            prefix_length: document.prefix_length,
            persistence_engine: document.persistence_engine,
            one_packet: document.one_packet,
            tcp_timeout: document.tcp_timeout,
            tcp_fin_timeout: document.tcp_fin_timeout,
            udp_timeout: document.udp_timeout,
            sctp_timeout: document.sctp_timeout,
            on_expiry: document.on_expiry,
        }),
    }
}

fn of_server(server: &Subject<DestEntry, DestEntry>) -> ServerPart {
    match server {
        Subject::Name(entry) => ServerPart::Name {
            address: entry.dest.addr,
            port: entry.dest.port,
        },
        Subject::Whole(entry) => ServerPart::Whole(Box::new(schema::Server {
            stats: None,
            rate: None,
            ..schema::Server::from(entry)
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_these_bytes() {
        let lines: Vec<String> = samples::lines()
            .iter()
            .map(|sample| line(sample, samples::NOW))
            .collect();
        assert_eq!(lines.join("\n") + "\n", include_str!("expected.json"));
    }
}
