// SPDX-License-Identifier: GPL-2.0

//! The table itself: finding connections, and taking them out.

use core::mem;
use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;
use kernel::sync::Arc;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::hash;

use crate::kernel_ext::mem::memory::{
    Entry,
    EntryBox, //
};
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::mem::rcu_table::RcuTable;
use crate::kernel_ext::mem::slab::{
    self,
    Slab, //
};
use crate::kernel_ext::net::conntrack::{
    Endpoint,
    Tracking, //
};
use crate::kernel_ext::task::time;

use super::super::conn::{
    self,
    flag,
    Conn,
    Tuple, //
};
use super::super::ftp_ports::{
    self,
    MAX_FTP_PORTS, //
};
use super::super::trace::{
    self,
    EndCause, //
};
use super::client_hash::ClientHash;

/// Ticks until a template is looked at again whose connections outlive it.
pub(super) const HELD_RECHECK: u32 = 60 * time::HZ;

/// Most connections of one client port. A client whose one port talks to all ports of a service
/// would otherwise make a chain as long as it likes.
pub(super) const CLIENT_PORT_LIMIT: u32 = 512;

/// The connection table.
pub(crate) struct ConnTable {
    /// The entries.
    pub(super) table: RcuTable<Conn>,
    /// Their memory.
    pub(super) slab: Arc<Slab<Entry<Conn>>>,
    tracking: Arc<Tracking>,
    key: (u64, u64),
    /// Connections and templates, those being made included.
    pub(super) count: AtomicU32,
    /// As many as take half of the machine's memory: with so many the table is full, whatever the
    /// administrator allows.
    pub(super) memory_limit: u32,
    /// Connections whose client's port isn't known yet.
    expected: AtomicU32,
    /// Control connections of FTP, by the index of their port.
    ftp_controls: [AtomicU32; MAX_FTP_PORTS],
    /// Above this count the table wants to grow.
    pub(super) grow_above: AtomicU32,
    /// Whether it has room: one of [`growth`].
    pub(super) growth: AtomicU32,
}

/// Values of [`ConnTable::growth`].
pub(super) mod growth {
    /// The table has room.
    pub(in super::super) const NOT_NEEDED: u32 = 0;
    /// It lacks room.
    pub(in super::super) const NEEDED: u32 = 1;
    /// It lacks room, and the collector knows.
    pub(in super::super) const ANNOUNCED: u32 = 2;
}

impl ConnTable {
    /// An empty table; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new(slab: Arc<Slab<Entry<Conn>>>, tracking: Arc<Tracking>) -> Result<Self> {
        let table = RcuTable::new(CLIENT_PORT_LIMIT)?;
        Ok(Self {
            table,
            slab,
            tracking,
            key: (time::random_u64(), time::random_u64()),
            count: AtomicU32::new(0),
            memory_limit: memory_limit(),
            expected: AtomicU32::new(0),
            ftp_controls: [const { AtomicU32::new(0) }; MAX_FTP_PORTS],
            grow_above: AtomicU32::new(RcuTable::<Conn>::MIN_BUCKETS as u32),
            growth: AtomicU32::new(growth::NOT_NEEDED),
        })
    }

    /// The number of the namespace whose connections these are.
    pub(super) fn net_number(&self) -> u32 {
        self.tracking.net_number()
    }

    #[inline(always)]
    fn hash(&self, family: Family, protocol: u8, client: &Addr, client_port: u16) -> u32 {
        let low = (u32::from(client_port) << 8) | u32::from(protocol);
        match family {
            Family::V4 => hash::hash_7_bytes(
                self.key,
                (u64::from(client.v4_word()) << 24) | u64::from(low),
            ),
            Family::V6 => {
                let [a, b, c, d] = client.0;
                hash::hash_19_bytes(
                    self.key,
                    (u64::from(b) << 32) | u64::from(a),
                    (u64::from(d) << 32) | u64::from(c),
                    low,
                )
            }
        }
    }

    /// The hash of the client of `tuple`.
    #[inline(always)]
    pub(crate) fn hash_of(&self, tuple: &Tuple) -> ClientHash {
        ClientHash(self.hash(
            tuple.family,
            tuple.protocol,
            &tuple.client,
            tuple.client_port,
        ))
    }

    /// The hash of a template with `tuple`; those of calls are hashed by their Call-IDs.
    pub(super) fn hash_of_template(&self, tuple: &Tuple, call: Option<&[u8]>) -> u32 {
        match call {
            Some(call) => hash::hash_bytes(self.key, call),
            None => self.hash_of(tuple).0,
        }
    }

    /// The connection that client packets with `tuple`, whose client has this `hash`, belong to.
    #[inline(always)]
    pub(crate) fn find_request<'a>(
        &self,
        read: ReadSide<'a>,
        tuple: &Tuple,
        hash: ClientHash,
        now: u32,
    ) -> Option<&'a Entry<Conn>> {
        self.table.find(read, hash.0, |entry| {
            entry.matches_request(tuple) && !conn::is_expired(entry, now)
        })
    }

    /// Has the entry of a client's connection fetched into the cache, or the first of its chain.
    #[inline(always)]
    pub(crate) fn prefetch(
        &self,
        read: ReadSide<'_>,
        family: Family,
        protocol: u8,
        client: &Addr,
        client_port: u16,
    ) {
        let hash = self.hash(family, protocol, client, client_port);
        self.table.prefetch(read, hash);
    }

    /// The connection whose server sent a packet with `tuple`, whose "virtual" half is the
    /// packet's source.
    #[inline(always)]
    pub(crate) fn find_reply<'a>(
        &self,
        read: ReadSide<'a>,
        tuple: &Tuple,
        now: u32,
    ) -> Option<&'a Entry<Conn>> {
        self.table.find(read, self.hash_of(tuple).0, |entry| {
            entry.matches_reply(tuple) && !conn::is_expired(entry, now)
        })
    }

    /// The persistence template with `tuple`, and the Call-ID `call` if there is one.
    pub(crate) fn find_template<'a>(
        &self,
        read: ReadSide<'a>,
        tuple: &Tuple,
        call: Option<&[u8]>,
        now: u32,
    ) -> Option<&'a Entry<Conn>> {
        self.table
            .find(read, self.hash_of_template(tuple, call), |entry| {
                entry.matches_template(read, tuple, call)
                    && (entry.is_held() || !conn::is_expired(entry, now))
            })
    }

    /// Counts a new connection of a rare kind.
    #[inline]
    pub(super) fn count_rare(&self, entry: &Entry<Conn>) {
        self.for_each_rare_count(entry, |count| {
            count.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// Counts one no more that ends.
    #[inline]
    fn uncount_rare(&self, entry: &Entry<Conn>) {
        self.for_each_rare_count(entry, |count| {
            count.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Calls `change` with each count of rare kinds that `entry` is part of.
    #[inline]
    fn for_each_rare_count(&self, entry: &Entry<Conn>, change: impl Fn(&AtomicU32)) {
        if !entry.has(flag::FTP_CONTROL | flag::EXPECTED) {
            return;
        }
        if entry.has(flag::EXPECTED) {
            change(&self.expected);
        }
        if entry.has(flag::FTP_CONTROL) {
            let index = ftp_ports::index_of(entry.virtual_port());
            if let Some(count) = index.and_then(|index| self.ftp_controls.get(index)) {
                change(count);
            }
        }
    }

    /// Whether a client may open a connection that was agreed on.
    pub(crate) fn expects_clients(&self) -> bool {
        self.expected.load(Ordering::Relaxed) != 0
    }

    /// Control connections of FTP to its port with this index.
    pub(crate) fn ftp_control_count(&self, index: usize) -> u32 {
        self.ftp_controls
            .get(index)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Takes back what an entry counts for, once it is in no table.
    pub(super) fn forget(&self, read: ReadSide<'_>, entry: &Entry<Conn>) {
        entry.unbind(read);
        let flags = entry.kill();
        // One that no server was found for counts nowhere: who is just finding one sees that it is
        // too late.
        let dest = if flags & flag::UNBOUND == 0 {
            entry.release_dest()
        } else {
            None
        };
        if let Some(dest) = dest {
            if flags & flag::TEMPLATE != 0 {
                dest.remove_template();
            } else {
                dest.remove_connection(read, flags & flag::INACTIVE == 0);
            }
        }
        self.uncount_rare(entry);
        entry.release_extension();
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Ends a connection, for this cause. Nothing happens when somebody else was faster.
    #[cold]
    #[inline(never)]
    pub(crate) fn remove(&self, read: ReadSide<'_>, entry: &Entry<Conn>, cause: EndCause) {
        drop(self.take_out(read, entry, cause));
    }

    /// Ends a connection, and returns what is left of it.
    pub(super) fn take_out(
        &self,
        read: ReadSide<'_>,
        entry: &Entry<Conn>,
        cause: EndCause,
    ) -> Option<EntryBox<Conn>> {
        let removed = self.table.remove(read, entry);
        if let Some(entry) = &removed {
            trace::conn_end(|| self.net_number(), entry, cause);
            self.forget(read, entry);
            if entry.has(flag::TRACKED) {
                self.end_tracking(read, entry);
            }
        } else if entry.is_held() {
            // A template stays as long as its connections; it is looked at again later.
            conn::refresh(entry, time::now(), HELD_RECHECK);
        }
        removed
    }

    /// Netfilter forgets the connection too, unless its place was taken by another one meanwhile.
    #[cold]
    fn end_tracking(&self, read: ReadSide<'_>, entry: &Entry<Conn>) {
        let tuple = entry.tuple();
        let hash = self.hash_of(&tuple);
        let now = time::now();
        if tuple.client_port != 0 && self.find_request(read, &tuple, hash, now).is_none() {
            let client = Endpoint {
                addr: tuple.client,
                port: tuple.client_port,
            };
            self.tracking.end(
                read,
                tuple.family,
                tuple.protocol,
                client,
                entry.virtual_end(),
            );
        }
    }

    /// Number of connections and templates.
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// Number of buckets.
    pub(crate) fn buckets(&self) -> usize {
        self.table.buckets()
    }

    /// Whether the number of buckets is being changed.
    pub(crate) fn is_resizing(&self) -> bool {
        self.table.is_resizing()
    }

    /// Calls `f` with each entry of a bucket; `false` when there is no such bucket.
    pub(crate) fn for_each_in_bucket<'a>(
        &self,
        read: ReadSide<'a>,
        bucket: usize,
        f: impl FnMut(&'a Entry<Conn>),
    ) -> bool {
        self.table.for_each_in_bucket(read, bucket, f)
    }
}

/// How many entries take half of the machine's memory.
fn memory_limit() -> u32 {
    let entry = mem::size_of::<Entry<Conn>>() as u64;
    let entries = (slab::total_memory() / 2).checked_div(entry).unwrap_or(0);
    entries.try_into().unwrap_or(u32::MAX)
}
