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

use lvs_engine::sctp_state::SctpState;
use lvs_engine::tcp_state::TcpState;
use lvs_uapi::flags::service as service_flag;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::mem::slab;
use crate::kernel_ext::task::time;

use super::conn::{
    flag,
    Conn, //
};
use super::settings::Settings;
use super::tables::Tables;
use super::timeouts::Timeouts;

/// Ticks after which an entry counts as idle.
const IDLE_AFTER: u32 = 60 * time::HZ;

/// An entry of more packets isn't dropped for being idle.
const FEW_PACKETS: usize = 8;

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
    /// Whether the end of an entry tells since when it is idle.
    knows_idle: AtomicBool,
    /// Idle entries of one packet, of two and so on, until the next one of them is dropped.
    turns: [AtomicI32; FEW_PACKETS],
}

impl Defence {
    /// None of them acts yet.
    pub(super) const fn new() -> Self {
        Self {
            drop_rate: AtomicI32::new(0),
            drop_counter: AtomicI32::new(0),
            drops_entries: AtomicBool::new(false),
            knows_idle: AtomicBool::new(true),
            turns: [const { AtomicI32::new(0) }; FEW_PACKETS],
        }
    }

    /// Whether a packet that would begin a connection is dropped. Any context.
    #[inline]
    pub(crate) fn drops_packet(&self) -> bool {
        let rate = self.drop_rate.load(Ordering::Relaxed);
        rate != 0 && self.is_turn(rate)
    }

    /// Of how many packets of new connections one is dropped, 0 for none, and whether the next one
    /// is. Whoever asks doesn't count as one.
    pub(crate) fn foresee_drop(&self) -> (u32, bool) {
        let rate = self.drop_rate.load(Ordering::Relaxed);
        let is_next = rate != 0 && self.drop_counter.load(Ordering::Relaxed) <= 1;
        (rate.max(0).unsigned_abs(), is_next)
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

    /// Whether entries are dropped at random that a flood may have left behind.
    pub(super) fn drops_entries(&self) -> bool {
        self.drops_entries.load(Ordering::Relaxed)
    }

    /// Whether this entry is dropped, as ip_vs would: connections whose handshake isn't over,
    /// templates that no server's answer confirmed, and of what has been idle for a minute after
    /// few packets the fewer, the more packets there were. One caller at a time.
    pub(super) fn drops_entry(
        &self,
        read: ReadSide<'_>,
        timeouts: &Timeouts,
        tables: &Tables,
        entry: &Entry<Conn>,
    ) -> bool {
        if entry.is_held() {
            return false;
        }
        if entry.is_template() {
            // No reply confirms those of one-packet services.
            let serves_once = entry
                .dest(read)
                .and_then(|dest| tables.service(read, dest.service()))
                .is_some_and(|service| service.flags() & service_flag::ONEPACKET != 0);
            return if serves_once {
                self.drops_idle(read, timeouts, entry)
            } else {
                !entry.has(flag::ASSURED)
            };
        }
        if Conn::is_half_open(entry) {
            return true;
        }
        let may_be_idle = match (entry.tcp_state(), entry.sctp_state()) {
            (Some(state), _) => state == TcpState::Established,
            (_, Some(state)) => state == SctpState::Established,
            _ => true,
        };
        may_be_idle && self.drops_idle(read, timeouts, entry)
    }

    fn drops_idle(&self, read: ReadSide<'_>, timeouts: &Timeouts, entry: &Entry<Conn>) -> bool {
        let now = time::now();
        let end = entry.expires.load(Ordering::Relaxed);
        let idle = now
            .wrapping_add(entry.life(read, timeouts))
            .wrapping_sub(end) as i32;
        if idle < IDLE_AFTER as i32 || !self.knows_idle.load(Ordering::Relaxed) {
            return false;
        }
        let packets = entry.packets();
        let turn = packets
            .checked_sub(1)
            .and_then(|index| self.turns.get(index as usize));
        let Some(turn) = turn else {
            return false;
        };
        let left = turn.load(Ordering::Relaxed).saturating_sub(1);
        let dropped = left <= 0;
        let next = if dropped { packets as i32 } else { left };
        turn.store(next, Ordering::Relaxed);
        dropped
    }

    /// Decides anew what to do. Process context.
    pub(crate) fn update(&self, settings: &Settings, timeouts: &Timeouts) {
        let available = slab::available_pages();
        let threshold = i64::from(settings.amemthresh().max(0));
        let scarce = available < threshold;

        let acts = act(settings.drop_entry_mode(), scarce);
        self.drops_entries.store(acts, Ordering::Relaxed);

        let mode = settings.drop_packet_mode();
        let always = mode.load(Ordering::Relaxed) == ALWAYS;
        let rate = if !act(mode, scarce) {
            0
        } else if always {
            settings.am_droprate()
        } else {
            // The less memory, the more packets: all of them when half of the threshold is left.
            let missing = threshold.saturating_sub(available);
            let rate = threshold.checked_div(missing).unwrap_or(1) as i32;
            self.drop_counter.store(rate, Ordering::Relaxed);
            rate
        };
        self.drop_rate.store(rate, Ordering::Relaxed);

        self.knows_idle
            .store(timeouts.are_settled(), Ordering::Relaxed);
        timeouts.set_secure_tcp(act(settings.secure_tcp_mode(), scarce));
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
