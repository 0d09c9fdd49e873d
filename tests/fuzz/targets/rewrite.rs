// SPDX-License-Identifier: MIT OR GPL-2.0

//! Any packet with any new address and port: checksums stay as right as they were, nothing else
//! changes, and a packet that can't be rewritten isn't changed at all.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::nat::{
    self,
    End,
    NewEnd,
    TransportSum, //
};
use lvs_engine::parse;

fuzz_target!(|input: &[u8]| {
    let Some(([choice, p0, p1, addr @ ..], packet)) = input.split_first_chunk::<19>() else {
        return;
    };
    let end = if choice & 1 == 0 {
        End::Source
    } else {
        End::Destination
    };
    let sum = if choice & 2 == 0 {
        TransportSum::Complete
    } else {
        TransportSum::Partial
    };
    let port = u16::from_be_bytes([*p0, *p1]);
    let addr = Addr::from_octets(*addr);
    let Ok(ip) = (if choice & 4 == 0 {
        parse::ipv4(packet)
    } else {
        parse::ipv6(packet)
    }) else {
        return;
    };
    let mut after = packet.to_vec();
    let done = nat::rewrite(&mut after, &ip, sum, &NewEnd { end, addr, port });
    if done.is_none() {
        assert_eq!(packet, after);
        return;
    }
    let (addr_at, addr_len) = match (ip.family, end) {
        (Family::V4, End::Source) => (12, 4),
        (Family::V4, End::Destination) => (16, 4),
        (Family::V6, End::Source) => (8, 16),
        (Family::V6, End::Destination) => (24, 16),
    };
    let port_at = ip.len + if end == End::Source { 0 } else { 2 };
    let check_at = ip.len + if ip.protocol == 6 { 16 } else { 6 };
    let has_sum = matches!(ip.protocol, 6 | 17);
    let (port_len, check_len) = match ip.protocol {
        6 | 17 => (2, 2),
        132 => (2, 0),
        _ => (0, 0),
    };
    if port_len > 0 {
        assert_eq!(after[port_at..port_at + port_len], port.to_be_bytes());
    }
    match ip.family {
        Family::V4 => assert_eq!(
            after[addr_at..addr_at + addr_len],
            addr.v4_word().to_ne_bytes()
        ),
        Family::V6 => assert_eq!(after[addr_at..addr_at + addr_len], addr.octets()),
    }

    // The addresses, without the rest of the pseudo-header, which doesn't change.
    let addresses = |bytes: &[u8]| match ip.family {
        Family::V4 => value(&bytes[12..20]),
        Family::V6 => value(&bytes[8..40]),
    };
    let check = |bytes: &[u8]| value(&bytes[check_at..check_at + 2]);
    if !has_sum {
        // SCTP, AH and ESP get nothing but address and port.
    } else if ip.protocol == 17
        && sum == TransportSum::Complete
        && packet[check_at..check_at + 2] == [0, 0]
    {
        assert_eq!(after[check_at..check_at + 2], [0, 0]);
    } else if sum == TransportSum::Complete {
        assert_eq!(
            (addresses(packet) + value(&packet[ip.len..])) % 65535,
            (addresses(&after) + value(&after[ip.len..])) % 65535
        );
        assert!(ip.protocol != 17 || after[check_at..check_at + 2] != [0, 0]);
    } else {
        // The sum follows the addresses.
        assert_eq!(
            (check(packet) + addresses(&after)) % 65535,
            (check(&after) + addresses(packet)) % 65535
        );
    }
    if ip.family == Family::V4 {
        assert_eq!(
            value(&packet[..ip.len]) % 65535,
            value(&after[..ip.len]) % 65535
        );
        after[10..12].copy_from_slice(&packet[10..12]);
    }
    let changed = [
        (addr_at, addr_len),
        (port_at, port_len),
        (check_at, check_len),
    ];
    for (at, len) in changed.into_iter().filter(|&(_, len)| len > 0) {
        after[at..at + len].copy_from_slice(&packet[at..at + len]);
    }
    assert_eq!(packet, after);
});

/// Sum of the 16-bit words, as a checksum takes it.
fn value(bytes: &[u8]) -> u64 {
    bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0)))
        .sum()
}
