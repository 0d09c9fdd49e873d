// SPDX-License-Identifier: GPL-2.0

//! Clock ticks, scheduling points and random numbers.
//!
//! Relies on: `jiffies` is aligned.
//!
//! A breach would be noticed by: `test-timeouts`.

use kernel::time::delay::fsleep;
use kernel::time::Delta;

use super::bindings;

/// Ticks a second.
pub(crate) const HZ: u32 = bindings::LVS_HZ;

/// The tick counter's low 32 bits; compare values by wrapping difference.
#[inline]
pub(crate) fn now() -> u32 {
    // SAFETY: A global counter that the timer interrupt writes; an aligned load sees one of its
    // values.
    unsafe { (&raw const bindings::jiffies).read_volatile() as u32 }
}

/// A count of seconds; compare values by wrapping difference.
#[inline]
pub(crate) fn seconds() -> u32 {
    // SAFETY: A global counter that the timer interrupt writes; an aligned load sees one of its
    // values.
    let ticks = unsafe { (&raw const bindings::jiffies).read_volatile() };
    (ticks as u64 / u64::from(HZ)) as u32
}

/// Ticks in `seconds`, at most half the counter's range.
#[inline]
pub(crate) const fn ticks(seconds: u32) -> u32 {
    let ticks = seconds.saturating_mul(HZ);
    if ticks > i32::MAX as u32 {
        i32::MAX as u32
    } else {
        ticks
    }
}

/// Whether one more message may go to the kernel log.
pub(crate) fn may_log() -> bool {
    // SAFETY: Has no preconditions.
    unsafe { bindings::lvs_net_ratelimit() }
}

/// Lets other tasks run. Process context, outside any read side or lock.
pub(crate) fn yield_now() {
    // SAFETY: The caller may sleep.
    unsafe { bindings::lvs_cond_resched() }
}

/// Sleeps for so many ticks. Process context, outside any read side or spin lock.
pub(crate) fn sleep(ticks: u32) {
    // SAFETY: The caller may sleep.
    unsafe { bindings::lvs_sleep(ticks as kernel::ffi::c_long) }
}

/// Milliseconds of a clock that nobody sets; never 0.
pub(crate) fn milliseconds() -> u64 {
    // SAFETY: Has no preconditions.
    unsafe { bindings::lvs_milliseconds() }.saturating_add(1)
}

/// Milliseconds since 1970 began, UTC, by the clock that people set. Any context.
pub(crate) fn clock_milliseconds() -> u64 {
    // SAFETY: Has no preconditions.
    unsafe { bindings::lvs_clock_milliseconds() }
}

/// Sleeps for so many milliseconds. Process context, outside any read side or spin lock.
pub(crate) fn sleep_milliseconds(count: u16) {
    fsleep(Delta::from_millis(count.into()));
}

/// A number that nobody can guess. Any context.
pub(crate) fn random_u64() -> u64 {
    // SAFETY: Has no preconditions.
    unsafe { bindings::lvs_random_u64() }
}
