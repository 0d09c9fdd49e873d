// SPDX-License-Identifier: MIT OR GPL-2.0

//! An explanation for tests.

use lvs_uapi::flags;

use crate::model::explain::Answer;
use crate::model::explain::By;
use crate::model::explain::Early;
use crate::model::explain::End;
use crate::model::explain::Explanation;
use crate::model::explain::Found;
use crate::model::explain::Hop;
use crate::model::explain::Judged;
use crate::model::explain::Near;
use crate::model::explain::Outcome;
use crate::model::explain::Question;
use crate::model::explain::Rule;
use crate::model::explain::Verdict;
use crate::model::explain::Way;
use crate::model::explain::Why;
use crate::model::extras::Extras;
use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Netmask;
use crate::model::Protocol;
use crate::model::Service;
use crate::model::ServiceEntry;
use crate::model::ServiceId;
use crate::model::Stats;
use crate::model::Tunnel;

use super::delivery::Delivery;
use super::front::Front;
use super::Told;

fn server(host: u8, verdict: Verdict) -> Judged {
    let is_chosen = verdict == Verdict::Chosen;
    let entry = DestEntry {
        dest: Dest {
            addr: [10, 0, 2, host].into(),
            port: 8080,
            forward: Forward::Masq,
            tunnel: Tunnel::default(),
            weight: is_chosen.into(),
            u_threshold: if is_chosen { 5 } else { 0 },
            l_threshold: 0,
        },
        active: is_chosen.into(),
        inactive: 0,
        persistent: 0,
        drain: None,
        ramp: None,
        stats: Stats::default(),
    };
    Judged { entry, verdict }
}

/// A persistent client's second connection while the first one is there.
pub(super) fn told() -> Told {
    let server_end = End {
        addr: [10, 0, 2, 11].into(),
        port: 8080,
    };
    let way = Way {
        forward: Forward::Masq,
        reason: None,
        hop: Some(Hop {
            device: 4,
            addr: server_end.addr,
            mtu: 1500,
            source: None,
        }),
        early: Early::Off,
        xdp: Some(Early::Taken),
    };
    let conn = Found {
        state: "ESTABLISHED".to_owned(),
        left: 890,
        age: 10,
        packets: Found::MANY,
        server: server_end,
        is_orphaned: false,
        is_replaced: false,
        is_synced: false,
        is_controlled: false,
        way: Some(way.clone()),
    };
    let template = Found {
        state: "ASSURED".to_owned(),
        left: 290,
        packets: 1,
        way: None,
        ..conn.clone()
    };
    let id = ServiceId::Address {
        protocol: Protocol::TCP,
        addr: [10, 0, 1, 100].into(),
        port: 80,
    };
    let service = Service {
        id,
        scheduler: "wlc".to_owned(),
        flags: flags::service::PERSISTENT,
        timeout: 300,
        netmask: Netmask::host(Family::V4),
        pe: None,
        extras: Extras {
            tcp_timeout: Some(900),
            ..Extras::default()
        },
    };
    let other = |protocol, port| ServiceId::Address {
        protocol,
        addr: [10, 0, 1, 100].into(),
        port,
    };
    let near = vec![
        Near {
            service: other(Protocol::UDP, 80),
            why: Why::OtherProtocol,
        },
        Near {
            service: ServiceId::Mark {
                mark: 7,
                family: Family::V4,
            },
            why: Why::OtherMark,
        },
    ];
    Told {
        question: Question {
            protocol: Protocol::TCP,
            client: [10, 0, 1, 7].into(),
            client_port: Some(4711),
            addr: [10, 0, 1, 100].into(),
            port: 80,
            mark: 0,
        },
        device: Some("eth0".to_owned()),
        delivery: Some(Delivery::Here),
        front: Front {
            attached: Some(vec!["eth0".to_owned()]),
            device: Some("eth0".to_owned()),
        },
        answer: Explanation {
            conn: Some(conn),
            rules: vec![
                (Rule::Mark, Answer::Inapplicable),
                (Rule::Port, Answer::Found),
                (Rule::FtpData, Answer::Unasked),
                (Rule::AnyPort, Answer::Unasked),
            ],
            service: Some(ServiceEntry {
                service,
                stats: Stats::default(),
            }),
            near,
            near_count: 5,
            template: Some(template),
            outcome: Outcome::Sent,
            reason: None,
            by: Some(By::Template),
            server: Some(server_end),
            way: Some(way),
            servers: vec![server(12, Verdict::Quiescent), server(11, Verdict::Chosen)],
            drop_rate: 0,
            conns: 2,
            most_conns: 1000,
        },
    }
}
