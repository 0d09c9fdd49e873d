// SPDX-License-Identifier: GPL-2.0

//! The numbers of what a director sends, and which of it can be repaired.
//!
//! A number is taken before the first connection of its datagram is looked at, and datagrams are
//! made and sent one after the other: then a higher number has the later word on each connection.

use super::receive_window::KEPT;
use super::trailer::{
    Kind,
    Trailer, //
};

/// Milliseconds in which the same datagram isn't repaired twice, whoever asks.
const REPAIR_PAUSE: u64 = 10;

/// Most threads by which a director sends, each a sender of its own to others: the six highest bits
/// of a boot id tell which it is.
pub const MAX_THREADS: usize = 1 << (u64::BITS - DIRECTOR_BITS);
const DIRECTOR_BITS: u32 = 58;

/// What the boot ids of one director's threads have in common.
pub const fn director_of(boot: u64) -> u64 {
    boot & ((1 << DIRECTOR_BITS) - 1)
}

/// Which of its director's threads has this boot id, below [`MAX_THREADS`].
pub const fn thread_of(boot: u64) -> usize {
    (boot >> DIRECTOR_BITS) as usize
}

/// The boot id of a director's thread with this number. `director` is a random number.
pub const fn boot_of(director: u64, thread: usize) -> u64 {
    let director = match director_of(director) {
        // 0 is nobody.
        0 => 1,
        director => director,
    };
    director | ((thread as u64 % MAX_THREADS as u64) << DIRECTOR_BITS)
}

/// Whether a datagram that was repaired at `last` (0: never) is repaired again at `now`.
pub const fn may_repair(last: u64, now: u64) -> bool {
    last == 0 || now >= last.saturating_add(REPAIR_PAUSE)
}

/// What a director has sent since its boot id was chosen.
///
/// The entries of the last data are kept by the caller, in as many places as it has; a place is
/// used again by the datagram so many numbers later.
#[derive(Clone, Debug)]
pub struct Numbering {
    boot: u64,
    places: u64,
    /// The last number that was taken.
    data: u64,
    /// The last one under which something was told.
    told: u64,
    others: u64,
}

impl Numbering {
    /// Nothing was sent yet. `boot` is a random number; `places` for [`KEPT`] datagrams at most.
    pub const fn new(boot: u64, places: usize) -> Self {
        let places = places as u64;
        Self {
            // 0 is nobody.
            boot: if boot == 0 { 1 } else { boot },
            places: if places < KEPT { places } else { KEPT },
            data: 0,
            told: 0,
            others: 0,
        }
    }

    /// Its boot id.
    pub const fn boot(&self) -> u64 {
        self.boot
    }

    /// The last number of data.
    pub const fn last(&self) -> u64 {
        self.told
    }

    /// The oldest number that can be repaired; above all if none can.
    pub const fn kept_from(&self) -> u64 {
        self.data.saturating_sub(self.places).saturating_add(1)
    }

    /// The trailer of the next datagram with data, and the place to keep its entries in. Followed
    /// by [`Numbering::is_told`] or [`Numbering::give_back`].
    pub fn data(&mut self, kind: Kind, key: u16) -> (Trailer, Option<usize>) {
        self.data = self.data.saturating_add(1);
        let place = self.place(self.data);
        let trailer = Trailer {
            kind,
            key,
            boot: self.boot,
            number: self.data,
            repeats: 0,
            as_of: self.data,
        };
        (trailer, place)
    }

    /// The datagram whose number was taken last has entries, and goes out.
    pub fn is_told(&mut self) {
        self.told = self.data;
    }

    /// It had none: the next one has its number.
    pub fn give_back(&mut self) {
        self.data = self.told;
    }

    /// The trailer of the next signal.
    pub fn signal(&mut self, key: u16) -> Trailer {
        self.other(Kind::Signal, key, 0)
    }

    /// The trailer of the repair of datagram `number`, which was of `kind`.
    pub fn repair(&mut self, number: u64, kind: Kind, key: u16) -> Trailer {
        self.other(kind, key, number)
    }

    fn other(&mut self, kind: Kind, key: u16, repeats: u64) -> Trailer {
        self.others = self.others.saturating_add(1);
        Trailer {
            kind,
            key,
            boot: self.boot,
            number: self.others,
            repeats,
            as_of: self.told,
        }
    }

    /// Where the entries of datagram `number` are kept; `None` if they aren't.
    pub fn place(&self, number: u64) -> Option<usize> {
        let is_kept = number != 0 && number >= self.kept_from() && number <= self.data;
        let place = number.checked_rem(self.places)?;
        is_kept.then_some(usize::try_from(place).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept() {
        let mut sender = Numbering::new(0, 4);
        assert_eq!((sender.boot(), sender.place(0)), (1, None));
        for number in 1..=9 {
            let (trailer, place) = sender.data(Kind::Live, 3);
            sender.is_told();
            assert_eq!((trailer.number, trailer.as_of), (number, number));
            assert_eq!(place, Some(number as usize % 4));
        }
        assert_eq!(sender.kept_from(), 6);
        let places: Vec<_> = (5..=10).map(|number| sender.place(number)).collect();
        assert_eq!(places, [None, Some(2), Some(3), Some(0), Some(1), None]);
        let none = Numbering::new(7, 0);
        assert_eq!((none.place(1), none.kept_from()), (None, 1));
    }

    #[test]
    fn the_rows_are_numbered_apart() {
        let mut sender = Numbering::new(7, 4);
        sender.data(Kind::Bulk, 0);
        sender.is_told();
        let signal = sender.signal(2);
        assert_eq!((signal.number, signal.as_of, signal.key), (1, 1, 2));
        let repair = sender.repair(1, Kind::Bulk, 2);
        assert_eq!((repair.number, repair.repeats, repair.as_of), (2, 1, 1));
    }

    #[test]
    fn what_told_nothing_has_no_number() {
        let mut sender = Numbering::new(7, 4);
        let (first, _) = sender.data(Kind::Live, 0);
        assert_eq!((sender.last(), sender.signal(0).as_of), (0, 0));
        sender.give_back();
        let (second, _) = sender.data(Kind::Sweep, 0);
        sender.is_told();
        assert_eq!((first.number, second.number, sender.last()), (1, 1, 1));
    }

    #[test]
    fn many_who_ask_get_one_repair() {
        assert!(may_repair(0, 1));
        assert!(!may_repair(100, 109));
        assert!(may_repair(100, 110));
    }

    #[test]
    fn a_director_has_several_senders() {
        let director = director_of(u64::MAX);
        for thread in [0, 1, MAX_THREADS - 1] {
            let boot = boot_of(u64::MAX, thread);
            assert_eq!((director_of(boot), thread_of(boot)), (director, thread));
        }
        assert_eq!(boot_of(0, 0), 1);
        assert_ne!(boot_of(1 << 63, 0), 0);
    }
}
