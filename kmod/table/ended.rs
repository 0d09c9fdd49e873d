// SPDX-License-Identifier: GPL-2.0

//! The connections of a server that were ended at its deadline, by a hash: whether a packet that
//! the server still sends belongs to one of them, and not to a client that came to the server
//! itself.

use core::sync::atomic::{
    AtomicU64,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::addr::Addr;
use lvs_engine::hash::{
    self,
    HashKey, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::task::time;

/// Places that are looked at for one connection.
const PROBES: usize = 32;

/// Most connections that are remembered of a server.
const MOST: usize = 1 << 20;

/// The ends of a connection as its server sees them.
pub(crate) struct ServerSide {
    /// IP protocol.
    pub(crate) protocol: u8,
    /// The client.
    pub(crate) client: Addr,
    /// The client's port, host order.
    pub(crate) client_port: u16,
    /// The server's address.
    pub(crate) server: Addr,
    /// The server's port, host order.
    pub(crate) server_port: u16,
}

impl ServerSide {
    fn hash(&self, key: HashKey) -> u32 {
        let [a, b, c, d] = self.client.0.map(u64::from);
        let [e, f, g, h] = self.server.0.map(u64::from);
        let ports = (u64::from(self.client_port) << 16) | u64::from(self.server_port);
        let client = hash::hash_3(key, (a << 32) | b, (c << 32) | d, ports);
        let rest = (u64::from(client) << 8) | u64::from(self.protocol);
        hash::hash_3(key, (e << 32) | f, (g << 32) | h, rest)
    }
}

/// Connections that were ended. Filled by one, read by all.
pub(crate) struct Ended {
    /// Two hashes of a connection each; 0 for none. A power of two of them.
    places: GrowVec<AtomicU64>,
    keys: [HashKey; 2],
}

impl Ended {
    /// Room for `count` connections, within bounds. Sleeps. Fails with `ENOMEM`.
    pub(super) fn with_room_for(count: usize) -> Result<Self> {
        let len = count
            .min(MOST)
            .saturating_mul(2)
            .max(PROBES)
            .next_power_of_two();
        let mut places = GrowVec::with_capacity(len)?;
        for _ in 0..len {
            drop(places.push_reserved(AtomicU64::new(0)));
        }
        let key = || (time::random_u64(), time::random_u64());
        Ok(Self {
            places,
            keys: [key(), key()],
        })
    }

    fn name(&self, side: &ServerSide) -> u64 {
        let [first, second] = self.keys.map(|key| u64::from(side.hash(key)));
        ((first << 32) | second).max(1)
    }

    /// The places where a connection of this name may be.
    fn places_of(&self, name: u64) -> impl Iterator<Item = &AtomicU64> {
        let first = name as usize;
        let mask = self.places.len().wrapping_sub(1);
        (0..PROBES).filter_map(move |step| self.places.get(first.wrapping_add(step) & mask))
    }

    /// Remembers a connection, if there is room near its place. One caller at a time.
    pub(super) fn remember(&self, side: &ServerSide) {
        let name = self.name(side);
        let place = self
            .places_of(name)
            .find(|place| matches!(place.load(Ordering::Relaxed), 0) || is(place, name));
        if let Some(place) = place {
            place.store(name, Ordering::Relaxed);
        }
    }

    /// Whether it was remembered.
    pub(crate) fn contains(&self, side: &ServerSide) -> bool {
        let name = self.name(side);
        self.places_of(name).any(|place| is(place, name))
    }
}

fn is(place: &AtomicU64, name: u64) -> bool {
    place.load(Ordering::Relaxed) == name
}
