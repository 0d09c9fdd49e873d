// SPDX-License-Identifier: GPL-2.0

//! The servers of all services by address and port: who opens a flow of its own?

use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::{
    DestId,
    Forwarding,
    Target, //
};
use lvs_engine::hash::{
    self,
    HashKey, //
};

use crate::kernel_ext::memory::{
    EntryBox,
    Member,
    Tie, //
};
use crate::kernel_ext::rcu::{
    self,
    RcuArc,
    ReadSide, //
};
use crate::kernel_ext::table::{
    Neighbour,
    RcuTable, //
};
use crate::kernel_ext::time;

use super::dest::Dest;

/// A server that a service lists.
pub(crate) struct Backend(RcuArc<Dest>);

impl Member for Backend {
    fn tie(&self) -> Option<&Tie<Self>> {
        None
    }
}

/// Room for a server in the table.
pub(super) struct Reservation(EntryBox<Backend>);

/// The servers. Changed under the control lock.
pub(crate) struct Backends {
    table: RcuTable<Backend>,
    key: HashKey,
    count: AtomicU32,
}

impl Backends {
    /// An empty table; may sleep. Fails with `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            table: RcuTable::new(u32::MAX)?,
            key: (time::random_u64(), time::random_u64()),
            count: AtomicU32::new(0),
        })
    }

    /// Number of servers.
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    fn hash(&self, family: Family, addr: &Addr, port: u16) -> u32 {
        let [a, b, c, d] = addr.0;
        hash::hash_3(
            self.key,
            (u64::from(a) << 32) | u64::from(b),
            (u64::from(c) << 32) | u64::from(d),
            (u64::from(family.number()) << 16) | u64::from(port),
        )
    }

    fn hash_of(&self, id: &DestId) -> u32 {
        self.hash(id.family, &id.addr, id.port)
    }

    /// The server that packets of `protocol` from this address and port come from, if their source
    /// is to be rewritten. Of several the one added last.
    pub(crate) fn find<'a>(
        &self,
        read: ReadSide<'a>,
        family: Family,
        protocol: u8,
        addr: &Addr,
        port: u16,
    ) -> Option<&'a RcuArc<Dest>> {
        let hash = self.hash(family, addr, port);
        let entry = self.table.find(read, hash, |backend| {
            let dest = &backend.0;
            let id = dest.id();
            let speaks = match dest.service().target {
                Target::Address { protocol: own, .. } => own == u16::from(protocol),
                Target::Mark(_) => true,
            };
            speaks
                && (id.family, id.port) == (family, port)
                && id.addr == *addr
                && dest.forwarding() == Forwarding::Masquerade
        })?;
        Some(&entry.0)
    }

    /// Makes room for a server. Sleeps. Fails with `ENOMEM`.
    pub(super) fn reserve(&self, dest: &RcuArc<Dest>) -> Result<Reservation> {
        let entry = EntryBox::new(self.hash_of(dest.id()), Backend(dest.clone()))?;
        Ok(Reservation(entry))
    }

    /// Takes in the server that the room was made for. Sleeps.
    pub(super) fn insert(&self, Reservation(entry): Reservation) {
        rcu::read(|read| drop(self.table.insert(read, entry, |_| Neighbour::Other)));
        self.fit(self.count.fetch_add(1, Ordering::Relaxed).wrapping_add(1));
    }

    /// Forgets a server. Sleeps.
    pub(super) fn remove(&self, dest: &RcuArc<Dest>) {
        rcu::read(|read| {
            let hash = self.hash_of(dest.id());
            let entry = self
                .table
                .find(read, hash, |backend| backend.0.number() == dest.number());
            drop(entry.and_then(|entry| self.table.remove(read, entry)));
        });
        self.fit(self.count.fetch_sub(1, Ordering::Relaxed).wrapping_sub(1));
    }

    /// Lets the table grow and shrink with the servers; without memory it stays as it is.
    fn fit(&self, count: u32) {
        let Some(wanted) = (count as usize).checked_next_power_of_two() else {
            return;
        };
        let present = self.table.buckets();
        if wanted > present || wanted.saturating_mul(8) < present {
            let _ = self.table.resize(wanted);
        }
    }
}
