// SPDX-License-Identifier: GPL-2.0

//! The hops that an IP header has left.

use crate::addr::Family;

/// Takes one hop from the IP header at the start of `headers`. `None`, with nothing changed, when
/// it is too short or has none left.
#[inline(always)]
pub fn take(headers: &mut [u8], family: Family) -> Option<()> {
    match family {
        Family::V4 => take_v4(headers),
        Family::V6 => take_v6(headers),
    }
}

/// Takes one hop from an IPv4 header's time to live and corrects its checksum (RFC 1141): the sum
/// has one less in its high byte, so its complement has one more.
#[inline(always)]
fn take_v4(ip: &mut [u8]) -> Option<()> {
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

/// Takes one hop from an IPv6 header's hop limit.
#[inline(always)]
fn take_v6(ip: &mut [u8]) -> Option<()> {
    let [_, _, _, _, _, _, _, hop_limit, ..] = ip else {
        return None;
    };
    *hop_limit = hop_limit.checked_sub(1)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ipv4_checksums_stay_right(mut header: [u8; 20]) {
            header[8] |= 1;
            header[10..12].fill(0);
            let sum = checksum::of(&header);
            header[10..12].copy_from_slice(&sum.to_ne_bytes());
            let ttl = header[8];
            take(&mut header, Family::V4).unwrap();
            prop_assert_eq!(header[8], ttl - 1);
            prop_assert_eq!(checksum::of(&header), 0);
        }

        #[test]
        fn ipv6_changes_in_its_hop_limit_alone(before: [u8; 40]) {
            let mut header = before;
            match take(&mut header, Family::V6) {
                Some(()) => header[7] += 1,
                None => prop_assert_eq!(before[7], 0),
            }
            prop_assert_eq!(header, before);
        }
    }

    #[test]
    fn a_dead_packet_keeps_its_ttl() {
        for (family, ttl_at) in [(Family::V4, 8), (Family::V6, 7)] {
            let mut header = [7_u8; 40];
            header[ttl_at] = 0;
            let before = header;
            assert_eq!(take(&mut header, family), None);
            assert_eq!(take(&mut header[..ttl_at], family), None);
            assert_eq!(header, before);
        }
    }
}
