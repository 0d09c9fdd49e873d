// SPDX-License-Identifier: GPL-2.0

//! Until when an entry is valid: a tick that packets move on, instead of a timer.

use core::sync::atomic::Ordering;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::time;
use crate::table::timeouts::Timeouts;

use super::flag;
use super::layout::Conn;

/// Whether an entry is out of date at tick `now`.
#[inline]
pub(crate) fn is_expired(entry: &Entry<Conn>, now: u32) -> bool {
    (now.wrapping_sub(entry.expires.load(Ordering::Relaxed)) as i32) >= 0
}

/// Lets an entry live `ticks` from `now` on. Writes only when that moves the end by a noticeable
/// time, so that a stream of packets doesn't dirty the line each time.
#[inline]
pub(crate) fn refresh(entry: &Entry<Conn>, now: u32, ticks: u32) {
    let new = now.wrapping_add(ticks);
    let old = entry.expires.load(Ordering::Relaxed);
    if new.wrapping_sub(old) > time::HZ / 8 {
        entry.expires.store(new, Ordering::Relaxed);
    }
}

/// [`refresh`] of a connection whose packet gives it `ticks`, unless its service says otherwise:
/// that is only asked when the end moves, so that a stream of packets doesn't ask each time.
#[inline(always)]
pub(crate) fn refresh_used(
    read: ReadSide<'_>,
    entry: &Entry<Conn>,
    now: u32,
    ticks: u32,
    timeouts: &Timeouts,
) {
    let new = now.wrapping_add(ticks);
    let old = entry.expires.load(Ordering::Relaxed);
    if new.wrapping_sub(old) > time::HZ / 8 {
        if entry.has(flag::OWN_TIMEOUTS) {
            refresh_own(read, entry, now, timeouts);
            return;
        }
        entry.expires.store(new, Ordering::Relaxed);
    }
}

/// The rest of [`refresh_used`], for a service with timeouts of its own.
#[cold]
#[inline(never)]
fn refresh_own(read: ReadSide<'_>, entry: &Entry<Conn>, now: u32, timeouts: &Timeouts) {
    refresh(entry, now, entry.life(read, timeouts));
}

/// Lets an entry live `ticks` from `now` on, whether that is longer or shorter than before.
pub(crate) fn live_for(entry: &Entry<Conn>, now: u32, ticks: u32) {
    entry
        .expires
        .store(now.wrapping_add(ticks), Ordering::Relaxed);
}

/// Seconds until an entry is out of date at tick `now`; 0 when it is.
pub(crate) fn seconds_left(entry: &Entry<Conn>, now: u32) -> u32 {
    let left = entry.expires.load(Ordering::Relaxed).wrapping_sub(now) as i32;
    left.max(0) as u32 / time::HZ
}
