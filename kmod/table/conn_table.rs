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
use lvs_engine::hash;

use crate::kernel_ext::bytes::RcuBytes;
use crate::kernel_ext::memory::{
    Entry,
    EntryBox, //
};
use crate::kernel_ext::rcu::{
    self,
    RcuArc,
    ReadSide, //
};
use crate::kernel_ext::slab::Slab;
use crate::kernel_ext::table::{
    Clash,
    Neighbour,
    RcuTable, //
};
use crate::kernel_ext::time;

use super::conn::{
    self,
    flag,
    Conn,
    Tuple, //
};
use super::dest::Dest;

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

/// What becomes an entry of the table.
pub(crate) struct NewConn<'a> {
    /// Client and virtual address; those of a template have no client port.
    pub(crate) tuple: Tuple,
    /// The server; none for a connection past the balancer.
    pub(crate) dest: Option<&'a RcuArc<Dest>>,
    /// The server's port for it.
    pub(crate) real_port: u16,
    /// What it is.
    pub(crate) role: Role<'a>,
}

/// What an entry is.
#[derive(Clone, Copy)]
pub(crate) enum Role<'a> {
    /// A connection, made from a persistence template or not.
    Connection(Option<&'a Entry<Conn>>),
    /// A connection that its server opened. It stands beside one of the same client with another
    /// server, and is found first.
    Outgoing(Option<&'a Entry<Conn>>),
    /// A persistence template, which lives for `ticks` after its last use; of a call if `call` is
    /// its Call-ID.
    Template { ticks: u32, call: Option<&'a [u8]> },
}

impl<'a> Role<'a> {
    fn call(self) -> Option<&'a [u8]> {
        match self {
            Role::Connection(_) | Role::Outgoing(_) => None,
            Role::Template { call, .. } => call,
        }
    }
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

/// The connection table.
pub(crate) struct ConnTable {
    table: RcuTable<Conn>,
    slab: Arc<Slab<Conn>>,
    key: (u64, u64),
    count: AtomicU32,
    /// As many as take half of the machine's memory: with so many the table is full, whatever the
    /// administrator allows.
    memory_limit: u32,
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
    pub(crate) fn new(slab: Arc<Slab<Conn>>) -> Result<Self> {
        let table = RcuTable::new(CLIENT_PORT_LIMIT)?;
        Ok(Self {
            table,
            slab,
            key: (time::random_u64(), time::random_u64()),
            count: AtomicU32::new(0),
            memory_limit: room::memory_limit(),
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

    #[inline(always)]
    fn hash_of(&self, tuple: &Tuple) -> u32 {
        self.hash(
            tuple.family,
            tuple.protocol,
            &tuple.client,
            tuple.client_port,
        )
    }

    /// Templates of calls are hashed by their Call-IDs.
    fn hash_of_template(&self, tuple: &Tuple, call: Option<&[u8]>) -> u32 {
        match call {
            Some(call) => hash::hash_bytes(self.key, call),
            None => self.hash_of(tuple),
        }
    }

    /// The connection that client packets with `tuple` belong to.
    #[inline(always)]
    pub(crate) fn find_request<'a>(
        &self,
        read: ReadSide<'a>,
        tuple: &Tuple,
        now: u32,
    ) -> Option<&'a Entry<Conn>> {
        self.table.find(read, self.hash_of(tuple), |entry| {
            entry.matches_request(tuple) && !conn::is_expired(entry, now)
        })
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
        self.table.find(read, self.hash_of(tuple), |entry| {
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
        limit: u32,
    ) -> Result<(EntryBox<Conn>, u32), Refusal> {
        let NewConn { tuple, dest, .. } = *new;
        let tuple = &tuple;
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        if count >= limit || (count >= self.memory_limit && !self.make_room(read, tuple)) {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::Full);
        }
        let now = time::now();
        let (ticks, call) = match new.role {
            Role::Connection(_) | Role::Outgoing(_) => (FIRST_TIMEOUT, None),
            Role::Template { ticks, call } => (ticks, call),
        };
        let hash = self.hash_of_template(&tuple, call);
        let expires = now.wrapping_add(ticks);
        let made = call.map(RcuBytes::copy_of).transpose().and_then(|copy| {
            EntryBox::new_in(&self.slab, hash, expires, || match new.role {
                Role::Connection(_) | Role::Outgoing(_) => {
                    Conn::new(&tuple, dest, new.real_port, 0)
                }
                Role::Template { ticks, .. } => {
                    Conn::new_template(&tuple, dest, new.real_port, ticks, copy)
                }
            })
        });
        let Ok(entry) = made else {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::NoMemory);
        };
        match new.role {
            Role::Connection(template) | Role::Outgoing(template) => {
                if let Some(dest) = dest {
                    dest.add_connection(read);
                }
                // A template that is just being collected has served its time.
                let _ = template.is_some_and(|template| entry.bind_template(template));
            }
            Role::Template { .. } => {
                if let Some(dest) = dest {
                    dest.add_template();
                }
            }
        }
        Ok((entry, count))
    }

    /// Makes a connection for one packet, which no other one finds. It ends with the result.
    pub(crate) fn create_once<'a>(
        &'a self,
        read: ReadSide<'a>,
        new: &NewConn<'_>,
        limit: u32,
    ) -> Result<OneShot<'a>, Refusal> {
        let (entry, _) = self.make(read, new, limit)?;
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
        limit: u32,
    ) -> Result<(&'a Entry<Conn>, bool), Refusal> {
        let NewConn { tuple, dest, .. } = *new;
        let tuple = &tuple;
        let now = time::now();
        let call = new.role.call();
        let (entry, count) = self.make(read, new, limit)?;
        let inserted = self.table.insert(read, entry, |present| {
            let same = match new.role {
                Role::Connection(_) => present.matches_request(tuple),
                Role::Outgoing(_) => {
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

    /// Takes back what an entry counts for, once it is in no table.
    fn forget(&self, read: ReadSide<'_>, entry: &Entry<Conn>) {
        entry.unbind_template(read);
        let was_active = entry.kill();
        if let Some(dest) = entry.release_dest() {
            if entry.has(flag::TEMPLATE) {
                dest.remove_template();
            } else {
                dest.remove_connection(read, was_active);
            }
        }
        entry.release_extension();
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Ends a connection. Nothing happens when somebody else was faster.
    pub(crate) fn remove(&self, read: ReadSide<'_>, entry: &Entry<Conn>) {
        if let Some(entry) = self.table.remove(read, entry) {
            self.forget(read, &entry);
        } else if entry.is_held() {
            // A template stays as long as its connections; it is looked at again later.
            conn::refresh(entry, time::now(), HELD_RECHECK);
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

    /// Gives the table the size that fits its load: up to `2^load_factor` connections a bucket and
    /// up to `2^max_bits` buckets. Called by the collector only; sleeps.
    pub(crate) fn fit(&self, load_factor: i32, max_bits: u32) {
        // ip_vs's factors suit its two nodes a connection, each in a line of its own. Here a smaller
        // table, which stays in the cache, is faster at the same setting.
        let load_factor = load_factor.saturating_add(DENSER);
        self.fit.store(fit::FITS, Ordering::Relaxed);
        let count = self.count() as usize;
        let present = self.buckets();
        let max = 1_usize << max_bits.clamp(8, 27);
        let for_load = |buckets: usize| match load_factor {
            0.. => buckets << load_factor.min(8),
            _ => buckets >> load_factor.unsigned_abs().min(8),
        };
        let mut wanted = present;
        while wanted < max && count > for_load(wanted) {
            wanted <<= 1;
        }
        // Far too large: keep some room, so that a load that comes back doesn't grow it at once.
        while wanted > RcuTable::<Conn>::MIN_BUCKETS
            && (wanted > max || count < for_load(wanted) >> 4)
        {
            wanted >>= 1;
        }
        // Without memory the table stays as it is: slower, but right.
        if wanted != present && self.table.resize(wanted).is_err() {
            wanted = present;
        }
        let grow_above = if wanted >= max {
            u32::MAX
        } else {
            for_load(wanted).min(u32::MAX as usize) as u32
        };
        self.grow_above.store(grow_above, Ordering::Relaxed);
    }

    /// Removes what is out of date. Process context; lets other tasks run every now and then.
    pub(crate) fn collect(&self) {
        let mut bucket = 0;
        loop {
            let now = time::now();
            let more = rcu::read(|read| {
                for _ in 0..SLICE {
                    let found = self.table.for_each_in_bucket(read, bucket, |entry| {
                        if conn::is_expired(entry, now) {
                            self.remove(read, entry);
                        }
                    });
                    if !found {
                        return false;
                    }
                    bucket = bucket.wrapping_add(1);
                }
                true
            });
            if !more {
                return;
            }
            time::yield_now();
        }
    }

    /// Ends connections whose server was removed, and then their templates. Process context.
    pub(crate) fn remove_orphans(&self) {
        for _ in 0..2 {
            self.remove_matching(|read, conn| {
                conn.dest(read).is_some_and(|dest| !dest.is_available())
            });
        }
    }

    /// Removes the connections `which` names. Process context.
    fn remove_matching(&self, which: impl Fn(ReadSide<'_>, &Entry<Conn>) -> bool) {
        let mut bucket = 0;
        while rcu::read(|read| {
            self.table.for_each_in_bucket(read, bucket, |entry| {
                if which(read, entry) {
                    self.remove(read, entry);
                }
            })
        }) {
            bucket = bucket.wrapping_add(1);
            if bucket % SLICE == 0 {
                time::yield_now();
            }
        }
    }
}

/// By how much, as a power of two, tables are smaller than ip_vs's at the same load factor.
const DENSER: i32 = 3;

/// Buckets the collector looks at before it lets others run.
const SLICE: usize = 128;

impl Drop for ConnTable {
    fn drop(&mut self) {
        // Connections first, then the templates they were tied to.
        self.remove_matching(|_, _| true);
        self.remove_matching(|_, _| true);
    }
}
