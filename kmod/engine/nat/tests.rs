// SPDX-License-Identifier: GPL-2.0

use proptest::prelude::*;

use super::icmp::{
    rewrite_v4,
    rewrite_v6,
    Layout,
    Toward, //
};
use super::*;
use crate::addr::Addr;
use crate::checksum;
use crate::hops;
use crate::parse;

/// An IPv4 packet with right checksums.
fn packet(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let header_len = if protocol == protocol::TCP { 20 } else { 8 };
    let transport_len = header_len + payload.len();
    let mut bytes = vec![
        0x45, 0, 0, 0, 1, 2, 0x40, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 10, 0, 0, 1,
    ];
    bytes[2..4].copy_from_slice(&(20 + transport_len as u16).to_be_bytes());
    bytes.extend([0x9c, 0x40, 0, 80]);
    bytes.resize(20 + header_len, 0);
    if protocol == protocol::UDP {
        bytes[24..26].copy_from_slice(&(transport_len as u16).to_be_bytes());
    }
    bytes.extend(payload);
    let check_at = 20 + if protocol == protocol::TCP { 16 } else { 6 };
    let sum = checksum::of(&bytes[..20]);
    bytes[10..12].copy_from_slice(&sum.to_ne_bytes());
    let sum = transport_sum(&bytes);
    bytes[check_at..check_at + 2].copy_from_slice(&sum.to_ne_bytes());
    bytes
}

/// Rewrites the packet in `bytes`.
fn change(bytes: &mut [u8], end: End, addr: Addr, port: u16, sum: TransportSum) -> Option<()> {
    let ip = parse::ipv4(bytes).or_else(|_| parse::ipv6(bytes)).unwrap();
    rewrite(bytes, &ip, sum, &NewEnd { end, addr, port })
}

/// Checksum over pseudo-header and transport, the field in it included.
fn transport_sum(bytes: &[u8]) -> u16 {
    let mut covered = bytes[12..20].to_vec();
    covered.extend([0, bytes[9]]);
    covered.extend(((bytes.len() - 20) as u16).to_be_bytes());
    covered.extend(&bytes[20..]);
    checksum::of(&covered)
}

proptest! {
    #[test]
    fn checksums_stay_right(
        payload in proptest::collection::vec(any::<u8>(), 0..40),
        addr: u32,
        port: u16,
        tcp: bool,
        source: bool,
    ) {
        let protocol = if tcp { protocol::TCP } else { protocol::UDP };
        let end = if source { End::Source } else { End::Destination };
        let mut bytes = packet(protocol, &payload);
        let new = Addr::from_v4_word(addr);
        change(&mut bytes, end, new, port, TransportSum::Complete).unwrap();
        prop_assert_eq!(checksum::of(&bytes[..20]), 0);
        prop_assert_eq!(transport_sum(&bytes), 0);
        let (addr_at, port_at) = if source { (12, 20) } else { (16, 22) };
        prop_assert_eq!(&bytes[addr_at..addr_at + 4], &addr.to_ne_bytes());
        prop_assert_eq!(&bytes[port_at..port_at + 2], &port.to_be_bytes());
        hops::take(&mut bytes, Family::V4).unwrap();
        prop_assert_eq!(bytes[8], 63);
        prop_assert_eq!(checksum::of(&bytes[..20]), 0);
    }

    #[test]
    fn short_headers_change_nothing(len in 0_usize..40, ip_len in 20_usize..60) {
        let mut bytes = packet(protocol::TCP, &[]);
        let ip = IpHeader { len: ip_len, ..parse::ipv4(&bytes).unwrap() };
        bytes.truncate(len);
        let before = bytes.clone();
        let new = NewEnd { end: End::Source, addr: Addr::from_v4_word(1), port: 2 };
        let done = rewrite(&mut bytes, &ip, TransportSum::Complete, &new);
        if done.is_none() {
            prop_assert_eq!(bytes, before);
        }
    }
}

/// An IPv6 packet with a right checksum.
fn packet_v6(next: u8, body: &[u8], check_at: usize) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0, 0, 0, next, 64];
    bytes[4..6].copy_from_slice(&(body.len() as u16).to_be_bytes());
    bytes.extend(1..=32);
    bytes.extend(body);
    let sum = sum_v6(&bytes);
    bytes[40 + check_at..42 + check_at].copy_from_slice(&sum.to_ne_bytes());
    bytes
}

fn sum_v6(bytes: &[u8]) -> u16 {
    let mut covered = bytes[8..40].to_vec();
    covered.extend(((bytes.len() - 40) as u32).to_be_bytes());
    covered.extend([0, 0, 0, bytes[6]]);
    covered.extend(&bytes[40..]);
    checksum::of(&covered)
}

proptest! {
    #[test]
    fn ipv6_checksums_stay_right(words: [u32; 4], port: u16, tcp: bool, source: bool) {
        let protocol = if tcp { protocol::TCP } else { protocol::UDP };
        let (len, check_at) = if tcp { (20, 16) } else { (8, 6) };
        let end = if source { End::Source } else { End::Destination };
        let mut bytes = packet_v6(protocol, &vec![0; len], check_at);
        let addr = Addr(words);
        change(&mut bytes, end, addr, port, TransportSum::Complete).unwrap();
        prop_assert_eq!(sum_v6(&bytes), 0);
        hops::take(&mut bytes, Family::V6).unwrap();
        prop_assert_eq!((bytes[7], sum_v6(&bytes)), (63, 0));
    }

    #[test]
    fn icmpv6_checksums_stay_right(words: [u32; 4], port: u16, to_client: bool) {
        let inner = packet_v6(protocol::UDP, &[0; 16], 6);
        let mut body = vec![1, 4, 0, 0, 0, 0, 0, 0];
        body.extend(&inner);
        let mut bytes = packet_v6(protocol::ICMPV6, &body, 2);
        let toward = if to_client { Toward::Client } else { Toward::Server };
        let layout = Layout {
            icmp_at: 40,
            inner_at: 48,
            inner_len: 40,
            inner_protocol: protocol::UDP,
        };
        rewrite_v6(&mut bytes, &layout, toward, &Addr(words), port).unwrap();
        prop_assert_eq!(sum_v6(&bytes), 0);
        // Neither a transport header nor, for another protocol, the whole IP header is quoted.
        for (len, inner_protocol) in [(88, protocol::UDP), (80, protocol::ESP)] {
            let layout = Layout { inner_protocol, ..layout };
            let before = bytes.clone();
            let done = rewrite_v6(&mut bytes[..len], &layout, toward, &Addr(words), port);
            prop_assert!(done.is_none());
            prop_assert_eq!(&bytes, &before);
        }
    }
}

#[test]
fn an_absent_udp_checksum_stays_absent() {
    let mut bytes = packet(protocol::UDP, b"x");
    bytes[26..28].fill(0);
    let addr = Addr::from_v4_word(7);
    change(
        &mut bytes,
        End::Destination,
        addr,
        7,
        TransportSum::Complete,
    )
    .unwrap();
    assert_eq!(bytes[26..28], [0, 0]);
}

#[test]
fn a_partial_sum_gets_the_address_alone() {
    let mut bytes = packet(protocol::TCP, b"data");
    // What the stack leaves there: the pseudo-header's sum, not complemented.
    let pseudo = |bytes: &[u8]| {
        let mut covered = bytes[12..20].to_vec();
        covered.extend([0, bytes[9]]);
        covered.extend(((bytes.len() - 20) as u16).to_be_bytes());
        !checksum::of(&covered)
    };
    let sum = pseudo(&bytes);
    bytes[36..38].copy_from_slice(&sum.to_ne_bytes());
    let addr = Addr::from_v4([172, 16, 0, 9]);
    change(
        &mut bytes,
        End::Destination,
        addr,
        8080,
        TransportSum::Partial,
    )
    .unwrap();
    assert_eq!(bytes[36..38], pseudo(&bytes).to_ne_bytes());
}

#[test]
fn an_icmp_error_speaks_of_the_virtual_address() {
    let inner = packet(protocol::UDP, b"hello");
    let mut bytes = packet(protocol::ICMP, &[]);
    bytes.truncate(20);
    bytes.extend([3, 3, 0xab, 0xcd, 0, 0, 0, 0]);
    bytes.extend(&inner);
    let vip = Addr::from_v4([10, 1, 1, 1]);
    let layout = Layout {
        icmp_at: 20,
        inner_at: 28,
        inner_len: 20,
        inner_protocol: protocol::UDP,
    };
    rewrite_v4(&mut bytes, &layout, Toward::Client, &vip, 443).unwrap();
    assert_eq!(bytes[12..16], [10, 1, 1, 1]);
    assert_eq!(bytes[28 + 16..28 + 20], [10, 1, 1, 1]);
    assert_eq!(bytes[28 + 22..28 + 24], 443_u16.to_be_bytes());
    assert_eq!(bytes[22..24], [0, 0]);
    assert_eq!(checksum::of(&bytes[28..48]), 0);
    let before = bytes.clone();
    for len in [20, 28, 40, 51] {
        let done = rewrite_v4(&mut bytes[..len], &layout, Toward::Server, &vip, 1);
        assert_eq!(done, None);
        assert_eq!(bytes, before);
    }
}
