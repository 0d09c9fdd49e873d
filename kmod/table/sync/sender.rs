// SPDX-License-Identifier: GPL-2.0

//! A master's thread: collects what is dirty, and sends it.
//!
//! What is dirty is sent some milliseconds later, together with what becomes so meanwhile. Beside
//! that the thread goes through its part of the table again and again ([`super::sweep`]), and tells
//! of connections that had packets: so slow ones are remembered, and what was lost is mended.

use kernel::prelude::*;

use lvs_engine::sync::{
    Unwritten,
    Version,
    Writer, //
};

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::{
    self,
    ReadSide, //
};
use crate::kernel_ext::task::thread::Present;
use crate::kernel_ext::task::time;
use crate::table::conn::Conn;
use crate::table::netns_state::NetnsState;
use crate::table::tables::Tables;

use super::describe::describe;
use super::dirty::{
    Collection,
    DirtyPlaces, //
};
use super::judge::Judge;
use super::link::Link;
use super::sweep::{
    Slice,
    Stop,
    Sweep, //
};
use super::tools::Tools;

/// Ticks for which more is waited for once something is dirty, so that it shares a message.
const GATHER: u32 = time::HZ / 100;

/// Messages that are sent in a row: receivers have little room.
const BURST: u32 = 64;

/// Ticks that a receiver is given after a burst.
const PAUSE: u32 = time::HZ.div_ceil(100);

/// Buckets that are gone through before others run.
const AT_ONCE: usize = 128;

/// Tries to send a message that there is no room for, once the thread is to end.
const LAST_TRIES: u32 = 100;

/// The thread's life. What is dirty when it is to end is still sent.
pub(super) fn live(state: &NetnsState, tools: Tools, present: &Present<'_>) {
    let Tools {
        daemon,
        mut buffer,
        id,
        ..
    } = tools;
    let Some(dirty) = state.sync().dirty_places() else {
        return;
    };
    let thread = usize::from(id);
    let mut sender = Sender {
        state,
        dirty,
        thread,
        sync_id: daemon.sync_id,
        link: Link::new(tools.link, &daemon),
        in_burst: 0,
        burst_at: time::now(),
        sweep: Sweep::new(time::now()),
    };
    loop {
        if let Some(bell) = dirty.bell(thread) {
            bell.listen(present, sender.sweep.wait());
        }
        let ends = present.is_stopping();
        if !ends {
            time::sleep(GATHER);
        }
        if let Some(tables) = state.tables() {
            sender.tell_dirty(tables, &mut buffer, present);
            if !ends {
                sender.sweep(tables, &mut buffer, present);
            }
        }
        if ends {
            return;
        }
        sender.link.check(state);
    }
}

struct Sender<'a> {
    state: &'a NetnsState,
    dirty: &'a DirtyPlaces,
    thread: usize,
    sync_id: u32,
    link: Link<'a>,
    /// Messages sent in a row, and the tick of the first one.
    in_burst: u32,
    burst_at: u32,
    sweep: Sweep,
}

/// How far a part of a step came.
enum Part {
    /// To its end.
    Done,
    /// Until the message was full.
    Full,
    /// As far as is good without others' running.
    More,
}

/// Whether a message has room for more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Left,
    None,
}

impl Sender<'_> {
    fn version(&self) -> Version {
        match self.state.settings().sync_version() {
            0 => Version::V0,
            _ => Version::V1,
        }
    }

    /// Writes what is to be told of `conn`.
    fn write(&self, read: ReadSide<'_>, conn: &Entry<Conn>, writer: &mut Writer<'_>) -> Room {
        let Some(told) = describe(read, conn, self.state.timeouts()) else {
            return Room::Left;
        };
        match writer.push(&told) {
            Err(Unwritten::Full) if writer.count() != 0 => Room::None,
            Ok(()) | Err(Unwritten::Full | Unwritten::Unsayable) => Room::Left,
        }
    }

    /// Sends messages of what `fill` writes, until it has written all.
    fn send_all(
        &mut self,
        buffer: &mut [u8],
        present: &Present<'_>,
        mut fill: impl FnMut(&mut Self, &mut Writer<'_>) -> Room,
    ) {
        loop {
            let Some(mut writer) = Writer::new(buffer, self.version(), self.sync_id) else {
                return;
            };
            let room = fill(self, &mut writer);
            let told = writer.count();
            if told != 0 {
                self.send(writer.finish(), told, present);
            }
            if room == Room::Left {
                return;
            }
        }
    }

    /// Tells what is dirty.
    fn tell_dirty(&mut self, tables: &Tables, buffer: &mut [u8], present: &Present<'_>) {
        let judge = Judge::new(self.state);
        let mut collection = Collection::new(self.thread);
        let mut place = collection.next(self.dirty);
        self.send_all(buffer, present, |sender, writer| {
            while let Some(at) = place {
                if sender.write_dirty(tables, &judge, at, writer) == Room::None {
                    return Room::None;
                }
                place = collection.next(sender.dirty);
            }
            Room::Left
        });
    }

    /// Writes what is dirty at `place`, which isn't so any more.
    fn write_dirty(
        &mut self,
        tables: &Tables,
        judge: &Judge,
        place: usize,
        writer: &mut Writer<'_>,
    ) -> Room {
        let was_resizing = tables.conns.is_resizing();
        let buckets = tables.conns.buckets();
        // Several buckets share a place in a very large table, several places a bucket else.
        let mut bucket = place & buckets.wrapping_sub(1);
        let mut room = Room::Left;
        while room == Room::Left && bucket < buckets {
            rcu::read(|read| {
                tables.conns.for_each_in_bucket(read, bucket, |conn| {
                    if room == Room::None || !conn.take_dirty() {
                        return;
                    }
                    self.sweep.hurry_for(conn.life(self.state.timeouts()));
                    if judge.is_due(read, conn) {
                        room = self.write(read, conn, writer);
                        if room == Room::None {
                            conn.set_dirty();
                        }
                    }
                });
            });
            bucket = bucket.saturating_add(self.dirty.places());
        }
        // What moved meanwhile may have been missed.
        let moves = was_resizing || tables.conns.is_resizing();
        if moves || tables.conns.buckets() != buckets {
            self.dirty.set(place as u32);
        }
        room
    }

    /// Goes on through the table.
    fn sweep(&mut self, tables: &Tables, buffer: &mut [u8], present: &Present<'_>) {
        let judge = Judge::new(self.state);
        let Some(longest) = judge.longest_interval() else {
            return;
        };
        let buckets = tables.conns.buckets();
        let mut slice = self.sweep.begin(time::now(), buckets, longest);
        self.send_all(buffer, present, |sender, writer| loop {
            let part =
                rcu::read(|read| sender.write_swept(read, tables, &judge, &mut slice, writer));
            match part {
                Part::Done => return Room::Left,
                Part::Full => return Room::None,
                Part::More => time::yield_now(),
            }
        });
    }

    /// Writes what was used since the last time at some buckets of the step.
    fn write_swept(
        &mut self,
        read: ReadSide<'_>,
        tables: &Tables,
        judge: &Judge,
        slice: &mut Slice,
        writer: &mut Writer<'_>,
    ) -> Part {
        for _ in 0..AT_ONCE {
            let Some(stop) = self.sweep.next(slice) else {
                return Part::Done;
            };
            if !self.dirty.is_of(stop.bucket, self.thread) {
                continue;
            }
            let mut room = Room::Left;
            let mut number = 0_usize;
            tables.conns.for_each_in_bucket(read, stop.bucket, |conn| {
                number = number.wrapping_add(1);
                if room == Room::None || number <= stop.done || !judge.is_due(read, conn) {
                    return;
                }
                let life = conn.life(self.state.timeouts());
                self.sweep.note_life(life);
                // A dirty entry whose place was taken while it moved is found here at last.
                let is_dirty = conn.take_dirty();
                if is_dirty || self.sweep.wants(conn, judge.interval(life), life) {
                    room = self.write(read, conn, writer);
                    if room == Room::None {
                        conn.set_dirty();
                        self.sweep.again(Stop {
                            done: number.wrapping_sub(1),
                            ..stop
                        });
                    }
                }
            });
            if room == Room::None {
                return Part::Full;
            }
        }
        Part::More
    }

    /// Sends a message with so many entries.
    fn send(&mut self, message: &[u8], told: u8, present: &Present<'_>) {
        let counts = self.state.sync().counts();
        let now = time::now();
        if now.wrapping_sub(self.burst_at) >= PAUSE {
            self.in_burst = 0;
            self.burst_at = now;
        }
        if self.in_burst >= BURST {
            time::sleep(PAUSE);
            self.in_burst = 0;
            self.burst_at = time::now();
        }
        self.in_burst = self.in_burst.wrapping_add(1);
        let mut tries = 0_u32;
        loop {
            match self.link.send(message) {
                Ok(()) => {
                    counts.sent.add(1);
                    counts.told.add(told.into());
                    return;
                }
                Err(error) if error == EAGAIN && tries < LAST_TRIES => {
                    // As long as the thread goes on there is time.
                    if present.is_stopping() {
                        tries = tries.wrapping_add(1);
                    }
                    time::sleep(1);
                }
                Err(_) => {
                    counts.unsent.add(1);
                    return;
                }
            }
        }
    }
}
