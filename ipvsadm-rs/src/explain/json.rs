// SPDX-License-Identifier: MIT OR GPL-2.0

//! An explanation for programs, as JSON. The README has its schema.

use std::net::IpAddr;

use serde::Serialize;

use lvs_uapi::flags;

use crate::model::explain::Early;
use crate::model::explain::End;
use crate::model::explain::Found;
use crate::model::explain::Judged;
use crate::model::explain::Near;
use crate::model::explain::Rule;
use crate::model::explain::Way;
use crate::model::ServiceEntry;

use super::delivery::Delivery;
use super::front::Front;
use super::front::Verdict;
use super::text::method;
use super::Told;

/// Changes when a field goes or changes its meaning.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    protocol: &'static str,
    client: IpAddr,
    client_port: Option<u16>,
    address: IpAddr,
    port: u16,
    mark: u32,
    device: Option<&'a str>,
    delivery: Option<&'static str>,
    connection: Option<Entry<'a>>,
    rules: Vec<Asked>,
    service: Option<Service<'a>>,
    template: Option<Entry<'a>>,
    outcome: &'static str,
    reason: Option<&'a str>,
    chosen_by: Option<&'static str>,
    server: Option<Address>,
    way: Option<Path<'a>>,
    servers: Vec<Server>,
    connections: u32,
    connections_most: u32,
    drop_rate: u32,
    near: Vec<Miss>,
    near_count: u32,
}

#[derive(Serialize)]
struct Miss {
    family: &'static str,
    protocol: Option<&'static str>,
    address: Option<IpAddr>,
    port: Option<u16>,
    mark: Option<u32>,
    reason: &'static str,
}

#[derive(Serialize)]
struct Address {
    address: IpAddr,
    port: u16,
}

#[derive(Serialize)]
struct Asked {
    by: &'static str,
    answer: &'static str,
}

#[derive(Serialize)]
struct Service<'a> {
    family: &'static str,
    protocol: Option<&'static str>,
    address: Option<IpAddr>,
    port: Option<u16>,
    mark: Option<u32>,
    scheduler: &'a str,
    persistent_seconds: Option<u32>,
    persistence_engine: Option<&'a str>,
    one_packet: bool,
    tcp_timeout_seconds: Option<u32>,
    tcp_fin_timeout_seconds: Option<u32>,
    udp_timeout_seconds: Option<u32>,
    sctp_timeout_seconds: Option<u32>,
    on_expiry: &'static str,
    slow_start_seconds: Option<u32>,
}

#[derive(Serialize)]
struct Entry<'a> {
    state: &'a str,
    seconds_left: u32,
    seconds_old: u32,
    packets: u32,
    packets_or_more: bool,
    server: Address,
    orphaned: bool,
    replaced: bool,
    synced: bool,
    controlled: bool,
    way: Option<Path<'a>>,
}

#[derive(Serialize)]
struct Path<'a> {
    forward: &'static str,
    reason: Option<&'a str>,
    device: Option<String>,
    device_index: Option<u32>,
    next_hop: Option<IpAddr>,
    mtu: Option<u32>,
    source: Option<IpAddr>,
    early_path: bool,
    early_path_reason: Option<&'static str>,
    xdp: Option<bool>,
    xdp_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Server {
    address: IpAddr,
    port: u16,
    forward: &'static str,
    weight: u32,
    active_connections: u32,
    inactive_connections: u32,
    upper_threshold: u32,
    verdict: &'static str,
}

/// As JSON, with a newline. `name_of` names devices.
pub(super) fn document(told: &Told, name_of: &dyn Fn(u32) -> Option<String>) -> String {
    let (question, answer, front) = (&told.question, &told.answer, &told.front);
    let namer = Namer { name_of, front };
    let asked = |&(rule, answer): &(Rule, crate::model::explain::Answer)| Asked {
        by: rule.word(),
        answer: answer.word(),
    };
    let document = Document {
        schema: SCHEMA,
        protocol: question.protocol.service_name().unwrap_or_default(),
        client: question.client,
        client_port: question.client_port,
        address: question.addr,
        port: question.port,
        mark: question.mark,
        device: told.device.as_deref(),
        delivery: told.delivery.as_ref().map(|delivery| match delivery {
            Delivery::Here => "here",
            Delivery::Elsewhere => "elsewhere",
            Delivery::Refused(_) => "refused",
        }),
        connection: answer.conn.as_ref().map(|conn| entry(conn, &namer)),
        rules: answer.rules.iter().map(asked).collect(),
        service: answer.service.as_ref().map(service),
        template: answer.template.as_ref().map(|conn| entry(conn, &namer)),
        outcome: answer.outcome.word(),
        reason: answer.reason.as_deref(),
        chosen_by: answer.by.map(|by| by.word()),
        server: answer.server.map(address),
        way: answer.way.as_ref().map(|way| path(way, &namer)),
        servers: answer.servers.iter().map(server).collect(),
        connections: answer.conns,
        connections_most: answer.most_conns,
        drop_rate: answer.drop_rate,
        near: answer.near.iter().map(miss).collect(),
        near_count: answer.near_count,
    };
    // Structs of numbers and strings always have a JSON form.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// What names devices, and knows what they have.
struct Namer<'a> {
    name_of: &'a dyn Fn(u32) -> Option<String>,
    front: &'a Front,
}

fn miss(near: &Near) -> Miss {
    let (protocol, address, port, mark) = near.service.parts();
    Miss {
        family: near.service.family().word(),
        protocol,
        address,
        port,
        mark,
        reason: near.why.word(),
    }
}

fn address(end: End) -> Address {
    Address {
        address: end.addr,
        port: end.port,
    }
}

fn service(entry: &ServiceEntry) -> Service<'_> {
    let service = &entry.service;
    let (protocol, addr, port, mark) = service.id.parts();
    let extras = service.extras.normal();
    let is_persistent = service.has(flags::service::PERSISTENT);
    Service {
        family: service.id.family().word(),
        protocol,
        address: addr,
        port,
        mark,
        scheduler: &service.scheduler,
        persistent_seconds: is_persistent.then_some(service.timeout),
        persistence_engine: service.pe.as_deref(),
        one_packet: service.has(flags::service::ONEPACKET),
        tcp_timeout_seconds: extras.tcp_timeout,
        tcp_fin_timeout_seconds: extras.tcp_fin_timeout,
        udp_timeout_seconds: extras.udp_timeout,
        sctp_timeout_seconds: extras.sctp_timeout,
        on_expiry: extras.on_expiry.unwrap_or_default().word(),
        slow_start_seconds: extras.slow_start,
    }
}

fn entry<'a>(conn: &'a Found, namer: &Namer<'_>) -> Entry<'a> {
    Entry {
        state: &conn.state,
        seconds_left: conn.left,
        seconds_old: conn.age,
        packets: conn.packets,
        packets_or_more: conn.packets >= Found::MANY,
        server: address(conn.server),
        orphaned: conn.is_orphaned,
        replaced: conn.is_replaced,
        synced: conn.is_synced,
        controlled: conn.is_controlled,
        way: conn.way.as_ref().map(|way| path(way, namer)),
    }
}

fn path<'a>(way: &'a Way, namer: &Namer<'_>) -> Path<'a> {
    let hop = way.hop.as_ref();
    let is_early = way.early == Early::Taken;
    let verdict = namer.front.verdict(way);
    let xdp = match verdict {
        Verdict::Unknown => None,
        verdict => Some(verdict == Verdict::Attached(Early::Taken)),
    };
    Path {
        forward: method(way.forward),
        reason: way.reason.as_deref(),
        device: hop.and_then(|hop| (namer.name_of)(hop.device)),
        device_index: hop.map(|hop| hop.device),
        next_hop: hop.map(|hop| hop.addr),
        mtu: hop.map(|hop| hop.mtu),
        source: hop.and_then(|hop| hop.source),
        early_path: is_early,
        early_path_reason: (!is_early).then(|| way.early.word()),
        xdp,
        xdp_reason: (xdp != Some(true)).then(|| verdict.word()),
    }
}

fn server(judged: &Judged) -> Server {
    let entry = &judged.entry;
    Server {
        address: entry.dest.addr,
        port: entry.dest.port,
        forward: method(entry.dest.forward),
        weight: entry.dest.weight,
        active_connections: entry.active,
        inactive_connections: entry.inactive,
        upper_threshold: entry.dest.u_threshold,
        verdict: judged.verdict.word(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// Byte for byte: whoever reads it may rely on names, order and kinds of values.
    #[test]
    fn the_document_is_as_it_was() {
        let name_of = |device| (device == 4).then(|| "eth1".to_owned());
        let text = document(&sample::told(), &name_of);
        assert_eq!(text, include_str!("expected.json"));
    }
}
