// SPDX-License-Identifier: GPL-2.0

//! Whether a server is overloaded, and how often that changed: packets leave the count, and the
//! namespace's chore tells listeners of it.

use core::sync::atomic::{
    AtomicBool,
    AtomicU32,
    Ordering, //
};

use lvs_engine::config::DestConfig;

/// How often servers became overloaded or available, those of all namespaces together.
static CHANGES: AtomicU32 = AtomicU32::new(0);

/// Another number than before if [`Overload::take_changes`] of any server has something to say.
/// Any context.
pub(super) fn changes() -> u32 {
    CHANGES.load(Ordering::Acquire)
}

/// The thresholds of a server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Thresholds {
    /// Connections at which it is overloaded; 0: never.
    pub(super) upper: u32,
    /// Connections below which it takes new ones again; 0: three quarters of the upper one.
    pub(super) lower: u32,
}

impl Thresholds {
    /// Those of `config`.
    pub(super) const fn of(config: &DestConfig) -> Self {
        Self {
            upper: config.upper_threshold,
            lower: config.lower_threshold,
        }
    }

    /// Whether a server of `total` connections is overloaded; `None`: if it was.
    pub(super) const fn judge(self, total: u32) -> Option<bool> {
        let recovery = match self.lower {
            0 => self.upper.wrapping_sub(self.upper >> 2),
            lower => lower,
        };
        if self.upper == 0 || total < recovery {
            Some(false)
        } else if total >= self.upper {
            Some(true)
        } else {
            None
        }
    }
}

/// Whether a server is overloaded: it reached its upper threshold, and hasn't recovered yet.
pub(super) struct Overload {
    is_there: AtomicBool,
    /// How often that changed; odd while it is there.
    changes: AtomicU32,
    /// How often when this was asked last.
    taken: AtomicU32,
}

impl Overload {
    /// None.
    pub(super) const fn none() -> Self {
        Self {
            is_there: AtomicBool::new(false),
            changes: AtomicU32::new(0),
            taken: AtomicU32::new(0),
        }
    }

    /// Whether it is there.
    #[inline]
    pub(super) fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Relaxed)
    }

    /// The server has `total` connections. Any context.
    pub(super) fn update(&self, total: u32, thresholds: Thresholds) {
        let Some(is_there) = thresholds.judge(total) else {
            return;
        };
        if self.is_there.swap(is_there, Ordering::SeqCst) != is_there {
            self.changes.fetch_add(1, Ordering::Relaxed);
            CHANGES.fetch_add(1, Ordering::Release);
        }
    }

    /// What became of it since this was asked last. Rules lock held.
    pub(super) fn take_changes(&self) -> Changes {
        let changes = self.changes.load(Ordering::Relaxed);
        let taken = self.taken.swap(changes, Ordering::Relaxed);
        Changes {
            is_overloaded: changes & 1 != 0,
            count: changes.wrapping_sub(taken),
        }
    }
}

/// What became of a server's overload.
#[derive(Clone, Copy)]
pub(super) struct Changes {
    /// Whether it is overloaded.
    pub(super) is_overloaded: bool,
    /// How often it became overloaded or available.
    pub(super) count: u32,
}
