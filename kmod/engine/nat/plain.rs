// SPDX-License-Identifier: GPL-2.0

//! Packets whose transport has no sum over the addresses: SCTP, whose CRC32c covers the ports and
//! everything behind them (RFC 9260, 6.8) and is left to the caller, AH and ESP.

use super::end::{
    split_port,
    NewEnd, //
};
use super::v4::AddrAndSum;
use super::v6::AddrField;
use crate::addr::Family;
use crate::header::{
    ipv4,
    ipv6, //
};
use crate::parse::{
    self,
    IpHeader, //
};

/// Rewrites a packet of one of these. Takes copies, so that callers needn't have theirs in memory
/// for the sake of rare packets.
#[cold]
pub(super) fn rewrite(headers: &mut [u8], ip: IpHeader, new: NewEnd) -> Option<()> {
    let (fixed, transport) = headers.split_at_mut_checked(ip.len)?;
    let port = if parse::has_ports(ip.protocol) {
        Some(split_port(transport, new.end)?.0)
    } else {
        None
    };
    match ip.family {
        Family::V4 => {
            let (fixed, _) = fixed.split_first_chunk_mut::<{ ipv4::LEN }>()?;
            AddrAndSum::of(fixed, new.end)?.change(&new.addr);
        }
        Family::V6 => {
            let (fixed, _) = fixed.split_first_chunk_mut::<{ ipv6::LEN }>()?;
            AddrField::of(fixed, new.end)?.change(&new.addr);
        }
    }
    if let Some(port) = port {
        *port = new.port.to_be_bytes();
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::{
        rewrite,
        End,
        TransportSum, //
    };
    use super::*;
    use crate::addr::Addr;
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

    fn change(bytes: &mut [u8], ip: &IpHeader, end: End, addr: Addr, port: u16) -> Option<()> {
        rewrite(
            bytes,
            ip,
            TransportSum::Complete,
            &NewEnd { end, addr, port },
        )
    }

    #[test]
    fn sctp_gets_address_and_port_alone() {
        let body = [0x9c, 0x40, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8];
        let addr = Addr::from_v4([172, 16, 0, 9]);
        let mut bytes = packet(protocol::SCTP, &body);
        let ip = parse::ipv4(&bytes).unwrap();
        change(&mut bytes, &ip, End::Destination, addr, 0x1234).unwrap();
        assert_eq!(bytes[16..24], [172, 16, 0, 9, 0x9c, 0x40, 0x12, 0x34]);
        change(&mut bytes, &ip, End::Source, addr, 0x5678).unwrap();
        assert_eq!(bytes[12..16], [172, 16, 0, 9]);
        assert_eq!(bytes[20..24], [0x56, 0x78, 0x12, 0x34]);
        assert_eq!(bytes[24..], body[4..]);
        assert_eq!(checksum::of(&bytes[..20]), 0);
        let before = bytes.clone();
        assert!(change(&mut bytes[..21], &ip, End::Source, Addr::ANY, 2).is_none());
        assert_eq!(bytes, before);
    }

    #[test]
    fn esp_gets_an_address_alone() {
        for rest in [&[][..], &[1, 2, 3]] {
            let mut bytes = packet(protocol::ESP, rest);
            let ip = parse::ipv4(&bytes).unwrap();
            let addr = Addr::from_v4_word(1);
            change(&mut bytes, &ip, End::Destination, addr, 0xffff).unwrap();
            assert_eq!(&bytes[20..], rest);
            assert_eq!(bytes[16..20], 1_u32.to_ne_bytes());
            assert_eq!(checksum::of(&bytes[..20]), 0);
        }
    }

    #[test]
    fn ipv6_addresses_and_ports_are_replaced() {
        let mut bytes = vec![0; 44];
        bytes[0] = 0x60;
        bytes[6] = protocol::SCTP;
        let ip = parse::ipv6(&bytes).unwrap();
        let (source, destination) = (Addr([1, 2, 3, 4]), Addr([5, 6, 7, 8]));
        change(&mut bytes, &ip, End::Source, source, 0x102).unwrap();
        change(&mut bytes, &ip, End::Destination, destination, 0x304).unwrap();
        assert_eq!(bytes[8..24], source.octets());
        assert_eq!(bytes[24..40], destination.octets());
        assert_eq!(bytes[40..], [1, 2, 3, 4]);
        let esp = IpHeader {
            protocol: protocol::ESP,
            ..ip
        };
        assert!(change(&mut bytes[..39], &esp, End::Destination, source, 0).is_none());
    }
}
