// SPDX-License-Identifier: MIT OR GPL-2.0

//! Every attribute of the model survives every form it can be said in: saved command lines, JSON,
//! TOML, netlink and socket options.
//!
//! All combinations are tried, so a new attribute belongs into `services`, `servers` or
//! `daemons` of `samples.rs`.

use std::net::IpAddr;

use ipvsadm::apply::file;
use ipvsadm::apply::state::Entry;
use ipvsadm::apply::State;
use ipvsadm::change::Change;
use ipvsadm::cli::address::Resolver;
use ipvsadm::cli::parse::parse;
use ipvsadm::cli::Command;
use ipvsadm::document::schema;
use ipvsadm::document::to_json;
use ipvsadm::document::Document;
use ipvsadm::model::drain::Drain;
use ipvsadm::model::drain::DrainRequest;
use ipvsadm::model::drain::Persistent;
use ipvsadm::model::drain::Then;
use ipvsadm::model::extras::starts_slowly;
use ipvsadm::model::extras::Extras;
use ipvsadm::model::extras::OnExpiry;
use ipvsadm::model::extras::Ramp;
use ipvsadm::model::Daemon;
use ipvsadm::model::Dest;
use ipvsadm::model::DestEntry;
use ipvsadm::model::Family;
use ipvsadm::model::Forward;
use ipvsadm::model::Netmask;
use ipvsadm::model::Protocol;
use ipvsadm::model::Role;
use ipvsadm::model::Service;
use ipvsadm::model::ServiceEntry;
use ipvsadm::model::ServiceId;
use ipvsadm::model::Stats;
use ipvsadm::model::TableEntry;
use ipvsadm::model::Timeouts;
use ipvsadm::model::Tunnel;
use ipvsadm::netlink::daemon;
use ipvsadm::netlink::dest;
use ipvsadm::netlink::drain::RulesMessage;
use ipvsadm::netlink::extras;
use ipvsadm::netlink::message::Attr;
use ipvsadm::netlink::message::Message;
use ipvsadm::netlink::message::Payload;
use ipvsadm::netlink::requests;
use ipvsadm::netlink::service;
use ipvsadm::render::change::line;
use ipvsadm::render::save;
use ipvsadm::render::Numeric;
use ipvsadm::sockopt::records;
use lvs_uapi::flags;
use lvs_uapi::sockopt::DestEntry as DestRecord;
use lvs_uapi::sockopt::ServiceEntry as ServiceRecord;
use netlink_packet_core::Emitable;
use netlink_packet_core::ParseableParametrized;
use netlink_packet_generic::GenlHeader;

mod samples;

use samples::*;

/// Knows no names.
struct NoNames;

impl Resolver for NoNames {
    fn host(&self, _: &str) -> Option<IpAddr> {
        None
    }

    fn port(&self, _: &str, _: Protocol) -> Option<u16> {
        None
    }
}

/// What a table asks for.
fn state(table: &[TableEntry]) -> State {
    let entry = |item: &TableEntry| Entry {
        service: item.entry.service.clone(),
        dests: item.dests.iter().map(DestEntry::configured).collect(),
    };
    State {
        services: Some(table.iter().map(entry).collect()),
        ..State::default()
    }
}

fn document(table: &[TableEntry]) -> Document {
    Document {
        services: Some(table.iter().map(schema::Service::from).collect()),
        ..Document::default()
    }
}

fn read(text: &str) -> State {
    file::read(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

#[test]
fn all_servers_are_in_the_tables() {
    let tables = tables();
    for id in ids() {
        let of_id = tables
            .iter()
            .flatten()
            .filter(|item| item.entry.service.id == id);
        let there: Vec<Dest> = of_id
            .flat_map(|item| &item.dests)
            .map(|entry| entry.dest)
            .collect();
        for dest in servers(&id) {
            assert!(there.contains(&dest), "{dest:?}");
        }
    }
}

#[test]
fn saved_command_lines() {
    for mut table in tables() {
        let text = save::table(&table, &Numeric);
        // They say weight 0 of a server that is drained.
        for entry in table.iter_mut().flat_map(|item| &mut item.dests) {
            entry.drain = None;
        }
        assert_eq!(read(&text), state(&table), "{text}");
    }
}

#[test]
fn json() {
    for table in tables() {
        let text = to_json(&document(&table));
        assert_eq!(read(&text), state(&table), "{text}");
    }
}

#[test]
fn toml() {
    for table in tables() {
        let text = toml::to_string(&document(&table)).expect("a document");
        assert_eq!(read(&text), state(&table), "{text}");
    }
}

#[test]
fn methods_that_only_documents_can_say() {
    for forward in [Forward::Local, Forward::Other(flags::fwd::BYPASS)] {
        let mut table = tables().swap_remove(0);
        for entry in table.iter_mut().flat_map(|item| &mut item.dests) {
            if entry.dest.forward == Forward::Masq {
                entry.dest.forward = forward;
            }
        }
        assert_eq!(read(&to_json(&document(&table))), state(&table));
    }
}

#[test]
fn daemons_and_timeouts_in_text() {
    for daemon in daemons() {
        let wanted = State {
            timeouts: Some(TIMEOUTS),
            daemons: Some(vec![daemon.clone()]),
            ..State::default()
        };
        let changes = [
            Change::SetTimeouts(TIMEOUTS),
            Change::StartDaemon(daemon.clone()),
        ];
        let lines: Vec<String> = changes.iter().map(line).collect();
        assert_eq!(read(&lines.join("\n")), wanted);
        let document = Document {
            timeouts: Some(TIMEOUTS.into()),
            daemons: Some(vec![(&daemon).into()]),
            ..Document::default()
        };
        assert_eq!(read(&to_json(&document)), wanted);
        assert_eq!(
            read(&toml::to_string(&document).expect("a document")),
            wanted
        );
    }
}

/// Every change of the services, servers, daemons and timeouts above.
fn changes() -> Vec<Change> {
    let mut changes = vec![
        Change::Flush,
        Change::Zero(None),
        Change::SetTimeouts(TIMEOUTS),
        Change::StopDaemon(Role::Master),
        Change::StopDaemon(Role::Backup),
    ];
    changes.extend(daemons().into_iter().map(Change::StartDaemon));
    for service in services() {
        changes.push(Change::AddService(service.clone()));
        changes.push(Change::EditService(service));
    }
    for id in ids() {
        changes.push(Change::DeleteService(id));
        changes.push(Change::Zero(Some(id)));
        for dest in servers(&id) {
            changes.push(Change::AddDest(id, dest));
            changes.push(Change::EditDest(id, dest));
        }
    }
    changes
}

#[test]
fn changes_as_command_lines() {
    for change in changes() {
        let line = line(&change);
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let command = parse(&words, &NoNames).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(command, Command::Change(change), "{line}");
    }
}

/// A request as the kernel would get it.
fn over_netlink(change: &Change) -> Vec<Attr> {
    let request = requests::of(change);
    let sent = Message::request(request.cmd, request.attrs);
    let mut bytes = vec![0; sent.buffer_len()];
    sent.emit(&mut bytes);
    let header = GenlHeader {
        cmd: request.cmd,
        version: 1,
    };
    let got = Message::parse_with_param(&bytes, header).expect("a message");
    assert_eq!(got, sent);
    match got.payload {
        Payload::Attrs(attrs) => attrs,
        Payload::Info(_) => panic!("{change:?} is no information"),
    }
}

/// A message of lvs's own family as the kernel would get it.
fn over_lvs(sent: &RulesMessage) -> RulesMessage {
    let mut bytes = vec![0; sent.buffer_len()];
    sent.emit(&mut bytes);
    let header = GenlHeader {
        cmd: sent.cmd,
        version: 1,
    };
    let got = RulesMessage::parse_with_param(&bytes, header).expect("a message");
    assert_eq!(got, *sent);
    got
}

#[test]
fn netlink() {
    for change in changes() {
        let attrs = over_netlink(&change);
        match (&change, attrs.as_slice()) {
            (Change::AddService(wanted) | Change::EditService(wanted), [Attr::Service(nest)]) => {
                let mut got = service::from_attrs(nest).expect("a service").service;
                // Only lvs's own family has them.
                assert_eq!(extras::request(&change).is_some(), wanted.extras.is_any());
                if let Some(request) = extras::request(&change) {
                    let entry = extras::service_of(&over_lvs(&request)).expect("a reply");
                    got = entry.expect("a service").service;
                }
                assert_eq!(got, *wanted);
            }
            (
                Change::AddDest(id, wanted) | Change::EditDest(id, wanted),
                [Attr::Service(nest), Attr::Dest(dest)],
            ) => {
                let got = dest::from_attrs(dest, id.family()).expect("a server");
                assert_eq!(got.dest, *wanted);
                assert_eq!(
                    service::from_attrs(nest).expect("a service").service.id,
                    *id
                );
            }
            (Change::StartDaemon(wanted), [Attr::Daemon(nest)]) => {
                assert_eq!(daemon::from_attrs(nest).expect("a daemon"), *wanted);
            }
            (Change::DeleteService(id) | Change::Zero(Some(id)), [Attr::Service(nest)]) => {
                assert_eq!(
                    service::from_attrs(nest).expect("a service").service.id,
                    *id
                );
            }
            (Change::StopDaemon(role), [Attr::Daemon(nest)]) => {
                assert_eq!(daemon::from_attrs(nest).expect("a daemon").role, *role);
            }
            (Change::SetTimeouts(wanted), attrs) => {
                let Timeouts { tcp, tcp_fin, udp } = *wanted;
                let wanted = [
                    Attr::TimeoutTcp(tcp),
                    Attr::TimeoutTcpFin(tcp_fin),
                    Attr::TimeoutUdp(udp),
                ];
                assert_eq!(attrs, wanted);
            }
            (Change::Flush | Change::Zero(None), []) => {}
            (change, attrs) => panic!("{change:?} became {attrs:?}"),
        }
    }
}

#[test]
fn socket_options() {
    for wanted in services() {
        let is_beyond =
            wanted.id.family() == Family::V6 || wanted.pe.is_some() || wanted.extras.is_any();
        let record = records::service(&wanted);
        assert_eq!(record.is_none(), is_beyond, "{wanted:?}");
        if let Some(record) = record {
            let reply = ServiceRecord {
                protocol: record.protocol,
                addr: record.addr,
                port: record.port,
                fwmark: record.fwmark,
                sched_name: record.sched_name,
                flags: record.flags,
                timeout: record.timeout,
                netmask: record.netmask,
                ..ServiceRecord::default()
            };
            assert_eq!(ServiceEntry::from(&reply).service, wanted);
        }
    }
    for wanted in ids().iter().flat_map(servers) {
        let is_beyond = wanted.addr.is_ipv6() || wanted.tunnel != Tunnel::default();
        let record = records::dest(&wanted);
        assert_eq!(record.is_none(), is_beyond, "{wanted:?}");
        if let Some(record) = record {
            let reply = DestRecord {
                addr: record.addr,
                port: record.port,
                conn_flags: record.conn_flags,
                weight: record.weight,
                u_threshold: record.u_threshold,
                l_threshold: record.l_threshold,
                ..DestRecord::default()
            };
            assert_eq!(DestEntry::from(&reply).dest, wanted);
        }
    }
    for wanted in daemons() {
        let got = records::parse_daemon(&records::daemon(&wanted)).expect("a daemon");
        let told = Daemon {
            max_len: None,
            group: None,
            port: None,
            ttl: None,
            ..wanted
        };
        assert_eq!(got, told);
    }
    assert_eq!(Timeouts::from(&records::timeouts(&TIMEOUTS)), TIMEOUTS);
}
