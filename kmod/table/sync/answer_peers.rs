// SPDX-License-Identifier: GPL-2.0

//! What a master's thread sends because of others: signals, repairs of what they lack, and all
//! connections to who asks for them.

use lvs_engine::sync::ext::{
    Kind,
    Signal,
    Step,
    MAX_SIGNAL, //
};
use lvs_engine::sync::Writer;

use crate::kernel_ext::mem::rcu::{
    self,
    ReadSide, //
};
use crate::kernel_ext::task::thread::Present;
use crate::kernel_ext::task::time;
use crate::table::tables::Tables;

use super::daemon::Role;
use super::peer_knowledge::OwnState;
use super::rules_digest::rules_digest;
use super::send_policy::SendPolicy;
use super::sent_history::Hashes;
use super::sweep::Stop;
use super::transmit::{
    Part,
    Room, //
    Transmitter,
};

/// Buckets that are gone through before others run.
const AT_ONCE: usize = 128;

/// Datagrams of a walk before other things are looked at.
const IN_A_ROW: u32 = 16;

/// A way through the whole table.
#[derive(Default)]
struct Walk {
    /// The next bucket, and how many of its entries were told already.
    bucket: usize,
    done: usize,
    /// Buckets when it began; the table was resized since if there are others now.
    buckets: usize,
    moved: bool,
}

impl Walk {
    fn begin(buckets: usize) -> Self {
        Self {
            buckets,
            ..Self::default()
        }
    }
}

/// Ticks after which a thread looks at what others lack, at the latest.
const SOON: u32 = time::HZ.div_ceil(100);
const LATER: u32 = time::HZ / 2;

/// What a thread does for others.
#[derive(Default)]
pub(super) struct PeerAnswers {
    /// The way through the table for somebody who asked.
    walk: Walk,
    /// Somebody is being filled.
    is_filling: bool,
    /// The digest of the rules.
    rules: u64,
}

impl PeerAnswers {
    /// Whether somebody is being filled.
    pub(super) fn is_filling(&self) -> bool {
        self.is_filling
    }

    /// Ticks until there is something to do, if nobody wakes the thread.
    pub(super) fn wait(&self, out: &Transmitter<'_>) -> u32 {
        let is_busy = out.thread == 0 && out.state.sync().knowledge().is_busy();
        if is_busy {
            SOON
        } else {
            LATER
        }
    }

    /// What others are told of this director.
    fn own(&mut self, out: &Transmitter<'_>) -> OwnState {
        let sync = out.state.sync();
        if sync.take_new_rules() || self.rules == 0 {
            self.rules = rules_digest(out.state);
        }
        OwnState {
            entries: out.state.conn_count(),
            rules: self.rules,
            sends: sync.runs(Role::Master),
            receives: sync.runs(Role::Backup),
        }
    }

    /// Sends what others are to hear beside connections.
    pub(super) fn signal(
        &mut self,
        out: &mut Transmitter<'_>,
        buffer: &mut [u8],
        present: &Present<'_>,
    ) {
        let own = self.own(out);
        loop {
            let next = out.state.sync().knowledge().next_signal(out.thread, &own);
            let Some(signal) = next else {
                return;
            };
            Self::say(&signal, out, buffer, present);
        }
    }

    fn say(signal: &Signal, out: &mut Transmitter<'_>, buffer: &mut [u8], present: &Present<'_>) {
        let sync = out.state.sync();
        let Some(memory) = buffer.get_mut(..MAX_SIGNAL) else {
            return;
        };
        let written = sync
            .knowledge()
            .write_signal(out.thread, signal, memory, out.sync_id);
        if let Some(datagram) = written.and_then(|len| memory.get(..len)) {
            sync.counts().signals.add(1);
            out.send(datagram, 0, present);
        }
    }

    /// Tells what others lack, as it is now.
    pub(super) fn repair(
        &self,
        out: &mut Transmitter<'_>,
        tables: Option<&Tables>,
        buffer: &mut [u8],
        present: &Present<'_>,
    ) {
        // Entries that move may not be found: it is tried again.
        if tables.is_some_and(|tables| tables.conns.is_resizing()) {
            return;
        }
        let mut wanted = Hashes::new();
        while out.room() != 0 {
            let sync = out.state.sync();
            let begun = sync.knowledge().begin_repair(out.thread, &mut wanted);
            let Some(trailer) = begun else {
                return;
            };
            out.send_one(trailer, buffer, present, |out, writer| {
                if let Some(tables) = tables {
                    for hash in wanted.as_slice() {
                        rcu::read(|read| Self::write_hashed(out, read, tables, *hash, writer));
                    }
                }
                Room::Left
            });
            sync.counts().repaired.add(1);
        }
    }

    /// Writes the connections with this hash; what has no room is told later.
    fn write_hashed(
        out: &mut Transmitter<'_>,
        read: ReadSide<'_>,
        tables: &Tables,
        hash: u32,
        writer: &mut Writer<'_>,
    ) {
        let bucket = hash as usize & tables.conns.buckets().wrapping_sub(1);
        tables.conns.for_each_in_bucket(read, bucket, |conn| {
            if conn.hash() == hash && out.write(read, conn, writer) == Room::None {
                out.state.note_other_news(conn);
            }
        });
    }

    /// Fills who asked.
    pub(super) fn fill(
        &mut self,
        out: &mut Transmitter<'_>,
        tables: Option<&Tables>,
        buffer: &mut [u8],
        present: &Present<'_>,
    ) {
        for _ in 0..IN_A_ROW {
            let room = out.room();
            let sync = out.state.sync();
            let step = sync.knowledge().step(out.thread, room);
            self.is_filling = step != Step::Idle;
            match step {
                Step::Idle | Step::Wait(_) => return,
                Step::Begin => {
                    self.walk = Walk::begin(tables.map_or(0, |tables| tables.conns.buckets()));
                }
                Step::Say(signal) => Self::say(&signal, out, buffer, present),
                Step::Walk(count) => {
                    let room = match tables {
                        Some(tables) => {
                            self.walk(out, tables, count.min(IN_A_ROW), buffer, present)
                        }
                        None => Room::Left,
                    };
                    if room == Room::Left {
                        sync.knowledge().has_walked_all(out.thread);
                    }
                }
            }
        }
    }

    /// Goes on through the table, for so many datagrams. Returns whether all was told.
    fn walk(
        &mut self,
        out: &mut Transmitter<'_>,
        tables: &Tables,
        most: u32,
        buffer: &mut [u8],
        present: &Present<'_>,
    ) -> Room {
        let policy = SendPolicy::new(out.state);
        out.send_all(Kind::Bulk, most, buffer, present, |out, writer| loop {
            let part = rcu::read(|read| self.write_walked(out, read, tables, &policy, writer));
            match part {
                Part::Full => return Room::None,
                Part::More => time::yield_now(),
                Part::Done if self.walk.moved => {
                    // What moved may have been missed.
                    self.walk = Walk::begin(tables.conns.buckets());
                }
                Part::Done => return Room::Left,
            }
        })
    }

    fn write_walked(
        &mut self,
        out: &mut Transmitter<'_>,
        read: ReadSide<'_>,
        tables: &Tables,
        policy: &SendPolicy,
        writer: &mut Writer<'_>,
    ) -> Part {
        let moves = tables.conns.is_resizing() || tables.conns.buckets() != self.walk.buckets;
        self.walk.moved |= moves;
        for _ in 0..AT_ONCE {
            let stop = Stop {
                bucket: self.walk.bucket,
                done: self.walk.done,
            };
            let mut room = Room::Left;
            let mut number = 0_usize;
            let is_there = tables.conns.for_each_in_bucket(read, stop.bucket, |conn| {
                number = number.wrapping_add(1);
                if room == Room::None || number <= stop.done || !policy.is_due(read, conn) {
                    return;
                }
                room = out.write(read, conn, writer);
                if room == Room::None {
                    // What this bucket's entries share with others is told again, for entries may
                    // go meanwhile; a bucket of more than a datagram's goes on.
                    let is_shared = usize::from(writer.count()) >= number;
                    self.walk.done = if is_shared { 0 } else { number.wrapping_sub(1) };
                }
            });
            if !is_there {
                return Part::Done;
            }
            if room == Room::None {
                return Part::Full;
            }
            self.walk.bucket = stop.bucket.wrapping_add(1);
            self.walk.done = 0;
        }
        Part::More
    }
}
