// SPDX-License-Identifier: GPL-2.0

//! Packets that leave from where they came in, before they are routed.
//!
//! Relies on: there the IP header is complete and linear, and the packet has no route; output takes
//! the reference it is given.
//!
//! A breach would be noticed by: `test-early-path`.

use core::ptr::NonNull;
use core::slice;

use lvs_engine::addr::{
    Addr,
    Family, //
};

use super::bindings;
use super::netns::Net;
use super::packet::{
    Disposition,
    Packet,
    Unwritable, //
};
use super::route::Route;
use crate::kernel_ext::mem::rcu::ReadSide;

/// A client's route, with a reference of its own: it leads out, needs nothing but a neighbour, and
/// the packet it was looked up for fits it.
pub(crate) struct ClientRoute(NonNull<bindings::dst_entry>);

impl ClientRoute {
    /// The route of a reply, as if this host had sent it from `source`. `None` when there is none
    /// that will do. The packet has the reply's headers.
    #[inline]
    pub(crate) fn look_up(
        net: Net,
        packet: &Packet,
        family: Family,
        source: &Addr,
    ) -> Option<Self> {
        // SAFETY: The namespace and the packet are alive, the packet is one of this family, and an
        // address is sixteen bytes. The result carries a reference.
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
        NonNull::new(dst).map(Self)
    }

    /// The route, with another reference, for other packets of [`Packet::has_common_route`].
    pub(crate) fn share(&self, family: Family) -> Option<Route> {
        // SAFETY: The reference keeps the route alive, which is of the family it was looked up for.
        unsafe { Route::share(self.0, family) }
    }
}

impl Drop for ClientRoute {
    fn drop(&mut self) {
        // SAFETY: The reference is ours.
        unsafe { bindings::lvs_dst_release(self.0.as_ptr()) }
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
    fn dst(&self) -> *mut bindings::dst_entry {
        match self {
            Exit::Known(route, _) => route.dst(),
            Exit::Own(route) => route.0.as_ptr(),
        }
    }
}

impl Packet {
    /// Whether a packet that isn't routed yet is one that may leave early.
    #[inline]
    pub(crate) fn may_leave_early(&self, net: Net) -> bool {
        // SAFETY: The namespace and the packet are alive.
        unsafe { bindings::lvs_early_admits(net.as_ptr(), self.as_ptr()) }
    }

    /// The first `len` bytes, linear and not shared with anybody, and room for the link-layer header
    /// of `exit` in front of them.
    #[inline]
    pub(crate) fn writable_for(
        &mut self,
        len: usize,
        exit: &Exit<'_>,
    ) -> Result<&mut [u8], Unwritable> {
        let wanted = u32::try_from(len).map_err(|_| Unwritable)?;
        // SAFETY: The packet is owned; no header slice is alive; the route is.
        if !unsafe { bindings::lvs_early_prepare(self.as_ptr(), wanted, exit.dst()) } {
            return Err(Unwritable);
        }
        // SAFETY: The call above made so many bytes at `data` linear and private.
        Ok(unsafe { slice::from_raw_parts_mut((*self.as_ptr()).data, len) })
    }

    /// Sends the packet to the neighbour on its way out, past the hooks of output. Room was made by
    /// [`Packet::writable_for`].
    #[inline]
    pub(crate) fn leave_early(self, family: Family, net: Net, exit: Exit<'_>) -> Disposition {
        let mut packet = self;
        match exit {
            Exit::Known(route, read) => route.attach_borrowed(&mut packet, read),
            Exit::Own(route) => {
                let route = core::mem::ManuallyDrop::new(route);
                // SAFETY: The packet is owned, and gets the reference that isn't dropped.
                unsafe { bindings::lvs_skb_dst_give(packet.as_ptr(), route.0.as_ptr()) }
            }
        }
        // SAFETY: The packet has a plain route, of this family; it is given up.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_early_send4(net.as_ptr(), packet.into_raw()),
                Family::V6 => bindings::lvs_early_send6(net.as_ptr(), packet.into_raw()),
            }
        }
        Self::stolen()
    }

    /// Completes the outer IP header and sends the packet as [`Packet::leave_early`] does, along the
    /// plain route it has.
    #[inline]
    pub(crate) fn leave_early_built(self, family: Family, net: Net) -> Disposition {
        // SAFETY: The packet has a plain route, of this family, and that family's header and room for
        // the link layer's in front; it is given up.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_early_send_built4(net.as_ptr(), self.into_raw()),
                Family::V6 => bindings::lvs_early_send_built6(net.as_ptr(), self.into_raw()),
            }
        }
        Self::stolen()
    }
}
