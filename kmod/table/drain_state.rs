// SPDX-License-Identifier: GPL-2.0

//! How a server is drained: see [`lvs_engine::drain`].

use core::sync::atomic::{
    AtomicBool,
    AtomicU64,
    Ordering, //
};

use lvs_engine::drain::{
    Begun,
    Phase, //
};

/// The drain of a server, which changes under the rules lock and is read anywhere.
#[derive(Default)]
pub(super) struct DrainState {
    /// [`Begun`], packed; 0 if the server isn't drained.
    begun: AtomicU64,
    /// Whether the last look found a connection that isn't over.
    is_busy: AtomicBool,
}

impl DrainState {
    /// The drain, if the server was told to drain and not to return.
    #[inline]
    pub(super) fn get(&self) -> Option<Begun> {
        Begun::unpacked(self.begun.load(Ordering::Relaxed))
    }

    /// Sets it. Rules lock held.
    pub(super) fn set(&self, drain: Option<Begun>) {
        let packed = drain.map_or(0, |drain| drain.packed());
        self.begun.store(packed, Ordering::Relaxed);
    }

    /// Whether the connections that are left are being ended.
    pub(super) fn ends_connections(&self) -> bool {
        self.get().is_some_and(|drain| drain.phase == Phase::Ending)
    }

    /// Whether it is waited for the connections that the server has.
    pub(super) fn awaits_connections(&self) -> bool {
        self.get()
            .is_some_and(|drain| drain.phase == Phase::Waiting)
    }

    /// Notes whether a connection was found that isn't over.
    pub(super) fn set_busy(&self, is_busy: bool) {
        self.is_busy.store(is_busy, Ordering::Relaxed);
    }

    /// Whether one was.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Relaxed)
    }
}
