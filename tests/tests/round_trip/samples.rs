// SPDX-License-Identifier: MIT OR GPL-2.0

//! A value of each attribute, and all combinations of them.

use super::*;

pub(super) fn addr(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// Every kind of name that a service can have.
pub(super) fn ids() -> Vec<ServiceId> {
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
pub(super) fn services() -> Vec<Service> {
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

pub(super) fn tunnels() -> Vec<Tunnel> {
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
pub(super) fn slowly(scheduler: &str, extras: Extras) -> Extras {
    let slow_start = extras.on_expiry.map(|_| 30);
    Extras {
        slow_start: slow_start.filter(|_| starts_slowly(scheduler)),
        ..extras
    }
}

/// What services may have beyond ip_vs's: nothing, each for itself, and all of it.
pub(super) fn extras() -> Vec<Extras> {
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
pub(super) fn servers(id: &ServiceId) -> Vec<Dest> {
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
pub(super) fn daemons() -> Vec<Daemon> {
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

pub(super) const TIMEOUTS: Timeouts = Timeouts {
    tcp: 900,
    tcp_fin: 120,
    udp: 300,
};

pub(super) fn stats() -> Stats {
    Stats {
        conns: 1,
        inbytes: 2,
        ..Stats::default()
    }
}

/// Every other server of weight 0 is drained, and has another weight when it returns.
pub(super) fn drain_of(dest: &Dest) -> Option<Drain> {
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
pub(super) fn tables() -> Vec<Vec<TableEntry>> {
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
