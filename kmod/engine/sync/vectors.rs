// SPDX-License-Identifier: GPL-2.0

//! Messages captured from ip_vs, read and written to the byte, and what it refuses.

use lvs_uapi::flags::conn;

use super::entry::tests::tcp;
use super::*;
use crate::addr::{
    Addr,
    Family, //
};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// A datagram of the group 7 with these entries.
fn message(entries: &[&str]) -> Vec<u8> {
    message_of(entries.iter().map(|entry| bytes(entry)))
}

fn message_of(entries: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut datagram = bytes("0007 0000 00 01 0000");
    let mut count = 0_usize;
    for entry in entries {
        datagram.resize(datagram.len().next_multiple_of(4), 0);
        datagram.extend(entry);
        count += 1;
    }
    datagram[4] = count as u8;
    let size = datagram.len() as u16;
    datagram[2..4].copy_from_slice(&size.to_be_bytes());
    datagram
}

fn read(datagram: &[u8]) -> Vec<Result<Entry<'_>, Refused>> {
    Message::read(datagram, 7).unwrap().entries().collect()
}

fn written(version: Version, entries: &[Entry<'_>]) -> Vec<u8> {
    let mut buffer = [0xee; 1472];
    let mut writer = Writer::new(&mut buffer, version, 7).unwrap();
    for entry in entries {
        writer.push(entry).unwrap();
    }
    writer.finish().to_vec()
}

fn v4(octets: [u8; 4], port: u16) -> Endpoint {
    Endpoint {
        addr: Addr::from_v4(octets),
        port,
    }
}

fn v6(text: &str, port: u16) -> Endpoint {
    let addr: core::net::Ipv6Addr = text.parse().unwrap();
    Endpoint {
        addr: Addr::from_octets(addr.octets()),
        port,
    }
}

const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVICE: [u8; 4] = [10, 0, 0, 100];
const SERVER: [u8; 4] = [10, 1, 0, 21];

/// Each captured entry of version 1, and what it says.
fn captured() -> Vec<(&'static str, Entry<'static>)> {
    let template = Entry {
        flags: conn::TEMPLATE | conn::INACTIVE,
        state: 0,
        client: v4(CLIENT, 0),
        timeout: 300,
        ..tcp()
    };
    let of_mark = Entry {
        protocol: 0,
        state: 1,
        service: v4([0, 0, 0, 9], 0),
        dest: v4(SERVER, 0),
        mark: 9,
        ..template
    };
    let sip = Entry {
        protocol: 17,
        service: v4(SERVICE, 5060),
        dest: v4(SERVER, 5060),
        timeout: 60,
        engine: Some(Engine {
            name: b"sip",
            data: b"abc@h",
        }),
        ..template
    };
    vec![
        (
            "000600240000000000019c4100501f9000000000000003840a0000010a0000640a010015",
            tcp(),
        ),
        (
            "000600240000010000079c4100501f90000000000000003c0a0000010a0000640a010015",
            Entry {
                flags: conn::INACTIVE,
                state: 7,
                timeout: 60,
                ..tcp()
            },
        ),
        (
            "000600240000010000059c4100501f9000000000000000780a0000010a0000640a010015",
            Entry {
                flags: conn::INACTIVE,
                state: 5,
                timeout: 120,
                ..tcp()
            },
        ),
        (
            "000600240000008300019c4a1f901f9000000000000003840a0000010a0000640a000016",
            Entry {
                flags: conn::NOOUTPUT | 3,
                client: v4(CLIENT, 40010),
                service: v4(SERVICE, 8080),
                dest: v4([10, 0, 0, 22], 8080),
                ..tcp()
            },
        ),
        (
            "001100240000010000009c5400350035000000000000012c0a0000010a0000640a010015",
            Entry {
                protocol: 17,
                flags: conn::INACTIVE,
                state: 0,
                client: v4(CLIENT, 40020),
                service: v4(SERVICE, 53),
                dest: v4(SERVER, 53),
                timeout: 300,
                ..tcp()
            },
        ),
        (
            "010600480000000000019c5e00501f900000000000000384\
             fd000000000000000000000000000001\
             fd000000000000000000000000000100\
             fd010000000000000000000000000021",
            Entry {
                family: Family::V6,
                client: v6("fd00::1", 40030),
                service: v6("fd00::100", 80),
                dest: v6("fd01::21", 8080),
                ..tcp()
            },
        ),
        (
            "00060024000011000000000000501f90000000000000012c0a0000010a0000640a010015",
            template,
        ),
        (
            "00060024000011000001000000501f90000000000000012c0a0000010a0000640a010015",
            Entry {
                state: 1,
                ..template
            },
        ),
        (
            "00000024000011000001000000000000000000090000012c0a000001000000090a010015",
            of_mark,
        ),
        (
            "000600240000000000019c720050005000000009000003840a0000010a0000640a010015",
            Entry {
                client: v4(CLIENT, 40050),
                dest: v4(SERVER, 80),
                mark: 9,
                ..tcp()
            },
        ),
        (
            "00110030000011000000000013c413c4000000000000003c0a0000010a0000640a010015\
             020561626340680303736970",
            sip,
        ),
    ]
}

#[test]
fn captured_entries_are_read_and_written() {
    for (hex, entry) in captured() {
        let datagram = message(&[hex]);
        assert_eq!(read(&datagram), [Ok(entry)]);
        assert_eq!(written(Version::V1, &[entry]), datagram, "{hex}");
    }
    assert_eq!(message(&[captured()[0].0])[..8], bytes("0007002c01010000"));
}

#[test]
fn all_of_them_fit_one_message() {
    let (hexes, entries): (Vec<_>, Vec<_>) = captured().into_iter().unzip();
    let datagram = message(&hexes);
    assert_eq!(written(Version::V1, &entries), datagram);
    assert!(read(&datagram).into_iter().eq(entries.into_iter().map(Ok)));
}

#[test]
fn version_0_is_read_and_written() {
    let connection = Entry {
        client: v4(CLIENT, 40070),
        timeout: 0,
        ..tcp()
    };
    let closing = Entry {
        flags: conn::INACTIVE,
        state: 7,
        ..connection
    };
    let template = Entry {
        flags: conn::TEMPLATE | conn::INACTIVE,
        state: 1,
        client: v4(CLIENT, 0),
        ..connection
    };
    let datagram = bytes(
        "03 07 004c
         00069c8600501f900a0000010a0000640a01001500000001
         00069c8600501f900a0000010a0000640a01001501000007
         0006000000501f900a0000010a0000640a01001511000001",
    );
    let entries = [connection, closing, template];
    assert_eq!(read(&datagram), entries.map(Ok));
    assert_eq!(written(Version::V0, &entries), datagram);
}

/// The captured connection with its bytes from `at` on replaced by `with`, and another one.
fn changed(at: usize, with: &str) -> Vec<u8> {
    let mut datagram = message(&[captured()[0].0, captured()[1].0]);
    let with = bytes(with);
    datagram[8 + at..][..with.len()].copy_from_slice(&with);
    datagram
}

/// The captured connection with these options, and another one.
fn with_options(options: &str) -> Vec<u8> {
    let mut entry = bytes(captured()[0].0);
    entry.extend(bytes(options));
    entry[3] = entry.len() as u8;
    message_of([entry, bytes(captured()[1].0)].into_iter())
}

/// What came of both entries: the reason of the first, and whether the second was found.
fn outcome(datagram: &[u8]) -> (Option<Refused>, bool) {
    let entries = read(datagram);
    let second = captured()[1].1;
    (
        entries[0].err(),
        entries.get(1).is_some_and(|entry| *entry == Ok(second)),
    )
}

#[test]
fn bad_entries_are_lost_as_under_ip_vs() {
    for (at, with, reason, goes_on) in [
        // An unknown type, but not beside that of IPv6.
        (0, "02", Some(Refused::Type), false),
        (0, "80", Some(Refused::Type), false),
        // A size too small, for IPv6, too, none at all, and one too large.
        (2, "0023", Some(Refused::Size), false),
        (2, "0000", Some(Refused::Size), false),
        (0, "01060024", Some(Refused::Size), false),
        (2, "0fff", Some(Refused::Cut), false),
        (2, "1024", Some(Refused::Version), false),
        (4, "00002000", Some(Refused::Flags), true),
        (4, "00001800", Some(Refused::Flags), true),
        (4, "00000800", None, true),
        (4, "fffec7ff", None, true),
        (1, "63", Some(Refused::Protocol), true),
        (8, "000b", Some(Refused::State), true),
        (8, "0101", Some(Refused::State), true),
        (4, "000010000002", Some(Refused::State), true),
        // Of a template the protocol isn't looked at.
        (4, "000010000001", None, true),
    ] {
        assert_eq!(
            outcome(&changed(at, with)),
            (reason, goes_on),
            "{at} {with}"
        );
    }
    let strange = changed(0, "006300240000100000010000");
    assert_eq!(outcome(&strange), (None, true));
}

#[test]
fn options_are_checked_one_by_one() {
    let sequences = "0118 000000010000000200000003 000000040000000500000006";
    let twice = format!("{sequences} {sequences}");
    let long_name = format!("0201aa 0311 {}", "61".repeat(17));
    for (options, reason, goes_on) in [
        (sequences, None, true),
        // The bit of options that may be overlooked changes none that are known.
        (
            "4118 000000010000000200000003 000000040000000500000006",
            None,
            true,
        ),
        ("02", Some(Refused::Option), false),
        ("0200", Some(Refused::Option), false),
        ("0203aabb", Some(Refused::Option), false),
        ("0104aabbccdd", Some(Refused::OptionValue), false),
        (&twice, Some(Refused::OptionValue), false),
        ("0201aa 0201bb", Some(Refused::OptionValue), false),
        ("0303736970 0303736970", Some(Refused::OptionValue), false),
        (&long_name, Some(Refused::OptionValue), false),
        // Unknown ones, with which only the entry is lost, whatever follows.
        ("0401aa", Some(Refused::UnknownOption), true),
        ("0401aa 0200", Some(Refused::UnknownOption), true),
        ("4401aa", None, true),
        ("7f01aa", None, true),
        ("0201aa", Some(Refused::Engine), true),
        ("0201aa 0303736971", Some(Refused::Engine), true),
        ("0201aa 030473697000", None, true),
        ("0303736970 0201aa", None, true),
        // A name alone says nothing.
        ("0303736971", None, true),
    ] {
        assert_eq!(
            outcome(&with_options(options)),
            (reason, goes_on),
            "{options}"
        );
    }
}

#[test]
fn sequence_numbers_are_in_network_order() {
    let sequences = Sequences {
        incoming: SequenceShift {
            init: 1,
            delta: 2,
            previous_delta: 3,
        },
        outgoing: SequenceShift {
            init: 4,
            delta: 5,
            previous_delta: 0xffff_fffa,
        },
    };
    let entry = Entry {
        flags: conn::SEQ_MASK,
        sequences: Some(sequences),
        ..tcp()
    };
    let hex = "0006003e0000060000019c4100501f9000000000000003840a0000010a0000640a010015
        0118 000000010000000200000003 0000000400000005fffffffa";
    assert_eq!(read(&message(&[hex])), [Ok(entry)]);
    assert_eq!(written(Version::V1, &[entry]), message(&[hex]));
    // The older version has the sender's order.
    let entry = Entry {
        timeout: 0,
        ..entry
    };
    let datagram = written(Version::V0, &[entry]);
    assert_eq!(datagram.len(), 4 + 48);
    assert_eq!(datagram[28..32], 1_u32.to_ne_bytes());
    assert_eq!(read(&datagram), [Ok(entry)]);
}

#[test]
fn a_count_that_lies_loses_nothing_that_is_there() {
    let mut datagram = message(&[captured()[0].0]);
    datagram[4] = 3;
    assert_eq!(read(&datagram), [Ok(tcp()), Err(Refused::Cut)]);
    for trailing in [1, 48, 1300] {
        let mut datagram = message(&[captured()[0].0]);
        datagram.resize(datagram.len() + trailing, 0xa5);
        let size = datagram.len() as u16;
        datagram[2..4].copy_from_slice(&size.to_be_bytes());
        assert_eq!(read(&datagram), [Ok(tcp())]);
    }
    let mut datagram = bytes("02 07 0034 00069c8600501f900a0000010a0000640a01001500000001");
    datagram.resize(0x34, 0);
    assert_eq!(read(&datagram).len(), 2);
    datagram.truncate(0x33);
    datagram[3] = 0x33;
    assert_eq!(read(&datagram)[1], Err(Refused::Cut));
    // One with sequence numbers that aren't there.
    let cut = bytes("01 07 001c 00069c8600501f900a0000010a0000640a01001502000001");
    assert_eq!(read(&cut), [Err(Refused::Cut)]);
}

#[test]
fn bad_entries_of_version_0_are_lost_alone() {
    let good = "00069c8600501f900a0000010a0000640a01001500000001";
    for (bad, reason) in [
        (
            "00639c8600501f900a0000010a0000640a01001500000001",
            Refused::Protocol,
        ),
        (
            "00069c8600501f900a0000010a0000640a0100150000000b",
            Refused::State,
        ),
        (
            "00069c8600501f900a0000010a0000640a01001520000001",
            Refused::Flags,
        ),
        (
            "00069c8600501f900a0000010a0000640a01001518000001",
            Refused::Flags,
        ),
        (
            "00069c8600501f900a0000010a0000640a01001510000002",
            Refused::State,
        ),
    ] {
        let datagram = bytes(&format!("02 07 0034 {bad} {good}"));
        let entries = read(&datagram);
        assert_eq!(entries[0], Err(reason));
        assert!(entries[1].is_ok());
    }
}

#[test]
fn a_stock_sender_s_overflow_is_understood() {
    let hexes = vec![captured()[0].0; 360];
    let datagram = message(&hexes);
    assert_eq!((datagram.len(), datagram[4]), (12_968, 104));
    assert_eq!(read(&datagram).len(), 360);
    assert!(read(&datagram).iter().all(|entry| *entry == Ok(tcp())));
    // Not if anything else is in it.
    let mut longer = datagram.clone();
    longer.extend([0; 36]);
    let size = longer.len() as u16;
    longer[2..4].copy_from_slice(&size.to_be_bytes());
    assert_eq!(read(&longer).len(), 104);
    // 256 entries of the older version, whose count is 0.
    let mut old = bytes("00 07 1804");
    for _ in 0..256 {
        old.extend(bytes("00069c8600501f900a0000010a0000640a01001500000001"));
    }
    assert_eq!(read(&old).len(), 256);
}

#[test]
fn a_message_is_full_in_time() {
    let mut buffer = [0; 1472];
    let mut writer = Writer::new(&mut buffer, Version::V1, 7).unwrap();
    while writer.push(&tcp()).is_ok() {}
    assert_eq!(writer.count(), 40);
    assert_eq!(writer.push(&tcp()), Err(Unwritten::Full));
    assert_eq!(writer.finish().len(), 8 + 40 * 36);

    let mut buffer = vec![0; 65_600];
    for version in [Version::V0, Version::V1] {
        let mut writer = Writer::new(&mut buffer, version, 7).unwrap();
        while writer.push(&tcp()).is_ok() {}
        assert_eq!(writer.count(), 255);
        let datagram = writer.finish();
        assert_eq!(read(datagram).len(), 255);
    }
    assert!(Writer::new(&mut [0; 7], Version::V1, 7).is_none());
    let mut buffer = [0; 43];
    let mut writer = Writer::new(&mut buffer, Version::V1, 7).unwrap();
    assert_eq!(writer.push(&tcp()), Err(Unwritten::Full));
    assert_eq!(writer.finish(), bytes("0007000800010000"));
}

#[test]
fn what_a_version_cannot_say_is_refused() {
    let six = captured()[5].1;
    let mut buffer = [0; 1472];
    let mut writer = Writer::new(&mut buffer, Version::V0, 7).unwrap();
    assert_eq!(writer.push(&six), Err(Unwritten::Unsayable));
    let mut writer = Writer::new(&mut buffer, Version::V1, 7).unwrap();
    let data = [b'x'; 256];
    for (name, len) in [(&b"sip"[..], 0), (b"sip", 256), (b"", 5), (&[b'x'; 17], 5)] {
        let engine = Some(Engine {
            name,
            data: &data[..len],
        });
        let entry = Entry { engine, ..tcp() };
        assert_eq!(writer.push(&entry), Err(Unwritten::Unsayable));
    }
    assert_eq!(writer.count(), 0);
    // Never told: that it is in a table.
    let hashed = Entry {
        flags: conn::HASHED,
        ..tcp()
    };
    assert_eq!(
        written(Version::V1, &[hashed]),
        written(Version::V1, &[tcp()])
    );
}
