// SPDX-License-Identifier: GPL-2.0

//! The numbers of what a director sends, and which of it can be repaired.
//!
//! A number is taken before the first connection of its datagram is looked at, and datagrams are
//! made and sent one after the other: then a higher number has the later word on each connection.

use super::seen::KEPT;
use super::trailer::{
    Kind,
    Trailer, //
};

/// Milliseconds in which the same datagram isn't repaired twice, whoever asks.
const REPAIR_PAUSE: u64 = 10;

/// What a director has sent since its boot id was chosen.
///
/// The entries of the last data are kept by the caller, in as many places as it has; a place is
/// used again by the datagram so many numbers later.
#[derive(Clone, Debug)]
pub struct Sender {
    boot: u64,
    places: u64,
    data: u64,
    others: u64,
    /// When the datagram in each place was repaired for the last time.
    repaired: [u64; KEPT as usize],
}

impl Sender {
    /// Nothing was sent yet. `boot` is a random number; `places` for [`KEPT`] datagrams at most.
    pub const fn new(boot: u64, places: usize) -> Self {
        let places = places as u64;
        Self {
            // 0 is nobody.
            boot: if boot == 0 { 1 } else { boot },
            places: if places < KEPT { places } else { KEPT },
            data: 0,
            others: 0,
            repaired: [0; KEPT as usize],
        }
    }

    /// Its boot id.
    pub const fn boot(&self) -> u64 {
        self.boot
    }

    /// The last number of data.
    pub const fn last(&self) -> u64 {
        self.data
    }

    /// The oldest number that can be repaired; above all if none can.
    pub const fn kept_from(&self) -> u64 {
        self.data.saturating_sub(self.places).saturating_add(1)
    }

    /// The trailer of the next datagram with data, and the place to keep its entries in.
    pub fn data(&mut self, kind: Kind, key: u16) -> (Trailer, Option<usize>) {
        self.data = self.data.saturating_add(1);
        let place = self.place(self.data);
        if let Some(at) = place.and_then(|place| self.repaired.get_mut(place)) {
            *at = 0;
        }
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
            as_of: self.data,
        }
    }

    /// Where the entries of datagram `number` are kept; `None` if they aren't.
    pub fn place(&self, number: u64) -> Option<usize> {
        let is_kept = number != 0 && number >= self.kept_from() && number <= self.data;
        let place = number.checked_rem(self.places)?;
        is_kept.then_some(usize::try_from(place).ok()?)
    }

    /// Where the entries of datagram `number` are, if it is to be repaired at `now` (milliseconds,
    /// not 0); notes that it is.
    pub fn take_repair(&mut self, number: u64, now: u64) -> Option<usize> {
        let place = self.place(number)?;
        let at = self.repaired.get_mut(place)?;
        if *at != 0 && now < at.saturating_add(REPAIR_PAUSE) {
            return None;
        }
        *at = now;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept() {
        let mut sender = Sender::new(0, 4);
        assert_eq!((sender.boot(), sender.place(0)), (1, None));
        for number in 1..=9 {
            let (trailer, place) = sender.data(Kind::Live, 3);
            assert_eq!((trailer.number, trailer.as_of), (number, number));
            assert_eq!(place, Some(number as usize % 4));
        }
        assert_eq!(sender.kept_from(), 6);
        let places: Vec<_> = (5..=10).map(|number| sender.place(number)).collect();
        assert_eq!(places, [None, Some(2), Some(3), Some(0), Some(1), None]);
        let none = Sender::new(7, 0);
        assert_eq!((none.place(1), none.kept_from()), (None, 1));
    }

    #[test]
    fn the_rows_are_numbered_apart() {
        let mut sender = Sender::new(7, 4);
        sender.data(Kind::Bulk, 0);
        let signal = sender.signal(2);
        assert_eq!((signal.number, signal.as_of, signal.key), (1, 1, 2));
        let repair = sender.repair(1, Kind::Bulk, 2);
        assert_eq!((repair.number, repair.repeats, repair.as_of), (2, 1, 1));
    }

    #[test]
    fn many_who_ask_get_one_repair() {
        let mut sender = Sender::new(7, 4);
        sender.data(Kind::Live, 0);
        assert_eq!(sender.take_repair(1, 100), Some(1));
        assert_eq!(sender.take_repair(1, 109), None);
        assert_eq!(sender.take_repair(1, 110), Some(1));
        assert_eq!(sender.take_repair(2, 110), None);
        for _ in 0..4 {
            sender.data(Kind::Live, 0);
        }
        assert_eq!(sender.take_repair(5, 111), Some(1));
    }
}
