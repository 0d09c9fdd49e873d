// SPDX-License-Identifier: GPL-2.0

//! What holds of all messages: what is written is read again, and no bytes lead astray.

use lvs_uapi::flags::conn;
use proptest::prelude::*;

use super::*;
use crate::addr::{
    Addr,
    Family, //
};

fn endpoint(family: Family) -> impl Strategy<Value = Endpoint> {
    (any::<[u8; 16]>(), any::<u16>()).prop_map(move |(octets, port)| {
        let [a, b, c, d, ..] = octets;
        let addr = match family {
            Family::V4 => Addr::from_v4([a, b, c, d]),
            Family::V6 => Addr::from_octets(octets),
        };
        Endpoint { addr, port }
    })
}

fn sequences() -> impl Strategy<Value = Sequences> {
    any::<[u32; 6]>().prop_map(|[a, b, c, d, e, f]| {
        let shift = |init, delta, previous_delta| SequenceShift {
            init,
            delta,
            previous_delta,
        };
        Sequences {
            incoming: shift(a, b, c),
            outgoing: shift(d, e, f),
        }
    })
}

/// The data of persistence engines, which entries borrow.
const DATA: [u8; 255] = [b'x'; 255];

/// Any entry that the receiver takes. `family`: of both without one.
fn entry(family: Option<Family>) -> impl Strategy<Value = Entry<'static>> {
    let family = match family {
        Some(family) => Just(family).boxed(),
        None => prop_oneof![Just(Family::V4), Just(Family::V6)].boxed(),
    };
    let protocol = prop::sample::select(vec![6_u8, 17, 50, 51, 132]);
    let flags = any::<u32>().prop_map(|flags| {
        let flags = flags & !(conn::ONE_PACKET | conn::HASHED);
        match flags & conn::TEMPLATE {
            0 => flags,
            _ => flags & !conn::NO_CPORT,
        }
    });
    let parts = (family, protocol, flags, any::<u8>());
    parts
        .prop_flat_map(|(family, protocol, flags, state)| {
            let states = match flags & conn::TEMPLATE {
                0 => state::states(protocol).unwrap(),
                _ => 2,
            };
            let state = (u16::from(state) % states) as u8;
            let ends = (endpoint(family), endpoint(family), endpoint(family));
            let rest = (any::<u32>(), any::<u32>(), sequences(), 0..=255_usize);
            (Just((family, protocol, flags, state)), ends, rest)
        })
        .prop_map(|((family, protocol, flags, state), ends, rest)| Entry {
            family,
            protocol,
            flags,
            state,
            client: ends.0,
            service: ends.1,
            dest: ends.2,
            mark: rest.0,
            timeout: rest.1,
            sequences: (flags & conn::SEQ_MASK != 0).then_some(rest.2),
            engine: (rest.3 > 0).then_some(Engine {
                name: b"sip",
                data: &DATA[..rest.3],
            }),
        })
}

/// What a version 0 message says of an entry.
fn as_v0(entry: Entry<'static>) -> Entry<'static> {
    Entry {
        flags: entry.flags & 0xffff,
        mark: 0,
        timeout: 0,
        engine: None,
        ..entry
    }
}

fn read(datagram: &[u8]) -> Vec<Result<Entry<'_>, Refused>> {
    Message::read(datagram, 0).map_or(Vec::new(), |message| message.entries().collect())
}

/// As many of `entries` as fit, written and read again.
fn round_trip(version: Version, entries: &[Entry<'static>], room: usize) -> usize {
    let mut buffer = vec![0xee; room];
    let mut writer = Writer::new(&mut buffer, version, 7).unwrap();
    let mut written = 0;
    for entry in entries {
        match writer.push(entry) {
            Ok(()) => written += 1,
            Err(reason) => {
                assert_eq!(reason, Unwritten::Full);
                break;
            }
        }
    }
    let datagram = writer.finish();
    assert!(datagram.len() <= room);
    let entries = entries.iter().copied().take(written).map(Ok);
    assert!(read(datagram).into_iter().eq(entries));
    written
}

proptest! {
    #[test]
    fn written_entries_are_read_again(
        entries in prop::collection::vec(entry(None), 0..60),
        room in 8..4000_usize,
    ) {
        let written = round_trip(Version::V1, &entries, room);
        prop_assert!(written == entries.len() || written >= room.saturating_sub(8) / 376);
    }

    #[test]
    fn so_are_those_of_version_0(
        entries in prop::collection::vec(entry(Some(Family::V4)), 0..60),
        room in 4..3000_usize,
    ) {
        let entries: Vec<_> = entries.into_iter().map(as_v0).collect();
        let written = round_trip(Version::V0, &entries, room);
        prop_assert!(written == entries.len() || written >= room.saturating_sub(4) / 48);
    }

    #[test]
    fn any_bytes_are_read_to_an_end(mut datagram in prop::collection::vec(any::<u8>(), 8..600)) {
        let size = datagram.len() as u16;
        datagram[2..4].copy_from_slice(&size.to_be_bytes());
        prop_assert!(read(&datagram).len() <= 255);
        datagram[0] = 0;
        datagram[5..8].copy_from_slice(&[1, 0, 0]);
        prop_assert!(read(&datagram).len() <= 255);
    }

    #[test]
    fn a_changed_byte_leaves_the_entries_before_it(
        entries in prop::collection::vec(entry(None), 1..20),
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
    ) {
        let mut buffer = vec![0; 8000];
        let mut writer = Writer::new(&mut buffer, Version::V1, 7).unwrap();
        for entry in &entries {
            writer.push(entry).unwrap();
        }
        let datagram = writer.finish();
        let at = 8 + at.index(datagram.len() - 8);
        datagram[at] = with;
        // An entry is 376 bytes long at most.
        let before = (at - 8) / 376;
        let read = read(datagram);
        prop_assert!(read.len() <= entries.len());
        for (read, entry) in read.iter().zip(&entries).take(before) {
            prop_assert_eq!(read, &Ok(*entry));
        }
    }
}
