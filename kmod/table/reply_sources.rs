// SPDX-License-Identifier: GPL-2.0

//! Where replies may come from: what lets other packets pass after one look.

use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use lvs_engine::addr::Addr;
use lvs_engine::hash::fibonacci;

/// Addresses that replies to be rewritten may come from: a bit for each of their hashes. Packets
/// passing by from anywhere else are let through after one look at it.
pub(crate) struct ReplySources {
    bits: [AtomicU32; Self::WORDS],
}

impl ReplySources {
    const WORDS: usize = 32;

    /// None yet.
    pub(super) const fn new() -> Self {
        Self {
            bits: [const { AtomicU32::new(0) }; Self::WORDS],
        }
    }

    const fn place(addr: &Addr) -> (usize, u32) {
        let hash = fibonacci(addr.folded()) >> 22;
        ((hash >> 5) as usize, 1 << (hash & 31))
    }

    /// Whether packets from `addr` may be replies.
    #[inline]
    pub(crate) fn may_contain(&self, addr: &Addr) -> bool {
        let (word, bit) = Self::place(addr);
        self.bits
            .get(word)
            .is_none_or(|bits| bits.load(Ordering::Relaxed) & bit != 0)
    }

    /// Takes in `addr`. Addresses are never taken out: connections may outlive their server.
    pub(crate) fn insert(&self, addr: &Addr) {
        let (word, bit) = Self::place(addr);
        if let Some(bits) = self.bits.get(word) {
            bits.fetch_or(bit, Ordering::Relaxed);
        }
    }
}
