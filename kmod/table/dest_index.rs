// SPDX-License-Identifier: GPL-2.0

//! The servers of all services by address and port: which [`Dest`] a packet comes from that belongs
//! to no connection yet.

use core::sync::atomic::{
    AtomicBool,
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

use crate::kernel_ext::mem::memory::{
    member,
    ControllerLink, //
    Entry,
    EntryBox,
    Member,
};
use crate::kernel_ext::mem::rcu::{
    self,
    RcuArc,
    ReadSide, //
};
use crate::kernel_ext::mem::rcu_table::RcuTable;
use crate::kernel_ext::task::time;

use super::dest::Dest;
use super::edition::Edition;

/// A server that a service lists, or did a second ago.
pub(crate) struct Indexed(RcuArc<Dest>);

member!(Indexed);

/// Room for a server in the table, unless it still is there.
pub(super) struct Reservation(Option<EntryBox<Indexed>>);

impl Reservation {
    /// The room, which isn't here any more.
    pub(super) fn take(&mut self) -> Self {
        Self(self.0.take())
    }
}

/// The servers. Changed under the rules lock.
///
/// Thousands of services may have the same server, so neither adding nor removing one walks a
/// chain: removed servers stay until [`DestIndex::prune`] walks the chains, and are not
/// found meanwhile.
pub(crate) struct DestIndex {
    table: RcuTable<Indexed>,
    key: HashKey,
    /// Servers that services list.
    count: AtomicU32,
    /// Whether there may be others in the table.
    has_removed: AtomicBool,
}

impl DestIndex {
    /// An empty table; may sleep. Fails with `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            table: RcuTable::new(u32::MAX)?,
            key: (time::random_u64(), time::random_u64()),
            count: AtomicU32::new(0),
            has_removed: AtomicBool::new(false),
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
    /// is to be rewritten, by this edition of the rules. Of several the one added last.
    pub(crate) fn find<'a>(
        &self,
        read: ReadSide<'a>,
        family: Family,
        protocol: u8,
        addr: &Addr,
        port: u16,
        edition: Edition,
    ) -> Option<&'a RcuArc<Dest>> {
        let hash = self.hash(family, addr, port);
        let entry = self.table.find(read, hash, |indexed| {
            let dest = &indexed.0;
            let id = dest.id();
            let speaks = match dest.service().target {
                Target::Address { protocol: own, .. } => own == u16::from(protocol),
                Target::Mark(_) => true,
            };
            speaks
                && dest.is_available_in(edition)
                && (id.family, id.port) == (family, port)
                && id.addr == *addr
                && dest.forwarding() == Forwarding::Masquerade
        })?;
        Some(&entry.0)
    }

    /// Makes room for a server. Sleeps. Fails with `ENOMEM`.
    pub(super) fn reserve(&self, dest: &RcuArc<Dest>) -> Result<Reservation> {
        if dest.is_indexed() {
            return Ok(Reservation(None));
        }
        let entry = EntryBox::new(self.hash_of(dest.id()), Indexed(dest.clone()))?;
        Ok(Reservation(Some(entry)))
    }

    /// Takes in the server that the room was made for. Sleeps.
    pub(super) fn insert(&self, Reservation(entry): Reservation) {
        if let Some(entry) = entry {
            entry.0.set_indexed(true);
            rcu::read(|read| self.table.push(read, entry));
        }
        self.fit(self.count.fetch_add(1, Ordering::Relaxed).wrapping_add(1));
    }

    /// Notes that a server was removed from its service.
    pub(super) fn remove(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.has_removed.store(true, Ordering::Relaxed);
    }

    /// Forgets the servers that were removed. Sleeps.
    pub(super) fn prune(&self) {
        if !self.has_removed.swap(false, Ordering::Relaxed) {
            return;
        }
        let keep = |indexed: &Entry<Indexed>| {
            let stays = indexed.0.is_available();
            indexed.0.set_indexed(stays);
            stays
        };
        let mut index = 0_usize;
        while let Some(more) = rcu::read(|read| self.table.prune(read, index, keep)) {
            if !more {
                index = rcu::read(|read| self.table.skip_empty(read, index.wrapping_add(1)));
            }
            time::yield_now();
        }
        self.fit(self.count());
    }

    /// Lets the table grow, by more than it has to, and shrink with the servers; without memory it
    /// stays as it is.
    fn fit(&self, count: u32) {
        let count = count as usize;
        let present = self.table.buckets();
        if count > present || count.saturating_mul(SPARSE) < present {
            let _ = self.table.resize(count.saturating_mul(ROOM));
        }
    }
}

/// How many times as many servers as there are a table that is rebuilt has buckets for.
const ROOM: usize = 2;

/// A table with this many times as many buckets as servers is rebuilt.
const SPARSE: usize = 8 * ROOM;
