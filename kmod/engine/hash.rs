// SPDX-License-Identifier: GPL-2.0

//! A keyed hash for tables whose keys a stranger chooses: SipHash-1-3 over whole words, which for
//! these lengths is what the kernel's `hsiphash` computes on 64-bit machines.
//!
//! Source: Aumasson, Bernstein: SipHash, a fast short-input PRF (2012), with one compression and
//! three finalisation rounds.

/// A secret key.
pub type HashKey = (u64, u64);

struct State([u64; 4]);

impl State {
    #[inline(always)]
    const fn new(key: HashKey) -> Self {
        Self([
            key.0 ^ 0x736f_6d65_7073_6575,
            key.1 ^ 0x646f_7261_6e64_6f6d,
            key.0 ^ 0x6c79_6765_6e65_7261,
            key.1 ^ 0x7465_6462_7974_6573,
        ])
    }

    #[inline(always)]
    const fn round(self) -> Self {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        Self([a, b, c, d])
    }

    #[inline(always)]
    const fn absorb(mut self, word: u64) -> Self {
        self.0[3] ^= word;
        self = self.round();
        self.0[0] ^= word;
        self
    }

    #[inline(always)]
    const fn finish(self, bytes: u64) -> u32 {
        let mut state = self.absorb(bytes << 56);
        state.0[2] ^= 0xff;
        let [a, b, c, d] = state.round().round().round().0;
        let folded = a ^ b ^ c ^ d;
        (folded ^ folded >> 32) as u32
    }
}

/// Hash of one word.
#[inline]
pub const fn hash_1(key: HashKey, word: u64) -> u32 {
    State::new(key).absorb(word).finish(8)
}

/// Hash of three words.
#[inline]
pub const fn hash_3(key: HashKey, first: u64, second: u64, third: u64) -> u32 {
    State::new(key)
        .absorb(first)
        .absorb(second)
        .absorb(third)
        .finish(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_word_bit_matters() {
        let base = hash_1((1, 2), 3);
        for bit in 0..64 {
            assert_ne!(hash_1((1 ^ 1 << bit, 2), 3), base);
            assert_ne!(hash_1((1, 2 ^ 1 << bit), 3), base);
            assert_ne!(hash_1((1, 2), 3 ^ 1 << bit), base);
        }
    }

    #[test]
    fn consecutive_words_spread_evenly() {
        let mut buckets = [0_u32; 256];
        for word in 0..65536 {
            buckets[(hash_1((7, 9), word) & 255) as usize] += 1;
        }
        assert!(buckets.iter().all(|&n| (170..350).contains(&n)));
    }

    #[test]
    fn word_order_matters() {
        assert_ne!(hash_3((1, 2), 1, 2, 3), hash_3((1, 2), 3, 2, 1));
    }
}
