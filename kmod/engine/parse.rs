// SPDX-License-Identifier: GPL-2.0

//! What the headers of a packet say.

use crate::addr::{
    Addr,
    Family, //
};
use crate::header::ipv4::fragment;
use crate::header::ipv6::extension;
use crate::header::{
    icmp,
    ipv4,
    ipv6,
    ports,
    sctp,
    tcp,
    udp, //
};

pub use crate::header::protocol;
pub use crate::header::tcp::flag as tcp_flag;

/// Why headers can't be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParseError {
    /// The bytes end before the header does.
    Truncated,
    /// The header contradicts itself or its version is another one.
    Malformed,
}

/// What an IP header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpHeader {
    /// IP version.
    pub family: Family,
    /// Protocol of what follows.
    pub protocol: u8,
    /// Source address.
    pub source: Addr,
    /// Destination address.
    pub destination: Addr,
    /// Bytes from the IP header's start to the transport header.
    pub len: usize,
    /// Whether this is a fragment, first or later.
    pub is_fragment: bool,
    /// Whether this is a fragment other than the first: it has no transport header.
    pub is_later_fragment: bool,
    /// Whether routers must not fragment it.
    pub dont_fragment: bool,
    /// Hops left.
    pub ttl: u8,
    /// Type of service.
    pub tos: u8,
}

/// Reads the IPv4 header at the start of `bytes`.
#[inline]
pub fn ipv4(bytes: &[u8]) -> Result<IpHeader, ParseError> {
    let (fixed, _) = bytes
        .split_first_chunk::<{ ipv4::LEN }>()
        .ok_or(ParseError::Truncated)?;
    let [version_len, tos, _, _, _, _, frag_hi, frag_lo, ttl, protocol, _, _, rest @ ..] = *fixed;
    let [s0, s1, s2, s3, d0, d1, d2, d3] = rest;
    let len = usize::from(version_len & 0xf) << 2;
    if version_len >> 4 != 4 || len < ipv4::LEN {
        return Err(ParseError::Malformed);
    }
    let bits = u16::from_be_bytes([frag_hi, frag_lo]);
    Ok(IpHeader {
        family: Family::V4,
        protocol,
        source: Addr::from_v4([s0, s1, s2, s3]),
        destination: Addr::from_v4([d0, d1, d2, d3]),
        len,
        is_fragment: bits & (fragment::MORE_FRAGMENTS | fragment::OFFSET) != 0,
        is_later_fragment: bits & fragment::OFFSET != 0,
        dont_fragment: bits & fragment::DONT_FRAGMENT != 0,
        ttl,
        tos,
    })
}

/// Extension headers a packet may have before it isn't looked at any further.
const MAX_EXTENSIONS: usize = 16;

/// Reads the IPv6 header at the start of `bytes` and the extension headers up to the transport.
#[inline]
pub fn ipv6(bytes: &[u8]) -> Result<IpHeader, ParseError> {
    let (fixed, _) = bytes
        .split_first_chunk::<{ ipv6::LEN }>()
        .ok_or(ParseError::Truncated)?;
    let [v0, v1, _, _, _, _, next, hop_limit, addresses @ ..] = *fixed;
    if v0 >> 4 != 6 {
        return Err(ParseError::Malformed);
    }
    let (source, destination) = addresses.split_at(ipv6::ADDR_LEN);
    let addr = |octets: &[u8]| {
        octets
            .first_chunk::<{ ipv6::ADDR_LEN }>()
            .map_or(Addr::ANY, |octets| Addr::from_octets(*octets))
    };
    let mut header = IpHeader {
        family: Family::V6,
        protocol: next,
        source: addr(source),
        destination: addr(destination),
        len: ipv6::LEN,
        is_fragment: false,
        is_later_fragment: false,
        dont_fragment: true,
        ttl: hop_limit,
        tos: (v0 << 4) | (v1 >> 4),
    };
    if is_extension(next) {
        skip_extensions(bytes, &mut header)?;
    }
    Ok(header)
}

#[inline]
const fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        extension::HOP_BY_HOP
            | extension::ROUTING
            | extension::FRAGMENT
            | extension::AUTHENTICATION
            | extension::DESTINATION
    )
}

/// Follows the extension headers behind the fixed one. Those behind a later fragment's can't be
/// followed: there the walk ends.
#[cold]
fn skip_extensions(bytes: &[u8], header: &mut IpHeader) -> Result<(), ParseError> {
    for _ in 0..MAX_EXTENSIONS {
        if !is_extension(header.protocol) || header.is_later_fragment {
            return Ok(());
        }
        let at = bytes.get(header.len..).ok_or(ParseError::Truncated)?;
        let ([next, units, offset_hi, offset_lo, ..], _) = at
            .split_first_chunk::<{ extension::MIN_LEN }>()
            .ok_or(ParseError::Truncated)?;
        let len = match header.protocol {
            extension::FRAGMENT => {
                header.is_fragment = true;
                let offset = u16::from_be_bytes([*offset_hi, *offset_lo]);
                header.is_later_fragment = offset & extension::FRAGMENT_OFFSET != 0;
                extension::MIN_LEN
            }
            extension::AUTHENTICATION => usize::from(*units).wrapping_add(2) << 2,
            _ => usize::from(*units).wrapping_add(1) << 3,
        };
        header.len = header.len.wrapping_add(len);
        header.protocol = *next;
    }
    header.protocol = extension::NONE;
    Ok(())
}

/// What the IP header of a plain packet says about whose it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// TCP or UDP.
    pub protocol: u8,
    /// Source address.
    pub source: Addr,
    /// Destination address.
    pub destination: Addr,
    /// Bytes of the header.
    pub len: usize,
}

/// The ends of a packet of TCP or UDP without options or extension headers; `None` for any other,
/// and for what makes no sense. Reads much less than [`ipv4()`] and [`ipv6()`] do. A later fragment
/// of IPv4 has ends too.
#[inline]
pub fn ends(family: Family, bytes: &[u8]) -> Option<Ends> {
    let (protocol, source, destination, len) = match family {
        Family::V4 => {
            let ([version_len, _, _, _, _, _, _, _, _, protocol, _, _, rest @ ..], _) =
                bytes.split_first_chunk::<{ ipv4::LEN }>()?;
            let [s0, s1, s2, s3, d0, d1, d2, d3] = *rest;
            if *version_len != ipv4::PLAIN {
                return None;
            }
            let source = Addr::from_v4([s0, s1, s2, s3]);
            (
                *protocol,
                source,
                Addr::from_v4([d0, d1, d2, d3]),
                ipv4::LEN,
            )
        }
        Family::V6 => {
            let ([_, _, _, _, _, _, next, _], rest) =
                bytes.split_first_chunk::<{ ipv6::at::SOURCE }>()?;
            let (source, rest) = rest.split_first_chunk::<{ ipv6::ADDR_LEN }>()?;
            let (destination, _) = rest.split_first_chunk::<{ ipv6::ADDR_LEN }>()?;
            let source = Addr::from_octets(*source);
            (*next, source, Addr::from_octets(*destination), ipv6::LEN)
        }
    };
    matches!(protocol, protocol::TCP | protocol::UDP).then_some(Ends {
        protocol,
        source,
        destination,
        len,
    })
}

/// Source and destination port, host order, of any transport the balancer knows.
#[inline]
pub fn ports(transport: &[u8]) -> Option<(u16, u16)> {
    let ([a, b, c, d], _) = transport.split_first_chunk::<{ ports::LEN }>()?;
    Some((u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])))
}

/// Whether the transport's header starts with ports.
#[inline]
pub const fn has_ports(protocol: u8) -> bool {
    matches!(protocol, protocol::TCP | protocol::UDP | protocol::SCTP)
}

/// Flag bits of a TCP header.
#[inline]
pub fn tcp_flags(transport: &[u8]) -> Option<u8> {
    let (header, _) = transport.split_first_chunk::<{ tcp::LEN }>()?;
    header.get(tcp::at::FLAGS).copied()
}

/// Bytes of transport header that must be there for a packet of `protocol` to be balanced.
#[inline]
pub const fn transport_len(protocol: u8) -> usize {
    match protocol {
        protocol::TCP => tcp::LEN,
        protocol::SCTP => sctp::LEN,
        _ => udp::LEN,
    }
}

/// An ICMP message about another packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReceivedError {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// The word behind the checksum, host order; an MTU is its low half.
    pub info: u32,
}

/// Reads the ICMP header; `Ok(None)` when it isn't one of the errors that concern connections:
/// destination unreachable, source quench, time exceeded.
#[inline]
pub fn icmp_error(message: &[u8]) -> Result<Option<ReceivedError>, ParseError> {
    use icmp::v4::*;
    let error = received(message)?;
    let concerns = matches!(error.kind, UNREACHABLE | SOURCE_QUENCH | TIME_EXCEEDED);
    Ok(concerns.then_some(error))
}

/// Reads the ICMPv6 header; `Ok(None)` when it isn't one of an error (RFC 4443, 2.1).
#[inline]
pub fn icmp_error_v6(message: &[u8]) -> Result<Option<ReceivedError>, ParseError> {
    let error = received(message)?;
    Ok((error.kind < icmp::v6::FIRST_INFORMATIONAL).then_some(error))
}

/// Reads the header that ICMP and ICMPv6 have in common.
#[inline]
fn received(message: &[u8]) -> Result<ReceivedError, ParseError> {
    let ([kind, code, _, _, i0, i1, i2, i3], _) = message
        .split_first_chunk::<{ icmp::LEN }>()
        .ok_or(ParseError::Truncated)?;
    Ok(ReceivedError {
        kind: *kind,
        code: *code,
        info: u32::from_be_bytes([*i0, *i1, *i2, *i3]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_v6(next: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x6b, 0x80, 0, 0, 0, 0, next, 64];
        bytes.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn ipv6_header_is_read() {
        let ip = ipv6(&header_v6(protocol::TCP, &[])).unwrap();
        assert_eq!((ip.protocol, ip.len, ip.ttl, ip.tos), (6, 40, 64, 0xb8));
        assert_eq!(ip.source.octets()[15], 1);
        assert_eq!(ip.destination.octets()[15], 2);
    }

    #[test]
    fn the_ends_of_plain_packets_are_those_of_their_headers() {
        for bytes in [header_v6(protocol::TCP, &[]), header_v6(protocol::UDP, &[])] {
            let (ends, ip) = (ends(Family::V6, &bytes).unwrap(), ipv6(&bytes).unwrap());
            assert_eq!((ends.protocol, ends.len), (ip.protocol, ip.len));
            assert_eq!((ends.source, ends.destination), (ip.source, ip.destination));
        }
        let bytes = header(0x45, 0);
        let (ends, ip) = (ends(Family::V4, &bytes).unwrap(), ipv4(&bytes).unwrap());
        assert_eq!((ends.protocol, ends.len), (ip.protocol, ip.len));
        assert_eq!((ends.source, ends.destination), (ip.source, ip.destination));
    }

    #[test]
    fn packets_that_are_not_plain_have_no_ends() {
        assert_eq!(ends(Family::V4, &header(0x46, 0)), None);
        assert_eq!(ends(Family::V4, &header(0x45, 0)[..19]), None);
        assert_eq!(ends(Family::V6, &header_v6(extension::ROUTING, &[])), None);
        assert_eq!(ends(Family::V6, &header_v6(protocol::ICMPV6, &[])), None);
        assert_eq!(ends(Family::V6, &header_v6(protocol::TCP, &[])[..39]), None);
    }

    #[test]
    fn extension_headers_are_followed() {
        let rest = [
            [extension::ROUTING, 0, 0, 0, 0, 0, 0, 0],
            [extension::DESTINATION, 0, 0, 0, 0, 0, 0, 0],
            [protocol::UDP, 1, 0, 0, 0, 0, 0, 0],
            [0; 8],
        ]
        .concat();
        let ip = ipv6(&header_v6(extension::HOP_BY_HOP, &rest)).unwrap();
        assert_eq!((ip.protocol, ip.len), (protocol::UDP, 40 + 32));
        let cut = &header_v6(extension::HOP_BY_HOP, &rest)[..50];
        assert_eq!(ipv6(cut), Err(ParseError::Truncated));
    }

    #[test]
    fn later_fragments_have_no_transport() {
        let first = [protocol::UDP, 0, 0, 1, 0, 0, 0, 7];
        let ip = ipv6(&header_v6(extension::FRAGMENT, &first)).unwrap();
        assert!(ip.is_fragment && !ip.is_later_fragment && ip.protocol == protocol::UDP);
        let later = [extension::DESTINATION, 0, 0, 9, 0, 0, 0, 7];
        let ip = ipv6(&header_v6(extension::FRAGMENT, &later)).unwrap();
        assert!(ip.is_later_fragment);
    }

    #[test]
    fn endless_extensions_end() {
        let rest = [extension::DESTINATION, 0, 0, 0, 0, 0, 0, 0].repeat(40);
        let ip = ipv6(&header_v6(extension::DESTINATION, &rest)).unwrap();
        assert_eq!(ip.protocol, extension::NONE);
    }

    fn header(version_len: u8, fragment: u16) -> [u8; 24] {
        let [hi, lo] = fragment.to_be_bytes();
        [
            version_len,
            0,
            0,
            24,
            0,
            0,
            hi,
            lo,
            64,
            6,
            0,
            0,
            10,
            0,
            0,
            1,
            10,
            0,
            0,
            2,
            0x12,
            0x34,
            0,
            80,
        ]
    }

    #[test]
    fn ipv4_header_is_read() {
        let bytes = header(0x45, 0x4000);
        let ip = ipv4(&bytes).unwrap();
        assert_eq!((ip.protocol, ip.len, ip.ttl), (protocol::TCP, 20, 64));
        assert_eq!(ip.source.v4(), [10, 0, 0, 1]);
        assert_eq!(ip.destination.v4(), [10, 0, 0, 2]);
        assert!(ip.dont_fragment && !ip.is_fragment);
        assert_eq!(ports(&bytes[ip.len..]), Some((0x1234, 80)));
    }

    #[test]
    fn fragments_are_told_apart() {
        let first = ipv4(&header(0x45, 0x2000)).unwrap();
        assert!(first.is_fragment && !first.is_later_fragment);
        let later = ipv4(&header(0x45, 0x0010)).unwrap();
        assert!(later.is_fragment && later.is_later_fragment);
    }

    #[test]
    fn lying_headers_are_refused() {
        assert_eq!(ipv4(&header(0x44, 0)), Err(ParseError::Malformed));
        assert_eq!(ipv4(&header(0x65, 0)), Err(ParseError::Malformed));
        assert_eq!(ipv4(&header(0x45, 0)[..19]), Err(ParseError::Truncated));
        assert_eq!(tcp_flags(&[0; 19]), None);
        assert_eq!(icmp_error(&[3, 3, 0]), Err(ParseError::Truncated));
    }

    #[test]
    fn only_errors_count_as_icmp_errors() {
        assert_eq!(icmp_error(&[8, 0, 0, 0, 0, 0, 0, 0]), Ok(None));
        let error = icmp_error(&[3, 4, 0, 0, 0, 0, 5, 0xdc]).unwrap().unwrap();
        assert_eq!(error.info & 0xffff, 1500);
    }
}
