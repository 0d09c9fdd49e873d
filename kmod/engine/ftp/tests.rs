// SPDX-License-Identifier: GPL-2.0

//! What clients and servers say, well formed and not.

use super::*;
use proptest::prelude::*;

const ADDR: [u8; 4] = [10, 0, 1, 10];

fn active(line: &str, family: Family) -> Option<(Addr, u16)> {
    match command(line.as_bytes(), family) {
        Some(Command::Active(addr, port)) => Some((addr, port)),
        _ => None,
    }
}

#[test]
fn commands_are_understood_in_either_case() {
    let v4 = Family::V4;
    for line in ["PASV\r\n", "pasv\n", "Pasv \r\n"] {
        assert_eq!(command(line.as_bytes(), v4), Some(Command::Passive));
        assert_eq!(command(line.as_bytes(), Family::V6), None);
    }
    for line in ["EPSV\r\n", "epsv 1\r\n", "EPSV 2\r\n"] {
        assert_eq!(command(line.as_bytes(), v4), Some(Command::ExtendedPassive));
    }
    for line in ["EPSV ALL\r\n", "epsv all\r\n"] {
        let all = Some(Command::ExtendedPassiveAll);
        assert_eq!(command(line.as_bytes(), Family::V6), all);
    }
    let target = Some((Addr::from_v4(ADDR), 50000));
    assert_eq!(active("PORT 10,0,1,10,195,80\r\n", v4), target);
    assert_eq!(active("port 10,0,1,10,195,80\r\n", v4), target);
    assert_eq!(active("EPRT |1|10.0.1.10|50000|\r\n", v4), target);
    assert_eq!(active("EPRT !1!10.0.1.10!50000!\r\n", v4), target);
    let v6 = Ipv6Addr::from_str("2001:db8:1::10").unwrap();
    assert_eq!(
        active("EPRT |2|2001:db8:1::10|50000|\r\n", Family::V6),
        Some((Addr::from_octets(v6.octets()), 50000))
    );
}

#[test]
fn what_is_no_command_is_ignored() {
    for line in [
        "",
        "\n",
        "\r\n",
        "PASV",
        "PAS\r\n",
        "XPASV\r\n",
        "EPSV 3\r\n",
        "EPSVX\r\n",
        "PORT\r\n",
        "PORT 10,0,1,10,195\r\n",
        "PORT 10,0,1,10,195,80,1\r\n",
        "PORT 10,0,1,256,195,80\r\n",
        "PORT 10,0,1,,195,80\r\n",
        "PORT 10,0,1,10,0,0\r\n",
        "PORT 10,0,1,10,195,80",
        "EPRT |2|2001:db8::1|50000|\r\n",
        "EPRT |1|10.0.1.10|0|\r\n",
        "EPRT |1|10.0.1.10|65536|\r\n",
        "EPRT |1|10.0.1.10|99999999999|\r\n",
        "EPRT |1|10.0.1|50000|\r\n",
        "EPRT |1|10.0.1.10|50000\r\n",
        "EPRT |1|10.0.1.10|50000|x\r\n",
        "EPRT 1|10.0.1.10|50000|\r\n",
        "EPRT ||10.0.1.10|50000|\r\n",
    ] {
        assert_eq!(command(line.as_bytes(), Family::V4), None, "{line:?}");
    }
    assert_eq!(active("PORT 10,0,1,10,195,80\r\n", Family::V6), None);
    assert_eq!(active("EPRT |1|10.0.1.10|50000|\r\n", Family::V6), None);
}

fn found(line: &str, mode: Mode) -> Option<(&str, u16)> {
    announcement(line.as_bytes(), mode).map(|found| (&line[found.range], found.port))
}

#[test]
fn announcements_of_all_kinds_of_servers_are_found() {
    let text = "10,0,2,11,195,80";
    for line in [
        "227 Entering Passive Mode (10,0,2,11,195,80).\r\n",
        "227 Entering Passive Mode. 10,0,2,11,195,80\r\n",
        "227 =10,0,2,11,195,80\r\n",
        "227 (10,0,2,11,195,80)\n",
    ] {
        assert_eq!(found(line, Mode::Passive), Some((text, 50000)), "{line:?}");
        assert_eq!(found(line, Mode::ExtendedPassive), None);
        assert_eq!(found(line, Mode::Active), None);
    }
    assert_eq!(
        found(
            "229 Entering Extended Passive Mode (|||50000|)\r\n",
            Mode::ExtendedPassive
        ),
        Some(("|||50000|", 50000))
    );
    assert_eq!(
        found("229 Ok (!1!10.0.2.11!50000!)\r\n", Mode::ExtendedPassive),
        Some(("!1!10.0.2.11!50000!", 50000))
    );
}

#[test]
fn other_replies_are_left_alone() {
    for line in [
        "227 Entering Passive Mode (10,0,2,11,195,80).",
        "227-Entering Passive Mode (10,0,2,11,195,80).\r\n",
        "227 Entering Passive Mode (10,0,2,11,195).\r\n",
        "227 Entering Passive Mode (10,0,2,11,0,0).\r\n",
        "227 \r\n",
        "500 227 (10,0,2,11,195,80)\r\n",
    ] {
        assert_eq!(found(line, Mode::Passive), None, "{line:?}");
    }
    for line in [
        "229 Entering Extended Passive Mode |||50000|\r\n",
        "229 Entering Extended Passive Mode (|||70000|)\r\n",
        "229 Entering Extended Passive Mode (||50000|)\r\n",
        "229 (\r\n",
    ] {
        assert_eq!(found(line, Mode::ExtendedPassive), None, "{line:?}");
    }
}

#[test]
fn what_is_announced_is_understood() {
    let addr = Addr::from_v4([192, 168, 100, 200]);
    let text = announce(Mode::Passive, &addr, 65535);
    assert_eq!(text.as_bytes(), b"192,168,100,200,255,255");
    let text = announce(Mode::ExtendedPassive, &addr, 1024);
    assert_eq!(text.as_bytes(), b"|||1024|");
}

const REPLY: &[u8] = b"227 Entering Passive Mode (10,0,2,11,195,80).\r\n";

#[test]
fn only_what_begins_a_line_and_was_asked_for_counts() {
    let mut control = ControlConnection::new();
    control.accepted(1000);
    assert_eq!(control.replied(REPLY, 1000), None);
    let next = 1000 + REPLY.len() as u32;
    assert_eq!(control.commanded(b"PASV\r\n", Family::V4), None);
    // Words of the client that the server repeats, cut so that they begin a segment.
    assert_eq!(control.replied(b"500 what? ", next), None);
    assert_eq!(control.replied(REPLY, next + 10), None);
    let next = next + 10 + REPLY.len() as u32;
    let (mode, found) = control.replied(REPLY, next).unwrap();
    assert_eq!((mode, found.port), (Mode::Passive, 50000));
    // In a segment with the end of another reply.
    let next = next + REPLY.len() as u32;
    let both = [b"200 Fine.\r\n", REPLY].concat();
    let (_, second) = control.replied(&both, next).unwrap();
    assert_eq!(second.range.start, found.range.start + 11);
}

#[test]
fn a_promise_to_use_epsv_only_is_kept_for_the_client() {
    let mut control = ControlConnection::new();
    control.accepted(0);
    assert_eq!(control.commanded(b"EPSV ALL\r\n", Family::V4), None);
    assert_eq!(
        control.commanded(b"PORT 10,0,1,10,195,80\r\n", Family::V4),
        None
    );
    control.commanded(b"PASV\r\n", Family::V4);
    assert_eq!(control.replied(REPLY, 0), None);
    control.commanded(b"EPSV\r\n", Family::V4);
    let reply = b"229 Entering Extended Passive Mode (|||50000|)\r\n";
    assert!(control.replied(reply, REPLY.len() as u32).is_some());
}

#[test]
fn a_port_after_all_ends_passive_mode() {
    let mut control = ControlConnection::new();
    control.accepted(0);
    let target = control.commanded(b"PASV\r\nPORT 10,0,1,10,195,80\r\n", Family::V4);
    assert_eq!(target, Some((Addr::from_v4(ADDR), 50000)));
    assert_eq!(control.replied(REPLY, 0), None);
}

/// A server's replies through [`ControlConnection`], as the client gets them.
fn deliver(control: &mut ControlConnection, data: &[u8], sequence: u32) -> (u32, Vec<u8>) {
    let mut out = data.to_vec();
    let place = control
        .edit()
        .and_then(|edit| edit.place_in(sequence, data.len()));
    let place = place.or_else(|| {
        let (mode, found) = control.replied(data, sequence)?;
        let text = announce(mode, &Addr::from_v4([203, 0, 113, 200]), found.port);
        control.replace(sequence, &found.range, text);
        control.edit()?.place_in(sequence, data.len())
    });
    if let Some((at, len)) = place {
        let text = *control.edit().unwrap().text();
        out.splice(at..at + len, text.as_bytes().iter().copied());
    }
    let sequence = control
        .edit()
        .map_or(sequence, |edit| edit.forward(sequence));
    (sequence, out)
}

proptest! {
    #[test]
    fn the_client_gets_one_stream_whatever_is_sent_again(
        isn: u32,
        ports in proptest::collection::vec(1_u16.., 1..20),
    ) {
        let mut control = ControlConnection::new();
        control.accepted(isn);
        let (mut sent, mut received) = (isn, isn);
        for port in ports {
            control.commanded(b"PASV\r\n", Family::V4);
            let [high, low] = port.to_be_bytes();
            let reply = format!("227 Go (10,0,2,11,{high},{low}).\r\n");
            let expected = format!("227 Go (203,0,113,200,{high},{low}).\r\n");
            for _ in 0..2 {
                let (sequence, data) = deliver(&mut control, reply.as_bytes(), sent);
                prop_assert_eq!(sequence, received);
                prop_assert_eq!(&data[..], expected.as_bytes());
            }
            sent = sent.wrapping_add(reply.len() as u32);
            received = received.wrapping_add(expected.len() as u32);
            prop_assert_eq!(control.edit().unwrap().back(received), sent);
            let (sequence, data) = deliver(&mut control, b"150 Here.\r\n", sent);
            prop_assert_eq!(sequence, received);
            prop_assert_eq!(&data[..], b"150 Here.\r\n");
            sent = sent.wrapping_add(11);
            received = received.wrapping_add(11);
        }
    }

    #[test]
    fn any_bytes_are_survived(
        data in proptest::collection::vec(any::<u8>(), 0..300),
        v6: bool,
        sequence: u32,
    ) {
        let family = if v6 { Family::V6 } else { Family::V4 };
        let mut control = ControlConnection::new();
        control.accepted(sequence);
        control.commanded(&data, family);
        for mode in [Mode::Passive, Mode::ExtendedPassive] {
            control.mode = mode;
            control.line_start = Some(sequence);
            if let Some((_, found)) = control.replied(&data, sequence) {
                prop_assert!(data.get(found.range).is_some());
            }
        }
    }

    #[test]
    fn nearly_right_lines_are_survived(
        line in "(?i)(227 |229 |PORT |EPRT |EPSV |PASV)[|!(),0-9.:a-f ]{0,60}(\r\n|\n|)",
    ) {
        for family in [Family::V4, Family::V6] {
            let _ = command(line.as_bytes(), family);
        }
        for mode in [Mode::Passive, Mode::ExtendedPassive] {
            if let Some(found) = announcement(line.as_bytes(), mode) {
                let text = line.get(found.range).unwrap();
                prop_assert!(text.starts_with(|c: char| c.is_ascii_graphic()));
                prop_assert!(found.port != 0);
            }
        }
    }
}
