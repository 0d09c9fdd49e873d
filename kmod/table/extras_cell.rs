// SPDX-License-Identifier: GPL-2.0

//! What a service has beyond ip_vs's, where packets and administrators read it.

use core::sync::atomic::{
    AtomicU32,
    AtomicU8,
    Ordering, //
};

use lvs_engine::extras::{
    Extras,
    OnExpiry,
    OwnTimeouts, //
};

/// [`Extras`] that change under the rules lock and are read anywhere, each on its own.
#[derive(Default)]
pub(super) struct ExtrasCell {
    tcp: AtomicU32,
    tcp_fin: AtomicU32,
    udp: AtomicU32,
    sctp: AtomicU32,
    on_expiry: AtomicU8,
    slow_start: AtomicU32,
}

impl ExtrasCell {
    /// The present ones.
    pub(super) fn get(&self) -> Extras {
        Extras {
            timeouts: OwnTimeouts {
                tcp: self.tcp.load(Ordering::Relaxed),
                tcp_fin: self.tcp_fin.load(Ordering::Relaxed),
                udp: self.udp.load(Ordering::Relaxed),
                sctp: self.sctp.load(Ordering::Relaxed),
            },
            on_expiry: self.on_expiry(),
            slow_start: self.slow_start(),
        }
    }

    /// Takes other ones. Rules lock held.
    pub(super) fn set(&self, extras: &Extras) {
        let own = &extras.timeouts;
        self.tcp.store(own.tcp, Ordering::Relaxed);
        self.tcp_fin.store(own.tcp_fin, Ordering::Relaxed);
        self.udp.store(own.udp, Ordering::Relaxed);
        self.sctp.store(own.sctp, Ordering::Relaxed);
        self.on_expiry
            .store(extras.on_expiry.number(), Ordering::Relaxed);
        self.slow_start.store(extras.slow_start, Ordering::Relaxed);
    }

    /// How long a server that comes climbs to its weight, in seconds.
    pub(super) fn slow_start(&self) -> u32 {
        self.slow_start.load(Ordering::Relaxed)
    }

    /// What becomes of a segment of a connection that was forgotten.
    pub(super) fn on_expiry(&self) -> OnExpiry {
        OnExpiry::from_number(self.on_expiry.load(Ordering::Relaxed)).unwrap_or_default()
    }
}
