// SPDX-License-Identifier: GPL-2.0

//! Connections as records, which are kept while the module isn't there: a list of them, and the
//! command that makes connections of them. Neither takes the rules lock: a connection finds its
//! server as one does that another director told of.

use kernel::prelude::*;
use lvs_engine::sync::Records;
use lvs_uapi::lvs::{
    attr,
    cmd,
    loaded_attr, //
};

use crate::kernel_ext::mem::rcu;
use crate::kernel_ext::task::time;
use crate::kernel_ext::user::genl::{
    Answer,
    Dump,
    List,
    Request, //
};
use crate::kernel_ext::user::nla::Attr;
use crate::table::conn_table::ConnTable;
use crate::table::kept::{
    self,
    Loaded, //
};
use crate::table::{
    NetnsState,
    RulesGuard, //
};

/// Bytes of the longest record: two entries with Call-IDs, and what stands before them.
const LONGEST: usize = 1024;

/// Bytes that a message of a record takes, unless it has a Call-ID.
const USUAL: usize = 272;

/// Records that are loaded without a pause for others.
const SLICE: usize = 32;

/// What tells states of the table apart.
fn generation(conns: &ConnTable) -> u32 {
    // There is a power of two of buckets, and more than one.
    conns.buckets() as u32 | u32::from(conns.is_resizing())
}

/// Lists all connections and templates.
pub(super) struct Get;

impl List for Get {
    fn list(dump: &mut Dump<'_>) -> Result {
        let state: &NetnsState = dump.state()?;
        let Some(tables) = state.tables() else {
            return Ok(());
        };
        let conns = &tables.conns;
        if conns.is_resizing() {
            return Err(EAGAIN);
        }
        dump.note_generation(generation(conns));
        let [mut bucket, mut first, _] = dump.position();
        while list_bucket(dump, state, conns, bucket, &mut first) {
            bucket = bucket.wrapping_add(1);
            first = 0;
        }
        dump.set_position([bucket, first, 1]);
        dump.note_generation(generation(conns));
        Ok(())
    }
}

/// Lists the connections of a bucket, as a whole where it can: a connection that ends while the
/// list is fetched would move those behind it. `first` is where it begins, and then how far it
/// came.
/// Returns whether there may be more buckets for this call.
fn list_bucket(
    dump: &mut Dump<'_>,
    state: &NetnsState,
    conns: &ConnTable,
    bucket: usize,
    first: &mut usize,
) -> bool {
    let now = time::now();
    rcu::read(|read| {
        let mut count = 0_usize;
        let exists = conns.for_each_in_bucket(read, bucket, |_| count = count.saturating_add(1));
        let fits = count.saturating_mul(USUAL) <= dump.room() || dump.is_empty();
        if !exists || !fits {
            return false;
        }
        let mut is_full = false;
        let mut place = 0_usize;
        conns.for_each_in_bucket(read, bucket, |conn| {
            place = place.saturating_add(1);
            if is_full || place <= *first {
                return;
            }
            let mut buffer = [0; LONGEST];
            let record = kept::describe(state, read, conn, now);
            let size = record.and_then(|record| record.write(&mut buffer));
            if let Some(bytes) = size.and_then(|size| buffer.get(..size)) {
                is_full = dump
                    .entry(cmd::CONN, |message| message.bytes(attr::RECORDS, bytes))
                    .is_err();
            }
            if !is_full {
                *first = place;
            }
        });
        !is_full
    })
}

/// Makes connections of records.
pub(super) struct Load;

/// What became of how many records.
#[derive(Default)]
struct Counts {
    made: u32,
    present: u32,
    over: u32,
    refused: u32,
    no_room: u32,
}

impl Counts {
    fn count(&mut self, loaded: Option<Loaded>) {
        let count = match loaded {
            Some(Loaded::Made) => &mut self.made,
            Some(Loaded::Present) => &mut self.present,
            Some(Loaded::Over) => &mut self.over,
            Some(Loaded::NoRoom) => &mut self.no_room,
            None => &mut self.refused,
        };
        *count = count.saturating_add(1);
    }
}

impl Answer for Load {
    fn answer(request: &Request<'_>) -> Result {
        let state: &NetnsState = request.state()?;
        let bytes = request.attr(attr::RECORDS).ok_or(EINVAL)?.bytes();
        let elapsed = request.attr(attr::ELAPSED).map_or(Ok(0), Attr::u32)?;
        if state.tables().is_none() {
            RulesGuard::lock(state).make_tables()?;
        }
        let tables = state.tables().ok_or(ENOMEM)?;
        let mut records = Records::new(bytes).peekable();
        let mut counts = Counts::default();
        while records.peek().is_some() {
            rcu::read(|read| {
                for record in records.by_ref().take(SLICE) {
                    let loaded = record
                        .ok()
                        .map(|record| kept::load(state, tables, read, &record, elapsed));
                    counts.count(loaded);
                }
            });
            time::yield_now();
        }
        request.reply(cmd::LOADED, |message| {
            message.nest(attr::LOADED, |nest| {
                nest.u32(loaded_attr::MADE, counts.made)?;
                nest.u32(loaded_attr::PRESENT, counts.present)?;
                nest.u32(loaded_attr::OVER, counts.over)?;
                nest.u32(loaded_attr::REFUSED, counts.refused)?;
                nest.u32(loaded_attr::NO_ROOM, counts.no_room)
            })
        })
    }
}
