// SPDX-License-Identifier: GPL-2.0

//! A keyed hash for tables whose keys a stranger chooses: the low half of SipHash-1-3, which is
//! what the kernel's `hsiphash` computes on 64-bit machines.
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

    /// Ends a message of `len` bytes whose last ones, fewer than eight, are `rest`.
    #[inline(always)]
    const fn finish(self, len: u64, rest: u64) -> u32 {
        let mut state = self.absorb((len << 56) | rest);
        state.0[2] ^= 0xff;
        let [a, b, c, d] = state.round().round().round().0;
        (a ^ b ^ c ^ d) as u32
    }
}

/// Hash of half a word.
#[inline]
pub const fn hash_half(key: HashKey, half: u32) -> u32 {
    State::new(key).finish(4, half as u64)
}

/// Hash of one word.
#[inline]
pub const fn hash_1(key: HashKey, word: u64) -> u32 {
    State::new(key).absorb(word).finish(8, 0)
}

/// Hash of the low seven bytes of `word`, the most that one round of compression takes in.
#[inline(always)]
pub const fn hash_7_bytes(key: HashKey, word: u64) -> u32 {
    State::new(key).finish(7, word & 0x00ff_ffff_ffff_ffff)
}

/// Hash of two words and the low three bytes of `third`.
#[inline]
pub const fn hash_19_bytes(key: HashKey, first: u64, second: u64, third: u32) -> u32 {
    State::new(key)
        .absorb(first)
        .absorb(second)
        .finish(19, (third & 0x00ff_ffff) as u64)
}

/// Hash of three words.
#[inline]
pub const fn hash_3(key: HashKey, first: u64, second: u64, third: u64) -> u32 {
    State::new(key)
        .absorb(first)
        .absorb(second)
        .absorb(third)
        .finish(24, 0)
}

/// Hash of fewer than 256 bytes.
#[inline]
pub fn hash_bytes(key: HashKey, bytes: &[u8]) -> u32 {
    let mut state = State::new(key);
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        state = state.absorb(u64::from_le_bytes(*word));
        rest = behind;
    }
    let last = rest
        .iter()
        .rev()
        .fold(0, |word, byte| (word << 8) | u64::from(*byte));
    state.finish(bytes.len() as u64, last)
}

/// A cheaper hash of two words, for tables whose keys administrators choose: strangers choose only
/// what is looked for. The halves of a product, as in wyhash, and the upper half of another one.
#[inline]
pub const fn hash_own(key: HashKey, first: u64, second: u64) -> u32 {
    let product = ((first ^ key.0) as u128).wrapping_mul((second ^ key.1) as u128);
    let folded = (product >> 64) as u64 ^ product as u64;
    (folded.wrapping_mul(key.0 | 1) >> 32) as u32
}

/// A hash of one word without a key, for tables that no stranger gains by crowding. The upper bits
/// depend on all of the word's: take these.
///
/// Source: Knuth: The art of computer programming, 6.4 (Fibonacci hashing): the factor is 2^32
/// divided by the golden ratio.
#[inline(always)]
pub const fn fibonacci(word: u32) -> u32 {
    word.wrapping_mul(0x9e37_79b1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// SipHash with these numbers of rounds, over bytes, as the paper describes it.
    fn siphash(compression: u32, finalisation: u32, key: HashKey, message: &[u8]) -> u64 {
        let mut v0 = key.0 ^ u64::from_be_bytes(*b"somepseu");
        let mut v1 = key.1 ^ u64::from_be_bytes(*b"dorandom");
        let mut v2 = key.0 ^ u64::from_be_bytes(*b"lygenera");
        let mut v3 = key.1 ^ u64::from_be_bytes(*b"tedbytes");
        let mut rounds = |count, v3_before: u64, v0_after: u64, v2_before: u64| {
            v3 ^= v3_before;
            v2 ^= v2_before;
            for _ in 0..count {
                v0 = v0.wrapping_add(v1);
                v2 = v2.wrapping_add(v3);
                v1 = v1.rotate_left(13);
                v3 = v3.rotate_left(16);
                v1 ^= v0;
                v3 ^= v2;
                v0 = v0.rotate_left(32);
                v2 = v2.wrapping_add(v1);
                v0 = v0.wrapping_add(v3);
                v1 = v1.rotate_left(17);
                v3 = v3.rotate_left(21);
                v1 ^= v2;
                v3 ^= v0;
                v2 = v2.rotate_left(32);
            }
            v0 ^= v0_after;
            v0 ^ v1 ^ v2 ^ v3
        };
        let mut padded = message.to_vec();
        padded.resize(message.len() / 8 * 8 + 7, 0);
        padded.push(message.len() as u8);
        for word in padded.chunks(8) {
            let word = u64::from_le_bytes(word.try_into().unwrap());
            rounds(compression, word, word, 0);
        }
        rounds(finalisation, 0, 0, 0xff)
    }

    #[test]
    fn the_reference_gives_the_vectors_of_the_paper() {
        let bytes: Vec<u8> = (0..16).collect();
        let word = |from| u64::from_le_bytes(bytes[from..from + 8].try_into().unwrap());
        let key = (word(0), word(8));
        assert_eq!(siphash(2, 4, key, &bytes[..15]), 0xa129_ca61_49be_45e5);
    }

    proptest! {
        #[test]
        fn hashes_are_halves_of_siphash_1_3(
            key: HashKey,
            words: [u64; 3],
            half: u32,
            bytes in prop::collection::vec(any::<u8>(), 0..256),
        ) {
            let reference = |message: &[u8]| siphash(1, 3, key, message) as u32;
            let [first, second, third] = words;
            prop_assert_eq!(hash_half(key, half), reference(&half.to_le_bytes()));
            prop_assert_eq!(hash_1(key, first), reference(&first.to_le_bytes()));
            prop_assert_eq!(hash_7_bytes(key, first), reference(&first.to_le_bytes()[..7]));
            prop_assert_eq!(
                hash_19_bytes(key, first, second, third as u32),
                reference(&words.map(u64::to_le_bytes).as_flattened()[..19])
            );
            prop_assert_eq!(
                hash_3(key, first, second, third),
                reference(words.map(u64::to_le_bytes).as_flattened())
            );
            prop_assert_eq!(hash_bytes(key, &bytes), reference(&bytes));
        }
    }

    #[test]
    fn every_key_and_word_bit_matters() {
        let base = hash_1((1, 2), 3);
        for bit in 0..64 {
            assert_ne!(hash_1((1 ^ (1 << bit), 2), 3), base);
            assert_ne!(hash_1((1, 2 ^ (1 << bit)), 3), base);
            assert_ne!(hash_1((1, 2), 3 ^ (1 << bit)), base);
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
    fn own_keys_spread_evenly() {
        // Services as they are numbered: ports of an address, addresses of a port, marks.
        type Words = fn(u64) -> (u64, u64);
        let shapes: [Words; 4] = [
            |n| (n, 2),
            |n| (n << 8, 2),
            |n| (n << 24, 2),
            |n| (7, n << 32),
        ];
        let keys = [
            (0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210),
            (0x5bd1_e995_9d1b_a5e7, 0x2545_f491_4f6c_dd1d),
        ];
        for key in keys {
            for words in shapes {
                let mut buckets = [0_u32; 256];
                for n in 0..65536 {
                    let (first, second) = words(n);
                    buckets[(hash_own(key, first, second) & 255) as usize] += 1;
                }
                assert!(buckets.iter().all(|&n| n < 512), "{buckets:?}");
            }
        }
    }

    #[test]
    fn word_order_matters() {
        assert_ne!(hash_3((1, 2), 1, 2, 3), hash_3((1, 2), 3, 2, 1));
    }
}
