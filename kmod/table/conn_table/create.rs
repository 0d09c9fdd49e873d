// SPDX-License-Identifier: GPL-2.0

//! Making connections.

use core::ops::Deref;
use core::sync::atomic::Ordering;

use crate::kernel_ext::mem::memory::{
    Entry,
    EntryBox, //
};
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::mem::rcu_table::{
    Clash,
    Neighbour, //
};
use crate::kernel_ext::task::time;

use super::super::conn::{
    self,
    flag,
    Conn,
    Extension,
    Tuple, //
};
use super::super::trace::{
    self,
    EndCause, //
};
use super::new_conn::{
    ConnSettings,
    NewConn,
    Purpose, //
};
use super::room::NoRoom;
use super::store::{
    growth,
    ConnTable, //
};

/// Ticks a connection lives before its first packet gives it its protocol's timeout.
const FIRST_TIMEOUT: u32 = 3 * time::HZ;

/// A connection of one packet: in no table, and over when this is dropped.
pub(crate) struct OneShot<'a> {
    conns: &'a ConnTable,
    read: ReadSide<'a>,
    entry: EntryBox<Conn>,
}

impl<'a> OneShot<'a> {
    /// A connection that was just made.
    fn new(conns: &'a ConnTable, read: ReadSide<'a>, entry: EntryBox<Conn>) -> Self {
        trace::conn_new(|| conns.net_number(), &entry);
        Self { conns, read, entry }
    }
}

impl Deref for OneShot<'_> {
    type Target = Entry<Conn>;

    fn deref(&self) -> &Entry<Conn> {
        &self.entry
    }
}

impl Drop for OneShot<'_> {
    fn drop(&mut self) {
        let netns = || self.conns.net_number();
        trace::conn_end(netns, &self.entry, EndCause::OnePacket);
        self.conns.forget(self.read, &self.entry);
    }
}

impl ConnTable {
    /// Counts one more, if there is room. Returns how many there were before.
    #[inline(always)]
    pub(super) fn admit(
        &self,
        read: ReadSide<'_>,
        tuple: &Tuple,
        settings: ConnSettings<'_>,
    ) -> Result<u32, NoRoom> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let full = count >= settings.limit
            || (count >= self.memory_limit && !self.make_room(read, settings.timeouts, tuple));
        if full {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(NoRoom::Full);
        }
        Ok(count)
    }

    /// Notes that there were `count` entries before one was inserted: the table may be too small.
    #[inline(always)]
    pub(super) fn note_growth(&self, count: u32) {
        if count >= self.grow_above.load(Ordering::Relaxed)
            && self.growth.load(Ordering::Relaxed) == growth::NOT_NEEDED
        {
            self.growth.store(growth::NEEDED, Ordering::Relaxed);
        }
    }

    /// Allocates the entry of an admitted connection, with what it has beyond its own bytes: the
    /// Call-ID `call`, or what is said on a control connection of FTP, if `flags` say that it is
    /// one.
    #[inline(always)]
    pub(super) fn allocate(
        &self,
        hash: u32,
        expires: u32,
        flags: u32,
        call: Option<&[u8]>,
        conn: impl FnOnce() -> Conn,
    ) -> Result<EntryBox<Conn>, NoRoom> {
        let extension = match call {
            Some(call) => Extension::call(call).map(Some),
            None if flags & flag::FTP_CONTROL != 0 => Extension::ftp_control().map(Some),
            None => Ok(None),
        };
        let made = extension.and_then(|extension| {
            EntryBox::new_in(&self.slab, hash, expires, || conn().extended(extension))
        });
        made.map_err(|_| {
            self.count.fetch_sub(1, Ordering::Relaxed);
            NoRoom::NoMemory
        })
    }

    /// Puts an entry into the table, in which `count` were before it was admitted, unless the one
    /// that it would become is there: `is_met_by` tells which that is, and the flag whether the
    /// entry is new. `call` is its Call-ID.
    #[inline(always)]
    pub(super) fn put<'a>(
        &self,
        read: ReadSide<'a>,
        entry: EntryBox<Conn>,
        count: u32,
        tuple: &Tuple,
        call: Option<&[u8]>,
        is_met_by: impl Fn(&Conn) -> bool,
    ) -> Result<(&'a Entry<Conn>, bool), NoRoom> {
        let now = time::now();
        let inserted = self.table.insert(read, entry, |present| {
            if is_met_by(present) && (present.is_held() || !conn::is_expired(present, now)) {
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
                self.note_growth(count);
                trace::conn_new(|| self.net_number(), entry);
                Ok((entry, true))
            }
            Err((entry, clash)) => {
                self.forget(read, &entry);
                drop(entry);
                match clash {
                    Clash::Exists(present) => Ok((present, false)),
                    Clash::Crowded => Err(NoRoom::Crowded),
                }
            }
        }
    }

    /// Makes an entry that no table holds yet. Also returns how many there were before.
    fn make(
        &self,
        read: ReadSide<'_>,
        new: &NewConn<'_>,
        settings: ConnSettings<'_>,
        more_flags: u32,
    ) -> Result<(EntryBox<Conn>, u32), NoRoom> {
        let NewConn { tuple, dest, .. } = *new;
        let tuple = &tuple;
        let flags = new.flags(settings, more_flags);
        let count = self.admit(read, tuple, settings)?;
        let now = time::now();
        let (ticks, call) = match new.purpose {
            Purpose::Template { ticks, call } => (ticks, call),
            _ => (FIRST_TIMEOUT, None),
        };
        let hash = match new.client_hash {
            Some(hash) => hash.0,
            None => self.hash_of_template(tuple, call),
        };
        let expires = now.wrapping_add(ticks);
        let entry = self.allocate(hash, expires, flags, call, || new.conn(flags))?;
        if let Some(dest) = dest {
            if let Purpose::Template { .. } = new.purpose {
                dest.add_template();
            } else {
                dest.add_connection(read);
            }
        }
        if let Some(controller) = new.purpose.controller() {
            // One that is just being collected has served its time.
            let _ = entry.bind(read, controller);
        }
        self.count_rare(&entry);
        Ok((entry, count))
    }

    /// Makes a connection for one packet, which no other one finds. It ends with the result.
    pub(crate) fn create_once<'a>(
        &'a self,
        read: ReadSide<'a>,
        new: &NewConn<'_>,
        settings: ConnSettings<'_>,
    ) -> Result<OneShot<'a>, NoRoom> {
        let (entry, _) = self.make(read, new, settings, flag::ONE_PACKET)?;
        Ok(OneShot::new(self, read, entry))
    }

    /// Makes a connection or template, or finds the one another CPU just made. The flag tells
    /// whether it is new.
    pub(crate) fn create<'a>(
        &self,
        read: ReadSide<'a>,
        new: &NewConn<'_>,
        settings: ConnSettings<'_>,
    ) -> Result<(&'a Entry<Conn>, bool), NoRoom> {
        let (entry, count) = self.make(read, new, settings, 0)?;
        let call = new.purpose.call();
        self.put(read, entry, count, &new.tuple, call, |present| {
            new.is_met_by(read, present)
        })
    }
}
