// SPDX-License-Identifier: MIT OR GPL-2.0

//! Any bytes as a packet: what the parsers say of it holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lvs_engine::addr::Family;
use lvs_engine::parse::{
    self,
    IpHeader, //
};
use lvs_engine::sctp_state::{
    Chunks,
    Event, //
};
use lvs_engine::tunnel::{
    self,
    Encapsulation, //
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(ip) = parse::ipv4(bytes) {
        assert!(bytes[0] >> 4 == 4 && ip.family == Family::V4);
        assert!((20..=60).contains(&ip.len) && ip.len % 4 == 0);
        assert!(ip.is_fragment || !ip.is_later_fragment);
        assert_eq!(ip.destination.v4(), bytes[16..20]);
        wrap(&ip);
        behind(bytes, &ip);
    }
    if let Ok(ip) = parse::ipv6(bytes) {
        assert!(bytes[0] >> 4 == 6 && ip.family == Family::V6);
        // Sixteen extension headers at most.
        assert!((40..=40 + 16 * 2048).contains(&ip.len));
        assert!(ip.is_fragment || !ip.is_later_fragment);
        assert_eq!(ip.destination.octets(), bytes[24..40]);
        wrap(&ip);
        behind(bytes, &ip);
    }
});

/// An outer header around it parses, and congestion doesn't get out.
fn wrap(ip: &IpHeader) {
    for protocol in
        [Encapsulation::Ip, Encapsulation::Gre { checksum: true }].map(|e| e.protocol(4))
    {
        let outer = parse::ipv4(&tunnel::ipv4_header(
            ip,
            protocol,
            9,
            ip.dont_fragment,
            1,
            2,
        ))
        .expect("IPv4");
        assert_eq!(
            (outer.protocol, outer.ttl, outer.dont_fragment),
            (protocol, 9, ip.dont_fragment)
        );
        assert!(outer.tos & 3 != 3 && outer.tos >> 2 == ip.tos >> 2);
        let outer = parse::ipv6(&tunnel::ipv6_header(
            ip,
            protocol,
            9,
            &ip.source,
            &ip.destination,
        ))
        .expect("IPv6");
        assert_eq!((outer.protocol, outer.source), (protocol, ip.source));
    }
}

fn behind(bytes: &[u8], ip: &IpHeader) {
    let Some(transport) = bytes.get(ip.len..) else {
        return;
    };
    assert_eq!(parse::ports(transport).is_some(), transport.len() >= 4);
    assert_eq!(parse::tcp_flags(transport).is_some(), transport.len() >= 20);
    let _ = parse::icmp_error(transport);
    let _ = parse::icmp_error_v6(transport);
    if let Some(inside) = tunnel::inside_of(ip.protocol, transport) {
        assert!(inside.at <= 8 + 4 + 31 * 4);
    }
    if let Some(first) = transport
        .get(12..)
        .and_then(|chunks| chunks.first_chunk::<4>())
    {
        let chunks = Chunks::read(*first, |at| {
            // Behind the first one, on a boundary of four.
            assert!((4..=65536).contains(&at) && at % 4 == 0);
            transport.get(12 + at..)?.first_chunk().copied()
        });
        assert!(chunks.can_open(true) || chunks.event() == Event::Abort);
        assert!(!chunks.are_init() || chunks.can_open(false));
    }
}
