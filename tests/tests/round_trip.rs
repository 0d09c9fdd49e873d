// SPDX-License-Identifier: MIT OR GPL-2.0

//! Every attribute of the model survives every form it can be said in: saved command lines, JSON,
//! TOML, netlink and socket options.
//!
//! All combinations are tried, so a new attribute belongs into [`services`], [`servers`] or
//! [`daemons`].

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

fn addr(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// Every kind of name that a service can have.
fn ids() -> Vec<ServiceId> {
    let mut ids = Vec::new();
    for protocol in [Protocol::TCP, Protocol::UDP, Protocol::SCTP] {
        for (addr, port) in [(addr("10.0.0.1"), 80), (addr("2001:db8::1"), 65535)] {
            ids.push(ServiceId::Address {
                protocol,
                addr,
                port,
            });
        }
    }
    for family in [Family::V4, Family::V6] {
        for mark in [1, u32::MAX] {
            ids.push(ServiceId::Mark { mark, family });
        }
    }
    ids
}

/// Every combination of a service's attributes.
fn services() -> Vec<Service> {
    use flags::service::*;

    let all = SCHED1 | SCHED2 | SCHED3;
    let schedulers = [
        ("rr", 0),
        ("rr", SCHED1),
        ("rr", SCHED2),
        ("rr", SCHED3),
        ("rr", all),
        ("sh", SCHED1),
        ("sh", all),
        ("mh", SCHED2),
        ("mh", all),
        ("mh", SCHED_MH_AGREE),
        ("mh", all | SCHED_MH_AGREE),
        ("none", 0),
        ("fifteenletters0", 0),
    ];
    let all_extras = extras();
    let mut services = Vec::new();
    for id in ids() {
        let netmasks = match id.family() {
            Family::V4 => [[255; 4], [255, 255, 255, 0], [255, 0, 255, 0]]
                .map(|mask| Netmask::V4(mask.into())),
            Family::V6 => [128, 64, 1].map(Netmask::V6),
        };
        for (persistent, timeout) in [(0, 0), (PERSISTENT, 1), (PERSISTENT, 2678400)] {
            for netmask in netmasks {
                for pe in [None, Some("sip".to_owned())] {
                    // Only UDP's packets may be scheduled one by one.
                    let can_be_one_packet = id
                        .protocol()
                        .is_none_or(|protocol| protocol == Protocol::UDP);
                    let one_packet = if can_be_one_packet { ONEPACKET } else { 0 };
                    for (scheduler, sched_flags) in schedulers {
                        services.push(Service {
                            id,
                            scheduler: scheduler.to_owned(),
                            flags: persistent | one_packet | sched_flags,
                            timeout,
                            netmask,
                            pe: pe.clone(),
                            extras: slowly(
                                scheduler,
                                all_extras[services.len() % all_extras.len()],
                            ),
                        });
                    }
                }
            }
        }
    }
    services
}

fn tunnels() -> Vec<Tunnel> {
    use flags::tunnel::*;

    let mut tunnels = vec![Tunnel::default()];
    for flags in [FLAG_NOCSUM, FLAG_CSUM] {
        let (kind, port) = (TYPE_GRE, 0);
        tunnels.push(Tunnel { kind, port, flags });
    }
    for flags in [FLAG_NOCSUM, FLAG_CSUM, FLAG_REMCSUM] {
        for port in [1, 65535] {
            let kind = TYPE_GUE;
            tunnels.push(Tunnel { kind, port, flags });
        }
    }
    tunnels
}

/// With a slow start besides, where the scheduler allows it.
fn slowly(scheduler: &str, extras: Extras) -> Extras {
    let slow_start = extras.on_expiry.map(|_| 30);
    Extras {
        slow_start: slow_start.filter(|_| starts_slowly(scheduler)),
        ..extras
    }
}

/// What services may have beyond ip_vs's: nothing, each for itself, and all of it.
fn extras() -> Vec<Extras> {
    let none = Extras::default();
    let times = [
        Extras {
            tcp_timeout: Some(1),
            ..none
        },
        Extras {
            tcp_fin_timeout: Some(2_678_400),
            ..none
        },
        Extras {
            udp_timeout: Some(3),
            ..none
        },
        Extras {
            sctp_timeout: Some(4),
            ..none
        },
    ];
    let words = [OnExpiry::Silent, OnExpiry::Reset].map(|what| Extras {
        on_expiry: Some(what),
        ..none
    });
    let all = Extras {
        tcp_timeout: Some(1),
        tcp_fin_timeout: Some(2),
        udp_timeout: Some(3),
        sctp_timeout: Some(4),
        on_expiry: Some(OnExpiry::Reset),
        slow_start: None,
    };
    let mut extras = vec![none, all];
    extras.extend(times);
    extras.extend(words);
    // Their number has no divisor in common with the other attributes'.
    extras.extend([none; 3]);
    extras
}

/// Every combination of a server's attributes.
fn servers(id: &ServiceId) -> Vec<Dest> {
    let port_of_service = match *id {
        ServiceId::Address { port, .. } => port,
        ServiceId::Mark { .. } => 8080,
    };
    let mut methods = vec![
        (Forward::Masq, Tunnel::default()),
        (Forward::Route, Tunnel::default()),
    ];
    methods.extend(
        tunnels()
            .into_iter()
            .map(|tunnel| (Forward::Tunnel, tunnel)),
    );
    let mut servers = Vec::new();
    for (forward, tunnel) in methods {
        for addr in [addr("10.0.0.2"), addr("2001:db8::2")] {
            // Only a tunnel leads to the other family, and only translation to another port.
            if forward != Forward::Tunnel && Family::of(addr) != id.family() {
                continue;
            }
            let port = if forward == Forward::Masq {
                8081
            } else {
                port_of_service
            };
            for weight in [0, 1, i32::MAX as u32] {
                for (u_threshold, l_threshold) in [(0, 0), (100, 0), (100, 50)] {
                    servers.push(Dest {
                        addr,
                        port,
                        forward,
                        tunnel,
                        weight,
                        u_threshold,
                        l_threshold,
                    });
                }
            }
        }
    }
    servers
}

/// Every combination of a daemon's attributes.
fn daemons() -> Vec<Daemon> {
    let mut daemons = Vec::new();
    for role in [Role::Master, Role::Backup] {
        for max_len in [None, Some(1400)] {
            for group in [None, Some(addr("224.0.0.81")), Some(addr("ff02::81"))] {
                for port in [None, Some(8849)] {
                    for ttl in [None, Some(3)] {
                        daemons.push(Daemon {
                            role,
                            interface: "eth0".to_owned(),
                            sync_id: 255,
                            max_len,
                            group,
                            port,
                            ttl,
                        });
                    }
                }
            }
        }
    }
    daemons
}

const TIMEOUTS: Timeouts = Timeouts {
    tcp: 900,
    tcp_fin: 120,
    udp: 300,
};

fn stats() -> Stats {
    Stats {
        conns: 1,
        inbytes: 2,
        ..Stats::default()
    }
}

/// Every other server of weight 0 is drained, and has another weight when it returns.
fn drain_of(dest: &Dest) -> Option<Drain> {
    (dest.weight == 0 && dest.port % 2 == 0).then_some(Drain {
        asked: DrainRequest {
            seconds: Some(30),
            then: Then::Reset,
            persistent: Persistent::Keep,
        },
        is_over: false,
        weight: 5,
        has_left: false,
    })
}

/// Tables that together have every service and every server: a service is in only one entry of
/// each, and so is a server in its service.
fn tables() -> Vec<Vec<TableEntry>> {
    let mut tables: Vec<Vec<TableEntry>> = Vec::new();
    for id in ids() {
        let servers = servers(&id);
        let of_id = services().into_iter().filter(|service| service.id == id);
        for (i, service) in of_id.enumerate() {
            let first = servers[i % servers.len()];
            let other = servers.iter().find(|other| other.addr != first.addr);
            let dests = std::iter::once(first).chain(other.copied());
            let dests = dests.map(|dest| DestEntry {
                dest,
                active: 1,
                inactive: 2,
                persistent: 3,
                drain: drain_of(&dest),
                ramp: (dest.weight > 1).then_some(Ramp {
                    seconds: 5,
                    percent: 50,
                }),
                stats: stats(),
            });
            let dests = dests.collect();
            let stats = stats();
            let entry = ServiceEntry { service, stats };
            if tables.len() <= i {
                tables.push(Vec::new());
            }
            tables[i].push(TableEntry { entry, dests });
        }
    }
    tables
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
