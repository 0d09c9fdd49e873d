// SPDX-License-Identifier: GPL-2.0

//! Rewriting packets whose transport has no sum over the addresses: SCTP, whose CRC32c covers the
//! ports and everything behind them (RFC 9260, 6.8) and is left to the caller, AH and ESP.
//!
//! Functions take the headers from the IP header's start and return `None` when these are too
//! short.

use crate::addr::Addr;
use crate::nat::{
    change_addr_v4,
    half_at,
    replace_addr_v6,
    End, //
};
use crate::parse;

/// Gives one end of an IPv4 packet another address (as it lies in memory) and, if its transport has
/// ports, port (host order), and corrects the IP header's checksum.
pub fn rewrite_v4(
    headers: &mut [u8],
    ip_len: usize,
    transport_protocol: u8,
    end: End,
    addr: u32,
    port: u16,
) -> Option<()> {
    rewrite_port(headers, ip_len, transport_protocol, end, port)?;
    let addr_at = match end {
        End::Source => 12,
        End::Destination => 16,
    };
    change_addr_v4(headers, 0, addr_at, addr)
}

/// As [`rewrite_v4`] for an IPv6 packet, whose header has no checksum.
pub fn rewrite_v6(
    headers: &mut [u8],
    ip_len: usize,
    transport_protocol: u8,
    end: End,
    addr: &Addr,
    port: u16,
) -> Option<()> {
    rewrite_port(headers, ip_len, transport_protocol, end, port)?;
    let addr_at = match end {
        End::Source => 8,
        End::Destination => 24,
    };
    replace_addr_v6(headers, addr_at, addr).map(|_| ())
}

fn rewrite_port(
    headers: &mut [u8],
    ip_len: usize,
    transport_protocol: u8,
    end: End,
    port: u16,
) -> Option<()> {
    if !parse::has_ports(transport_protocol) {
        return Some(());
    }
    let port_at = match end {
        End::Source => 0,
        End::Destination => 2,
    };
    *half_at(headers, ip_len.checked_add(port_at)?)? = port.to_be_bytes();
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum;
    use crate::parse::protocol;

    fn packet(protocol: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![
            0x45, 0, 0, 32, 1, 2, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 10, 0, 0, 1,
        ];
        let sum = checksum::of(&bytes);
        bytes[10..12].copy_from_slice(&sum.to_ne_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn sctp_gets_address_and_port_alone() {
        let body = [0x9c, 0x40, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8];
        let addr = u32::from_ne_bytes([172, 16, 0, 9]);
        let mut bytes = packet(protocol::SCTP, &body);
        let end = End::Destination;
        rewrite_v4(&mut bytes, 20, protocol::SCTP, end, addr, 0x1234).unwrap();
        assert_eq!(bytes[16..24], [172, 16, 0, 9, 0x9c, 0x40, 0x12, 0x34]);
        rewrite_v4(&mut bytes, 20, protocol::SCTP, End::Source, addr, 0x5678).unwrap();
        assert_eq!(bytes[12..16], [172, 16, 0, 9]);
        assert_eq!(bytes[20..24], [0x56, 0x78, 0x12, 0x34]);
        assert_eq!(bytes[24..], body[4..]);
        assert_eq!(checksum::of(&bytes[..20]), 0);
        assert!(rewrite_v4(&mut bytes[..21], 20, protocol::SCTP, End::Source, 1, 2).is_none());
    }

    #[test]
    fn esp_gets_an_address_alone() {
        for rest in [&[][..], &[1, 2, 3]] {
            let mut bytes = packet(protocol::ESP, rest);
            rewrite_v4(&mut bytes, 20, protocol::ESP, End::Destination, 1, 0xffff).unwrap();
            assert_eq!(&bytes[20..], rest);
            assert_eq!(bytes[16..20], 1_u32.to_ne_bytes());
            assert_eq!(checksum::of(&bytes[..20]), 0);
        }
    }

    #[test]
    fn ipv6_addresses_and_ports_are_replaced() {
        let mut bytes = vec![0; 44];
        let (source, destination) = (Addr([1, 2, 3, 4]), Addr([5, 6, 7, 8]));
        rewrite_v6(&mut bytes, 40, protocol::SCTP, End::Source, &source, 0x102).unwrap();
        let end = End::Destination;
        rewrite_v6(&mut bytes, 40, protocol::SCTP, end, &destination, 0x304).unwrap();
        assert_eq!(bytes[8..24], source.octets());
        assert_eq!(bytes[24..40], destination.octets());
        assert_eq!(bytes[40..], [1, 2, 3, 4]);
        assert!(rewrite_v6(&mut bytes[..39], 20, protocol::ESP, end, &source, 0).is_none());
    }
}
