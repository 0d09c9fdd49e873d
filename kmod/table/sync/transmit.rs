// SPDX-License-Identifier: GPL-2.0

//! How a master's thread makes datagrams and sends them: numbered, sealed, and no faster than
//! receivers take them.

use kernel::prelude::*;

use lvs_engine::sync::ext::{
    Kind,
    Pace,
    Trailer,
    PAUSE,
    SEAL, //
};
use lvs_engine::sync::{
    Unwritten,
    Version,
    Writer, //
};

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::thread::Present;
use crate::kernel_ext::task::time;
use crate::table::conn::Conn;
use crate::table::netns_state::NetnsState;

use super::describe::describe;
use super::link::Link;
use super::sent_history::Hashes;

/// Tries to send a message that there is no room for, once the thread is to end.
const LAST_TRIES: u32 = 100;

/// What a thread sends by.
pub(super) struct Transmitter<'a> {
    pub(super) state: &'a NetnsState,
    /// The number of the thread among those that send.
    pub(super) thread: usize,
    pub(super) sync_id: u32,
    pub(super) link: Link<'a>,
    pace: Pace,
    /// The connections of the present datagram, and where they are kept.
    told: Hashes,
    place: Option<usize>,
}

/// How far a part of a step came.
pub(super) enum Part {
    /// To its end.
    Done,
    /// Until the message was full.
    Full,
    /// As far as is good without others' running.
    More,
}

/// Whether a message has room for more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Left,
    None,
}

impl<'a> Transmitter<'a> {
    pub(super) fn new(state: &'a NetnsState, thread: usize, sync_id: u32, link: Link<'a>) -> Self {
        Self {
            state,
            thread,
            sync_id,
            link,
            pace: Pace::default(),
            told: Hashes::new(),
            place: None,
        }
    }

    /// How many datagrams may follow now.
    pub(super) fn room(&mut self) -> u32 {
        self.pace.room(time::milliseconds())
    }

    /// Waits until some may.
    pub(super) fn wait_for_room(&mut self) {
        let now = time::milliseconds();
        if self.pace.room(now) == 0 {
            let left = self.pace.next().saturating_sub(now);
            time::sleep_milliseconds(left.clamp(1, PAUSE) as u16);
        }
    }

    fn version(&self) -> Version {
        match self.state.settings().sync_version() {
            0 => Version::V0,
            _ => Version::V1,
        }
    }

    /// Writes what is to be told of `conn`.
    pub(super) fn write(
        &mut self,
        read: ReadSide<'_>,
        conn: &Entry<Conn>,
        writer: &mut Writer<'_>,
    ) -> Room {
        let Some(told) = describe(read, conn, self.state.timeouts()) else {
            return Room::Left;
        };
        match writer.push(&told) {
            Err(Unwritten::Full) if writer.count() != 0 => Room::None,
            Ok(()) => {
                self.told.push(conn.hash());
                Room::Left
            }
            Err(Unwritten::Full | Unwritten::Unsayable) => Room::Left,
        }
    }

    /// Sends messages of what `fill` writes, until it has written all, or `most` of them. Returns
    /// whether it has.
    pub(super) fn send_all(
        &mut self,
        kind: Kind,
        most: u32,
        buffer: &mut [u8],
        present: &Present<'_>,
        mut fill: impl FnMut(&mut Self, &mut Writer<'_>) -> Room,
    ) -> Room {
        for _ in 0..most {
            // The number comes before the first look at a connection: so the higher one has the
            // later word on each.
            let begun = self.state.sync().knowledge().begin(self.thread, kind);
            let Some((trailer, place)) = begun else {
                return Room::Left;
            };
            self.place = place;
            let room = self.send_one(trailer, buffer, present, &mut fill);
            if room == Room::Left {
                return room;
            }
        }
        Room::None
    }

    /// Sends a message of what `fill` writes; nothing if that is nothing, unless it is a repair.
    pub(super) fn send_one(
        &mut self,
        trailer: Trailer,
        buffer: &mut [u8],
        present: &Present<'_>,
        mut fill: impl FnMut(&mut Self, &mut Writer<'_>) -> Room,
    ) -> Room {
        self.told.clear();
        let sync = self.state.sync();
        let usable = buffer.len().saturating_sub(SEAL);
        let message = buffer.get_mut(..usable).unwrap_or_default();
        let Some(mut writer) = Writer::new(message, self.version(), self.sync_id) else {
            return Room::Left;
        };
        let room = fill(self, &mut writer);
        let (told, len) = (writer.count(), writer.finish().len());
        let mut director = sync.knowledge();
        if trailer.repeats == 0 {
            if told == 0 {
                director.give_back(self.thread);
                return room;
            }
            director.is_told(self.thread, &trailer, self.place, self.told.as_slice());
        }
        let datagram = director.seal(buffer, len, trailer);
        drop(director);
        if let Some(datagram) = datagram.and_then(|len| buffer.get(..len)) {
            self.send(datagram, told, present);
        }
        room
    }

    /// Sends a datagram with so many entries.
    pub(super) fn send(&mut self, message: &[u8], told: u8, present: &Present<'_>) {
        let counts = self.state.sync().counts();
        self.wait_for_room();
        self.pace.room(time::milliseconds());
        self.pace.sent(1);
        self.link.send_to_peers(message);
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
