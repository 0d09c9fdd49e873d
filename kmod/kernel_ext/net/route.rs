// SPDX-License-Identifier: GPL-2.0

//! Routes to real servers.
//!
//! Relies on: a route lives while it is referenced, and until the read side ends if the cell that
//! held it lets go.
//!
//! A breach would be noticed by: `test-devices`, `test-mtu`, `test-regressions`
//! (`device-goes-while-routes-are-kept`).

use core::ops::Deref;
use core::ptr::NonNull;

use kernel::error::from_err_ptr;
use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};

use super::bindings;
use super::device::Device;
use super::ip_id::IpIds;
use super::netns::Net;
use super::packet::Packet;
use crate::kernel_ext::compat::errno::ENETUNREACH;
use crate::kernel_ext::mem::rcu::ReadSide;

/// A route to a server, or of replies to a client.
///
/// # Invariants
///
/// `dst` is an output route of `family` that has a device, with a reference of this type's own.
pub(crate) struct Route {
    dst: NonNull<bindings::dst_entry>,
    cookie: u32,
    family: Family,
    source: Addr,
    is_local: bool,
    /// Packets go to the neighbour with the address that was looked up, whatever their destination.
    knows_nexthop: bool,
    /// Its packets need nothing but a neighbour.
    is_plain: bool,
    link_header_len: u16,
    /// No longer packet needs to be compared with the MTU as it is now.
    fits_anyway: u32,
    /// Of IPv4 packets that this host sends between the ends of the route.
    ip_ids: IpIds,
}

// SAFETY: Routes are reference counted and shared by all CPUs.
unsafe impl Send for Route {}
// SAFETY: Routes are reference counted and shared by all CPUs.
unsafe impl Sync for Route {}

impl Route {
    /// Looks up the route from this host to IPv4 address `to` (as it lies in memory), from `from`
    /// (0: any). `known_nexthop` sends to that very address's neighbour, as direct routing wants.
    /// Fails with the routing's error.
    pub(crate) fn lookup_v4(net: Net<'_>, to: u32, from: u32, known_nexthop: bool) -> Result<Self> {
        let mut source_v4 = 0;
        // SAFETY: The namespace is alive; the result carries a reference.
        let route = from_err_ptr(unsafe {
            bindings::lvs_route_output4(net.as_ptr(), to, from, known_nexthop, &mut source_v4)
        })?;
        let dst = NonNull::new(route.cast()).ok_or(ENETUNREACH)?;
        let source = Addr::from_v4_word(source_v4);
        let mut route = Self::new(dst, 0, Family::V4, source, known_nexthop);
        route.ip_ids = IpIds::between(source_v4, to);
        Ok(route)
    }

    /// Looks up the route from this host to IPv6 address `to`. `known_nexthop` sends to that very
    /// address's neighbour. `choose_source` also chooses a source address, and fails when there is
    /// none.
    pub(crate) fn lookup_v6(
        net: Net<'_>,
        to: &Addr,
        known_nexthop: bool,
        choose_source: bool,
    ) -> Result<Self> {
        let mut source = pin_init::zeroed::<bindings::in6_addr>();
        let mut cookie = 0;
        // SAFETY: An `in6_addr` is sixteen bytes; the namespace is alive; the result carries a
        // reference.
        let dst = from_err_ptr(unsafe {
            bindings::lvs_route_output6(
                net.as_ptr(),
                to.octets().as_ptr().cast(),
                known_nexthop,
                if choose_source {
                    &raw mut source
                } else {
                    core::ptr::null_mut()
                },
                &mut cookie,
            )
        })?;
        // SAFETY: Any sixteen bytes are an address.
        let source = Addr::from_octets(unsafe { core::mem::transmute_copy(&source) });
        let dst = NonNull::new(dst).ok_or(ENETUNREACH)?;
        Ok(Self::new(dst, cookie, Family::V6, source, known_nexthop))
    }

    /// Takes another reference to a route between two addresses, unless more than those chose it.
    ///
    /// # Safety
    ///
    /// `dst` is what a packet of `family` may have as its route, and alive on this read side.
    pub(in crate::kernel_ext) unsafe fn share(
        dst: NonNull<bindings::dst_entry>,
        family: Family,
    ) -> Option<Self> {
        let mut cookie = 0;
        let number = match family {
            Family::V4 => bindings::AF_INET,
            Family::V6 => bindings::AF_INET6,
        };
        // SAFETY: By the caller's promise; what is no route, or of another family, isn't shared.
        let shared = unsafe { bindings::lvs_dst_share(dst.as_ptr(), number as u8, &mut cookie) };
        // INVARIANT: The reference was just taken.
        shared.then(|| Self::new(dst, cookie, family, Addr::ANY, false))
    }

    /// Takes over the reference to `dst`, and notes what doesn't change while the route isn't
    /// stale.
    fn new(
        dst: NonNull<bindings::dst_entry>,
        cookie: u32,
        family: Family,
        source: Addr,
        knows_nexthop: bool,
    ) -> Self {
        let dst_ptr = dst.as_ptr();
        // SAFETY: The reference keeps the route alive; output routes have a device.
        let (is_local, is_plain, link_header_len, mtu) = unsafe {
            let is_local = match family {
                Family::V4 => bindings::lvs_dst_is_local4(dst_ptr),
                Family::V6 => bindings::lvs_dst_is_local6(dst_ptr),
            };
            (
                is_local,
                bindings::lvs_dst_is_plain(dst_ptr),
                bindings::lvs_dst_hard_header_len(dst_ptr) as u16,
                bindings::lvs_dst_mtu(dst_ptr),
            )
        };
        Self {
            dst,
            cookie,
            family,
            source,
            is_local,
            knows_nexthop,
            is_plain: is_plain && !is_local,
            link_header_len,
            fits_anyway: mtu.min(Self::LEAST_LEARNED_MTU),
            ip_ids: IpIds::between(0, 0),
        }
    }

    /// Path MTU discovery never goes below this (`net.ipv4.route.min_pmtu` is 552; IPv6 has 1280).
    const LEAST_LEARNED_MTU: u32 = 512;

    #[inline]
    pub(in crate::kernel_ext) fn dst(&self) -> *mut bindings::dst_entry {
        self.dst.as_ptr()
    }

    /// Whether the routing tables changed since the look-up.
    #[inline]
    pub(crate) fn is_stale(&self, net: Net<'_>) -> bool {
        // SAFETY: The route is alive and of its family, by the type's invariants.
        unsafe {
            match self.family {
                Family::V4 => bindings::lvs_dst_stale4(net.as_ptr(), self.dst()),
                Family::V6 => bindings::lvs_dst_stale6(self.dst(), self.cookie),
            }
        }
    }

    /// Whether packets would go to this host itself.
    #[inline]
    pub(crate) fn is_local(&self) -> bool {
        self.is_local
    }

    /// Whether packets keep their destination and still reach what was looked up.
    #[inline]
    pub(crate) fn knows_nexthop(&self) -> bool {
        self.knows_nexthop
    }

    /// Whether packets leave this host by it, and need nothing but a neighbour on the way.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Whether the route's device is down: then it must not be kept.
    pub(crate) fn is_down(&self) -> bool {
        // SAFETY: The route is alive, by the type's invariants.
        unsafe { bindings::lvs_dst_device_down(self.dst()) }
    }

    /// Whether the route holds `device`: packets leave by it, or it has the address of this host
    /// that an IPv6 route leads to.
    pub(crate) fn holds(&self, device: Device) -> bool {
        // SAFETY: The route is alive and of its family, by the type's invariants.
        let (leaves_by, has_address) = unsafe {
            (
                bindings::lvs_dst_device(self.dst()),
                match self.family {
                    Family::V4 => core::ptr::null(),
                    Family::V6 => bindings::lvs_dst_address_device6(self.dst()),
                },
            )
        };
        // From a device that goes down the kernel takes these two, but not the entry of IPv6's
        // routing table that the route was made of, which holds the device as well.
        // SAFETY: It compares the pointer with another.
        let is_lost = |device| unsafe { bindings::lvs_is_blackhole(device) };
        device == Device(leaves_by)
            || device == Device(has_address)
            || is_lost(leaves_by)
            || is_lost(has_address)
    }

    /// Number of the device by which packets leave.
    pub(crate) fn device_index(&self) -> u32 {
        // SAFETY: The route is alive, and an output route has a device, by the type's invariants.
        unsafe { bindings::lvs_dst_device_index(self.dst()) }.max(0) as u32
    }

    /// The neighbour, with its family, to whom packets to `to` go, an address of the route's
    /// family.
    pub(crate) fn next_hop(&self, to: &Addr) -> (Family, Addr) {
        let mut hop = pin_init::zeroed::<bindings::in6_addr>();
        let family = match self.family {
            Family::V4 => {
                let to = to.v4_word();
                // SAFETY: The route is alive and of its family, by the type's invariants.
                if unsafe { bindings::lvs_dst_next_hop4(self.dst(), to, &mut hop) } {
                    Family::V4
                } else {
                    Family::V6
                }
            }
            Family::V6 => {
                let mut raw: bindings::in6_addr = pin_init::zeroed();
                raw.in6_u.u6_addr8 = to.octets();
                // SAFETY: The route is alive and of its family, by the type's invariants.
                unsafe { bindings::lvs_dst_next_hop6(self.dst(), &raw, &mut hop) };
                Family::V6
            }
        };
        // SAFETY: Any sixteen bytes are an address.
        let hop = Addr::from_octets(unsafe { core::mem::transmute_copy(&hop) });
        match family {
            Family::V4 => (family, Addr::from_v4_word(hop.v4_word())),
            Family::V6 => (family, hop),
        }
    }

    /// Whether a packet of `len` bytes, tunnel headers included, fits the way whatever was learned
    /// of its MTU: spares asking.
    #[inline]
    pub(crate) fn fits_anyway(&self, len: u32) -> bool {
        len <= self.fits_anyway
    }

    /// Longest packet, in bytes, that fits the way.
    #[inline]
    pub(crate) fn mtu(&self) -> u32 {
        // SAFETY: The route is alive, by the type's invariants.
        unsafe { bindings::lvs_dst_mtu(self.dst()) }
    }

    /// Family of the route's packets.
    #[inline]
    pub(crate) fn family(&self) -> Family {
        self.family
    }

    /// Source address the route suggests.
    #[inline]
    pub(crate) fn source(&self) -> Addr {
        self.source
    }

    /// The first of `count` IP IDs for IPv4 packets that go from the route's source to its
    /// destination, in host order.
    #[inline]
    pub(crate) fn reserve_ip_ids(&self, count: u16) -> u16 {
        self.ip_ids.reserve(count)
    }

    /// Bytes of the device's link-layer header.
    #[inline]
    pub(crate) fn link_header_len(&self) -> u16 {
        self.link_header_len
    }

    /// Bytes the device wants free in front of a packet.
    #[inline]
    pub(crate) fn reserved_space(&self) -> u32 {
        // SAFETY: The route is alive, by the type's invariants.
        unsafe { bindings::lvs_dst_reserved_space(self.dst()) }
    }
}

/// A route, kept for others too, or looked up for one packet alone.
pub(crate) enum RouteRef<'a> {
    /// Borrowed from a server, or from the table of routes to clients.
    Cached(&'a Route),
    /// The packet's.
    Own(Route),
}

impl Deref for RouteRef<'_> {
    type Target = Route;

    #[inline]
    fn deref(&self) -> &Route {
        match self {
            RouteRef::Cached(route) => route,
            RouteRef::Own(route) => route,
        }
    }
}

impl<'a> RouteRef<'a> {
    /// Gives a packet the route. One that borrows it is handed on within the read side, which every
    /// queue on its way does or takes a reference.
    ///
    /// # Safety
    ///
    /// `skb` is an owned packet of the IP layer; what becomes of it suits the route's family.
    #[inline(always)]
    pub(in crate::kernel_ext) unsafe fn attach(
        &self,
        skb: *mut bindings::sk_buff,
        _read: ReadSide<'a>,
    ) {
        // SAFETY: The packet is owned by the caller's promise. A route that is borrowed lives until
        // the read side ends, which the packet doesn't outlive; to another a reference is taken.
        unsafe {
            match self {
                RouteRef::Cached(route) => bindings::lvs_skb_dst_set_noref(skb, route.dst()),
                RouteRef::Own(route) => bindings::lvs_skb_dst_set_ref(skb, route.dst()),
            }
        }
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        // SAFETY: The reference is ours.
        unsafe { bindings::lvs_dst_release(self.dst()) }
    }
}

impl Packet {
    /// Whether the packet has been routed at all.
    #[inline]
    pub(crate) fn has_route(&self) -> bool {
        !self.dst().is_null()
    }

    /// Whether the packet's present route leads to this host.
    #[inline]
    pub(crate) fn is_routed_here(&self) -> bool {
        // SAFETY: The packet is owned; the route is checked, and any is large enough to be asked.
        unsafe {
            let dst = self.dst();
            !dst.is_null()
                && match self.family() {
                    Family::V4 => bindings::lvs_dst_is_local4(dst),
                    Family::V6 => bindings::lvs_dst_is_local6(dst),
                }
        }
    }

    /// Whether an IPv4 packet came in from the network, by its present route.
    pub(crate) fn is_input_routed_v4(&self) -> bool {
        // SAFETY: The packet is owned; the route is checked, and any is large enough to be asked.
        unsafe {
            let dst = self.dst();
            !dst.is_null() && bindings::lvs_dst_is_input4(dst)
        }
    }

    /// Whether nothing but its addresses and its class of traffic decides about the packet's route
    /// when it is routed as this host's: there are no rules, no IPsec policies and no socket of its
    /// own.
    #[inline(always)]
    pub(crate) fn has_common_route(&self, net: Net<'_>) -> bool {
        // SAFETY: The namespace is alive; the packet is owned and of this family.
        unsafe {
            match self.family() {
                Family::V4 => bindings::lvs_has_common_route4(net.as_ptr(), self.as_ptr()),
                Family::V6 => bindings::lvs_has_common_route6(net.as_ptr(), self.as_ptr()),
            }
        }
    }

    /// The packet's route, with a reference of its own, for other packets of [`has_common_route`]
    /// between its addresses. `None` when more than those chose it.
    ///
    /// [`has_common_route`]: Packet::has_common_route
    pub(crate) fn share_route(&self) -> Option<Route> {
        let dst = NonNull::new(self.dst())?;
        // SAFETY: The route is the packet's, so alive on its read side.
        unsafe { Route::share(dst, self.family()) }
    }

    /// Routes the packet as if this host had made it, unless it is routed to this host. False when
    /// there is no route.
    pub(crate) fn reroute(&mut self, net: Net<'_>) -> bool {
        let dst = self.dst();
        if dst.is_null() {
            return false;
        }
        // SAFETY: The packet is owned and of this family, and has a route, which is large enough to
        // be asked.
        unsafe {
            match self.family() {
                Family::V4 => {
                    bindings::lvs_dst_is_local4(dst)
                        || bindings::lvs_route_me_harder4(net.as_ptr(), self.as_ptr()) == 0
                }
                Family::V6 => {
                    bindings::lvs_dst_is_local6(dst)
                        || bindings::lvs_route_me_harder6(net.as_ptr(), self.as_ptr()) == 0
                }
            }
        }
    }

    /// Tells the sender that its packet has nowhere to go.
    pub(crate) fn report_link_failure(&mut self) {
        if self.has_route() {
            // SAFETY: The packet is owned and has a route.
            unsafe { bindings::lvs_skb_link_failure(self.as_ptr()) }
        }
    }

    /// Tells the local socket that sent this packet of a smaller MTU on its way.
    pub(crate) fn lower_local_mtu(&mut self, mtu: u32) {
        if self.has_route() {
            // SAFETY: The packet is owned and has a route.
            unsafe { bindings::lvs_skb_update_pmtu_local(self.as_ptr(), mtu) }
        }
    }
}
