// SPDX-License-Identifier: GPL-2.0

//! A match of iptables, as both of its back ends use it.
//!
//! x_tables is a module of its own on stock kernels, which nobody may need. Where it isn't loaded
//! before this module is, there is no match: see the C file.
//!
//! Relies on: x_tables calls a match's functions only while it is registered, on the read side,
//! with options of the size it was registered with; and holds the module while a rule uses it.
//!
//! A breach would be noticed by: `test-iptables`, `test-modprobe`.
//!
//! C header: [`include/linux/netfilter/x_tables.h`](srctree/include/linux/netfilter/x_tables.h)

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use core::slice;
use core::sync::atomic::{
    AtomicBool,
    Ordering, //
};

use kernel::error::{
    from_result,
    to_result, //
};
use kernel::ffi;
use kernel::prelude::*;
use kernel::types::Opaque;

use lvs_engine::addr::Family;
use lvs_engine::xt_match::Direction;

use super::bindings;
use super::netns::{
    state_of,
    NetnsState,
    StateUse, //
};
use super::packet::Packet;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::time;

/// Decides for rules whether they match.
pub(crate) trait Match: 'static {
    /// What each network namespace has.
    type State: NetnsState;

    /// Bytes of a rule's options.
    const LEN: usize;

    /// Whether `packet` of `family` is what a rule with `options`, which are [`Match::LEN`] bytes,
    /// asks for. In any context, on the RCU read side. There is no state while the module loads.
    fn matches(
        packet: &Packet,
        family: Family,
        options: &[u8],
        state: Option<&Self::State>,
        read: ReadSide<'_>,
    ) -> bool;
}

/// A match for a static.
pub(crate) struct XtMatch {
    entry: Opaque<bindings::xt_match>,
    /// Whether there is a [`Registration`]: the kernel doesn't look whether it has the match.
    is_registered: AtomicBool,
}

// SAFETY: Only x_tables changes it, under its own lock.
unsafe impl Sync for XtMatch {}

impl XtMatch {
    /// The match `name`, which `M` decides, for rules of IPv4 and IPv6. A name that is too long
    /// fails the build.
    pub(crate) const fn new<M: Match>(name: &'static str, revision: u8) -> Self {
        let mut entry: bindings::xt_match = pin_init::zeroed();
        let name = name.as_bytes();
        assert!(name.len() < entry.name.len());
        let mut i = 0;
        while i < name.len() {
            entry.name[i] = name[i];
            i += 1;
        }
        entry.revision = revision;
        entry.family = bindings::NFPROTO_UNSPEC as u16;
        entry.match_ = Some(matches::<M>);
        entry.checkentry = Some(check);
        // x_tables wants it aligned for 64-bit numbers.
        entry.matchsize = M::LEN.next_multiple_of(8) as u32;
        entry.me = bindings::this_module();
        Self {
            entry: Opaque::new(entry),
            is_registered: AtomicBool::new(false),
        }
    }

    /// Lets rules use the match from now on. Fails with `ENOENT` without x_tables, and with `EBUSY`
    /// while they may already.
    pub(crate) fn register(&'static self) -> Result<Registration> {
        let state_use = StateUse::begin()?;
        if self.is_registered.swap(true, Ordering::Acquire) {
            return Err(EBUSY);
        }
        // SAFETY: The match and all it points to are static, and it isn't registered.
        to_result(unsafe { bindings::lvs_xt_register_match(self.entry.get()) })
            .inspect_err(|_| self.is_registered.store(false, Ordering::Release))?;
        // INVARIANT: It was registered just now.
        Ok(Registration(self, state_use))
    }
}

/// A registered match. Rules that use it hold the module, so there is none when this is dropped.
///
/// # Invariants
///
/// The match is registered.
pub(crate) struct Registration(&'static XtMatch, StateUse);

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: The match is registered by the type invariants, and this happens once.
        unsafe { bindings::lvs_xt_unregister_match(self.0.entry.get()) };
        self.0.is_registered.store(false, Ordering::Release);
    }
}

fn family_of(number: u8) -> Option<Family> {
    match u32::from(number) {
        bindings::NFPROTO_IPV4 => Some(Family::V4),
        bindings::NFPROTO_IPV6 => Some(Family::V6),
        _ => None,
    }
}

/// # Safety
///
/// Called by x_tables alone, with a packet whose data begin with its IP header, and with a rule
/// that passed [`check`].
unsafe extern "C" fn matches<M: Match>(
    skb: *const bindings::sk_buff,
    param: *mut bindings::xt_action_param,
) -> bool {
    let Some(skb) = NonNull::new(skb.cast_mut()) else {
        return false;
    };
    // SAFETY: x_tables describes the hook and the rule; the options are as long as was registered.
    let (family, options) = unsafe {
        (
            family_of(bindings::lvs_xt_family(param)),
            slice::from_raw_parts((*param).__bindgen_anon_2.matchinfo.cast::<u8>(), M::LEN),
        )
    };
    let Some(family) = family else {
        return false;
    };
    // SAFETY: The packet is lent for the call: a shared reference can't give it up, and it isn't
    // dropped.
    let packet = ManuallyDrop::new(unsafe { Packet::from_hook(skb) });
    // SAFETY: Rules are gone from a namespace's hooks by the grace period before its state goes,
    // and hold the module; hooks are called on the read side.
    unsafe {
        let state = state_of::<M::State>(bindings::lvs_xt_net(param));
        M::matches(&packet, family, options, state, ReadSide::assume())
    }
}

/// # Safety
///
/// Called by x_tables alone, with a rule that is to be added.
unsafe extern "C" fn check(param: *const bindings::xt_mtchk_param) -> ffi::c_int {
    from_result(|| {
        // SAFETY: x_tables describes the rule.
        let family = unsafe { (*param).family };
        if family_of(family).is_some() {
            return Ok(0);
        }
        if time::may_log() {
            pr_info!("iptables' match ipvs isn't for family {family}\n");
        }
        Err(EINVAL)
    })
}

impl Packet {
    /// Copies what lies at `offset` into `bytes`. False when the packet ends before.
    pub(crate) fn copy_at(&self, offset: usize, bytes: &mut [u8]) -> bool {
        let (Ok(offset), Ok(len)) = (i32::try_from(offset), i32::try_from(bytes.len())) else {
            return false;
        };
        // SAFETY: The packet is alive; as many bytes are written as there is room.
        unsafe {
            bindings::lvs_skb_copy_bits(self.as_ptr(), offset, bytes.as_mut_ptr().cast(), len)
        }
    }

    /// The packet's direction within its tracked connection, if it has one.
    pub(crate) fn tracked_direction(&self) -> Option<Direction> {
        // SAFETY: The packet is alive.
        let (is_tracked, is_reply) = unsafe {
            (
                bindings::lvs_skb_is_tracked(self.as_ptr()),
                bindings::lvs_skb_is_tracked_reply(self.as_ptr()),
            )
        };
        is_tracked.then_some(if is_reply {
            Direction::Reply
        } else {
            Direction::Original
        })
    }
}
