// SPDX-License-Identifier: GPL-2.0

//! Taking connections out of the table, many at a time. Process context.

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::{
    self,
    ReadSide, //
};
use crate::kernel_ext::mem::retired::Retired;
use crate::kernel_ext::task::time;

use super::super::conn::{
    self,
    flag,
    Conn, //
};
use super::super::ended::ServerSide;
use super::super::trace::EndCause;
use super::store::{
    ConnTable,
    HELD_RECHECK, //
};

/// How long before its end a control connection is looked at whose data connections outlive it.
const HELD_AHEAD: u32 = 30 * time::HZ;

/// Chains that are walked before others run, and buckets that are looked through for them.
const CHAINS: usize = 128;
const BUCKETS: usize = 2048;

/// The ends of a connection as its server sees them.
fn server_side(conn: &Conn) -> ServerSide {
    ServerSide {
        protocol: conn.protocol(),
        client: conn.client(),
        client_port: conn.client_port(),
        server: conn.real_addr(),
        server_port: conn.real_port(),
    }
}

impl ConnTable {
    /// Removes what is out of date.
    pub(crate) fn collect(&self) {
        self.remove_matching(EndCause::Expired, |_, entry| {
            let now = time::now();
            if entry.has(flag::FTP_CONTROL) && entry.is_held() {
                // Its packets must find it as long as data flows.
                if conn::is_expired(entry, now.wrapping_add(HELD_AHEAD)) {
                    conn::refresh(entry, now, HELD_RECHECK);
                }
                return false;
            }
            conn::is_expired(entry, now)
        });
    }

    /// Ends connections whose server was removed, and then their templates.
    pub(crate) fn remove_orphans(&self) {
        for _ in 0..2 {
            self.remove_matching(EndCause::ServerGone, |read, conn| {
                conn.dest(read).is_some_and(|dest| !dest.is_available())
            });
        }
    }

    /// Notes which connections are of services that have timeouts of their own by now.
    pub(crate) fn note_own_timeouts(&self) {
        self.for_each(|read, conn| {
            conn.note_own_timeouts(read);
        });
    }

    /// Notes which of the servers that are drained have a connection that isn't over.
    pub(crate) fn look_for_busy(&self) {
        self.for_each(|read, conn| {
            let dest = conn
                .dest(read)
                .filter(|dest| dest.drain_state.awaits_connections());
            if let Some(dest) = dest.filter(|_| !conn.is_template() && !conn.is_over()) {
                dest.drain_state.set_busy(true);
            }
        });
    }

    /// Ends connections whose server's drain is over, and then their templates. Connections of FTP
    /// go before those that control them.
    pub(crate) fn remove_drained(&self) {
        for _ in 0..3 {
            self.remove_matching(EndCause::Drained, |read, conn| {
                let dest = conn
                    .dest(read)
                    .filter(|dest| dest.drain_state.ends_connections());
                if let Some(ended) = dest.and_then(|dest| dest.ended.load(read)) {
                    ended.remember(&server_side(conn));
                }
                dest.is_some()
            });
        }
    }

    /// Removes the connections and templates that `is_wanted` says so of, from a random 32nd of the
    /// table.
    pub(in crate::table) fn remove_from_some(
        &self,
        cause: EndCause,
        is_wanted: impl Fn(ReadSide<'_>, &Entry<Conn>) -> bool,
    ) {
        let mut retired = Retired::new();
        let buckets = self.buckets();
        let start = time::random_u64() as usize;
        for step in 0..buckets >> 5 {
            // There is a power of two of them.
            let bucket = start.wrapping_add(step) & buckets.wrapping_sub(1);
            rcu::read(|read| self.remove_from(read, bucket, cause, &is_wanted, &mut retired));
            if step % CHAINS == 0 {
                retired.work();
                time::yield_now();
            }
        }
    }

    /// Calls `look` with each connection and template.
    fn for_each(&self, look: impl Fn(ReadSide<'_>, &Entry<Conn>)) {
        // None is removed, so none needs a cause.
        self.remove_matching(EndCause::Cleared, |read, conn| {
            look(read, conn);
            false
        });
    }

    /// Removes the connections and templates that `is_wanted` says so of.
    fn remove_matching(
        &self,
        cause: EndCause,
        is_wanted: impl Fn(ReadSide<'_>, &Entry<Conn>) -> bool,
    ) {
        let mut retired = Retired::new();
        let mut bucket = 0_usize;
        let mut is_over = false;
        while !is_over {
            rcu::read(|read| {
                let end = bucket.wrapping_add(BUCKETS);
                for _ in 0..CHAINS {
                    bucket = self.table.skip_empty(read, bucket);
                    if bucket >= end {
                        break;
                    }
                    is_over = !self.remove_from(read, bucket, cause, &is_wanted, &mut retired);
                    if is_over {
                        break;
                    }
                    bucket = bucket.wrapping_add(1);
                }
            });
            retired.work();
            time::yield_now();
        }
    }

    /// Removes them from one bucket; `false` when there is no such bucket.
    fn remove_from(
        &self,
        read: ReadSide<'_>,
        bucket: usize,
        cause: EndCause,
        is_wanted: &impl Fn(ReadSide<'_>, &Entry<Conn>) -> bool,
        retired: &mut Retired<Conn>,
    ) -> bool {
        self.table.for_each_in_bucket(read, bucket, |entry| {
            if is_wanted(read, entry) {
                if let Some(entry) = self.take_out(read, entry, cause) {
                    retired.push(entry);
                }
            }
        })
    }
}

impl Drop for ConnTable {
    fn drop(&mut self) {
        // Connections first, then FTP's control connections that they were tied to, then the
        // templates.
        for _ in 0..3 {
            self.remove_matching(EndCause::Cleared, |_, _| true);
        }
    }
}
