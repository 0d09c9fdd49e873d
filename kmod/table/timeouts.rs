// SPDX-License-Identifier: GPL-2.0

//! How long connections live without packets.

use core::sync::atomic::{
    AtomicBool,
    AtomicU32,
    Ordering, //
};

use lvs_engine::config;
use lvs_engine::tcp_state::{
    self,
    TcpState, //
};
use lvs_engine::udp_state;

use crate::kernel_ext::task::time;

/// Lives of idle connections, in ticks.
pub(crate) struct Timeouts {
    tcp: [AtomicU32; TcpState::COUNT],
    udp: AtomicU32,
    secure_tcp: AtomicBool,
    /// When the last entry ends that got its end under shorter timeouts.
    settled_at: AtomicU32,
}

impl Timeouts {
    /// The defaults.
    pub(super) fn new() -> Self {
        Self {
            tcp: tcp_state::TIMEOUTS.map(|seconds| AtomicU32::new(time::ticks(seconds))),
            udp: AtomicU32::new(time::ticks(udp_state::TIMEOUT)),
            secure_tcp: AtomicBool::new(false),
            settled_at: AtomicU32::new(time::now()),
        }
    }

    /// The life of a TCP connection in the state with this number.
    #[inline]
    pub(crate) fn tcp(&self, state: u8) -> u32 {
        self.tcp
            .get(usize::from(state))
            .map_or(time::HZ, |ticks| ticks.load(Ordering::Relaxed))
    }

    /// The life of a TCP connection that is waited for.
    pub(crate) fn tcp_listen(&self) -> u32 {
        self.of(TcpState::Listen).load(Ordering::Relaxed)
    }

    /// The life of a UDP connection.
    #[inline]
    pub(crate) fn udp(&self) -> u32 {
        self.udp.load(Ordering::Relaxed)
    }

    /// Whether the stricter state table is in force.
    #[inline]
    pub(crate) fn secure_tcp(&self) -> bool {
        self.secure_tcp.load(Ordering::Relaxed)
    }

    /// Puts the stricter state table in force or not.
    pub(super) fn set_secure_tcp(&self, strict: bool) {
        self.secure_tcp.store(strict, Ordering::Relaxed);
    }

    /// That of a TCP state.
    fn of(&self, state: TcpState) -> &AtomicU32 {
        // Every state has its place.
        self.tcp
            .get(usize::from(state.number()))
            .unwrap_or(&self.udp)
    }

    /// Those that administrators see, in seconds.
    pub(super) fn settings(&self) -> config::Timeouts {
        let seconds = |ticks: &AtomicU32| ticks.load(Ordering::Relaxed) / time::HZ;
        config::Timeouts {
            tcp: seconds(self.of(TcpState::Established)),
            tcp_fin: seconds(self.of(TcpState::FinWait)),
            udp: seconds(&self.udp),
        }
    }

    /// Whether the end of each entry tells when it was used last. Asked every second, since ticks
    /// wrap.
    pub(super) fn are_settled(&self) -> bool {
        let now = time::now();
        let settled = now.wrapping_sub(self.settled_at.load(Ordering::Relaxed)) as i32 >= 0;
        if settled {
            self.settled_at.store(now, Ordering::Relaxed);
        }
        settled
    }

    /// Takes new ones; 0 keeps the present one. Rules lock held.
    pub(super) fn set(&self, new: &config::Timeouts) {
        let store = |cell: &AtomicU32, seconds: u32| {
            if seconds != 0 {
                let ticks = time::ticks(seconds);
                let former = cell.swap(ticks, Ordering::Relaxed);
                let now = time::now();
                let left = self.settled_at.load(Ordering::Relaxed).wrapping_sub(now) as i32;
                if ticks > former {
                    let settled_at = now.wrapping_add(former.max(left.max(0) as u32));
                    self.settled_at.store(settled_at, Ordering::Relaxed);
                }
            }
        };
        store(self.of(TcpState::Established), new.tcp);
        store(self.of(TcpState::FinWait), new.tcp_fin);
        store(&self.udp, new.udp);
    }
}
