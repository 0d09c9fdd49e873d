// SPDX-License-Identifier: GPL-2.0

//! When there is no room: what goes, since a flood must not lock out everybody else, and why
//! nothing is made.

use core::sync::atomic::Ordering;

use lvs_engine::parse::protocol;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::time;

use super::super::conn::{
    flag,
    Conn,
    Tuple, //
};
use super::super::timeouts::Timeouts;
use super::super::trace::EndCause;
use super::new_conn::ConnSettings;
use super::store::{
    ConnTable,
    CLIENT_PORT_LIMIT, //
};

/// Buckets in which a full table looks for a connection to end.
const ROOM_SEARCH: usize = 8;

/// Most buckets in which it looks for any that may end.
const LONGEST_ROOM_SEARCH: usize = 128;

/// Why a connection wasn't made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoRoom {
    /// The table holds as many as it may.
    Full,
    /// One client port has too many.
    Crowded,
    /// No memory.
    NoMemory,
}

impl ConnTable {
    /// Ends something where the new `tuple` belongs, which is a random place, since the hash is
    /// keyed: the oldest of what a flood of TCP left, or else the UDP connection, or the template
    /// without a connection, that was idle for longest.
    #[cold]
    pub(super) fn make_room(&self, read: ReadSide<'_>, timeouts: &Timeouts, tuple: &Tuple) -> bool {
        let Some(entry) = self.dispensable(read, timeouts, tuple) else {
            return false;
        };
        self.remove(read, entry, EndCause::Room);
        true
    }

    /// What may end there.
    fn dispensable<'a>(
        &self,
        read: ReadSide<'a>,
        timeouts: &Timeouts,
        tuple: &Tuple,
    ) -> Option<&'a Entry<Conn>> {
        let last = self.buckets().wrapping_sub(1);
        let start = self.hash_of(tuple).0 as usize;
        let now = time::now();
        let (mut half_open, mut idle) = (None, None);
        for step in 0..LONGEST_ROOM_SEARCH {
            let bucket = start.wrapping_add(step) & last;
            self.table.for_each_in_bucket(read, bucket, |entry| {
                if is_half_open(entry) {
                    half_open = Some(entry);
                } else if may_be_idle(entry) {
                    let end = now.wrapping_add(entry.life(read, timeouts));
                    let since = end.wrapping_sub(entry.expires.load(Ordering::Relaxed)) as i32;
                    if idle.is_none_or(|(most, _)| since > most) {
                        idle = Some((since, entry));
                    }
                }
            });
            if half_open.is_some() || (step >= ROOM_SEARCH && idle.is_some()) {
                break;
            }
        }
        half_open.or(idle.map(|(_, entry)| entry))
    }

    /// Why a new connection with `tuple` wouldn't be made, if it wouldn't. Nothing ends for it.
    #[cold]
    pub(crate) fn foresee_refusal(
        &self,
        read: ReadSide<'_>,
        tuple: &Tuple,
        settings: ConnSettings<'_>,
    ) -> Option<NoRoom> {
        let count = self.count();
        let is_full = count >= settings.limit
            || (count >= self.memory_limit
                && self.dispensable(read, settings.timeouts, tuple).is_none());
        if is_full {
            return Some(NoRoom::Full);
        }
        let siblings = self.count_of_client_port(read, tuple);
        (siblings >= CLIENT_PORT_LIMIT).then_some(NoRoom::Crowded)
    }

    /// Connections of the client port of `tuple`.
    fn count_of_client_port(&self, read: ReadSide<'_>, tuple: &Tuple) -> u32 {
        let mut count = 0_u32;
        self.table.find(read, self.hash_of(tuple).0, |entry| {
            if entry.same_client(tuple) {
                count = count.saturating_add(1);
            }
            false
        });
        count
    }
}

/// Whether this may be what a flood leaves behind: a connection whose handshake isn't over, or
/// a template that no server's answer confirmed.
fn is_half_open(entry: &Entry<Conn>) -> bool {
    if entry.is_template() {
        return !entry.has(flag::ASSURED) && !entry.is_held();
    }
    Conn::is_half_open(entry)
}

/// Whether this may go when it was idle for long. A client that is answered leaves a template for
/// as long as its service remembers clients: a flood of them would lock everybody else out.
fn may_be_idle(entry: &Entry<Conn>) -> bool {
    if entry.is_template() {
        return !entry.is_held();
    }
    entry.protocol() == protocol::UDP
}
