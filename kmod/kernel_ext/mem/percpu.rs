// SPDX-License-Identifier: GPL-2.0

//! Counters that every CPU keeps for itself.
//!
//! Relies on: a possible CPU has its part of an allocation; 64-bit additions to it are whole; on
//! x86-64 the segment `gs` is the part of the CPU that runs, to which C adds by one instruction,
//! too.
//!
//! A breach would be noticed by: `test-counters`, `test-procfs`, `test-drop-reasons`.

use core::mem::offset_of;
use core::ptr::{
    addr_of,
    NonNull, //
};

use kernel::prelude::*;

use super::bindings;

/// What is counted of a real server's traffic. Bytes are those of IP packets.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
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

impl Counters {
    /// What `f` makes of each of the counters of both.
    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            connections: f(self.connections, other.connections),
            in_packets: f(self.in_packets, other.in_packets),
            in_bytes: f(self.in_bytes, other.in_bytes),
            out_packets: f(self.out_packets, other.out_packets),
            out_bytes: f(self.out_bytes, other.out_bytes),
        }
    }

    /// The sum of both, wrapping.
    pub(crate) fn plus(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_add)
    }

    /// What `self` counted beyond `other`, wrapping.
    pub(crate) fn minus(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_sub)
    }
}

/// Counters of all CPUs.
///
/// # Invariants
///
/// `counters` is a per-CPU allocation that is alive as long as this.
pub(crate) struct CpuCounters {
    counters: NonNull<bindings::lvs_counters>,
}

// SAFETY: Per-CPU memory may be used from anywhere; each operation below is safe against others.
unsafe impl Send for CpuCounters {}
// SAFETY: Counting by several threads at once is what per-CPU memory is for; see the operations.
unsafe impl Sync for CpuCounters {}

impl CpuCounters {
    /// Allocates zeroed counters; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The result is checked.
        let counters = unsafe { bindings::lvs_counters_alloc() };
        Ok(Self {
            counters: NonNull::new(counters).ok_or(ENOMEM)?,
        })
    }

    /// Counts a scheduled connection.
    #[inline]
    pub(crate) fn count_connection(&self) {
        // SAFETY: It is a field.
        unsafe { add_one(self.number(offset_of!(bindings::lvs_counters, connections))) };
    }

    /// Counts a packet from a client.
    #[inline(always)]
    pub(crate) fn count_in(&self, bytes: u32) {
        // SAFETY: They are fields.
        unsafe {
            add_one(self.number(offset_of!(bindings::lvs_counters, in_packets)));
            add(
                self.number(offset_of!(bindings::lvs_counters, in_bytes)),
                bytes,
            );
        }
    }

    /// Counts a packet to a client.
    #[inline(always)]
    pub(crate) fn count_out(&self, bytes: u32) {
        // SAFETY: They are fields.
        unsafe {
            add_one(self.number(offset_of!(bindings::lvs_counters, out_packets)));
            add(
                self.number(offset_of!(bindings::lvs_counters, out_bytes)),
                bytes,
            );
        }
    }

    /// The number at this offset of the counters.
    #[inline(always)]
    fn number(&self, offset: usize) -> *mut u64 {
        self.counters
            .as_ptr()
            .cast::<u64>()
            .wrapping_byte_add(offset)
    }

    /// What CPU `cpu` counted; zeroes for a CPU that can't exist.
    pub(crate) fn of_cpu(&self, cpu: u32) -> Counters {
        // SAFETY: Any number is allowed.
        if !unsafe { bindings::lvs_cpu_possible(cpu) } {
            return Counters::default();
        }
        // SAFETY: The CPU is possible, so it has its part of the allocation.
        let counters = unsafe { bindings::lvs_counters_of_cpu(self.counters.as_ptr(), cpu) };
        // SAFETY: Aligned 64-bit loads of memory that is alive; the owner CPU may write meanwhile,
        // and each load sees the value before or after.
        unsafe {
            Counters {
                connections: addr_of!((*counters).connections).read_volatile(),
                in_packets: addr_of!((*counters).in_packets).read_volatile(),
                in_bytes: addr_of!((*counters).in_bytes).read_volatile(),
                out_packets: addr_of!((*counters).out_packets).read_volatile(),
                out_bytes: addr_of!((*counters).out_bytes).read_volatile(),
            }
        }
    }

    /// The sum over all CPUs.
    pub(crate) fn sum(&self) -> Counters {
        (0..cpu_limit()).fold(Counters::default(), |sum, cpu| sum.plus(self.of_cpu(cpu)))
    }
}

impl Drop for CpuCounters {
    fn drop(&mut self) {
        // SAFETY: Allocated by `new`; `&mut self` means that nobody counts any more.
        unsafe { bindings::lvs_counters_free(self.counters.as_ptr()) }
    }
}

/// `N` numbers that are counted up, of all CPUs.
///
/// # Invariants
///
/// A per-CPU allocation of `N` numbers that is alive as long as this.
pub(crate) struct CpuCounts<const N: usize>(NonNull<u64>);

// SAFETY: Per-CPU memory may be used from anywhere; each operation below is safe against others.
unsafe impl<const N: usize> Send for CpuCounts<N> {}
// SAFETY: Counting by several threads at once is what per-CPU memory is for; see the operations.
unsafe impl<const N: usize> Sync for CpuCounts<N> {}

impl<const N: usize> CpuCounts<N> {
    /// Zeroes; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The result is checked.
        let counts = unsafe { bindings::lvs_counts_alloc(N) };
        // INVARIANT: So many were allocated.
        Ok(Self(NonNull::new(counts).ok_or(ENOMEM)?))
    }

    /// Counts one more of the number at `place`, below `N`.
    #[inline(always)]
    pub(crate) fn count(&self, place: usize) {
        if place < N {
            // SAFETY: The place is one of the allocation.
            unsafe { add_one(self.0.as_ptr().wrapping_add(place)) };
        }
    }

    /// The sums over all CPUs.
    pub(crate) fn sums(&self) -> [u64; N] {
        let mut sums = [0_u64; N];
        for cpu in (0..cpu_limit()).filter(|&cpu| cpu_possible(cpu)) {
            for (place, sum) in sums.iter_mut().enumerate() {
                // SAFETY: The place is one of the allocation, and the CPU is possible.
                let count = unsafe { bindings::lvs_count_of_cpu(self.0.as_ptr().add(place), cpu) };
                *sum = sum.wrapping_add(count);
            }
        }
        sums
    }
}

impl<const N: usize> Drop for CpuCounts<N> {
    fn drop(&mut self) {
        // SAFETY: Allocated by `new`; `&mut self` means that nobody counts any more.
        unsafe { bindings::lvs_counts_free(self.0.as_ptr()) }
    }
}

/// Adds one to this CPU's part of a number. Safe against interrupts and being preempted.
///
/// # Safety
///
/// `number` must be one of a per-CPU allocation.
#[inline(always)]
unsafe fn add_one(number: *mut u64) {
    // SAFETY: The segment is this CPU's part of all per-CPU memory, and one instruction is whole.
    #[cfg(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML)))]
    unsafe {
        core::arch::asm!("incq %gs:({})", in(reg) number, options(att_syntax, nostack));
    }
    #[cfg(not(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML))))]
    // SAFETY: The caller's promise.
    unsafe {
        bindings::lvs_count(number, 1);
    }
}

/// The same with more than one.
///
/// # Safety
///
/// That of [`add_one`].
#[inline(always)]
unsafe fn add(number: *mut u64, more: u32) {
    let more = u64::from(more);
    // SAFETY: As in `add_one`.
    #[cfg(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML)))]
    unsafe {
        core::arch::asm!(
            "addq {}, %gs:({})",
            in(reg) more,
            in(reg) number,
            options(att_syntax, nostack)
        );
    }
    #[cfg(not(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML))))]
    // SAFETY: The caller's promise.
    unsafe {
        bindings::lvs_count(number, more);
    }
}

/// One more than the highest number a CPU can have.
pub(crate) fn cpu_limit() -> u32 {
    // SAFETY: Reads a variable that is constant after boot.
    unsafe { bindings::lvs_possible_cpus() }
}

/// Whether a CPU with this number can exist.
pub(crate) fn cpu_possible(cpu: u32) -> bool {
    // SAFETY: Any number is allowed.
    unsafe { bindings::lvs_cpu_possible(cpu) }
}
