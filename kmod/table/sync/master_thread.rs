// SPDX-License-Identifier: GPL-2.0

//! A master's thread: collects what is dirty, and sends it.
//!
//! What is dirty is sent some milliseconds later, together with what becomes so meanwhile. Beside
//! that the thread goes through its part of the table again and again ([`super::sweep`]), and tells
//! of connections that had packets: so slow ones are remembered, and what was lost is mended.

use lvs_engine::sync::ext::Kind;
use lvs_engine::sync::Writer;

use crate::kernel_ext::mem::rcu::{
    self,
    ReadSide, //
};
use crate::kernel_ext::task::thread::Present;
use crate::kernel_ext::task::time;
use crate::table::netns_state::NetnsState;
use crate::table::tables::Tables;

use super::answer_peers::PeerAnswers;
use super::daemon::Role;
use super::dirty_places::{
    Collection,
    DirtyPlaces, //
};
use super::link::Link;
use super::send_policy::SendPolicy;
use super::sweep::{
    Slice,
    Stop,
    Sweep, //
};
use super::thread_setup::{
    Share,
    ThreadSetup, //
};
use super::transmit::{
    Part,
    Room, //
    Transmitter,
};

/// Ticks for which more is waited for once something is dirty, so that it shares a message.
const GATHER: u32 = time::HZ / 100;

/// Buckets that are gone through before others run.
const AT_ONCE: usize = 128;

/// The thread's life. What is dirty when it is to end is still sent.
pub(super) fn live(state: &NetnsState, setup: ThreadSetup, present: &Present<'_>) {
    let ThreadSetup {
        daemon,
        mut buffer,
        id,
        share,
        ..
    } = setup;
    let Some(dirty) = state.sync().dirty_places() else {
        return;
    };
    let link = Link::new(setup.link, Role::Master, id, &daemon);
    let mut out = Transmitter::new(state, id.into(), daemon.sync_id, link);
    let mut answers = PeerAnswers::default();
    let mut teller = Teller {
        dirty,
        sweep: Sweep::new(time::now()),
    };
    loop {
        let mut wait = answers.wait(&out);
        if share == Share::All {
            wait = wait.min(teller.sweep.wait());
        }
        if let Some(bell) = dirty.bell(out.thread).filter(|_| !answers.is_filling()) {
            bell.listen(present, wait);
        }
        let ends = present.is_stopping();
        if answers.is_filling() {
            out.wait_for_room();
        } else if !ends {
            time::sleep(GATHER);
        }
        let tables = state.tables();
        if let Some(tables) = tables.filter(|_| share == Share::All) {
            teller.tell_dirty(&mut out, tables, &mut buffer, present);
            if !ends {
                teller.sweep(&mut out, tables, &mut buffer, present);
            }
        }
        if ends {
            return;
        }
        answers.signal(&mut out, &mut buffer, present);
        answers.repair(&mut out, tables, &mut buffer, present);
        answers.fill(&mut out, tables, &mut buffer, present);
        out.link.check(state);
    }
}

/// What a thread tells by itself.
struct Teller<'a> {
    dirty: &'a DirtyPlaces,
    sweep: Sweep,
}

impl Teller<'_> {
    /// Tells what is dirty.
    fn tell_dirty(
        &mut self,
        out: &mut Transmitter<'_>,
        tables: &Tables,
        buffer: &mut [u8],
        present: &Present<'_>,
    ) {
        let policy = SendPolicy::new(out.state);
        let mut collection = Collection::new(out.thread);
        let mut place = collection.next(self.dirty);
        if place.is_none() {
            return;
        }
        out.send_all(Kind::Live, u32::MAX, buffer, present, |out, writer| {
            while let Some(at) = place {
                if self.write_dirty(out, tables, &policy, at, writer) == Room::None {
                    return Room::None;
                }
                place = collection.next(self.dirty);
            }
            Room::Left
        });
    }

    /// Writes what is dirty at `place`, which isn't so any more.
    fn write_dirty(
        &mut self,
        out: &mut Transmitter<'_>,
        tables: &Tables,
        policy: &SendPolicy,
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
                    self.sweep.hurry_for(conn.life(read, out.state.timeouts()));
                    if policy.is_due(read, conn) {
                        room = out.write(read, conn, writer);
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
    fn sweep(
        &mut self,
        out: &mut Transmitter<'_>,
        tables: &Tables,
        buffer: &mut [u8],
        present: &Present<'_>,
    ) {
        let policy = SendPolicy::new(out.state);
        let Some(longest) = policy.longest_interval() else {
            return;
        };
        let buckets = tables.conns.buckets();
        let mut slice = self.sweep.begin(time::now(), buckets, longest);
        out.send_all(Kind::Sweep, u32::MAX, buffer, present, |out, writer| loop {
            let part =
                rcu::read(|read| self.write_swept(out, read, tables, &policy, &mut slice, writer));
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
        out: &mut Transmitter<'_>,
        read: ReadSide<'_>,
        tables: &Tables,
        policy: &SendPolicy,
        slice: &mut Slice,
        writer: &mut Writer<'_>,
    ) -> Part {
        for _ in 0..AT_ONCE {
            let Some(stop) = self.sweep.next(slice) else {
                return Part::Done;
            };
            if !self.dirty.is_of(stop.bucket, out.thread) {
                continue;
            }
            let mut room = Room::Left;
            let mut number = 0_usize;
            tables.conns.for_each_in_bucket(read, stop.bucket, |conn| {
                number = number.wrapping_add(1);
                if room == Room::None || number <= stop.done || !policy.is_due(read, conn) {
                    return;
                }
                let life = conn.life(read, out.state.timeouts());
                self.sweep.note_life(life);
                // A dirty entry whose place was taken while it moved is found here at last.
                let is_dirty = conn.take_dirty();
                if is_dirty || self.sweep.wants(conn, policy.interval(life), life) {
                    room = out.write(read, conn, writer);
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
}
