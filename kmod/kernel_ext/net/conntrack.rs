// SPDX-License-Identifier: GPL-2.0

//! Connection tracking: netfilter's view of the balancer's connections.
//!
//! Its module is used from the moment on when a namespace wants its connections tracked, and until
//! that namespace is gone. Nothing here makes netfilter track a packet: rules that ask for states
//! do.
//!
//! Relies on: while its module is held its functions stay, and its part of a namespace goes a grace
//! period after the namespace stops; packets are met on the read side.
//!
//! A breach would be noticed by: `test-conntrack`, `test-ftp`, `test-modcycle`.

use core::ptr;
use core::sync::atomic::{
    AtomicPtr,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};

use super::bindings;
use super::netns::NetHold;
use super::packet::Packet;
use crate::kernel_ext::mem::rcu::ReadSide;

/// One end of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    /// The address.
    pub(crate) addr: Addr,
    /// The port.
    pub(crate) port: u16,
}

impl Endpoint {
    fn addr_ptr(&self) -> *const bindings::in6_addr {
        ptr::from_ref(&self.addr.0).cast()
    }
}

fn protocol_family(family: Family) -> u8 {
    let number: u32 = match family {
        Family::V4 => bindings::NFPROTO_IPV4,
        Family::V6 => bindings::NFPROTO_IPV6,
    };
    number as u8
}

/// Connection tracking of one namespace.
///
/// # Invariants
///
/// `calls` is null, or what `open` got and `drop` gives back: it holds the kernel's module.
pub(crate) struct Tracking {
    net: NetHold,
    /// From `open` on, until this is dropped.
    calls: AtomicPtr<bindings::lvs_conntrack>,
}

impl Tracking {
    /// Not used yet.
    pub(crate) fn new(net: NetHold) -> Self {
        Self {
            net,
            calls: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The namespace's number.
    pub(crate) fn net_number(&self) -> u32 {
        self.net.net().number()
    }

    /// Makes sure that connections can be tracked, and loads the kernel's module for that. Process
    /// context; sleeps. Fails with `ENOENT` when there is none.
    pub(crate) fn open(&self) -> Result {
        if !self.calls.load(Ordering::Acquire).is_null() {
            return Ok(());
        }
        // SAFETY: The result is checked.
        let calls = unsafe { bindings::lvs_conntrack_open() };
        if calls.is_null() {
            return Err(ENOENT);
        }
        let opened = self.calls.compare_exchange(
            ptr::null_mut(),
            calls,
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
        if opened.is_err() {
            // SAFETY: Just opened, and used by nobody.
            unsafe { bindings::lvs_conntrack_close(calls) };
        }
        Ok(())
    }

    /// What to call on the read side. `None` before `open`, and when the namespace is stopping: its
    /// tracked connections go by themselves then, a grace period later.
    fn calls(&self) -> Option<*const bindings::lvs_conntrack> {
        let calls = self.calls.load(Ordering::Acquire);
        (!calls.is_null() && !self.net.net().is_stopping()).then_some(calls.cast_const())
    }

    /// Forgets the tracked connection that a packet from `source` to `destination` began.
    pub(crate) fn end(
        &self,
        _read: ReadSide<'_>,
        family: Family,
        protocol: u8,
        source: Endpoint,
        destination: Endpoint,
    ) {
        let Some(calls) = self.calls() else {
            return;
        };
        // SAFETY: The module is held, and the namespace's part of it is there for this reader.
        unsafe {
            bindings::lvs_conntrack_end(
                calls,
                self.net.net().as_ptr(),
                protocol_family(family),
                protocol,
                source.addr_ptr(),
                source.port.to_be(),
                destination.addr_ptr(),
                destination.port.to_be(),
            );
        }
    }
}

impl Drop for Tracking {
    fn drop(&mut self) {
        let calls = *self.calls.get_mut();
        if !calls.is_null() {
            // SAFETY: Opened by `open`, and nobody uses it any more.
            unsafe { bindings::lvs_conntrack_close(calls) };
        }
    }
}

impl Packet {
    /// If this packet begins a tracked connection: replies will come from `end`.
    #[cold]
    pub(crate) fn expect_reply_from(&mut self, end: Endpoint) {
        // SAFETY: The packet is owned, and so is the connection while nobody else knows it.
        unsafe {
            let connection = bindings::lvs_conntrack_first(self.as_ptr());
            if !connection.is_null() {
                bindings::lvs_conntrack_reply_from(connection, end.addr_ptr(), end.port.to_be());
            }
        }
    }

    /// If this packet begins a tracked connection: replies will be sent to `end`.
    #[cold]
    pub(crate) fn expect_reply_to(&mut self, end: Endpoint) {
        // SAFETY: The packet is owned, and so is the connection while nobody else knows it.
        unsafe {
            let connection = bindings::lvs_conntrack_first(self.as_ptr());
            if !connection.is_null() {
                bindings::lvs_conntrack_reply_to(connection, end.addr_ptr(), end.port.to_be());
            }
        }
    }

    /// A connection from any port of `client` to `end` will be related to the packet's, if
    /// netfilter has a helper for that.
    pub(crate) fn expect_related(
        &mut self,
        tracking: &Tracking,
        protocol: u8,
        client: &Addr,
        end: Endpoint,
    ) {
        let Some(calls) = tracking.calls() else {
            return;
        };
        // SAFETY: The packet is owned, and the module is held.
        unsafe {
            bindings::lvs_conntrack_expect(
                calls,
                self.as_ptr(),
                protocol_family(self.family()),
                protocol,
                ptr::from_ref(&client.0).cast(),
                end.addr_ptr(),
                end.port.to_be(),
            );
        }
    }

    /// Has netfilter put up with sequence numbers of the packet's tracked connection that don't
    /// fit: it sees each packet before the balancer has adjusted it.
    pub(crate) fn tolerate_sequences(&mut self) {
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_conntrack_be_liberal(self.as_ptr()) }
    }

    /// Enters the packet's tracked connection into the table of those. False when the packet has to
    /// be dropped.
    #[cold]
    pub(crate) fn confirm_tracking(&mut self, tracking: &Tracking) -> bool {
        let Some(calls) = tracking.calls() else {
            return true;
        };
        // SAFETY: The packet is owned, and the module is held.
        unsafe { bindings::lvs_conntrack_confirm(calls, self.as_ptr()) == bindings::NF_ACCEPT }
    }

    /// Tracks the packet as the first of a connection. What it was taken for is over. False when
    /// the packet has to be dropped.
    #[cold]
    pub(crate) fn track_anew(&mut self, tracking: &Tracking) -> bool {
        let Some(calls) = tracking.calls() else {
            return true;
        };
        let net = tracking.net.net().as_ptr();
        let family = protocol_family(self.family());
        // SAFETY: The packet is owned and of this family, and the module is held.
        let verdict = unsafe { bindings::lvs_conntrack_renew(calls, net, family, self.as_ptr()) };
        verdict == bindings::NF_ACCEPT
    }
}
