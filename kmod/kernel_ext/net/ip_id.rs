// SPDX-License-Identifier: GPL-2.0

//! Identities of the tunnels' IPv4 packets (RFC 791, RFC 6864): what a receiver puts fragments
//! together by. Packets between the same two addresses mustn't repeat one soon.
//!
//! The kernel hashes both addresses for each packet to find a counter; here a route remembers which
//! one is its own.

use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use lvs_engine::hash::fibonacci;

use crate::kernel_ext::task::time;

const COUNTERS: usize = 256;

static NEXT: [AtomicU32; COUNTERS] = [const { AtomicU32::new(0) }; COUNTERS];

/// The identities of packets from one address to another, shared by all who send such, and by some
/// others.
#[derive(Clone, Copy)]
pub(in crate::kernel_ext) struct Identities(u8);

impl Identities {
    /// Those between two IPv4 addresses, as they lie in memory.
    pub(in crate::kernel_ext) fn between(from: u32, to: u32) -> Self {
        let hash = fibonacci(from.rotate_left(16) ^ to);
        let identities = Self((hash >> 24) as u8);
        // They begin anywhere. Who finds another number than zero keeps to it.
        let _ = identities.next_place().compare_exchange(
            0,
            time::random_u64() as u32 | 1,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        identities
    }

    #[inline]
    fn next_place(self) -> &'static AtomicU32 {
        let [first, ..] = &NEXT;
        NEXT.get(usize::from(self.0)).unwrap_or(first)
    }

    /// The first of `count` identities that nobody else gets, in host order.
    #[inline]
    pub(in crate::kernel_ext) fn take(self, count: u16) -> u16 {
        self.next_place()
            .fetch_add(u32::from(count), Ordering::Relaxed) as u16
    }
}
