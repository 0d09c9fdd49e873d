// SPDX-License-Identifier: GPL-2.0

//! Outer headers of tunnels.

use crate::addr::{
    Addr,
    Family, //
};
use crate::parse::{
    protocol,
    IpHeader, //
};

/// Smallest MTU an IPv4 tunnel may leave for the packets inside (RFC 791).
pub const MIN_INNER_MTU_V4: u32 = 68;

/// Bytes of an IPv4 header without options.
pub const IPV4_HEADER_LEN: u32 = 20;

/// Explicit congestion notification of an outer header, full functionality option (RFC 3168, 9.1.1):
/// copied, but a congestion mark isn't.
#[inline]
pub const fn outer_tos(inner: u8) -> u8 {
    const ECN_MASK: u8 = 3;
    const CONGESTED: u8 = 3;
    const CAPABLE: u8 = 2;
    if inner & ECN_MASK == CONGESTED {
        inner & !ECN_MASK | CAPABLE
    } else {
        inner
    }
}

/// The outer header of IP in IP (RFC 2003) around the packet with header `inner`. Length, identity
/// and checksum are left to output. Addresses as they lie in memory.
#[inline]
pub fn ipip_header(
    inner: &IpHeader,
    ttl: u8,
    dont_fragment: bool,
    source: u32,
    destination: u32,
) -> [u8; 20] {
    let [s0, s1, s2, s3] = source.to_ne_bytes();
    let [d0, d1, d2, d3] = destination.to_ne_bytes();
    let fragment = if dont_fragment { 0x40 } else { 0 };
    [
        0x45,
        outer_tos(inner.tos),
        0,
        0,
        0,
        0,
        fragment,
        0,
        ttl,
        inner_protocol(inner),
        0,
        0,
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
    ]
}

/// Smallest MTU an IPv6 tunnel may leave for the packets inside (RFC 8200).
pub const MIN_INNER_MTU_V6: u32 = 1280;

/// Bytes of an IPv6 header without extensions.
pub const IPV6_HEADER_LEN: u32 = 40;

/// Protocol number of a packet of the family of `inner` inside another one.
#[inline]
pub const fn inner_protocol(inner: &IpHeader) -> u8 {
    match inner.family {
        Family::V4 => protocol::IPIP,
        Family::V6 => protocol::IPV6,
    }
}

/// The outer header of IP in IPv6 (RFC 2473) around the packet with header `inner`. The length is
/// left to output.
#[inline]
pub fn ipv6_header(inner: &IpHeader, hop_limit: u8, source: &Addr, destination: &Addr) -> [u8; 40] {
    let tos = outer_tos(inner.tos);
    let mut header = [0; 40];
    let (fixed, addresses) = header.split_at_mut(8);
    fixed.copy_from_slice(&[
        0x60 | (tos >> 4),
        tos << 4,
        0,
        0,
        0,
        0,
        inner_protocol(inner),
        hop_limit,
    ]);
    let (first, second) = addresses.split_at_mut(16);
    first.copy_from_slice(&source.octets());
    second.copy_from_slice(&destination.octets());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn congestion_marks_stay_inside() {
        assert_eq!(outer_tos(0b1010_1011), 0b1010_1010);
        assert_eq!(outer_tos(0b1010_1001), 0b1010_1001);
        assert_eq!(outer_tos(0), 0);
    }

    #[test]
    fn the_outer_ipv6_header_parses() {
        let mut inner = [0; 20];
        inner[..2].copy_from_slice(&[0x45, 0xb9]);
        let inner = parse::ipv4(&inner).unwrap();
        let (from, to) = (Addr([1, 2, 3, 4]), Addr([5, 6, 7, 8]));
        let outer = parse::ipv6(&ipv6_header(&inner, 63, &from, &to)).unwrap();
        assert_eq!((outer.source, outer.destination), (from, to));
        assert_eq!((outer.protocol, outer.ttl, outer.tos), (4, 63, 0xb9));
    }

    #[test]
    fn the_outer_header_parses() {
        let mut inner = [0; 20];
        inner[0] = 0x45;
        inner[1] = 0xb8;
        let inner = parse::ipv4(&inner).unwrap();
        let (from, to) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        let bytes = ipip_header(
            &inner,
            63,
            true,
            u32::from_ne_bytes(from),
            u32::from_ne_bytes(to),
        );
        let outer = parse::ipv4(&bytes).unwrap();
        assert_eq!((outer.source.v4(), outer.destination.v4()), (from, to));
        assert_eq!((outer.protocol, outer.ttl, outer.tos), (4, 63, 0xb8));
        assert!(outer.dont_fragment);
    }
}
