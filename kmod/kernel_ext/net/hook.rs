// SPDX-License-Identifier: GPL-2.0

//! Netfilter hooks of one network namespace.
//!
//! Relies on: hooks run on the read side with the `priv` that was registered; once unregistered,
//! packets inside and listings of hooks are done after a grace period, until which state and
//! operations stay; `skb` is theirs until the verdict.
//!
//! A breach would be noticed by: `test-netns`, `test-modcycle`, `test-packet-fuzz`,
//! `test-regressions` (`namespaces-that-end`).

use core::marker::PhantomData;
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
pub(crate) enum Place {
    /// Just received, not routed yet.
    PreRouting,
    /// On its way to a local socket.
    LocalIn,
    /// On its way through this host.
    Forward,
    /// Made by this host.
    LocalOut,
}

impl Place {
    /// Netfilter's number of the hook.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Place::PreRouting => bindings::nf_inet_hooks_NF_INET_PRE_ROUTING,
            Place::LocalIn => bindings::nf_inet_hooks_NF_INET_LOCAL_IN,
            Place::Forward => bindings::nf_inet_hooks_NF_INET_FORWARD,
            Place::LocalOut => bindings::nf_inet_hooks_NF_INET_LOCAL_OUT,
        }
    }
}

/// Takes the packets of a namespace's hooks.
pub(crate) trait Receiver: NetnsState {
    /// One packet. Softirq or (for [`Place::LocalOut`]) process context, on the RCU read side.
    fn receive<'a>(
        &'a self,
        family: Family,
        place: Place,
        packet: Packet,
        read: ReadSide<'a>,
    ) -> Disposition;
}

/// Registered hooks; dropping it unregisters them. Packets that are inside go on until the end of a
/// grace period.
pub(crate) struct Hooks {
    net: Net,
    /// Listings of hooks look at them on the read side.
    ops: RcuBox<Operations>,
}

/// What netfilter calls.
struct Operations(GrowVec<bindings::nf_hook_ops>);

// SAFETY: The operations point to a `Sync` receiver and to functions.
unsafe impl Send for Operations {}
// SAFETY: As above.
unsafe impl Sync for Operations {}

// SAFETY: The operations point to a `Sync` receiver and to functions.
unsafe impl Send for Hooks {}
// SAFETY: As above.
unsafe impl Sync for Hooks {}

impl Hooks {
    /// Has the state of `net` receive its packets of `family`. Process context; sleeps. Fails with
    /// `ENOMEM`, and `EINVAL` when the namespace has no state.
    ///
    /// The state keeps the result and drops it when the namespace stops, whereupon a grace period is
    /// waited for: so it outlives the hooks.
    ///
    /// ip_vs has two hooks at each of these places, of adjacent priorities; here one function does
    /// the work of both. The priorities are the same numbers for both families.
    pub(crate) fn register<T: Receiver>(net: Net, family: Family) -> Result<Self> {
        let before_source_nat = bindings::nf_ip_hook_priorities_NF_IP_PRI_NAT_SRC;
        let after_destination_nat = bindings::nf_ip_hook_priorities_NF_IP_PRI_NAT_DST;
        let [local_in, forward, local_out]: [bindings::nf_hookfn; 3] = match family {
            Family::V4 => [
                Some(Calls::<T>::local_in::<false>),
                Some(Calls::<T>::forward::<false>),
                Some(Calls::<T>::local_out::<false>),
            ],
            Family::V6 => [
                Some(Calls::<T>::local_in::<true>),
                Some(Calls::<T>::forward::<true>),
                Some(Calls::<T>::local_out::<true>),
            ],
        };
        let places = [
            (Place::LocalIn, before_source_nat.wrapping_sub(1), local_in),
            (Place::Forward, before_source_nat, forward),
            (
                Place::LocalOut,
                after_destination_nat.wrapping_add(2),
                local_out,
            ),
        ];
        Self::register_at::<T>(net, family, &places)
    }

    /// Has the state of `net` also receive packets that aren't routed yet: behind netfilter's raw
    /// tables, in front of connection tracking. Otherwise as [`Hooks::register`].
    pub(crate) fn register_early<T: Receiver>(net: Net, family: Family) -> Result<Self> {
        let after_raw = bindings::nf_ip_hook_priorities_NF_IP_PRI_RAW.wrapping_add(10);
        let function: bindings::nf_hookfn = match family {
            Family::V4 => Some(Calls::<T>::pre_routing::<false>),
            Family::V6 => Some(Calls::<T>::pre_routing::<true>),
        };
        Self::register_at::<T>(net, family, &[(Place::PreRouting, after_raw, function)])
    }

    fn register_at<T: Receiver>(
        net: Net,
        family: Family,
        places: &[(Place, i32, bindings::nf_hookfn)],
    ) -> Result<Self> {
        // SAFETY: The namespace is alive, as every `Net`, and its state until `stop` was called.
        let receiver = unsafe { super::netns::state_of::<T>(net.as_ptr()) }.ok_or(EINVAL)?;
        let protocol: u32 = match family {
            Family::V4 => bindings::NFPROTO_IPV4,
            Family::V6 => bindings::NFPROTO_IPV6,
        };
        let mut ops = GrowVec::with_capacity(places.len())?;
        for (place, priority, function) in places.iter().copied() {
            let mut op: bindings::nf_hook_ops = pin_init::zeroed();
            op.hook = function;
            op.priv_ = ptr::from_ref(receiver).cast_mut().cast();
            op.pf = protocol as u8;
            op.hooknum = place.number();
            op.priority = priority;
            ops.push(op)?;
        }
        let ops = RcuBox::new(Operations(ops))?;
        // SAFETY: The operations stay in the list's memory until they are unregistered and a grace period
        // is over.
        kernel::error::to_result(unsafe {
            bindings::nf_register_net_hooks(net.as_ptr(), ops.0.as_ptr(), ops.0.len() as u32)
        })?;
        Ok(Self { net, ops })
    }
}

/// What netfilter calls for a `T`.
struct Calls<T>(PhantomData<T>);

impl<T: Receiver> Calls<T> {
    /// # Safety
    ///
    /// Called by netfilter, with what [`Hooks::register`] registered and a packet of the hook's family.
    #[inline(always)]
    unsafe fn run<const V6: bool>(
        data: *mut ffi::c_void,
        skb: *mut bindings::sk_buff,
        place: Place,
    ) -> u32 {
        let Some(skb) = NonNull::new(skb) else {
            return bindings::NF_ACCEPT;
        };
        let family = if V6 { Family::V6 } else { Family::V4 };
        // SAFETY: Netfilter calls hooks on the read side with the pointer that was registered, and
        // takes the verdict for the packet it passed.
        unsafe {
            let receiver = &*data.cast::<T>();
            receiver
                .receive(family, place, Packet::from_hook(skb), ReadSide::assume())
                .verdict()
        }
    }

    /// # Safety
    ///
    /// Called by netfilter, with what [`Hooks::register_early`] registered and a packet of the hook's
    /// family.
    unsafe extern "C" fn pre_routing<const V6: bool>(
        data: *mut ffi::c_void,
        skb: *mut bindings::sk_buff,
        _state: *const bindings::nf_hook_state,
    ) -> u32 {
        // SAFETY: Called by netfilter with what was registered.
        unsafe { Self::run::<V6>(data, skb, Place::PreRouting) }
    }

    /// # Safety
    ///
    /// Called by netfilter, with what [`Hooks::register`] registered and a packet of the hook's family.
    unsafe extern "C" fn local_in<const V6: bool>(
        data: *mut ffi::c_void,
        skb: *mut bindings::sk_buff,
        _state: *const bindings::nf_hook_state,
    ) -> u32 {
        // SAFETY: Called by netfilter with what was registered.
        unsafe { Self::run::<V6>(data, skb, Place::LocalIn) }
    }

    /// # Safety
    ///
    /// Called by netfilter, with what [`Hooks::register`] registered and a packet of the hook's family.
    unsafe extern "C" fn forward<const V6: bool>(
        data: *mut ffi::c_void,
        skb: *mut bindings::sk_buff,
        _state: *const bindings::nf_hook_state,
    ) -> u32 {
        // SAFETY: As above.
        unsafe { Self::run::<V6>(data, skb, Place::Forward) }
    }

    /// # Safety
    ///
    /// Called by netfilter, with what [`Hooks::register`] registered and a packet of the hook's family.
    unsafe extern "C" fn local_out<const V6: bool>(
        data: *mut ffi::c_void,
        skb: *mut bindings::sk_buff,
        _state: *const bindings::nf_hook_state,
    ) -> u32 {
        // SAFETY: As above.
        unsafe { Self::run::<V6>(data, skb, Place::LocalOut) }
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
