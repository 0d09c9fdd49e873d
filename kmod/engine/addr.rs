// SPDX-License-Identifier: GPL-2.0

//! Addresses of both families in one type.

/// Address family of a packet, a service or a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The socket API's number: `AF_INET` 2 or `AF_INET6` 10.
    pub const fn number(self) -> u16 {
        match self {
            Family::V4 => 2,
            Family::V6 => 10,
        }
    }

    /// IPv6 for IPv4 and the reverse.
    pub const fn other(self) -> Self {
        match self {
            Family::V4 => Family::V6,
            Family::V6 => Family::V4,
        }
    }

    /// The family with the socket API's number `number`.
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            2 => Some(Family::V4),
            10 => Some(Family::V6),
            _ => None,
        }
    }
}

/// An IPv4 or IPv6 address without its family: four words as they lie in memory, so each holds
/// network byte order. An IPv4 address is the first word, the others are zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Addr(pub [u32; 4]);

impl Addr {
    /// The unspecified address of either family.
    pub const ANY: Self = Self([0; 4]);

    /// An IPv4 address from its word as it lies in memory.
    #[inline]
    pub const fn from_v4_word(word: u32) -> Self {
        Self([word, 0, 0, 0])
    }

    /// An IPv4 address from its bytes in network order.
    #[inline]
    pub const fn from_v4(octets: [u8; 4]) -> Self {
        Self::from_v4_word(u32::from_ne_bytes(octets))
    }

    /// An IPv6 address (or an IPv4 one padded with zeroes) from its bytes in network order.
    #[inline]
    pub fn from_octets(octets: [u8; 16]) -> Self {
        let mut words = [0; 4];
        for (word, chunk) in words.iter_mut().zip(octets.chunks_exact(4)) {
            *word = chunk.try_into().map_or(0, u32::from_ne_bytes);
        }
        Self(words)
    }

    /// The bytes in network order; an IPv4 address is padded with zeroes.
    #[inline]
    pub fn octets(&self) -> [u8; 16] {
        let mut octets = [0; 16];
        for (chunk, word) in octets.chunks_exact_mut(4).zip(self.0) {
            chunk.copy_from_slice(&word.to_ne_bytes());
        }
        octets
    }

    /// The IPv4 address's word as it lies in memory.
    #[inline]
    pub const fn v4_word(&self) -> u32 {
        self.0[0]
    }

    /// The IPv4 address's bytes in network order.
    #[inline]
    pub const fn v4(&self) -> [u8; 4] {
        self.0[0].to_ne_bytes()
    }

    /// The address with everything outside `netmask` cleared. IPv4: a mask word as it lies in
    /// memory; IPv6: a prefix length.
    pub fn masked(&self, family: Family, netmask: u32) -> Self {
        match family {
            Family::V4 => Self::from_v4_word(self.v4_word() & netmask),
            Family::V6 => {
                let mut words = self.0;
                let mut bits = netmask;
                for word in &mut words {
                    let kept = bits.min(32);
                    bits = bits.wrapping_sub(kept);
                    let mask = u32::MAX.checked_shl(32_u32.wrapping_sub(kept)).unwrap_or(0);
                    *word &= mask.to_be();
                }
                Self(words)
            }
        }
    }

    /// All words folded into one by exclusive or: the key of the schedulers that hash addresses.
    /// An IPv4 address stays what it is.
    #[inline]
    pub const fn folded(&self) -> u32 {
        self.0[0] ^ self.0[1] ^ self.0[2] ^ self.0[3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_round_trip() {
        let bytes = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
        assert_eq!(Addr::from_octets(bytes).octets(), bytes);
        assert_eq!(Addr::from_v4([10, 0, 0, 1]).v4(), [10, 0, 0, 1]);
        assert_eq!(Addr::from_v4([10, 0, 0, 1]).octets()[4..], [0; 12]);
    }

    #[test]
    fn masks_keep_the_network() {
        let addr = Addr::from_v4([192, 0, 2, 9]);
        let mask = u32::from_ne_bytes([255, 255, 255, 0]);
        assert_eq!(addr.masked(Family::V4, mask).v4(), [192, 0, 2, 0]);
        let bytes = [0xff; 16];
        for (prefix, kept) in [
            (0, 0),
            (1, 1),
            (32, 32),
            (36, 36),
            (64, 64),
            (127, 127),
            (128, 128),
        ] {
            let masked = Addr::from_octets(bytes).masked(Family::V6, prefix);
            assert_eq!(u128::from_be_bytes(masked.octets()).leading_ones(), kept);
        }
    }

    #[test]
    fn an_ipv4_address_folds_to_itself() {
        let addr = Addr::from_v4([192, 0, 2, 9]);
        assert_eq!(addr.folded(), addr.v4_word());
    }
}
