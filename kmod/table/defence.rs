// SPDX-License-Identifier: GPL-2.0

//! Defences against floods: `drop_entry`, `drop_packet` and `secure_tcp`.
//!
//! Each has a mode, which is also what its setting reads: 0 never, 1 automatic and idle, 2
//! automatic and acting, 3 always. Automatic ones act while fewer pages than `amemthresh` are free.
//! As in ip_vs, that is looked at every second and when a mode is changed.

use core::sync::atomic::{
    AtomicBool,
    AtomicI32,
    Ordering, //
};

use crate::control::params::Sysctls;
use crate::kernel_ext::slab;

use super::netns_state::Timeouts;

const IDLE: i32 = 1;
const ACTING: i32 = 2;
const ALWAYS: i32 = 3;

/// What the defences of a namespace do at present.
pub(crate) struct Defence {
    /// Of how many packets of new connections one is dropped; 0: none.
    drop_rate: AtomicI32,
    /// Packets until the next one is dropped.
    drop_counter: AtomicI32,
    drops_entries: AtomicBool,
}

impl Defence {
    pub(super) const fn new() -> Self {
        Self {
            drop_rate: AtomicI32::new(0),
            drop_counter: AtomicI32::new(0),
            drops_entries: AtomicBool::new(false),
        }
    }

    /// Whether a packet that would begin a connection is dropped. Any context.
    #[inline]
    pub(crate) fn drops_packet(&self) -> bool {
        let rate = self.drop_rate.load(Ordering::Relaxed);
        rate != 0 && self.is_turn(rate)
    }

    #[cold]
    fn is_turn(&self, rate: i32) -> bool {
        // Wraps, as atomic operations do; two CPUs at once drop one packet more at worst.
        if self.drop_counter.fetch_sub(1, Ordering::Relaxed) > 1 {
            return false;
        }
        self.drop_counter.store(rate, Ordering::Relaxed);
        true
    }

    /// Whether half-open connections are dropped at random.
    pub(super) fn drops_entries(&self) -> bool {
        self.drops_entries.load(Ordering::Relaxed)
    }

    /// Decides anew what to do. Process context.
    pub(crate) fn update(&self, sysctls: &Sysctls, timeouts: &Timeouts) {
        let available = slab::available_pages();
        let threshold = i64::from(sysctls.amemthresh().max(0));
        let scarce = available < threshold;

        let acts = act(sysctls.drop_entry_mode(), scarce);
        self.drops_entries.store(acts, Ordering::Relaxed);

        let mode = sysctls.drop_packet_mode();
        let always = mode.load(Ordering::Relaxed) == ALWAYS;
        let rate = if !act(mode, scarce) {
            0
        } else if always {
            sysctls.am_droprate()
        } else {
            // The less memory, the more packets: all of them when half of the threshold is left.
            let missing = threshold.saturating_sub(available);
            let rate = threshold.checked_div(missing).unwrap_or(1) as i32;
            self.drop_counter.store(rate, Ordering::Relaxed);
            rate
        };
        self.drop_rate.store(rate, Ordering::Relaxed);

        timeouts.set_secure_tcp(act(sysctls.secure_tcp_mode(), scarce));
    }
}

/// Whether a defence acts. One that is automatic says so in its mode, unless that is just being
/// changed.
fn act(mode: &AtomicI32, scarce: bool) -> bool {
    let switch = |from, to| {
        let _ = mode.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    };
    match mode.load(Ordering::Relaxed) {
        IDLE | ACTING if scarce => {
            switch(IDLE, ACTING);
            true
        }
        IDLE | ACTING => {
            switch(ACTING, IDLE);
            false
        }
        ALWAYS => true,
        _ => false,
    }
}
