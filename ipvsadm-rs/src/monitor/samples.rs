// SPDX-License-Identifier: MIT OR GPL-2.0

//! A line of each kind, for tests of how they are printed.

use std::sync::LazyLock;

use lvs_uapi::flags::service as flag;
use lvs_uapi::lvs::sync_phase;

use crate::model::drain::Drain;
use crate::model::drain::DrainRequest;
use crate::model::drain::Persistent;
use crate::model::drain::Then;
use crate::model::event::Event;
use crate::model::event::Kind;
use crate::model::event::Outcome;
use crate::model::event::Subject;
use crate::model::event::Summary;
use crate::model::extras::Extras;
use crate::model::extras::OnExpiry;
use crate::model::sync::Phase;
use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Netmask;
use crate::model::Protocol;
use crate::model::Service;
use crate::model::ServiceId;
use crate::model::Stats;
use crate::model::Tunnel;

use super::super::Line;

/// The time of what isn't an event.
pub(in super::super) const NOW: u64 = 1_764_493_200_000;

/// The lines.
pub(in super::super) fn lines() -> Vec<Line<'static>> {
    static EVENTS: LazyLock<Vec<Event>> = LazyLock::new(events);
    let listening = Line::Listening {
        generation: 6,
        last: 40,
    };
    let mut lines = vec![listening];
    lines.extend(EVENTS.iter().map(Line::Event));
    lines.extend([Line::Lost(1), Line::Lost(1234)]);
    lines
}

fn service() -> Service {
    Service {
        id: ServiceId::Address {
            protocol: Protocol::TCP,
            addr: [10, 0, 1, 1].into(),
            port: 80,
        },
        scheduler: "wlc".to_owned(),
        flags: 0,
        timeout: 0,
        netmask: Netmask::host(Family::V4),
        pe: None,
        extras: Extras::default(),
    }
}

fn marked() -> Service {
    Service {
        id: ServiceId::Mark {
            mark: 5,
            family: Family::V6,
        },
        scheduler: "sh".to_owned(),
        flags: flag::PERSISTENT | flag::SCHED1,
        timeout: 300,
        netmask: Netmask::V6(64),
        pe: None,
        extras: Extras {
            tcp_timeout: Some(7200),
            on_expiry: Some(OnExpiry::Reset),
            ..Extras::default()
        },
    }
}

fn server(weight: u32, drain: Option<Drain>) -> DestEntry {
    DestEntry {
        dest: Dest {
            addr: [10, 0, 2, 2].into(),
            port: 8080,
            forward: Forward::Masq,
            tunnel: Tunnel::default(),
            weight,
            u_threshold: 4,
            l_threshold: 2,
        },
        active: 3,
        inactive: 1,
        persistent: 0,
        drain,
        ramp: None,
        stats: Stats::default(),
    }
}

fn drain(is_over: bool) -> Drain {
    Drain {
        asked: DrainRequest {
            seconds: Some(if is_over { 0 } else { 30 }),
            then: Then::Reset,
            persistent: Persistent::Move,
        },
        is_over,
        weight: 2,
        has_left: false,
    }
}

fn bare(kind: Kind) -> Event {
    Event {
        kind,
        sequence: 0,
        time: 0,
        generation: 7,
        service: None,
        server: None,
        outcome: None,
        summary: Summary::default(),
        sync: None,
    }
}

fn of_service(kind: Kind, service: Service) -> Event {
    Event {
        service: Some(Subject::Whole(service)),
        ..bare(kind)
    }
}

fn of_server(kind: Kind, entry: DestEntry) -> Event {
    Event {
        service: Some(Subject::Name(service().id)),
        server: Some(Subject::Whole(entry)),
        ..bare(kind)
    }
}

fn events() -> Vec<Event> {
    let removed = |kind, server: Option<DestEntry>| Event {
        service: Some(Subject::Name(service().id)),
        server: server.map(Subject::Name),
        ..bare(kind)
    };
    let mut events = vec![
        of_service(Kind::ServiceAdded, service()),
        of_service(Kind::ServiceChanged, marked()),
        removed(Kind::ServiceRemoved, None),
        of_server(Kind::ServerAdded, server(2, None)),
        of_server(Kind::ServerChanged, server(0, None)),
        removed(Kind::ServerRemoved, Some(server(0, None))),
        of_server(Kind::Drained, server(0, Some(drain(false)))),
        of_server(Kind::Undrained, server(2, None)),
        Event {
            outcome: Some(Outcome::Reset),
            ..of_server(Kind::DrainEnded, server(0, Some(drain(true))))
        },
        of_server(Kind::Overloaded, server(2, None)),
        of_server(Kind::Available, server(2, None)),
        bare(Kind::Cleared),
        bare(Kind::Committed),
        Event {
            sync: Some((Phase(sync_phase::IN_SYNC), true)),
            ..bare(Kind::Synchronisation)
        },
        bare(Kind::Other(77)),
    ];
    for (number, event) in (41..).zip(&mut events) {
        event.sequence = number;
        event.time = NOW + number;
        event.summary = Summary {
            services_added: 1,
            services_changed: 2,
            services_removed: 3,
            servers_added: 4,
            servers_changed: 5,
            servers_removed: 6,
            is_told: true,
        };
    }
    events
}
