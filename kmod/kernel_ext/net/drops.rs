// SPDX-License-Identifier: GPL-2.0

//! Dropped packets: counted by our reasons, and told to whoever watches the kernel's.
//!
//! Relies on: a possible CPU has its part of an allocation; 64-bit additions to it are whole.
//!
//! A breach would be noticed by: `test-drop-reasons`.

use core::ptr::NonNull;

use kernel::prelude::*;
use lvs_uapi::drop_reason::DropReason;

use super::bindings;
use super::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::mem::percpu;

/// How many packets of a namespace were dropped, by reason. Each CPU counts for itself.
///
/// # Invariants
///
/// A per-CPU allocation of [`DropReason::COUNT`] numbers that is alive as long as this.
pub(crate) struct Drops(NonNull<u64>);

// SAFETY: Per-CPU memory may be used from anywhere; each operation below is safe against others.
unsafe impl Send for Drops {}
// SAFETY: Counting by several threads at once is what per-CPU memory is for; see the operations.
unsafe impl Sync for Drops {}

impl Drops {
    /// Zeroed numbers; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The result is checked.
        let counts = unsafe { bindings::lvs_counts_alloc(DropReason::COUNT) };
        // INVARIANT: So many were allocated.
        Ok(Self(NonNull::new(counts).ok_or(ENOMEM)?))
    }

    /// Counts a packet.
    pub(super) fn count(&self, reason: DropReason) {
        // SAFETY: By the type's invariants, since a reason's number is below their count. The
        // addition is safe against preemption.
        unsafe { bindings::lvs_count(self.0.as_ptr().add(reason.number())) }
    }

    /// The packets dropped for `reason` so far.
    pub(crate) fn sum(&self, reason: DropReason) -> u64 {
        let mut sum = 0_u64;
        for cpu in (0..percpu::cpu_limit()).filter(|&cpu| percpu::cpu_possible(cpu)) {
            // SAFETY: By the type's invariants, as in `count`; the CPU is possible.
            let count =
                unsafe { bindings::lvs_count_of_cpu(self.0.as_ptr().add(reason.number()), cpu) };
            sum = sum.wrapping_add(count);
        }
        sum
    }
}

impl Drop for Drops {
    fn drop(&mut self) {
        // SAFETY: Allocated by `new`; `&mut self` means that nobody counts any more.
        unsafe { bindings::lvs_counts_free(self.0.as_ptr()) }
    }
}

/// The kernel's reason that says the same; `NETFILTER_DROP` where it has none.
const fn of_kernel(reason: DropReason) -> bindings::skb_drop_reason {
    use bindings as b;
    match reason {
        DropReason::NoServer => b::skb_drop_reason_SKB_DROP_REASON_NO_SOCKET,
        DropReason::NoMemory => b::skb_drop_reason_SKB_DROP_REASON_NOMEM,
        DropReason::NoRoute => b::skb_drop_reason_SKB_DROP_REASON_IP_OUTNOROUTES,
        DropReason::TooBig => b::skb_drop_reason_SKB_DROP_REASON_PKT_TOO_BIG,
        // As where it forwards.
        DropReason::Ttl => b::skb_drop_reason_SKB_DROP_REASON_IP_INHDR,
        DropReason::Malformed => b::skb_drop_reason_SKB_DROP_REASON_HDR_TRUNC,
        DropReason::Checksum => b::skb_drop_reason_SKB_DROP_REASON_ICMP_CSUM,
        DropReason::Boundary => b::skb_drop_reason_SKB_DROP_REASON_IP_LOCALNET,
        DropReason::ServerGone
        | DropReason::TableFull
        | DropReason::PortCrowded
        | DropReason::Defence
        | DropReason::StrayReply
        | DropReason::StrayError
        | DropReason::Ftp
        | DropReason::NoCallId
        | DropReason::Tracking
        | DropReason::Family
        | DropReason::Ended => b::skb_drop_reason_SKB_DROP_REASON_NETFILTER_DROP,
    }
}

impl Packet {
    /// Drops the packet. Its sender, if that is a program of this host, gets `EPERM`, as from every
    /// hook that drops. Hook context; doesn't sleep.
    #[cold]
    pub(crate) fn discard(self, drops: &Drops, reason: DropReason) -> Disposition {
        self.free(drops, reason);
        Disposition::refused()
    }

    /// Frees the packet, which may not be the one the hook was called with any more, as dropped.
    #[cold]
    pub(in crate::kernel_ext) fn free(self, drops: &Drops, reason: DropReason) -> Disposition {
        drops.count(reason);
        // SAFETY: The packet is owned and given up.
        unsafe { bindings::lvs_skb_drop(self.into_raw(), of_kernel(reason)) };
        Disposition::stolen()
    }
}
