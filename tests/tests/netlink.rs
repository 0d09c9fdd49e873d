// SPDX-License-Identifier: MIT OR GPL-2.0

//! Captured messages decode to what was configured, and encode back to the same bytes.

use std::net::IpAddr;

use ipvsadm::model::Family;
use ipvsadm::model::Forward;
use ipvsadm::model::Netmask;
use ipvsadm::model::Protocol;
use ipvsadm::model::Role;
use ipvsadm::model::ServiceId;
use ipvsadm::model::Tunnel;
use ipvsadm::netlink::daemon;
use ipvsadm::netlink::dest;
use ipvsadm::netlink::drain::RulesMessage;
use ipvsadm::netlink::message::Attr;
use ipvsadm::netlink::message::InfoAttr;
use ipvsadm::netlink::message::Message;
use ipvsadm::netlink::message::Payload;
use ipvsadm::netlink::service;
use ipvsadm::netlink::table;
use lvs_tests::captured_messages;
use lvs_tests::Sender;
use lvs_uapi::flags;
use lvs_uapi::genl::cmd;
use netlink_packet_core::Emitable;
use netlink_packet_core::ParseableParametrized;
use netlink_packet_generic::GenlMessage;

/// A message's family number doesn't matter here.
const FAMILY: u16 = 0x19;

fn decode(bytes: &[u8]) -> GenlMessage<Message> {
    GenlMessage::parse_with_param(bytes, FAMILY).expect("a message")
}

/// What the kernel sent under a command.
fn replies(cmd: u8) -> Vec<Payload> {
    captured_messages("netlink.txt")
        .iter()
        .filter(|captured| captured.sender == Sender::Kernel)
        .map(|captured| decode(&captured.bytes).payload)
        .filter(|message| message.cmd == cmd)
        .map(|message| message.payload)
        .collect()
}

/// The single attribute of a message.
fn only(payload: &Payload) -> &Attr {
    match payload {
        Payload::Attrs(attrs) if attrs.len() == 1 => &attrs[0],
        other => panic!("not one attribute: {other:?}"),
    }
}

fn addr(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn replies_encode_to_the_bytes_they_came_as() {
    for captured in captured_messages("netlink.txt") {
        let message = decode(&captured.bytes);
        let mut bytes = vec![0; message.buffer_len()];
        message.emit(&mut bytes);
        if captured.sender == Sender::Kernel {
            assert_eq!(bytes, captured.bytes);
        } else {
            // ipvsadm marks nests, which we don't; the content is the same.
            assert_eq!(decode(&bytes), message);
        }
    }
}

#[test]
fn services_are_as_configured() {
    let services: Vec<_> = replies(cmd::NEW_SERVICE)
        .iter()
        .map(|payload| match only(payload) {
            Attr::Service(nest) => service::from_attrs(nest).expect("a service").service,
            other => panic!("no service: {other:?}"),
        })
        .collect();
    let [sh, sip, marked] = services.as_slice() else {
        panic!("three services: {services:?}");
    };

    assert_eq!(
        sh.id,
        ServiceId::Address {
            protocol: Protocol::TCP,
            addr: addr("10.0.0.1"),
            port: 443
        }
    );
    assert_eq!(sh.scheduler, "sh");
    assert!(sh.has(flags::service::PERSISTENT | flags::service::SCHED_SH_PORT));
    assert_eq!(sh.timeout, 600);
    assert_eq!(sh.netmask, Netmask::V4([255, 255, 255, 0].into()));
    assert_eq!(sh.pe, None);

    assert_eq!(sip.id.family(), Family::V6);
    assert_eq!(sip.netmask, Netmask::V6(64));
    assert_eq!(sip.pe.as_deref(), Some("sip"));

    let family = Family::V6;
    assert_eq!(marked.id, ServiceId::Mark { mark: 8, family });
}

#[test]
fn servers_are_as_configured() {
    let dests: Vec<_> = replies(cmd::NEW_DEST)
        .iter()
        .map(|payload| match only(payload) {
            Attr::Dest(nest) => dest::from_attrs(nest, Family::V4).expect("a server").dest,
            other => panic!("no server: {other:?}"),
        })
        .collect();
    let [gue, masq] = dests.as_slice() else {
        panic!("two servers: {dests:?}");
    };

    assert_eq!((gue.addr, gue.port), (addr("10.0.0.10"), 443));
    assert_eq!(gue.forward, Forward::Tunnel);
    assert_eq!(
        gue.tunnel,
        Tunnel {
            kind: flags::tunnel::TYPE_GUE,
            port: 6080,
            flags: flags::tunnel::FLAG_CSUM
        }
    );
    assert_eq!((gue.weight, gue.u_threshold, gue.l_threshold), (3, 100, 50));

    assert_eq!((masq.addr, masq.port), (addr("2001:db8::2"), 5061));
    assert_eq!(masq.forward, Forward::Masq);
}

#[test]
fn settings_are_as_configured() {
    let config = replies(cmd::SET_CONFIG);
    assert_eq!(
        config,
        [Payload::Attrs(vec![
            Attr::TimeoutTcp(900),
            Attr::TimeoutTcpFin(120),
            Attr::TimeoutUdp(300),
        ])]
    );

    let info = replies(cmd::SET_INFO);
    assert_eq!(
        info,
        [Payload::Info(vec![
            InfoAttr::Version(lvs_uapi::limits::IP_VS_VERSION_CODE),
            InfoAttr::ConnTabSize(256),
        ])]
    );

    let daemons = replies(cmd::NEW_DAEMON);
    let Attr::Daemon(nest) = only(&daemons[0]) else {
        panic!("no daemon: {daemons:?}");
    };
    let daemon = daemon::from_attrs(nest).expect("a daemon");
    assert_eq!(daemon.role, Role::Master);
    assert_eq!(daemon.interface, "dummy0");
    assert_eq!(daemon.sync_id, 5);
    assert_eq!(daemon.group, Some(addr("224.0.0.81")));
    assert_eq!(daemon.port, Some(flags::sync::DEFAULT_PORT));
    assert_eq!(daemon.ttl, Some(flags::sync::DEFAULT_TTL));
}

#[test]
fn the_whole_table_in_one_list() {
    let mut entries = Vec::new();
    for captured in captured_messages("table.txt") {
        let message = GenlMessage::<RulesMessage>::parse_with_param(&captured.bytes, FAMILY)
            .expect("a message");
        let mut bytes = vec![0; message.buffer_len()];
        message.emit(&mut bytes);
        assert_eq!(bytes, captured.bytes);
        match captured.sender {
            Sender::Tool => assert_eq!(message.payload, table::request(None)),
            Sender::Kernel => table::append(&mut entries, &message.payload).expect("an entry"),
        }
    }
    // It is the table that the family IPVS tells of in as many lists as there are services.
    let services: Vec<_> = replies(cmd::NEW_SERVICE)
        .iter()
        .map(|payload| match only(payload) {
            Attr::Service(nest) => service::from_attrs(nest).expect("a service"),
            other => panic!("no service: {other:?}"),
        })
        .collect();
    let dests: Vec<_> = replies(cmd::NEW_DEST)
        .iter()
        .map(|payload| match only(payload) {
            Attr::Dest(nest) => dest::from_attrs(nest, Family::V4).expect("a server"),
            other => panic!("no server: {other:?}"),
        })
        .collect();
    let (ours, servers): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .rev()
        .map(|entry| (entry.entry, entry.dests))
        .unzip();
    assert_eq!(ours, services);
    let [gue, masq] = <[_; 2]>::try_from(dests).expect("two servers");
    assert_eq!(servers, [vec![gue], vec![masq], vec![]]);
}

#[test]
fn our_requests_are_ipvsadms() {
    // The nests that ipvsadm sends to read servers, which name a service.
    let theirs: Vec<_> = captured_messages("netlink.txt")
        .iter()
        .filter(|captured| captured.sender == Sender::Tool)
        .map(|captured| decode(&captured.bytes).payload)
        .filter(|message| message.cmd == cmd::GET_DEST)
        .map(|message| only(&message.payload).clone())
        .collect();
    let tcp = ServiceId::Address {
        protocol: Protocol::TCP,
        addr: addr("10.0.0.1"),
        port: 443,
    };
    let udp = ServiceId::Address {
        protocol: Protocol::UDP,
        addr: addr("2001:db8::1"),
        port: 5060,
    };
    let marked = ServiceId::Mark {
        mark: 8,
        family: Family::V6,
    };
    let ours = [tcp, udp, marked].map(|id| Attr::Service(service::id_attrs(&id)));
    assert_eq!(theirs, ours);
}
