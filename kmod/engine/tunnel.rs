// SPDX-License-Identifier: GPL-2.0

//! Outer headers of tunnels.

use lvs_uapi::flags::tunnel as flags;

use crate::addr::{
    Addr,
    Family, //
};
use crate::config::Tunnel;
use crate::header::{
    gre,
    gue,
    icmp,
    ipv4,
    ipv6,
    udp, //
};
use crate::parse::{
    protocol,
    IpHeader,
    ReceivedError, //
};

/// What lies between the outer IP header and the packet inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encapsulation {
    /// Nothing (RFC 2003, RFC 2473).
    Ip,
    /// GRE without key (RFC 2784).
    Gre {
        /// With a checksum over the packet inside.
        checksum: bool,
    },
    /// Generic UDP encapsulation, variant 0 (draft-ietf-intarea-gue).
    Gue {
        /// UDP port of the receiver.
        port: u16,
        /// With a checksum in the UDP header.
        checksum: bool,
        /// The transport checksum of the packet inside is left to the receiver.
        remote_checksum: bool,
    },
}

/// Bytes of UDP and GUE header without options.
const GUE_LEN: usize = udp::LEN + gue::LEN;

/// Bytes of UDP and GUE header with a remote checksum: the longest encapsulation.
const LONGEST_GUE: usize = GUE_LEN + gue::REMOTE_CHECKSUM_LEN;

/// Most bytes that a tunnel puts in front of a packet.
pub const MAX_HEADERS_LEN: u32 = (ipv6::LEN + LONGEST_GUE) as u32;

/// Smallest MTU a tunnel of family `outer` may leave for the packets inside: what each link of that
/// family carries (RFC 791, RFC 8200).
#[inline]
pub const fn min_inner_mtu(outer: Family) -> u32 {
    match outer {
        Family::V4 => 68,
        Family::V6 => 1280,
    }
}

impl Encapsulation {
    /// The encapsulation of a server with settings `tunnel`. `is_partial` tells whether the
    /// packet's transport checksum is still to be completed: only then can that be left to the
    /// receiver.
    #[inline]
    pub const fn of(tunnel: Tunnel, is_partial: bool) -> Self {
        let checksum = tunnel.flags & flags::FLAG_CSUM != 0;
        let remote = tunnel.flags & flags::FLAG_REMCSUM != 0;
        match tunnel.kind {
            flags::TYPE_GRE => Encapsulation::Gre { checksum },
            flags::TYPE_GUE => Encapsulation::Gue {
                port: tunnel.port,
                // The receiver accepts a remote checksum only under one of the outer packet.
                checksum: checksum || remote,
                remote_checksum: remote && is_partial,
            },
            _ => Encapsulation::Ip,
        }
    }

    /// Its bytes, the outer IP header not counted.
    #[inline]
    pub const fn header_len(self) -> u32 {
        match self {
            Encapsulation::Ip => 0,
            Encapsulation::Gre { checksum: false } => gre::LEN as u32,
            Encapsulation::Gre { checksum: true } => gre::LEN_WITH_CHECKSUM as u32,
            Encapsulation::Gue {
                remote_checksum: false,
                ..
            } => GUE_LEN as u32,
            Encapsulation::Gue {
                remote_checksum: true,
                ..
            } => LONGEST_GUE as u32,
        }
    }

    /// Protocol number of the outer IP header, around a packet of protocol `inner`.
    #[inline]
    pub const fn protocol(self, inner: u8) -> u8 {
        match self {
            Encapsulation::Ip => inner,
            Encapsulation::Gre { .. } => protocol::GRE,
            Encapsulation::Gue { .. } => protocol::UDP,
        }
    }
}

/// The GUE header around a packet of protocol `inner`, which is as long as the first
/// [`gue::LEN`] bytes without `remote`. `remote` is where the packet's checksummed part starts
/// and where its checksum lies, in bytes from its IP header on.
pub const fn gue_header(
    inner: u8,
    remote: Option<(u16, u16)>,
) -> [u8; gue::LEN + gue::REMOTE_CHECKSUM_LEN] {
    let Some((start, at)) = remote else {
        return [0, inner, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    };
    let words = (gue::REMOTE_CHECKSUM_LEN / 4) as u8;
    let [s0, s1] = start.to_be_bytes();
    let [a0, a1] = at.to_be_bytes();
    // A private flags field, in which the first bit stands for the option behind it.
    [words, inner, 0, 1, 0x80, 0, 0, 0, s0, s1, a0, a1]
}

/// What lies behind the outer IP header of a tunnel's packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inside {
    /// Bytes up to the packet inside.
    pub at: usize,
    /// Family of the packet inside.
    pub family: Family,
    /// Type of the tunnel, of `lvs_uapi::flags::tunnel`.
    pub kind: u8,
    /// UDP port it goes to, if it has one.
    pub port: u16,
}

/// Bytes behind an outer IP header that are there whatever tunnel's packet it is: the shortest has
/// an IP header inside.
pub const LOOKED_AT: usize = ipv4::LEN;

/// What lies behind an outer header of protocol `outer`; `bytes` is what follows it. `None` when it
/// is no tunnel's.
pub fn inside_of(outer: u8, bytes: &[u8]) -> Option<Inside> {
    let (at, inner, kind, port) = match (outer, bytes) {
        (protocol::IPIP | protocol::IPV6, _) => (0, outer, flags::TYPE_IPIP, 0),
        // Without key and sequence number; with a checksum or not.
        (protocol::GRE, [checksum @ (0 | gre::HAS_CHECKSUM), 0, type_high, type_low, ..]) => {
            let inner = match u16::from_be_bytes([*type_high, *type_low]) {
                gre::ethertype::IPV4 => protocol::IPIP,
                gre::ethertype::IPV6 => protocol::IPV6,
                _ => return None,
            };
            let len = if *checksum == 0 {
                gre::LEN
            } else {
                gre::LEN_WITH_CHECKSUM
            };
            (len, inner, flags::TYPE_GRE, 0)
        }
        // Variant 0 and no control message.
        (
            protocol::UDP,
            [_, _, p0, p1, _, _, _, _, words @ 0..=gue::MAX_OPTION_WORDS, inner, ..],
        ) => {
            let options = usize::from(*words).wrapping_mul(4);
            let len = GUE_LEN.wrapping_add(options);
            (len, *inner, flags::TYPE_GUE, u16::from_be_bytes([*p0, *p1]))
        }
        _ => return None,
    };
    let family = match inner {
        protocol::IPIP => Family::V4,
        protocol::IPV6 => Family::V6,
        _ => return None,
    };
    Some(Inside {
        at,
        family,
        kind,
        port,
    })
}

/// What the sender of the packet inside a tunnel is told of an error about the packet outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relayed {
    /// The packet outside was too big for a link of this MTU.
    TooBig(u32),
    /// An error of the inner packet's family.
    Other(ReceivedError),
}

/// Translates `error` about a packet of family `outer` for the sender of one of family `inner`: as
/// it is within a family, else as RFC 2473, section 8, has it.
pub const fn relayed(outer: Family, inner: Family, error: ReceivedError) -> Relayed {
    use icmp::{
        v4,
        v6, //
    };
    match (outer, inner, error.kind, error.code) {
        (Family::V4, _, v4::UNREACHABLE, v4::UNREACHABLE_TOO_BIG) => {
            Relayed::TooBig(error.info & 0xffff)
        }
        (Family::V6, _, v6::TOO_BIG, _) => Relayed::TooBig(error.info),
        (Family::V4, Family::V4, ..)
        | (Family::V6, Family::V6, v6::UNREACHABLE | v6::TIME_EXCEEDED, _) => Relayed::Other(error),
        (_, Family::V4, ..) => Relayed::Other(ReceivedError {
            kind: v4::UNREACHABLE,
            code: v4::UNREACHABLE_HOST,
            info: 0,
        }),
        (_, Family::V6, ..) => Relayed::Other(ReceivedError {
            kind: v6::UNREACHABLE,
            code: v6::UNREACHABLE_ADDRESS,
            info: 0,
        }),
    }
}

/// The MTU that a link of MTU `mtu` leaves for packets of family `inner` behind `overhead` bytes:
/// at least what each link of that family has to carry, if need be in fragments outside.
pub const fn mtu_inside(inner: Family, mtu: u32, overhead: u32) -> u32 {
    let least = min_inner_mtu(inner);
    match inner {
        _ if mtu > least.saturating_add(overhead) => mtu.wrapping_sub(overhead),
        Family::V4 => mtu,
        Family::V6 => least,
    }
}

/// Explicit congestion notification of an outer header, full functionality option (RFC 3168,
/// 9.1.1): copied, but not that there was congestion.
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

/// The outer IPv4 header (RFC 2003) around the packet with header `inner`; `protocol` is what
/// follows it. Length, IP ID and checksum are left to output. Addresses as they lie in memory.
#[inline]
pub fn ipv4_header(
    inner: &IpHeader,
    protocol: u8,
    ttl: u8,
    dont_fragment: bool,
    source: u32,
    destination: u32,
) -> [u8; ipv4::LEN] {
    let [s0, s1, s2, s3] = source.to_ne_bytes();
    let [d0, d1, d2, d3] = destination.to_ne_bytes();
    let bits = if dont_fragment {
        ipv4::fragment::DONT_FRAGMENT
    } else {
        0
    };
    let [fragment, rest] = bits.to_be_bytes();
    [
        ipv4::PLAIN,
        outer_tos(inner.tos),
        0,
        0,
        0,
        0,
        fragment,
        rest,
        ttl,
        protocol,
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

/// Sets the IP ID of an IPv4 header, in host order.
#[inline]
pub fn set_ip_id_v4(header: &mut [u8; ipv4::LEN], ip_id: u16) {
    let [_, _, _, _, high, low, ..] = header;
    [*high, *low] = ip_id.to_be_bytes();
}

/// Protocol number of a packet of family `inner` inside another one.
#[inline]
pub const fn ip_protocol(inner: Family) -> u8 {
    match inner {
        Family::V4 => protocol::IPIP,
        Family::V6 => protocol::IPV6,
    }
}

/// The outer IPv6 header (RFC 2473) around the packet with header `inner`; `protocol` is what
/// follows it. The length is left to output.
#[inline]
pub fn ipv6_header(
    inner: &IpHeader,
    protocol: u8,
    hop_limit: u8,
    source: &Addr,
    destination: &Addr,
) -> [u8; ipv6::LEN] {
    let tos = outer_tos(inner.tos);
    let mut header = [0; ipv6::LEN];
    let (fixed, addresses) = header.split_at_mut(ipv6::at::SOURCE);
    fixed.copy_from_slice(&[0x60 | (tos >> 4), tos << 4, 0, 0, 0, 0, protocol, hop_limit]);
    let (first, second) = addresses.split_at_mut(ipv6::ADDR_LEN);
    first.copy_from_slice(&source.octets());
    second.copy_from_slice(&destination.octets());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn congestion_stays_inside() {
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
        let outer = parse::ipv6(&ipv6_header(&inner, 4, 63, &from, &to)).unwrap();
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
        let bytes = ipv4_header(
            &inner,
            protocol::GRE,
            63,
            true,
            u32::from_ne_bytes(from),
            u32::from_ne_bytes(to),
        );
        let outer = parse::ipv4(&bytes).unwrap();
        assert_eq!((outer.source.v4(), outer.destination.v4()), (from, to));
        assert_eq!((outer.protocol, outer.ttl, outer.tos), (47, 63, 0xb8));
        assert!(outer.dont_fragment);
    }

    #[test]
    fn encapsulations_say_how_long_they_are() {
        let of = |kind, flags, partial| {
            let tunnel = Tunnel {
                kind,
                port: 6080,
                flags,
            };
            let encapsulation = Encapsulation::of(tunnel, partial);
            assert!(encapsulation.header_len() <= LONGEST_GUE as u32);
            (encapsulation.header_len(), encapsulation.protocol(4))
        };
        assert_eq!(of(0, 3, true), (0, 4));
        assert_eq!(of(9, 0, false), (0, 4));
        assert_eq!(of(flags::TYPE_GRE, 0, true), (4, 47));
        assert_eq!(of(flags::TYPE_GRE, flags::FLAG_CSUM, true), (8, 47));
        assert_eq!(of(flags::TYPE_GUE, 0, true), (12, 17));
        assert_eq!(of(flags::TYPE_GUE, flags::FLAG_CSUM, true), (12, 17));
        assert_eq!(of(flags::TYPE_GUE, flags::FLAG_REMCSUM, true), (20, 17));
        assert_eq!(of(flags::TYPE_GUE, flags::FLAG_REMCSUM, false), (12, 17));
    }

    #[test]
    fn a_remote_checksum_is_an_option_of_two_words() {
        assert_eq!(gue_header(41, None)[..gue::LEN], [0, 41, 0, 0]);
        assert_eq!(
            gue_header(4, Some((20, 36))),
            [2, 4, 0, 1, 0x80, 0, 0, 0, 0, 20, 0, 36]
        );
    }

    #[test]
    fn tunnels_show_where_their_packet_starts() {
        let inside = |at, family, kind, port| {
            Some(Inside {
                at,
                family,
                kind,
                port,
            })
        };
        let (v4, v6) = (Family::V4, Family::V6);
        assert_eq!(inside_of(4, &[]), inside(0, v4, flags::TYPE_IPIP, 0));
        assert_eq!(inside_of(41, &[]), inside(0, v6, flags::TYPE_IPIP, 0));
        let gre = [0x80, 0, 8, 0, 1, 2, 0, 0];
        assert_eq!(inside_of(47, &gre), inside(8, v4, flags::TYPE_GRE, 0));
        let gre = [0, 0, 0x86, 0xdd];
        assert_eq!(inside_of(47, &gre), inside(4, v6, flags::TYPE_GRE, 0));
        assert_eq!(inside_of(47, &[0x20, 0, 8, 0]), None);
        assert_eq!(inside_of(47, &[0, 0, 8]), None);
        assert_eq!(inside_of(47, &[0, 0, 8, 6]), None);
        let mut gue = [1, 2, 0x17, 0xc0, 0, 0, 0, 0, 2, 4, 0, 1];
        assert_eq!(inside_of(17, &gue), inside(20, v4, flags::TYPE_GUE, 6080));
        assert_eq!(inside_of(17, &gue[..9]), None);
        assert_eq!(inside_of(6, &gue), None);
        gue[9] = 41;
        assert_eq!(inside_of(17, &gue), inside(20, v6, flags::TYPE_GUE, 6080));
        gue[9] = 17;
        assert_eq!(inside_of(17, &gue), None);
    }

    #[test]
    fn errors_are_translated_between_the_families() {
        let (v4, v6) = (Family::V4, Family::V6);
        let error = |kind, code, info| ReceivedError { kind, code, info };
        let other = |kind, code, info| Relayed::Other(error(kind, code, info));
        assert_eq!(
            relayed(v4, v6, error(3, 4, 0xabcd_0514)),
            Relayed::TooBig(1300)
        );
        assert_eq!(
            relayed(v6, v4, error(2, 0, 70_000)),
            Relayed::TooBig(70_000)
        );
        assert_eq!(relayed(v4, v4, error(11, 0, 7)), other(11, 0, 7));
        assert_eq!(relayed(v6, v6, error(3, 0, 7)), other(3, 0, 7));
        // A parameter problem points into the packet outside.
        assert_eq!(relayed(v6, v6, error(4, 1, 40)), other(1, 3, 0));
        assert_eq!(relayed(v6, v4, error(1, 0, 7)), other(3, 1, 0));
        assert_eq!(relayed(v4, v6, error(11, 0, 7)), other(1, 3, 0));
    }

    #[test]
    fn tunnels_leave_at_least_what_each_link_carries() {
        assert_eq!(mtu_inside(Family::V4, 1400, 40), 1360);
        assert_eq!(mtu_inside(Family::V4, 80, 40), 80);
        assert_eq!(mtu_inside(Family::V6, 1400, 52), 1348);
        assert_eq!(mtu_inside(Family::V6, 1300, 40), 1280);
        assert_eq!(mtu_inside(Family::V6, 0, 40), 1280);
    }
}
