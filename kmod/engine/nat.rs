// SPDX-License-Identifier: GPL-2.0

//! Rewriting addresses and ports in the headers of a packet.
//!
//! Functions take the headers from the IP header's start and return `None`, with nothing changed,
//! when these are too short.

use crate::addr::Addr;
use crate::checksum::Delta;
use crate::parse::{
    self,
    protocol, //
};
use crate::sctp_state;

/// Which end of the packet is rewritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The source: a server's reply gets the virtual address.
    Source,
    /// The destination: a client's packet goes to the real server.
    Destination,
}

/// How the transport checksum is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransportSum {
    /// The field holds a complete checksum.
    Complete,
    /// The field holds the pseudo-header's sum; the device adds the rest.
    Partial,
}

#[inline]
fn word_at(bytes: &mut [u8], offset: usize) -> Option<&mut [u8; 4]> {
    bytes.get_mut(offset..)?.first_chunk_mut()
}

#[inline]
pub(crate) fn half_at(bytes: &mut [u8], offset: usize) -> Option<&mut [u8; 2]> {
    bytes.get_mut(offset..)?.first_chunk_mut()
}

/// Bytes of headers that [`rewrite_v4`] and [`crate::nat_plain`] need.
#[inline]
pub const fn rewrite_len(ip_len: usize, transport_protocol: u8) -> usize {
    match transport_protocol {
        protocol::TCP => ip_len.wrapping_add(20),
        protocol::UDP => ip_len.wrapping_add(8),
        protocol::SCTP => ip_len.wrapping_add(sctp_state::HEADER_LEN),
        _ => ip_len,
    }
}

/// The fields of a TCP or UDP header that a rewrite changes.
struct PortAndSum<'a> {
    is_udp: bool,
    port: &'a mut [u8; 2],
    check: &'a mut [u8; 2],
}

impl<'a> PortAndSum<'a> {
    /// Finds them; `None` for other protocols and headers too short.
    #[inline(always)]
    fn of(transport: &'a mut [u8], transport_protocol: u8, end: End) -> Option<Self> {
        let (ports, rest) = transport.split_first_chunk_mut::<4>()?;
        let (is_udp, check) = match transport_protocol {
            protocol::TCP => (false, half_at(rest, 12)?),
            protocol::UDP => (true, half_at(rest, 2)?),
            _ => return None,
        };
        let (source, destination) = ports.split_first_chunk_mut::<2>()?;
        let port = match end {
            End::Source => source,
            End::Destination => destination.first_chunk_mut()?,
        };
        Some(Self {
            is_udp,
            port,
            check,
        })
    }

    /// Changes the port, and corrects the checksum for that and the address. A UDP sender may leave
    /// the checksum out; with IPv6 tunnels alone do (RFC 6935).
    #[inline(always)]
    fn change(self, port: u16, addr_delta: Delta, sum: TransportSum) {
        let port = port.to_be();
        let old_port = u16::from_ne_bytes(*self.port);
        let old_check = u16::from_ne_bytes(*self.check);
        *self.port = port.to_ne_bytes();
        let check = match sum {
            TransportSum::Partial => addr_delta.apply_to_sum(old_check),
            TransportSum::Complete if self.is_udp && old_check == 0 => 0,
            TransportSum::Complete => {
                let check = addr_delta.half(old_port, port).apply(old_check);
                if self.is_udp && check == 0 {
                    0xffff
                } else {
                    check
                }
            }
        };
        *self.check = check.to_ne_bytes();
    }
}

/// Gives one end of an IPv4 packet another address (as it lies in memory) and port (host order),
/// and corrects the IP and the TCP or UDP checksum.
#[inline(always)]
pub fn rewrite_v4(
    headers: &mut [u8],
    ip_len: usize,
    transport_protocol: u8,
    end: End,
    addr: u32,
    port: u16,
    sum: TransportSum,
) -> Option<()> {
    let (ip, behind) = headers.split_first_chunk_mut::<20>()?;
    let transport = behind.get_mut(ip_len.checked_sub(20)?..)?;
    // Everything is there before anything is changed.
    let ports = PortAndSum::of(transport, transport_protocol, end)?;
    let place = match end {
        End::Source => word_at(ip, 12)?,
        End::Destination => word_at(ip, 16)?,
    };
    let addr_delta = Delta::new().word(u32::from_ne_bytes(*place), addr);
    *place = addr.to_ne_bytes();
    let check = half_at(ip, 10)?;
    *check = addr_delta.apply(u16::from_ne_bytes(*check)).to_ne_bytes();
    ports.change(port, addr_delta, sum);
    Some(())
}

/// As [`rewrite_v4`] for an IPv6 packet, whose header has no checksum.
#[inline(always)]
pub fn rewrite_v6(
    headers: &mut [u8],
    ip_len: usize,
    transport_protocol: u8,
    end: End,
    addr: &Addr,
    port: u16,
    sum: TransportSum,
) -> Option<()> {
    let (ip, behind) = headers.split_first_chunk_mut::<40>()?;
    let transport = behind.get_mut(ip_len.checked_sub(40)?..)?;
    // Everything is there before anything is changed.
    let ports = PortAndSum::of(transport, transport_protocol, end)?;
    let addr_delta = match end {
        End::Source => replace_addr_v6(ip, 8, addr)?,
        End::Destination => replace_addr_v6(ip, 24, addr)?,
    };
    ports.change(port, addr_delta, sum);
    Some(())
}

/// Replaces the IPv6 address at `at`; returns what that does to a sum over it.
#[inline(always)]
pub(crate) fn replace_addr_v6(bytes: &mut [u8], at: usize, addr: &Addr) -> Option<Delta> {
    let place: &mut [u8; 16] = bytes.get_mut(at..)?.first_chunk_mut()?;
    let old = Addr::from_octets(*place);
    *place = addr.octets();
    let mut delta = Delta::new();
    for (from, to) in old.0.into_iter().zip(addr.0) {
        delta = delta.word(from, to);
    }
    Some(delta)
}

/// Takes one hop from an IPv6 header.
#[inline(always)]
pub fn decrement_hop_limit_v6(ip: &mut [u8]) -> Option<()> {
    let [_, _, _, _, _, _, _, hop_limit, ..] = ip else {
        return None;
    };
    *hop_limit = hop_limit.checked_sub(1)?;
    Some(())
}

/// As [`rewrite_icmp_v4`] for an ICMPv6 error, whose checksum is corrected: it covers the outer
/// addresses too.
pub fn rewrite_icmp_v6(
    headers: &mut [u8],
    icmp_at: usize,
    inner_at: usize,
    inner_len: usize,
    way: Toward,
    addr: &Addr,
    port: Option<u16>,
) -> Option<()> {
    let (outer_addr_at, inner_addr_at, inner_port_at) = match way {
        Toward::Client => (8, 24, 2),
        Toward::Server => (24, 8, 0),
    };
    let check_at = icmp_at.checked_add(2)?;
    let ports_at = inner_at.checked_add(inner_len)?;
    let port_at = ports_at.checked_add(inner_port_at)?;
    let inner_addr_at = inner_at.checked_add(inner_addr_at)?;
    // Everything is there before anything is changed.
    headers.get(..ports_at)?;
    headers.get(..inner_addr_at.checked_add(16)?)?;
    let old_check = u16::from_ne_bytes(*half_at(headers, check_at)?);
    let mut delta = Delta::new();
    if let Some(port) = port {
        let place = half_at(headers, port_at)?;
        let port = port.to_be();
        delta = delta.half(u16::from_ne_bytes(*place), port);
        *place = port.to_ne_bytes();
    }
    let outer = replace_addr_v6(headers, outer_addr_at, addr)?;
    let inner = replace_addr_v6(headers, inner_addr_at, addr)?;
    *half_at(headers, check_at)? = delta.plus(outer).plus(inner).apply(old_check).to_ne_bytes();
    Some(())
}

/// Takes one hop from an IPv4 header's time to live and corrects its checksum (RFC 1141): the sum has
/// one less in its high byte, so its complement has one more.
#[inline(always)]
pub fn decrement_ttl_v4(ip: &mut [u8]) -> Option<()> {
    let [_, _, _, _, _, _, _, _, ttl, _, c0, c1, ..] = ip else {
        return None;
    };
    *ttl = ttl.checked_sub(1)?;
    let check = u32::from(u16::from_ne_bytes([*c0, *c1]));
    let more = check.wrapping_add(u32::from(u16::from_ne_bytes([1, 0])));
    // The carry comes around; all ones are zero.
    let new = more.wrapping_add(u32::from(more >= 0xffff)) as u16;
    [*c0, *c1] = new.to_ne_bytes();
    Some(())
}

/// Which way an ICMP error goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Toward {
    /// To the client: it is about a packet of the client to the server. Outer source and inner
    /// destination become the virtual address.
    Client,
    /// To the server: it is about a packet of the server to the client. Outer destination and inner
    /// source become the real server's address.
    Server,
}

/// Bytes of headers that [`rewrite_icmp_v4`] and [`rewrite_icmp_v6`] need for an error about a packet
/// of `inner_protocol`.
pub const fn report_len(inner_at: usize, inner_len: usize, inner_protocol: u8) -> usize {
    let inner_end = inner_at.wrapping_add(inner_len);
    if parse::has_ports(inner_protocol) {
        inner_end.wrapping_add(4)
    } else {
        inner_end
    }
}

/// Rewrites an ICMP error about a translated connection: the outer and inner IPv4 addresses, the
/// inner port, and both IP checksums. The ICMP checksum, which covers the whole message, is set to
/// zero for the caller to fill in. `inner_at` is where the inner IP header starts, `inner_len` its
/// length; `port` is `None` for transports without ports.
pub fn rewrite_icmp_v4(
    headers: &mut [u8],
    icmp_at: usize,
    inner_at: usize,
    inner_len: usize,
    way: Toward,
    addr: u32,
    port: Option<u16>,
) -> Option<()> {
    let (outer_addr_at, inner_addr_at, inner_port_at) = match way {
        Toward::Client => (12, 16, 2),
        Toward::Server => (16, 12, 0),
    };
    let ports_at = inner_at.checked_add(inner_len)?;
    // Everything is there before anything is changed.
    headers.get(..ports_at)?;
    half_at(headers, icmp_at.checked_add(2)?)?;
    if let Some(port) = port {
        *half_at(headers, ports_at.checked_add(inner_port_at)?)? = port.to_be_bytes();
    }
    change_addr_v4(headers, 0, outer_addr_at, addr)?;
    change_addr_v4(headers, inner_at, inner_addr_at, addr)?;
    *half_at(headers, icmp_at.checked_add(2)?)? = [0; 2];
    Some(())
}

/// Changes an address of the IPv4 header at `ip_at` and corrects the header's checksum.
pub(crate) fn change_addr_v4(
    headers: &mut [u8],
    ip_at: usize,
    addr_at: usize,
    addr: u32,
) -> Option<()> {
    let place = word_at(headers, ip_at.checked_add(addr_at)?)?;
    let old = u32::from_ne_bytes(*place);
    *place = addr.to_ne_bytes();
    let check = half_at(headers, ip_at.checked_add(10)?)?;
    *check = Delta::new()
        .word(old, addr)
        .apply(u16::from_ne_bytes(*check))
        .to_ne_bytes();
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum;
    use proptest::prelude::*;

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
            rewrite_v4(&mut bytes, 20, protocol, end, addr, port, TransportSum::Complete).unwrap();
            prop_assert_eq!(checksum::of(&bytes[..20]), 0);
            prop_assert_eq!(transport_sum(&bytes), 0);
            let (addr_at, port_at) = if source { (12, 20) } else { (16, 22) };
            prop_assert_eq!(&bytes[addr_at..addr_at + 4], &addr.to_ne_bytes());
            prop_assert_eq!(&bytes[port_at..port_at + 2], &port.to_be_bytes());
            decrement_ttl_v4(&mut bytes).unwrap();
            prop_assert_eq!(bytes[8], 63);
            prop_assert_eq!(checksum::of(&bytes[..20]), 0);
        }

        #[test]
        fn short_headers_change_nothing(len in 0_usize..40, ip_len in 20_usize..60) {
            let mut bytes = packet(protocol::TCP, &[]);
            bytes.truncate(len);
            let before = bytes.clone();
            let done = rewrite_v4(
                &mut bytes, ip_len, protocol::TCP, End::Source, 1, 2, TransportSum::Complete,
            );
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
            rewrite_v6(&mut bytes, 40, protocol, end, &addr, port, TransportSum::Complete).unwrap();
            prop_assert_eq!(sum_v6(&bytes), 0);
            decrement_hop_limit_v6(&mut bytes).unwrap();
            prop_assert_eq!((bytes[7], sum_v6(&bytes)), (63, 0));
        }

        #[test]
        fn icmpv6_checksums_stay_right(words: [u32; 4], port: u16, to_client: bool) {
            let inner = packet_v6(protocol::UDP, &[0; 16], 6);
            let mut body = vec![1, 4, 0, 0, 0, 0, 0, 0];
            body.extend(&inner);
            let mut bytes = packet_v6(protocol::ICMPV6, &body, 2);
            let way = if to_client { Toward::Client } else { Toward::Server };
            rewrite_icmp_v6(&mut bytes, 40, 48, 40, way, &Addr(words), Some(port)).unwrap();
            prop_assert_eq!(sum_v6(&bytes), 0);
            prop_assert!(rewrite_icmp_v6(&mut bytes[..80], 40, 48, 40, way, &Addr(words), None).is_none());
        }
    }

    #[test]
    fn an_absent_udp_checksum_stays_absent() {
        let mut bytes = packet(protocol::UDP, b"x");
        bytes[26..28].fill(0);
        rewrite_v4(
            &mut bytes,
            20,
            protocol::UDP,
            End::Destination,
            7,
            7,
            TransportSum::Complete,
        )
        .unwrap();
        assert_eq!(bytes[26..28], [0, 0]);
    }

    #[test]
    fn a_partial_sum_gets_the_address_alone() {
        let mut bytes = packet(protocol::TCP, b"data");
        // As the stack leaves it: the pseudo-header's sum, not complemented.
        let pseudo = |bytes: &[u8]| {
            let mut covered = bytes[12..20].to_vec();
            covered.extend([0, bytes[9]]);
            covered.extend(((bytes.len() - 20) as u16).to_be_bytes());
            !checksum::of(&covered)
        };
        let sum = pseudo(&bytes);
        bytes[36..38].copy_from_slice(&sum.to_ne_bytes());
        let addr = u32::from_ne_bytes([172, 16, 0, 9]);
        rewrite_v4(
            &mut bytes,
            20,
            protocol::TCP,
            End::Destination,
            addr,
            8080,
            TransportSum::Partial,
        )
        .unwrap();
        assert_eq!(bytes[36..38], pseudo(&bytes).to_ne_bytes());
    }

    #[test]
    fn a_dead_packet_keeps_its_ttl() {
        let mut bytes = packet(protocol::TCP, &[]);
        bytes[8] = 0;
        assert_eq!(decrement_ttl_v4(&mut bytes), None);
        assert_eq!(bytes[8], 0);
    }

    #[test]
    fn an_icmp_error_speaks_of_the_virtual_address() {
        let inner = packet(protocol::UDP, b"hello");
        let mut bytes = packet(protocol::ICMP, &[]);
        bytes.truncate(20);
        bytes.extend([3, 3, 0xab, 0xcd, 0, 0, 0, 0]);
        bytes.extend(&inner);
        let vip = u32::from_ne_bytes([10, 1, 1, 1]);
        rewrite_icmp_v4(&mut bytes, 20, 28, 20, Toward::Client, vip, Some(443)).unwrap();
        assert_eq!(bytes[12..16], [10, 1, 1, 1]);
        assert_eq!(bytes[28 + 16..28 + 20], [10, 1, 1, 1]);
        assert_eq!(bytes[28 + 22..28 + 24], 443_u16.to_be_bytes());
        assert_eq!(bytes[22..24], [0, 0]);
        assert_eq!(checksum::of(&bytes[28..48]), 0);
        assert_eq!(
            rewrite_icmp_v4(&mut bytes[..40], 20, 28, 20, Toward::Server, 1, Some(1)),
            None
        );
    }
}
