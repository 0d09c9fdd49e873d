// SPDX-License-Identifier: GPL-2.0

//! Statistics: counters since the last reset, and rates.
//!
//! Only real servers count packets, per CPU. A service's counters are the sum of its servers', and
//! the namespace's totals the sum of its services', plus what removed ones counted: a packet costs
//! one update instead of the three of ip_vs.

use core::sync::atomic::{
    AtomicU64,
    Ordering, //
};

pub(crate) use crate::kernel_ext::mem::percpu::Counters;

/// Counters and rates, as listings show them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stats {
    /// Since the last reset.
    pub(crate) counters: Counters,
    /// Of the last seconds.
    pub(crate) rates: Rates,
}

/// Smoothed rates, a second.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    /// Connections scheduled.
    pub(crate) connections: u64,
    /// Packets from clients.
    pub(crate) in_packets: u64,
    /// Bytes from clients.
    pub(crate) in_bytes: u64,
    /// Packets to clients.
    pub(crate) out_packets: u64,
    /// Bytes to clients.
    pub(crate) out_bytes: u64,
}

/// Fixed-point rates: connections and packets in 1/1024, bytes in 1/32. They can be added up.
#[derive(Clone, Copy, Default)]
pub(crate) struct FineRates([u64; 5]);

impl FineRates {
    /// The sum of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        let mut sum = self;
        for (rate, more) in sum.0.iter_mut().zip(other.0) {
            *rate = rate.wrapping_add(more);
        }
        sum
    }

    /// Rounded as ip_vs rounds them.
    pub(crate) fn rounded(self) -> Rates {
        let [connections, in_packets, in_bytes, out_packets, out_bytes] = self.0;
        Rates {
            connections: connections.wrapping_add(0x1ff) >> 10,
            in_packets: in_packets.wrapping_add(0x1ff) >> 10,
            in_bytes: in_bytes.wrapping_add(0xf) >> 5,
            out_packets: out_packets.wrapping_add(0x1ff) >> 10,
            out_bytes: out_bytes.wrapping_add(0xf) >> 5,
        }
    }
}

const fn values(counters: Counters) -> [u64; 5] {
    [
        counters.connections,
        counters.in_packets,
        counters.in_bytes,
        counters.out_packets,
        counters.out_bytes,
    ]
}

const fn counters(values: [u64; 5]) -> Counters {
    let [connections, in_packets, in_bytes, out_packets, out_bytes] = values;
    Counters {
        connections,
        in_packets,
        in_bytes,
        out_packets,
        out_bytes,
    }
}

/// Counters that are written under the namespace's rules lock and read anywhere.
#[derive(Default)]
pub(crate) struct Tally([AtomicU64; 5]);

impl Tally {
    /// The present values.
    pub(crate) fn get(&self) -> Counters {
        let mut all = [0; 5];
        for (value, cell) in all.iter_mut().zip(&self.0) {
            *value = cell.load(Ordering::Relaxed);
        }
        counters(all)
    }

    /// Replaces the values. Rules lock held.
    pub(crate) fn set(&self, new: Counters) {
        for (cell, value) in self.0.iter().zip(values(new)) {
            cell.store(value, Ordering::Relaxed);
        }
    }
}

/// Estimates rates from counters, as ip_vs does: every two seconds a quarter of the way to what was
/// counted in them.
#[derive(Default)]
pub(crate) struct Estimator {
    last: Tally,
    rates: [AtomicU64; 5],
}

impl Estimator {
    /// Seconds between two calls of [`Estimator::update`].
    pub(crate) const PERIOD: u32 = 2;

    /// Takes the counters' present values into account. Rules lock held.
    pub(crate) fn update(&self, now: Counters) {
        let delta = values(now.minus(self.last.get()));
        // Most servers rest most of the time: their lines of memory stay as they are.
        let rests = |rate: &AtomicU64| rate.load(Ordering::Relaxed) == 0;
        if delta == [0; 5] && self.rates.iter().all(rests) {
            return;
        }
        self.last.set(now);
        // Connections and packets scaled by 2^10, bytes by 2^5, halved for the two seconds.
        let scales = [9, 9, 4, 9, 4];
        for ((rate, delta), scale) in self.rates.iter().zip(delta).zip(scales) {
            let old = rate.load(Ordering::Relaxed);
            let new = delta << scale;
            let step = (new.wrapping_sub(old) as i64) >> 2;
            rate.store(old.wrapping_add(step as u64), Ordering::Relaxed);
        }
    }

    /// Takes note of the counters' present values, and leaves the rates as they are. Rules lock
    /// held.
    pub(crate) fn note(&self, now: Counters) {
        // Lines of memory that needn't change stay as they are.
        if now != self.last.get() {
            self.last.set(now);
        }
    }

    /// The counters' values that were taken note of last.
    pub(crate) fn noted(&self) -> Counters {
        self.last.get()
    }

    /// Starts anew from the counters' present values. Rules lock held.
    pub(crate) fn reset(&self, now: Counters) {
        self.last.set(now);
        for rate in &self.rates {
            rate.store(0, Ordering::Relaxed);
        }
    }

    /// The present rates.
    pub(crate) fn rates(&self) -> FineRates {
        let mut rates = FineRates::default();
        for (rate, cell) in rates.0.iter_mut().zip(&self.rates) {
            *rate = cell.load(Ordering::Relaxed);
        }
        rates
    }
}
