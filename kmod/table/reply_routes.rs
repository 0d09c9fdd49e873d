// SPDX-License-Identifier: GPL-2.0

//! The ways back to clients that were taken last.
//!
//! A reply is routed anew once it has the virtual address, as if this host had sent it. Without
//! policy routing only its two addresses and its class of traffic decide: replies to one client may
//! share what was found for the first, until the routing tables change.

use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::hash;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::{
    RcuBox,
    RcuCell,
    ReadSide, //
};
use crate::kernel_ext::net::device::Device;
use crate::kernel_ext::net::netns::Net;
use crate::kernel_ext::net::route::Route;

/// What a reply's route depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteKey {
    /// Family of both addresses.
    pub(crate) family: Family,
    /// Type of service, or traffic class.
    pub(crate) tos: u8,
    /// The virtual address.
    pub(crate) source: Addr,
    /// The client.
    pub(crate) client: Addr,
}

struct Known {
    key: RouteKey,
    route: Route,
}

/// Routes by their key; each has one place, which another's may take.
pub(crate) struct ReplyRoutes {
    places: GrowVec<RcuCell<Known>>,
    misses: AtomicU32,
}

impl ReplyRoutes {
    const PLACES_LOG2: u32 = 10;

    /// A place in use changes hands once in so many misses: with more clients than places, most
    /// replies are routed the usual way, and only few pay for being remembered.
    const PATIENCE: u32 = 16;

    /// No routes yet; may sleep. Fails with `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        let mut places = GrowVec::with_capacity(1 << Self::PLACES_LOG2)?;
        for _ in 0..1 << Self::PLACES_LOG2 {
            places.push(RcuCell::empty())?;
        }
        Ok(Self {
            places,
            misses: AtomicU32::new(0),
        })
    }

    #[inline(always)]
    fn place(&self, key: &RouteKey) -> Option<&RcuCell<Known>> {
        let addrs = key.client.folded() ^ key.source.folded().rotate_left(16);
        let hash = hash::fibonacci(addrs) >> (32 - Self::PLACES_LOG2);
        self.places.get(hash as usize)
    }

    /// The route for `key`, if it is known and still right.
    #[inline(always)]
    pub(crate) fn find<'a>(
        &'a self,
        read: ReadSide<'a>,
        net: Net<'_>,
        key: &RouteKey,
    ) -> Option<&'a Route> {
        let known = self.place(key)?.load(read)?;
        (known.key == *key && !known.route.is_stale(net)).then_some(&known.route)
    }

    /// Remembers a route for `key` that [`ReplyRoutes::find`] didn't know. Without memory, or
    /// when `route` finds it unfit, nothing happens.
    pub(crate) fn keep(
        &self,
        read: ReadSide<'_>,
        net: Net<'_>,
        key: &RouteKey,
        route: impl FnOnce() -> Option<Route>,
    ) {
        let Some(place) = self.place(key) else {
            return;
        };
        // Several CPUs may count at once; it is no more than a rough measure.
        let misses = self.misses.load(Ordering::Relaxed).wrapping_add(1);
        self.misses.store(misses, Ordering::Relaxed);
        let in_use = place
            .load(read)
            .is_some_and(|known| !known.route.is_stale(net));
        if in_use && misses % Self::PATIENCE != 0 {
            return;
        }
        let known = route()
            .filter(|route| !route.is_local() && !route.is_down())
            .and_then(|route| RcuBox::new_atomic(Known { key: *key, route }).ok());
        if known.is_some() {
            place.replace(known);
            // The device may have gone down, and not have found the route here yet.
            place.remove_if(read, |known| known.route.is_down());
        }
    }

    /// Lets go of the routes by `device`.
    pub(super) fn forget(&self, read: ReadSide<'_>, device: Device) {
        for place in &*self.places {
            place.remove_if(read, |known| known.route.holds(device));
        }
    }
}
