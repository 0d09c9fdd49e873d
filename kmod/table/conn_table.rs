// SPDX-License-Identifier: GPL-2.0

//! The connections of a namespace: one table, one node a connection, keyed by the client.
//!
//! The key is `<family, protocol, client address, client port>`: a client's packet has it in its
//! source, a server's reply in its destination. The rest of the tuple is compared in the entry.

use core::ops::Deref;
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
use lvs_engine::{
    hash,
    table_size, //
};

use crate::kernel_ext::mem::memory::{
    Entry,
    EntryBox, //
};
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::mem::rcu_table::{
    Clash,
    Neighbour,
    RcuTable, //
};
use crate::kernel_ext::mem::slab::Slab;
use crate::kernel_ext::net::conntrack::{
    Endpoint,
    Tracking, //
};
use crate::kernel_ext::task::time;

use super::conn::{
    self,
    flag,
    Conn,
    Tuple, //
};
use super::extension::{
    self,
    Extension,
    MAX_CONTROL_PORTS, //
};

pub(crate) use super::new_conn::{
    NewConn,
    Role,
    Terms, //
};

mod collect;
mod room;

/// Ticks a connection lives before its first packet gives it its protocol's timeout.
const FIRST_TIMEOUT: u32 = 3 * time::HZ;

/// Ticks until a template is looked at again whose connections outlive it.
const HELD_RECHECK: u32 = 60 * time::HZ;

/// Most connections of one client port. A client whose one port talks to all ports of a service
/// would otherwise make a chain as long as it likes.
const CLIENT_PORT_LIMIT: u32 = 512;

/// Why a connection wasn't made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// The table holds as many as it may.
    Full,
    /// One client port has too many.
    Crowded,
    /// No memory.
    NoMemory,
}

/// A connection of one packet: in no table, and over when this is dropped.
pub(crate) struct OneShot<'a> {
    conns: &'a ConnTable,
    read: ReadSide<'a>,
    entry: EntryBox<Conn>,
}

impl Deref for OneShot<'_> {
    type Target = Entry<Conn>;

    fn deref(&self) -> &Entry<Conn> {
        &self.entry
    }
}

impl Drop for OneShot<'_> {
    fn drop(&mut self) {
        self.conns.forget(self.read, &self.entry);
    }
}

/// The hash of a client's protocol, address and port, by which its connections are found.
#[derive(Clone, Copy)]
pub(crate) struct ClientHash(u32);

/// The connection table.
pub(crate) struct ConnTable {
    table: RcuTable<Conn>,
    slab: Arc<Slab<Entry<Conn>>>,
    tracking: Arc<Tracking>,
    key: (u64, u64),
    count: AtomicU32,
    /// As many as take half of the machine's memory: with so many the table is full, whatever the
    /// administrator allows.
    memory_limit: u32,
    /// Connections whose client's port isn't known yet.
    expected: AtomicU32,
    /// Control connections of FTP, by their port's place among those.
    controls: [AtomicU32; MAX_CONTROL_PORTS],
    /// Above this count the table wants to grow.
    grow_above: AtomicU32,
    fit: AtomicU32,
}

/// Values of [`ConnTable::fit`]: whether the table has room, lacks it, or lacks it and the collector
/// knows.
mod fit {
    pub(super) const FITS: u32 = 0;
    pub(super) const TOO_SMALL: u32 = 1;
    pub(super) const ANNOUNCED: u32 = 2;
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
            memory_limit: room::memory_limit(),
            expected: AtomicU32::new(0),
            controls: [const { AtomicU32::new(0) }; MAX_CONTROL_PORTS],
            grow_above: AtomicU32::new(RcuTable::<Conn>::MIN_BUCKETS as u32),
            fit: AtomicU32::new(fit::FITS),
        })
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

    /// Templates of calls are hashed by their Call-IDs.
    fn hash_of_template(&self, tuple: &Tuple, call: Option<&[u8]>) -> u32 {
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
    pub(crate) fn foresee(
        &self,
        read: ReadSide<'_>,
        family: Family,
        protocol: u8,
        client: &Addr,
        client_port: u16,
    ) {
        let hash = self.hash(family, protocol, client, client_port);
        self.table.foresee(read, hash);
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

    /// Makes an entry that no table holds yet. Also returns how many there were before.
    fn make(
        &self,
        read: ReadSide<'_>,
        new: &NewConn<'_>,
        terms: Terms<'_>,
        more_flags: u32,
    ) -> Result<(EntryBox<Conn>, u32), Refusal> {
        let NewConn { tuple, dest, .. } = *new;
        let tuple = &tuple;
        let flags = new.flags(terms, more_flags);
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let full = count >= terms.limit
            || (count >= self.memory_limit && !self.make_room(read, terms.timeouts, tuple));
        if full {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::Full);
        }
        let now = time::now();
        let (ticks, call) = match new.role {
            Role::Template { ticks, call } => (ticks, call),
            _ => (FIRST_TIMEOUT, None),
        };
        let hash = match new.client_hash {
            Some(hash) => hash.0,
            None => self.hash_of_template(tuple, call),
        };
        let expires = now.wrapping_add(ticks);
        let extension = match call {
            Some(call) => Extension::call(call).map(Some),
            None if flags & flag::CONTROL != 0 => Extension::control().map(Some),
            None => Ok(None),
        };
        let made = extension.and_then(|extension| {
            EntryBox::new_in(&self.slab, hash, expires, || {
                let conn = match new.role {
                    Role::Template { ticks, .. } => {
                        Conn::new_template(tuple, dest, new.real_port, ticks)
                    }
                    _ => Conn::new(tuple, dest, new.real_port, flags),
                };
                conn.extended(extension)
            })
        });
        let Ok(entry) = made else {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::NoMemory);
        };
        if let Some(dest) = dest {
            if let Role::Template { .. } = new.role {
                dest.add_template();
            } else {
                dest.add_connection(read);
            }
        }
        if let Some(controller) = new.role.controller() {
            // One that is just being collected has served its time.
            let _ = entry.bind(read, controller);
        }
        self.note(&entry, 1);
        Ok((entry, count))
    }

    /// Makes a connection for one packet, which no other one finds. It ends with the result.
    pub(crate) fn create_once<'a>(
        &'a self,
        read: ReadSide<'a>,
        new: &NewConn<'_>,
        terms: Terms<'_>,
    ) -> Result<OneShot<'a>, Refusal> {
        let (entry, _) = self.make(read, new, terms, flag::ONE_PACKET)?;
        Ok(OneShot {
            conns: self,
            read,
            entry,
        })
    }

    /// Makes a connection or template, or finds the one another CPU just made. The flag tells
    /// whether it is new.
    pub(crate) fn create<'a>(
        &self,
        read: ReadSide<'a>,
        new: &NewConn<'_>,
        terms: Terms<'_>,
    ) -> Result<(&'a Entry<Conn>, bool), Refusal> {
        let NewConn { tuple, dest, .. } = *new;
        let tuple = &tuple;
        let now = time::now();
        let call = new.role.call();
        let (entry, count) = self.make(read, new, terms, 0)?;
        let inserted = self.table.insert(read, entry, |present| {
            let same = match new.role {
                Role::Connection(_) => present.matches_request(tuple),
                Role::Data(_) if tuple.client_port == 0 => present.matches_request(tuple),
                Role::Outgoing(_) | Role::Data(_) => {
                    present.matches_request(tuple)
                        && dest.is_some_and(|dest| {
                            let id = dest.id();
                            (present.real_family(), present.real_addr()) == (id.family, id.addr)
                        })
                        && present.real_port() == new.real_port
                }
                Role::Template { .. } => present.matches_template(read, tuple, call),
            };
            if same && (present.is_held() || !conn::is_expired(present, now)) {
                Neighbour::Same
            } else if present.same_client(tuple)
                || call.is_some_and(|_| present.call_id(read) == call)
            {
                Neighbour::Sibling
            } else {
                Neighbour::Other
            }
        });
        match inserted {
            Ok(entry) => {
                if count >= self.grow_above.load(Ordering::Relaxed)
                    && self.fit.load(Ordering::Relaxed) == fit::FITS
                {
                    self.fit.store(fit::TOO_SMALL, Ordering::Relaxed);
                }
                Ok((entry, true))
            }
            Err((entry, clash)) => {
                self.forget(read, &entry);
                drop(entry);
                match clash {
                    Clash::Exists(present) => Ok((present, false)),
                    Clash::Crowded => Err(Refusal::Crowded),
                }
            }
        }
    }

    /// Counts a connection of a rare kind; `delta` is 1 or -1.
    #[inline]
    fn note(&self, entry: &Entry<Conn>, delta: u32) {
        if !entry.has(flag::CONTROL | flag::EXPECTED) {
            return;
        }
        if entry.has(flag::EXPECTED) {
            self.expected.fetch_add(delta, Ordering::Relaxed);
        }
        let control = entry.has(flag::CONTROL);
        let index = extension::control_port_index(entry.virtual_port());
        if let Some(count) = index.and_then(|index| self.controls.get(index)) {
            if control {
                count.fetch_add(delta, Ordering::Relaxed);
            }
        }
    }

    /// Whether a client may open a connection that was agreed on.
    pub(crate) fn expects_clients(&self) -> bool {
        self.expected.load(Ordering::Relaxed) != 0
    }

    /// Control connections of FTP to its port with this index.
    pub(crate) fn control_count(&self, index: usize) -> u32 {
        self.controls
            .get(index)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Takes back what an entry counts for, once it is in no table.
    fn forget(&self, read: ReadSide<'_>, entry: &Entry<Conn>) {
        entry.unbind(read);
        let was_active = entry.kill();
        if let Some(dest) = entry.release_dest() {
            if entry.has(flag::TEMPLATE) {
                dest.remove_template();
            } else {
                dest.remove_connection(read, was_active);
            }
        }
        self.note(entry, 1_u32.wrapping_neg());
        entry.release_extension();
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Ends a connection. Nothing happens when somebody else was faster.
    pub(crate) fn remove(&self, read: ReadSide<'_>, entry: &Entry<Conn>) {
        drop(self.take_out(read, entry));
    }

    /// Ends a connection, and returns what is left of it.
    fn take_out(&self, read: ReadSide<'_>, entry: &Entry<Conn>) -> Option<EntryBox<Conn>> {
        let removed = self.table.remove(read, entry);
        if let Some(entry) = &removed {
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
            self.tracking
                .end(tuple.family, tuple.protocol, client, entry.virtual_end());
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

    /// Calls `f` with each entry of a bucket; `false` when there is no such bucket.
    pub(crate) fn for_each_in_bucket<'a>(
        &self,
        read: ReadSide<'a>,
        bucket: usize,
        f: impl FnMut(&'a Entry<Conn>),
    ) -> bool {
        self.table.for_each_in_bucket(read, bucket, f)
    }

    /// Whether an insertion found the table too small, and the collector is still to be told: true
    /// once until the next [`ConnTable::fit`].
    #[inline]
    pub(crate) fn is_resize_to_be_announced(&self) -> bool {
        self.fit.load(Ordering::Relaxed) == fit::TOO_SMALL
            && self.fit.swap(fit::ANNOUNCED, Ordering::Relaxed) != fit::ANNOUNCED
    }

    /// Gives the table the size that fits its load: see [`table_size::of_connections`]. Called by the
    /// collector only; sleeps.
    pub(crate) fn fit(&self, load_factor: i32, max_bits: u32) {
        self.fit.store(fit::FITS, Ordering::Relaxed);
        let present = self.buckets() as u32;
        let fit = |present| {
            let least = RcuTable::<Conn>::MIN_BUCKETS as u32;
            table_size::of_connections(present, self.count(), load_factor, least, max_bits)
        };
        let wanted = fit(present);
        // Without memory the table stays as it is: slower, but right.
        if wanted.buckets != present && self.table.resize(wanted.buckets as usize).is_err() {
            self.grow_above.store(u32::MAX, Ordering::Relaxed);
            return;
        }
        self.grow_above.store(wanted.grows_above, Ordering::Relaxed);
    }
}
