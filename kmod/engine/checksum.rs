// SPDX-License-Identifier: GPL-2.0

//! Internet checksums (RFC 1071) and their incremental update (RFC 1624).
//!
//! All words and sums are as they lie in memory: the sum is the same in either byte order.

/// A checksum field's change, summed up over all words that change.
#[derive(Clone, Copy, Default)]
pub struct Delta(u64);

impl Delta {
    /// No change yet.
    #[inline]
    pub const fn new() -> Self {
        Self(0)
    }

    /// A 32-bit word changes.
    #[inline]
    #[must_use]
    pub const fn word(self, from: u32, to: u32) -> Self {
        // 2^32 terms fit; a header has a few dozen.
        Self(self.0.wrapping_add(!from as u64).wrapping_add(to as u64))
    }

    /// A 16-bit half word changes, as it lies in memory.
    #[inline]
    #[must_use]
    pub const fn half(self, from: u16, to: u16) -> Self {
        Self(self.0.wrapping_add(!from as u64).wrapping_add(to as u64))
    }

    /// Both changes.
    #[inline]
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// A complete checksum after the change: the complement of the sum.
    #[inline]
    pub const fn apply(self, check: u16) -> u16 {
        !fold(self.0.wrapping_add(!check as u64))
    }

    /// A pseudo-header's sum after the change, as a device gets it to complete: not complemented.
    #[inline]
    pub const fn apply_to_sum(self, sum: u16) -> u16 {
        fold(self.0.wrapping_add(sum as u64))
    }
}

/// Folds a sum of 16- and 32-bit words into 16 bits with the carries carried around.
#[inline]
const fn fold(sum: u64) -> u16 {
    // 33 bits, 18, 17 and at last 16 are left.
    let sum = (sum & 0xffff_ffff).wrapping_add(sum >> 32);
    let sum = (sum & 0xffff).wrapping_add(sum >> 16);
    let sum = (sum & 0xffff).wrapping_add(sum >> 16);
    (sum & 0xffff).wrapping_add(sum >> 16) as u16
}

/// The sum of a pseudo-header (RFC 9293, 3.1, and RFC 8200, 8.1), not complemented, as it lies in
/// memory: both addresses of either family, and a transport of `len` bytes.
#[inline(always)]
pub fn pseudo_header(addresses: &[u8], protocol: u8, len: u32) -> u16 {
    let words = addresses.chunks_exact(4);
    let sum = words.fold(0_u64, |sum, word| {
        let word = word
            .first_chunk()
            .map_or(0, |word| u32::from_ne_bytes(*word));
        sum.wrapping_add(u64::from(word))
    });
    let sum = sum.wrapping_add(u64::from(u32::from(protocol).to_be()));
    fold(sum.wrapping_add(u64::from(len.to_be())))
}

/// The checksum of `bytes`, whose own checksum field counts as zero or isn't among them.
pub fn of(bytes: &[u8]) -> u16 {
    let mut sum = 0_u64;
    for pair in bytes.chunks(2) {
        let half = match *pair {
            [a, b] => [a, b],
            [a] => [a, 0],
            _ => [0, 0],
        };
        sum = sum.wrapping_add(u64::from(u16::from_ne_bytes(half)));
    }
    !fold(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn folding_keeps_the_sum_modulo_65535(sum: u64) {
            prop_assert_eq!(u64::from(fold(sum)) % 65535, sum % 65535);
        }

        #[test]
        fn an_update_equals_a_recomputation(
            mut bytes in proptest::collection::vec(any::<u8>(), 24..64),
            word: u32,
            half: u16,
        ) {
            bytes.truncate(bytes.len() & !1);
            // A sum of nothing but zeroes can't be told from one of nothing but ones.
            bytes[22] = 1;
            let before = of(&bytes);
            let old_word = u32::from_ne_bytes(bytes[4..8].try_into().unwrap());
            let old_half = u16::from_ne_bytes(bytes[10..12].try_into().unwrap());
            bytes[4..8].copy_from_slice(&word.to_ne_bytes());
            bytes[10..12].copy_from_slice(&half.to_ne_bytes());
            let delta = Delta::new().word(old_word, word).half(old_half, half);
            prop_assert_eq!(delta.apply(before), of(&bytes));
            prop_assert_eq!(delta.apply_to_sum(!before), !of(&bytes));
        }
    }

    #[test]
    fn the_example_of_rfc_1071() {
        let sum = of(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.to_ne_bytes(), (!0xddf2_u16).to_be_bytes());
    }
}
