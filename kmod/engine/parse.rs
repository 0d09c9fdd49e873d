// SPDX-License-Identifier: GPL-2.0

//! What the headers of a packet say.

use crate::addr::{
    Addr,
    Family, //
};

/// IP protocol numbers the balancer knows.
pub mod protocol {
    /// Internet control message protocol.
    pub const ICMP: u8 = 1;
    /// IPv4 in IP.
    pub const IPIP: u8 = 4;
    /// Transmission control protocol.
    pub const TCP: u8 = 6;
    /// User datagram protocol.
    pub const UDP: u8 = 17;
    /// Stream control transmission protocol.
    pub const SCTP: u8 = 132;
}

/// Flag bits of a TCP header's 14th byte.
pub mod tcp_flag {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// The acknowledgement number counts.
    pub const ACK: u8 = 0x10;
}

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
        .split_first_chunk::<20>()
        .ok_or(ParseError::Truncated)?;
    let [version_len, tos, _, _, _, _, frag_hi, frag_lo, ttl, protocol, _, _, rest @ ..] = *fixed;
    let [s0, s1, s2, s3, d0, d1, d2, d3] = rest;
    let len = usize::from(version_len & 0xf) << 2;
    if version_len >> 4 != 4 || len < 20 {
        return Err(ParseError::Malformed);
    }
    let fragment = u16::from_be_bytes([frag_hi, frag_lo]);
    Ok(IpHeader {
        family: Family::V4,
        protocol,
        source: Addr::from_v4([s0, s1, s2, s3]),
        destination: Addr::from_v4([d0, d1, d2, d3]),
        len,
        is_fragment: fragment & 0x3fff != 0,
        is_later_fragment: fragment & 0x1fff != 0,
        dont_fragment: fragment & 0x4000 != 0,
        ttl,
        tos,
    })
}

/// Source and destination port, host order, of any transport the balancer knows.
#[inline]
pub fn ports(transport: &[u8]) -> Option<(u16, u16)> {
    let ([a, b, c, d], _) = transport.split_first_chunk::<4>()?;
    Some((u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])))
}

/// Flag bits of a TCP header.
#[inline]
pub fn tcp_flags(transport: &[u8]) -> Option<u8> {
    let (header, _) = transport.split_first_chunk::<20>()?;
    let [.., flags, _, _, _, _, _, _] = *header;
    Some(flags)
}

/// Bytes of transport header that must be there for a packet of `protocol` to be balanced.
#[inline]
pub const fn transport_len(protocol: u8) -> usize {
    match protocol {
        protocol::TCP => 20,
        protocol::SCTP => 12,
        _ => 8,
    }
}

/// An ICMP message about another packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IcmpError {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// The word behind the checksum, host order; an MTU is its low half.
    pub info: u32,
}

/// Bytes from an ICMP header to the packet an error is about.
pub const ICMP_HEADER_LEN: usize = 8;

/// Reads the ICMP header; `Ok(None)` when it isn't one of the errors that concern connections:
/// destination unreachable, source quench, time exceeded.
#[inline]
pub fn icmp_error(icmp: &[u8]) -> Result<Option<IcmpError>, ParseError> {
    let ([kind, code, _, _, i0, i1, i2, i3], _) = icmp
        .split_first_chunk::<ICMP_HEADER_LEN>()
        .ok_or(ParseError::Truncated)?;
    Ok(matches!(kind, 3 | 4 | 11).then_some(IcmpError {
        kind: *kind,
        code: *code,
        info: u32::from_be_bytes([*i0, *i1, *i2, *i3]),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(version_len: u8, fragment: u16) -> [u8; 24] {
        let [hi, lo] = fragment.to_be_bytes();
        [
            version_len, 0, 0, 24, 0, 0, hi, lo, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34,
            0, 80,
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
