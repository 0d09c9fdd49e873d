// SPDX-License-Identifier: GPL-2.0

//! A connection as it is kept while the module isn't there: the entry that other directors would be
//! told, and what such an entry lacks.
//!
//! | bytes | what |
//! |--|--|
//! | 0–1 | size of the record, a multiple of 4 |
//! | 2 | format, 1 |
//! | 3 | [`Rank`] |
//! | 4 | marks |
//! | 5 | packets that were counted |
//! | 6–7 | 0 |
//! | 8–11 | milliseconds that are left of its life |
//! | 12–15 | seconds since it was made |
//! | 16–31 | the server's address, if it is of another family than the client |
//! | 48 more | the dialogue of a control connection of FTP |
//! | the rest | its entry of version 1, and that of what controls it, each padded to 4 |
//!
//! Numbers are in network order. Those who read records rely on nothing that they say.

use super::bytes::{
    Input,
    Output, //
};
use super::entry::Entry;
use super::reason::Refused;
use super::v1;
use super::wire::padding;
use super::write::{
    size_v1,
    write_v1, //
};
use crate::addr::{
    Addr,
    Family, //
};
use crate::ftp::{
    ControlConnection,
    DIALOGUE, //
};

/// The format of the records.
const FORMAT: u8 = 1;
/// Bytes in front of what not each record has.
const HEAD: usize = 16;

/// No packet of the director's own came since another one told of it.
const UNUSED: u8 = 1;
/// The last word on it was another director's.
const FOREIGN: u8 = 2;
/// The server is of another family than the client.
const MIXED: u8 = 4;
/// There is a dialogue.
const DIALOGUED: u8 = 8;
/// Something controls it.
const CONTROLLED: u8 = 16;
/// All marks.
const MARKS: u8 = UNUSED | FOREIGN | MIXED | DIALOGUED | CONTROLLED;

/// In which order records are loaded: what controls others comes before them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Rank {
    /// Nothing controls it.
    Free = 0,
    /// A control connection of FTP that a template controls.
    Control = 1,
    /// Another one that is controlled.
    Controlled = 2,
}

/// A connection or template as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// What other directors would be told; without a server's address if that is of another family.
    pub entry: Entry<'a>,
    /// Of its controller: the persistence template or the control connection of FTP.
    pub controller: Option<Entry<'a>>,
    /// The server's address, if it isn't of the client's family.
    pub other_family_server: Option<Addr>,
    /// What was said on a control connection of FTP.
    pub dialogue: Option<ControlConnection>,
    /// Milliseconds that are left of its life.
    pub left: u32,
    /// Seconds since it was made.
    pub age: u32,
    /// Packets that were counted, which are few.
    pub packets: u8,
    /// No packet of the director's own came since another one told of it.
    pub is_unused: bool,
    /// The last word on it was another director's.
    pub is_foreign: bool,
}

impl<'a> Record<'a> {
    /// When it is to be loaded.
    pub fn rank(&self) -> Rank {
        match (&self.controller, &self.dialogue) {
            (None, _) => Rank::Free,
            (Some(_), Some(_)) => Rank::Control,
            (Some(_), None) => Rank::Controlled,
        }
    }

    fn marks(&self) -> u8 {
        [
            (self.is_unused, UNUSED),
            (self.is_foreign, FOREIGN),
            (self.other_family_server.is_some(), MIXED),
            (self.dialogue.is_some(), DIALOGUED),
            (self.controller.is_some(), CONTROLLED),
        ]
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .fold(0, |marks, (_, mark)| marks | mark)
    }

    /// Writes it to the front of `buffer`. Returns how many bytes it took; `None` if there is no
    /// room, or an entry of it can't be said.
    pub fn write(&self, buffer: &mut [u8]) -> Option<usize> {
        let room = buffer.len();
        let (head, rest) = buffer.split_first_chunk_mut::<HEAD>()?;
        let mut out = Output(rest);
        if let Some(addr) = &self.other_family_server {
            out.put(&addr.octets())?;
        }
        if let Some(dialogue) = &self.dialogue {
            out.put(&dialogue.saved())?;
        }
        for entry in [Some(&self.entry), self.controller.as_ref()]
            .into_iter()
            .flatten()
        {
            let size = size_v1(entry)?;
            write_v1(&mut out, entry, size)?;
            out.put([0; 3].get(..padding(size))?)?;
        }
        let size = room.checked_sub(out.0.len())?;
        let mut out = Output(head);
        out.put(&u16::try_from(size).ok()?.to_be_bytes())?;
        out.put(&[FORMAT, self.rank() as u8, self.marks(), self.packets, 0, 0])?;
        out.put(&self.left.to_be_bytes())?;
        out.put(&self.age.to_be_bytes())?;
        Some(size)
    }

    /// Reads the record that takes all of `bytes`.
    fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        let mut input = Input(bytes);
        let head = input.array::<HEAD>().ok_or(Refused::Cut)?;
        let [_, _, format, rank, marks, packets, zeroes @ .., a, b, c, d, e, f, g, h] = head;
        if format != FORMAT {
            return Err(Refused::Version);
        }
        if marks & !MARKS != 0 || zeroes != [0; 2] {
            return Err(Refused::Type);
        }
        let is_marked = |mark| marks & mark != 0;
        let other_family_server = is_marked(MIXED)
            .then(|| input.addr(Family::V6).ok_or(Refused::Cut))
            .transpose()?;
        let dialogue = is_marked(DIALOGUED)
            .then(|| {
                let saved = input.array::<DIALOGUE>().ok_or(Refused::Cut)?;
                ControlConnection::restored(&saved).ok_or(Refused::State)
            })
            .transpose()?;
        let mut entry = || {
            let read = v1::read(input.0)?;
            input.take(v1::stride(input.0)).ok_or(Refused::Size)?;
            Ok(read)
        };
        let record = Self {
            entry: entry()?,
            controller: is_marked(CONTROLLED).then(entry).transpose()?,
            other_family_server,
            dialogue,
            left: u32::from_be_bytes([a, b, c, d]),
            age: u32::from_be_bytes([e, f, g, h]),
            packets,
            is_unused: is_marked(UNUSED),
            is_foreign: is_marked(FOREIGN),
        };
        if rank != record.rank() as u8 || !input.0.is_empty() {
            return Err(Refused::Size);
        }
        Ok(record)
    }
}

/// Records that stand one behind the other. One that is wrong in itself is refused alone; where
/// none can be told from the next the rest is refused with it.
#[derive(Clone, Debug)]
pub struct Records<'a>(&'a [u8]);

impl<'a> Records<'a> {
    /// Those in `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Refused>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let size = self.0.first_chunk::<2>().copied().map(u16::from_be_bytes);
        let size = usize::from(size.unwrap_or(0));
        let split = if size < HEAD || size % 4 != 0 {
            None
        } else {
            self.0.split_at_checked(size)
        };
        let Some((record, rest)) = split else {
            self.0 = &[];
            return Some(Err(Refused::Cut));
        };
        self.0 = rest;
        Some(Record::read(record))
    }
}

#[cfg(test)]
mod tests {
    use lvs_uapi::flags::conn;
    use proptest::prelude::*;

    use super::super::entry::tests::tcp;
    use super::*;
    use crate::sync::Engine;

    fn record() -> Record<'static> {
        Record {
            entry: tcp(),
            controller: None,
            other_family_server: None,
            dialogue: None,
            left: 899_123,
            age: 77,
            packets: 3,
            is_unused: false,
            is_foreign: true,
        }
    }

    fn of_a_call() -> Entry<'static> {
        Entry {
            flags: conn::TEMPLATE,
            state: 0,
            engine: Some(Engine {
                name: b"sip",
                data: b"a84b4c76e",
            }),
            ..tcp()
        }
    }

    fn full() -> Record<'static> {
        Record {
            controller: Some(of_a_call()),
            other_family_server: Some(Addr::from_octets([7; 16])),
            dialogue: Some(ControlConnection::new()),
            is_unused: true,
            ..record()
        }
    }

    fn written(records: &[Record<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in records {
            let mut buffer = [0xaa; 512];
            let size = record.write(&mut buffer).unwrap();
            assert_eq!(size % 4, 0);
            bytes.extend(&buffer[..size]);
        }
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let all = [record(), full()];
        let bytes = written(&all);
        let read: Vec<_> = Records::new(&bytes).map(Result::unwrap).collect();
        assert_eq!(read.len(), 2);
        for (read, sent) in read.iter().zip(&all) {
            assert_eq!(read.entry, sent.entry);
            assert_eq!(read.controller, sent.controller);
            assert_eq!(read.other_family_server, sent.other_family_server);
            assert_eq!(read.dialogue.is_some(), sent.dialogue.is_some());
            assert_eq!((read.left, read.age), (sent.left, sent.age));
            assert_eq!(read.packets, sent.packets);
            assert_eq!(read.is_unused, sent.is_unused);
            assert_eq!(read.is_foreign, sent.is_foreign);
        }
        assert_eq!(record().rank(), Rank::Free);
        assert_eq!(full().rank(), Rank::Control);
        assert_eq!(bytes[..6], [0, 52, 1, 0, 2, 3]);
    }

    #[test]
    fn one_that_is_wrong_is_refused_alone() {
        let mut bytes = written(&[record(), record(), record()]);
        bytes[52 + 2] = 9;
        let read: Vec<_> = Records::new(&bytes).map(|read| read.err()).collect();
        assert_eq!(read, [None, Some(Refused::Version), None]);
        bytes[52 + 1] = 50;
        let read: Vec<_> = Records::new(&bytes).map(|read| read.err()).collect();
        assert_eq!(read, [None, Some(Refused::Cut)]);
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let bytes = written(&[full()]);
        for room in 0..bytes.len() {
            assert_eq!(full().write(&mut vec![0; room]), None);
            let mut read = Records::new(&bytes[..room]);
            assert!(room == 0 || read.all(|read| read.is_err()));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Records::new(&bytes).count() <= bytes.len());
        }

        #[test]
        fn flipped_bits_are_survived(at in 0_usize..1000, bit in 0_u8..8) {
            let mut bytes = written(&[record(), full(), record()]);
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            for read in Records::new(&bytes).flatten() {
                let mut buffer = [0; 2048];
                prop_assert!(read.write(&mut buffer).is_some());
            }
        }
    }
}
