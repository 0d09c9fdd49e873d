// SPDX-License-Identifier: GPL-2.0

//! How long connections live without packets.

use core::num::NonZeroU32;
use core::sync::atomic::{
    AtomicBool,
    AtomicU32,
    Ordering, //
};

use lvs_engine::config;
use lvs_engine::extras::OwnTimeouts;
use lvs_engine::sctp_state::SctpState;
use lvs_engine::tcp_state::{
    self,
    TcpState, //
};
use lvs_engine::udp_state;

use crate::kernel_ext::task::time;

/// No life of a connection: a tick before the present one, so that whoever moves its end by it sees
/// that it has to look further.
pub(super) const OTHERWISE: u32 = u32::MAX;

/// Lives of idle connections, in ticks.
pub(crate) struct Timeouts {
    tcp: [AtomicU32; TcpState::COUNT],
    udp: AtomicU32,
    /// Of established associations.
    sctp: AtomicU32,
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
            sctp: AtomicU32::new(time::ticks(SctpState::Established.timeout())),
            secure_tcp: AtomicBool::new(false),
            settled_at: AtomicU32::new(time::now()),
        }
    }

    /// The life of a TCP connection in the state with this number, [`OTHERWISE`] if there is none.
    #[inline]
    pub(crate) fn tcp(&self, state: u8) -> u32 {
        self.tcp
            .get(usize::from(state))
            .map_or(OTHERWISE, |ticks| ticks.load(Ordering::Relaxed))
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

    /// The life of an SCTP association in this state.
    pub(crate) fn sctp(&self, state: SctpState) -> u32 {
        match state {
            SctpState::Established => self.sctp.load(Ordering::Relaxed),
            _ => time::ticks(state.timeout()),
        }
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
    pub(crate) fn settings(&self) -> config::Timeouts {
        let seconds = |ticks: &AtomicU32| ticks.load(Ordering::Relaxed) / time::HZ;
        config::Timeouts {
            tcp: seconds(self.of(TcpState::Established)),
            tcp_fin: seconds(self.of(TcpState::FinWait)),
            udp: seconds(&self.udp),
            sctp: seconds(&self.sctp),
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
                if ticks > former {
                    self.unsettle(former);
                }
            }
        };
        store(self.of(TcpState::Established), new.tcp);
        store(self.of(TcpState::FinWait), new.tcp_fin);
        store(&self.udp, new.udp);
        store(&self.sctp, new.sctp);
    }

    /// Entries get other ends from now on, where they got at most `former` ticks before. Rules lock
    /// held.
    pub(super) fn unsettle(&self, former: u32) {
        let now = time::now();
        let left = self.settled_at.load(Ordering::Relaxed).wrapping_sub(now) as i32;
        let settled_at = now.wrapping_add(former.max(left.max(0) as u32));
        self.settled_at.store(settled_at, Ordering::Relaxed);
    }

    /// The longest life that an entry gets of a service with these of its own. Rules lock held.
    pub(super) fn longest(&self, own: &OwnTimeouts) -> u32 {
        let present = self.settings();
        let all = [present.tcp, present.tcp_fin, present.udp, present.sctp];
        let longest = all.into_iter().chain(own.all()).max();
        time::ticks(longest.unwrap_or(0))
    }
}

/// Lives of a server's idle connections, in ticks, where its service has its own; 0: the
/// namespace's.
#[derive(Default)]
pub(crate) struct ServiceTimeouts {
    tcp: AtomicU32,
    tcp_fin: AtomicU32,
    udp: AtomicU32,
    sctp: AtomicU32,
}

impl ServiceTimeouts {
    /// Takes those of the service. Rules lock held.
    pub(super) fn set(&self, own: &OwnTimeouts) {
        let store = |cell: &AtomicU32, seconds| cell.store(time::ticks(seconds), Ordering::Relaxed);
        store(&self.tcp, own.tcp);
        store(&self.tcp_fin, own.tcp_fin);
        store(&self.udp, own.udp);
        store(&self.sctp, own.sctp);
    }

    /// The life of a TCP connection in this state.
    pub(super) fn tcp(&self, state: TcpState) -> Option<NonZeroU32> {
        match state {
            TcpState::Established => some(&self.tcp),
            TcpState::FinWait => some(&self.tcp_fin),
            _ => None,
        }
    }

    /// The life of a UDP connection.
    pub(super) fn udp(&self) -> Option<NonZeroU32> {
        some(&self.udp)
    }

    /// The life of an SCTP association in this state.
    pub(super) fn sctp(&self, state: SctpState) -> Option<NonZeroU32> {
        match state {
            SctpState::Established => some(&self.sctp),
            _ => None,
        }
    }
}

/// A number of ticks that isn't the namespace's.
fn some(ticks: &AtomicU32) -> Option<NonZeroU32> {
    NonZeroU32::new(ticks.load(Ordering::Relaxed))
}
