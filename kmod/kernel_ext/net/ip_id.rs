// SPDX-License-Identifier: GPL-2.0

//! IP IDs of the tunnels' IPv4 packets (RFC 791, RFC 6864): what a receiver puts fragments
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

/// The IP IDs of packets from one address to another, shared by all senders of such, and by some
/// others.
#[derive(Clone, Copy)]
pub(in crate::kernel_ext) struct IpIds(u8);

impl IpIds {
    /// Those between two IPv4 addresses, as they lie in memory.
    pub(in crate::kernel_ext) fn between(from: u32, to: u32) -> Self {
        let hash = fibonacci(from.rotate_left(16) ^ to);
        let ip_ids = Self((hash >> 24) as u8);
        // They begin anywhere. A counter that isn't zero was begun before.
        let _ = ip_ids.next_place().compare_exchange(
            0,
            time::random_u64() as u32 | 1,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        ip_ids
    }

    #[inline]
    fn next_place(self) -> &'static AtomicU32 {
        let [first, ..] = &NEXT;
        NEXT.get(usize::from(self.0)).unwrap_or(first)
    }

    /// The first of `count` IP IDs that nobody else gets, in host order.
    #[inline]
    pub(in crate::kernel_ext) fn reserve(self, count: u16) -> u16 {
        self.next_place()
            .fetch_add(u32::from(count), Ordering::Relaxed) as u16
    }
}
