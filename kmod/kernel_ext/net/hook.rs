// SPDX-License-Identifier: GPL-2.0

//! Netfilter hooks of one network namespace.
//!
//! Relies on: hooks run on the read side with the `priv` that was registered; once unregistered,
//! packets inside and listings of hooks are done after a grace period, until which state and
//! operations stay; `skb` is theirs until the verdict.
//!
//! A breach would be noticed by: `test-netns`, `test-modcycle`, `test-packet-fuzz`,
//! `test-regressions` (`namespaces-that-end`).

use core::ptr::{
    self,
    NonNull, //
};

use kernel::ffi;
use kernel::prelude::*;

use lvs_engine::addr::Family;

use super::bindings;
use super::netns::{
    Net,
    NetUse,
    NetnsState, //
};
use super::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::{
    RcuBox,
    ReadSide, //
};

/// Where in the IP layer a packet was met.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookPoint {
    /// Just received, not routed yet.
    PreRouting,
    /// On its way to a local socket.
    LocalIn,
    /// On its way through this host.
    Forward,
    /// Made by this host.
    LocalOut,
}

const PRE_ROUTING: u32 = bindings::nf_inet_hooks_NF_INET_PRE_ROUTING;
const LOCAL_IN: u32 = bindings::nf_inet_hooks_NF_INET_LOCAL_IN;
const FORWARD: u32 = bindings::nf_inet_hooks_NF_INET_FORWARD;
const LOCAL_OUT: u32 = bindings::nf_inet_hooks_NF_INET_LOCAL_OUT;

impl HookPoint {
    /// Netfilter's number of the hook.
    pub(crate) const fn number(self) -> u32 {
        match self {
            HookPoint::PreRouting => PRE_ROUTING,
            HookPoint::LocalIn => LOCAL_IN,
            HookPoint::Forward => FORWARD,
            HookPoint::LocalOut => LOCAL_OUT,
        }
    }

    /// The place of one of these numbers.
    const fn of_number(number: u32) -> Self {
        match number {
            PRE_ROUTING => HookPoint::PreRouting,
            LOCAL_IN => HookPoint::LocalIn,
            FORWARD => HookPoint::Forward,
            _ => HookPoint::LocalOut,
        }
    }
}

/// Takes the packets of a namespace's hooks.
pub(crate) trait Receiver: NetnsState {
    /// One packet. Softirq or (for [`HookPoint::LocalOut`]) process context, on the RCU read side.
    fn receive<'a>(
        &'a self,
        family: Family,
        place: HookPoint,
        packet: Packet,
        read: ReadSide<'a>,
    ) -> Disposition;
}

/// Registered hooks; dropping it unregisters them. Packets that are inside go on until the end of a
/// grace period.
pub(crate) struct Hooks {
    /// Listings of hooks look at them on the read side.
    ops: RcuBox<Operations>,
    net: NetUse,
}

/// What netfilter calls.
struct Operations(GrowVec<bindings::nf_hook_ops>);

// SAFETY: The operations point to a `Sync` receiver and to functions.
unsafe impl Send for Operations {}
// SAFETY: The operations point to a `Sync` receiver and to functions.
unsafe impl Sync for Operations {}

// SAFETY: The operations point to a `Sync` receiver and to functions.
unsafe impl Send for Hooks {}
// SAFETY: The operations point to a `Sync` receiver and to functions.
unsafe impl Sync for Hooks {}

impl Hooks {
    /// Has the state of `net` receive its packets of `family`. Process context; sleeps. Fails with
    /// `ENOMEM`, `EINVAL` when the namespace has no state yet, and `ENODEV` when it is stopping.
    ///
    /// The namespace waits when it stops until the result is dropped, and then for a grace period:
    /// so its state outlives the hooks.
    ///
    /// ip_vs has two hooks at each of these places, of adjacent priorities; here one function does
    /// the work of both. The priorities are the same numbers for both families.
    pub(crate) fn register<T: Receiver>(net: Net<'_>, family: Family) -> Result<Self> {
        let before_source_nat = bindings::nf_ip_hook_priorities_NF_IP_PRI_NAT_SRC;
        let after_destination_nat = bindings::nf_ip_hook_priorities_NF_IP_PRI_NAT_DST;
        let places = [
            (HookPoint::LocalIn, before_source_nat.wrapping_sub(1)),
            (HookPoint::Forward, before_source_nat),
            (HookPoint::LocalOut, after_destination_nat.wrapping_add(2)),
        ];
        Self::register_at::<T>(net, family, &places)
    }

    /// Has the state of `net` also receive packets that aren't routed yet: behind netfilter's raw
    /// tables, in front of connection tracking. Otherwise as [`Hooks::register`].
    pub(crate) fn register_early<T: Receiver>(net: Net<'_>, family: Family) -> Result<Self> {
        let after_raw = bindings::nf_ip_hook_priorities_NF_IP_PRI_RAW.wrapping_add(10);
        Self::register_at::<T>(net, family, &[(HookPoint::PreRouting, after_raw)])
    }

    fn register_at<T: Receiver>(
        net: Net<'_>,
        family: Family,
        places: &[(HookPoint, i32)],
    ) -> Result<Self> {
        let net = net.register()?;
        // SAFETY: The namespace is alive, and its state goes a grace period after `net`.
        let receiver = unsafe { super::netns::state_of::<T>(net.as_ptr()) }.ok_or(EINVAL)?;
        let protocol: u32 = match family {
            Family::V4 => bindings::NFPROTO_IPV4,
            Family::V6 => bindings::NFPROTO_IPV6,
        };
        let mut ops = GrowVec::with_capacity(places.len())?;
        for (place, priority) in places.iter().copied() {
            let mut op: bindings::nf_hook_ops = pin_init::zeroed();
            op.hook = Some(function::<T>(family, place));
            op.priv_ = ptr::from_ref(receiver).cast_mut().cast();
            op.pf = protocol as u8;
            op.hooknum = place.number();
            op.priority = priority;
            ops.push(op)?;
        }
        let ops = RcuBox::new(Operations(ops))?;
        // SAFETY: The operations stay in the list's memory until they are unregistered and a grace
        // period is over.
        kernel::error::to_result(unsafe {
            bindings::nf_register_net_hooks(net.as_ptr(), ops.0.as_ptr(), ops.0.len() as u32)
        })?;
        Ok(Self { ops, net })
    }
}

type Function = unsafe extern "C" fn(
    *mut ffi::c_void,
    *mut bindings::sk_buff,
    *const bindings::nf_hook_state,
) -> u32;

/// What netfilter calls at `place` for a `T`.
fn function<T: Receiver>(family: Family, place: HookPoint) -> Function {
    match family {
        Family::V4 => function_of::<T, false>(place),
        Family::V6 => function_of::<T, true>(place),
    }
}

fn function_of<T: Receiver, const V6: bool>(place: HookPoint) -> Function {
    match place {
        HookPoint::PreRouting => run::<T, V6, PRE_ROUTING>,
        HookPoint::LocalIn => run::<T, V6, LOCAL_IN>,
        HookPoint::Forward => run::<T, V6, FORWARD>,
        HookPoint::LocalOut => run::<T, V6, LOCAL_OUT>,
    }
}

/// # Safety
///
/// Called by netfilter at the hook of number `PLACE`, with what [`Hooks::register`] or
/// [`Hooks::register_early`] registered there for a `T`, and a packet of the hook's family.
unsafe extern "C" fn run<T: Receiver, const V6: bool, const PLACE: u32>(
    data: *mut ffi::c_void,
    skb: *mut bindings::sk_buff,
    _state: *const bindings::nf_hook_state,
) -> u32 {
    let Some(skb) = NonNull::new(skb) else {
        return bindings::NF_ACCEPT;
    };
    let family = if V6 { Family::V6 } else { Family::V4 };
    let place = const { HookPoint::of_number(PLACE) };
    // SAFETY: Netfilter calls hooks on the read side with the pointer that was registered, and
    // takes the verdict for the packet it passed.
    unsafe {
        let receiver = &*data.cast::<T>();
        receiver
            .receive(family, place, Packet::from_hook(skb), ReadSide::assume())
            .verdict()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        // SAFETY: Registered with the same arguments.
        unsafe {
            bindings::nf_unregister_net_hooks(
                self.net.as_ptr(),
                self.ops.0.as_ptr(),
                self.ops.0.len() as u32,
            );
        }
    }
}
