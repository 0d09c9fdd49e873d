// SPDX-License-Identifier: GPL-2.0

//! Transport checksums that a device was left to complete, seen from the bytes alone.

use crate::addr::Family;
use crate::checksum;
use crate::header::{
    ipv4,
    ipv6,
    tcp,
    udp, //
};
use crate::parse::{
    protocol,
    IpHeader, //
};

/// Whether the transport's checksum may be a partial one: the sum of the pseudo-header alone, to
/// which a device would add the rest. One in 65,535 complete ones looks the same. `packet_len` are
/// the bytes of the whole packet. `None` when the headers are too short, or of another protocol
/// than TCP and UDP.
#[inline(always)]
pub fn may_be_partial(headers: &[u8], ip: &IpHeader, packet_len: u32) -> Option<bool> {
    let transport = headers.get(ip.len..)?;
    let check = match ip.protocol {
        protocol::TCP => {
            let (header, _) = transport.split_first_chunk::<{ tcp::LEN }>()?;
            header.get(tcp::at::CHECK..)?.first_chunk()?
        }
        protocol::UDP => {
            let (header, _) = transport.split_first_chunk::<{ udp::LEN }>()?;
            header.get(udp::at::CHECK..)?.first_chunk()?
        }
        _ => return None,
    };
    let addresses = match ip.family {
        Family::V4 => headers
            .first_chunk::<{ ipv4::LEN }>()?
            .get(ipv4::at::ADDRESSES)?,
        Family::V6 => headers
            .first_chunk::<{ ipv6::LEN }>()?
            .get(ipv6::at::ADDRESSES)?,
    };
    let len = packet_len.checked_sub(u32::try_from(ip.len).ok()?)?;
    let sum = checksum::pseudo_header(addresses, ip.protocol, len);
    Some(u16::from_ne_bytes(*check) == sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// A packet without options whose transport checksum is `check` of its pseudo-header and bytes.
    fn packet(
        family: Family,
        is_tcp: bool,
        body: &[u8],
        check: impl Fn(&[u8], &[u8]) -> u16,
    ) -> Vec<u8> {
        let (protocol, at, len) = match is_tcp {
            true => (protocol::TCP, tcp::at::CHECK, tcp::LEN),
            false => (protocol::UDP, udp::at::CHECK, udp::LEN),
        };
        let mut transport = body.to_vec();
        transport.resize(transport.len().max(len), 1);
        transport[at..at + 2].fill(0);
        let transport_len = (transport.len() as u16).to_be_bytes();
        let (mut bytes, addresses) = match family {
            Family::V4 => {
                let mut ip = [7_u8; ipv4::LEN];
                ip[0] = ipv4::PLAIN;
                ip[6..8].fill(0);
                ip[9] = protocol;
                (ip.to_vec(), ipv4::at::ADDRESSES)
            }
            Family::V6 => {
                let mut ip = [9_u8; ipv6::LEN];
                ip[0] = 0x60;
                ip[6] = protocol;
                (ip.to_vec(), ipv6::at::ADDRESSES)
            }
        };
        let mut pseudo = bytes[addresses].to_vec();
        pseudo.extend([0, protocol]);
        pseudo.extend(transport_len);
        let sum = check(&pseudo, &transport);
        transport[at..at + 2].copy_from_slice(&sum.to_ne_bytes());
        bytes.extend(transport);
        bytes
    }

    fn asked(family: Family, bytes: &[u8]) -> Option<bool> {
        let ip = match family {
            Family::V4 => parse::ipv4(bytes),
            Family::V6 => parse::ipv6(bytes),
        };
        may_be_partial(bytes, &ip.unwrap(), bytes.len() as u32)
    }

    proptest! {
        #[test]
        fn the_pseudo_headers_sum_is_partial_and_the_whole_ones_is_not(
            is_v6: bool,
            is_tcp: bool,
            body in proptest::collection::vec(any::<u8>(), 8..80),
        ) {
            let family = if is_v6 { Family::V6 } else { Family::V4 };
            let partial = packet(family, is_tcp, &body, |pseudo, _| !checksum::of(pseudo));
            prop_assert_eq!(asked(family, &partial), Some(true));
            let complete = |pseudo: &[u8], rest: &[u8]| checksum::of(&[pseudo, rest].concat());
            let whole = packet(family, is_tcp, &body, complete);
            let looks_alike = whole == partial;
            prop_assert_eq!(asked(family, &whole), Some(looks_alike));
        }
    }

    #[test]
    fn what_is_cut_short_or_has_no_such_sum_has_no_answer() {
        for family in [Family::V4, Family::V6] {
            let mut bytes = packet(family, true, &[0; 20], |_, _| 0);
            let ip_len = bytes.len() - tcp::LEN;
            assert_eq!(asked(family, &bytes[..bytes.len() - 1]), None);
            bytes[if ip_len == ipv4::LEN { 9 } else { 6 }] = protocol::SCTP;
            assert_eq!(asked(family, &bytes), None);
        }
    }
}
