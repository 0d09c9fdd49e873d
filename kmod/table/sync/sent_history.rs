// SPDX-License-Identifier: GPL-2.0

//! Which connections a sender's last datagrams told of, so that what was lost can be repaired.

use kernel::prelude::*;

use lvs_engine::sync::ext::{
    may_repair,
    Kind,
    KEPT, //
};
use lvs_engine::sync::wire;

use crate::kernel_ext::mem::grow_vec::GrowVec;

/// Most connections of a datagram.
pub(super) const MOST: usize = wire::MAX_ENTRIES as usize;

/// Hashes of connections, in a datagram's order.
pub(super) struct Hashes {
    hashes: [u32; MOST],
    len: usize,
}

impl Hashes {
    pub(super) const fn new() -> Self {
        Self {
            hashes: [0; MOST],
            len: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn push(&mut self, hash: u32) {
        if let Some(place) = self.hashes.get_mut(self.len) {
            *place = hash;
            self.len = self.len.wrapping_add(1);
        }
    }

    pub(super) fn as_slice(&self) -> &[u32] {
        self.hashes.get(..self.len).unwrap_or_default()
    }
}

/// One datagram.
#[derive(Clone, Copy)]
struct Slot {
    /// Its number; 0: none.
    number: u64,
    kind: Kind,
    /// Somebody asked for it.
    is_wanted: bool,
    repaired_at: u64,
    count: u8,
}

/// The last [`KEPT`] datagrams of a sender.
pub(super) struct SentHistory {
    slots: GrowVec<Slot>,
    hashes: GrowVec<u32>,
    /// Hashes that a datagram has at most.
    each: usize,
}

impl SentHistory {
    /// None yet, of datagrams of at most `longest` bytes. Sleeps. Fails with `ENOMEM`.
    pub(super) fn new(longest: usize) -> Result<Self> {
        let each = (longest / wire::ENTRY_V0).clamp(1, MOST);
        let none = Slot {
            number: 0,
            kind: Kind::Live,
            is_wanted: false,
            repaired_at: 0,
            count: 0,
        };
        Ok(Self {
            slots: GrowVec::filled(KEPT as usize, none)?,
            hashes: GrowVec::filled((KEPT as usize).saturating_mul(each), 0)?,
            each,
        })
    }

    /// Keeps datagram `number` in `place`, instead of the one that has it.
    pub(super) fn put(&mut self, place: usize, number: u64, kind: Kind, hashes: &[u32]) {
        let begin = place.saturating_mul(self.each);
        let (Some(slot), Some(all)) = (self.slots.get_mut(place), self.hashes.get_mut(begin..))
        else {
            return;
        };
        let count = hashes.len().min(self.each);
        for (to, from) in all.iter_mut().zip(hashes.iter().take(count)) {
            *to = *from;
        }
        *slot = Slot {
            number,
            kind,
            is_wanted: false,
            repaired_at: 0,
            count: count as u8,
        };
    }

    /// Somebody lacks datagram `number`, which `place` is for, at `now` in milliseconds.
    pub(super) fn want(&mut self, place: usize, number: u64, now: u64) {
        if let Some(slot) = self.slots.get_mut(place) {
            slot.is_wanted |= slot.number == number && may_repair(slot.repaired_at, now);
        }
    }

    /// A datagram that is to be repaired at `now`: its number and kind, and in `hashes` what it
    /// told of.
    pub(super) fn take_wanted(&mut self, now: u64, hashes: &mut Hashes) -> Option<(u64, Kind)> {
        let (place, slot) = self
            .slots
            .iter_mut()
            .enumerate()
            .find(|(_, slot)| slot.is_wanted)?;
        slot.is_wanted = false;
        slot.repaired_at = now;
        hashes.clear();
        let begin = place.saturating_mul(self.each);
        let told = self.hashes.get(begin..).unwrap_or_default();
        for hash in told.iter().take(slot.count.into()) {
            hashes.push(*hash);
        }
        Some((slot.number, slot.kind))
    }
}
