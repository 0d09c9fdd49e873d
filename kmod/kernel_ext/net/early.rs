// SPDX-License-Identifier: GPL-2.0

//! Packets that leave from where they came in, before they are routed.
//!
//! Relies on: there the IP header is complete and linear, and the packet has no route; output takes
//! the reference it is given.
//!
//! A breach would be noticed by: `test-early-path`.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use core::slice;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::header::ip_len;

use super::bindings;
use super::netns::Net;
use super::packet::{
    Disposition,
    Packet, //
};
use super::route::Route;
use crate::kernel_ext::mem::rcu::ReadSide;

/// A client's route: it leads out, needs nothing but a neighbour, and the packet it was looked up
/// for fits it.
///
/// # Invariants
///
/// `dst` is an output route of `family` that has a device, with a reference of this type's own.
pub(crate) struct ClientRoute {
    dst: NonNull<bindings::dst_entry>,
    family: Family,
}

impl ClientRoute {
    /// The route of a reply, as if this host had sent it from `source`. `None` when there is none
    /// that will do. The packet has the reply's headers.
    #[inline]
    pub(crate) fn look_up(net: Net<'_>, packet: &Packet, source: &Addr) -> Option<Self> {
        let family = packet.family();
        // SAFETY: The namespace is alive, the packet is owned and of this family, and an address is
        // sixteen bytes. The result carries a reference.
        let dst = unsafe {
            match family {
                Family::V4 => {
                    bindings::lvs_early_route4(net.as_ptr(), packet.as_ptr(), source.v4_word())
                }
                Family::V6 => bindings::lvs_early_route6(
                    net.as_ptr(),
                    packet.as_ptr(),
                    source.octets().as_ptr().cast(),
                ),
            }
        };
        // INVARIANT: An output route of this family, with a reference.
        NonNull::new(dst).map(|dst| Self { dst, family })
    }

    /// The same of a reply that nobody made a packet of yet, and that begins with `header`: whether
    /// it fits is still to be asked.
    #[inline]
    pub(crate) fn look_up_header(
        net: Net<'_>,
        family: Family,
        header: &[u8],
        source: &Addr,
    ) -> Option<Self> {
        let header = header.get(..ip_len(family))?.as_ptr();
        // SAFETY: The namespace is alive, the header of this family is as long as one is, and an
        // address is sixteen bytes. The result carries a reference.
        let dst = unsafe {
            match family {
                Family::V4 => {
                    bindings::lvs_early_frame_route4(net.as_ptr(), header.cast(), source.v4_word())
                }
                Family::V6 => bindings::lvs_early_frame_route6(
                    net.as_ptr(),
                    header.cast(),
                    source.octets().as_ptr().cast(),
                ),
            }
        };
        // INVARIANT: An output route of this family, with a reference.
        NonNull::new(dst).map(|dst| Self { dst, family })
    }

    /// Longest packet, in bytes, that fits the way.
    pub(crate) fn mtu(&self) -> u32 {
        // SAFETY: The route is alive, by the type's invariants.
        unsafe { bindings::lvs_dst_mtu(self.dst.as_ptr()) }
    }

    /// The route, with another reference, for other packets of [`Packet::has_common_route`].
    pub(crate) fn share(&self) -> Option<Route> {
        // SAFETY: The route is alive and of this family, by the type's invariants.
        unsafe { Route::share(self.dst, self.family) }
    }
}

impl Drop for ClientRoute {
    fn drop(&mut self) {
        // SAFETY: The reference is ours.
        unsafe { bindings::lvs_dst_release(self.dst.as_ptr()) }
    }
}

/// A way out of this host.
pub(crate) enum Exit<'a> {
    /// By a route that is kept for others too, borrowed for this read side.
    Known(&'a Route, ReadSide<'a>),
    /// Back to a client by a route of its own.
    Own(ClientRoute),
}

impl Exit<'_> {
    #[inline(always)]
    pub(super) fn dst(&self) -> *mut bindings::dst_entry {
        match self {
            Exit::Known(route, _) => route.dst(),
            Exit::Own(route) => route.dst.as_ptr(),
        }
    }

    #[inline(always)]
    pub(super) fn family(&self) -> Family {
        match self {
            Exit::Known(route, _) => route.family(),
            Exit::Own(route) => route.family,
        }
    }
}

/// A packet that leaves from where it came in.
///
/// # Invariants
///
/// The exit is of the packet's family. The first `len` bytes are linear and not shared with
/// anybody, and there is room for the link-layer header of the exit in front of them.
pub(crate) struct Leaving<'a> {
    packet: Packet,
    exit: Exit<'a>,
    len: usize,
}

impl<'a> Leaving<'a> {
    /// Makes the first `len` bytes ready to be changed and sent. Gives the packet back when it is
    /// shorter, there is no memory, or the exit is of the other family.
    #[inline(always)]
    pub(crate) fn new(packet: Packet, len: usize, exit: Exit<'a>) -> Result<Self, Packet> {
        let Ok(wanted) = u32::try_from(len) else {
            return Err(packet);
        };
        if exit.family() != packet.family() {
            return Err(packet);
        }
        // SAFETY: The packet is owned; no header slice is alive; the route is.
        if !unsafe { bindings::lvs_early_prepare(packet.as_ptr(), wanted, exit.dst()) } {
            return Err(packet);
        }
        // INVARIANT: The call above made the bytes linear and private, and the room.
        Ok(Self { packet, exit, len })
    }

    /// The first bytes, as many as were asked for.
    #[inline(always)]
    pub(crate) fn headers(&mut self) -> &mut [u8] {
        // SAFETY: By the type's invariants.
        unsafe { slice::from_raw_parts_mut(self.packet.skb().data, self.len) }
    }

    /// Bytes from the IP header on.
    #[inline]
    pub(crate) fn packet_len(&self) -> u32 {
        self.packet.len()
    }

    /// The packet doesn't leave early after all.
    pub(crate) fn into_packet(self) -> Packet {
        self.packet
    }

    /// Sends the packet to the neighbour on its way out, past the hooks of output.
    #[inline(always)]
    pub(crate) fn send(self, net: Net<'_>) -> Disposition {
        let (dst, borrowed) = match self.exit {
            Exit::Known(route, _) => (route.dst(), true),
            Exit::Own(route) => (ManuallyDrop::new(route).dst.as_ptr(), false),
        };
        let family = self.packet.family();
        let skb = self.packet.into_raw();
        // SAFETY: The route is an output route of this family, borrowed for the read side or given
        // with the reference that isn't dropped; the packet, which has room for its link-layer
        // header, is given up.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_early_send4(net.as_ptr(), skb, dst, borrowed),
                Family::V6 => bindings::lvs_early_send6(net.as_ptr(), skb, dst, borrowed),
            }
        }
        Disposition::stolen()
    }
}

impl Packet {
    /// Whether a packet that isn't routed yet is one that may leave early.
    #[inline]
    pub(crate) fn may_leave_early(&self, net: Net<'_>) -> bool {
        // SAFETY: The namespace is alive and the packet owned; without a route it has a device.
        unsafe { bindings::lvs_early_admits(net.as_ptr(), self.as_ptr()) }
    }
}
