// SPDX-License-Identifier: GPL-2.0

//! What lvs puts behind a message: who sent it, in which order, and its signature.
//!
//! | off | size | field |
//! |--|--|--|
//! | 0 | 4 | `LVS1` |
//! | 4 | u8 | kind: 0 live, 1 bulk, 2 sweep, 3 signal |
//! | 5 | u8 | 0 |
//! | 6 | be16 | id of the key, 0: not signed |
//! | 8 | be64 | the sender's boot id: random, never 0, anew whenever its numbers begin again |
//! | 16 | be64 | number, from 1 on: one sequence of data, one of signals and repairs |
//! | 24 | be64 | of a repair: the number of the data that it repeats; else 0 |
//! | 32 | be64 | the last number of data when this was made; of data: its own |
//! | 40 | 16 | the first half of HMAC-SHA256 over all before; zeroes if not signed |
//!
//! It ends the datagram and begins at a multiple of 4 behind the entries, where ip_vs doesn't look.

use core::hint::black_box;

use super::super::bytes::{
    Input,
    Output, //
};
use super::super::read::Message;
use super::super::wire::{
    padding,
    MAX_MESSAGE, //
};
use super::layout::{
    is_signal,
    SIGNAL_HEADER,
    TAG,
    TRAILER, //
};

const MAGIC: [u8; 4] = *b"LVS1";

/// The signature of a datagram.
pub type Tag = [u8; TAG];

/// What a datagram is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Connections that changed.
    Live,
    /// Connections for one that asked for all.
    Bulk,
    /// Connections that weren't told for a while.
    Sweep,
    /// A message to another lvs.
    Signal,
}

impl Kind {
    const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Kind::Live),
            1 => Some(Kind::Bulk),
            2 => Some(Kind::Sweep),
            3 => Some(Kind::Signal),
            _ => None,
        }
    }
}

/// The fields of a trailer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trailer {
    /// What the datagram is for.
    pub kind: Kind,
    /// Id of the key it is signed with; 0: it isn't.
    pub key: u16,
    /// The sender's boot id.
    pub boot: u64,
    /// The datagram's number among the sender's data, or among its signals and repairs.
    pub number: u64,
    /// The number of the lost datagram whose connections this one tells as they are now; 0 if it is
    /// no repair.
    pub repeats: u64,
    /// The last number of the sequence of data when this was made.
    pub as_of: u64,
}

impl Trailer {
    /// Whether it counts in the row of data, of which none may be missing.
    #[inline]
    pub const fn is_data(&self) -> bool {
        self.repeats == 0 && !matches!(self.kind, Kind::Signal)
    }
}

/// A datagram with a trailer, of which nothing is proven yet.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    /// What its trailer says.
    pub trailer: Trailer,
    /// What the signature is about: all but itself.
    pub signed: &'a [u8],
    tag: Tag,
}

impl Sealed<'_> {
    /// Whether `tag` is its signature, in a time that doesn't depend on where they differ.
    pub fn has_tag(&self, tag: &Tag) -> bool {
        let difference = self
            .tag
            .iter()
            .zip(tag)
            .fold(0, |sum, (one, other)| black_box(sum | (one ^ other)));
        difference == 0
    }
}

/// Puts `trailer` behind the message that is the first `len` bytes of `buffer`, and signs it by
/// `sign`, which gets all bytes in front of the signature and isn't called without a key. Returns
/// the datagram; `None`, and the message is of no use any more, if there is no room.
pub fn seal<'b>(
    buffer: &'b mut [u8],
    len: usize,
    trailer: &Trailer,
    sign: impl FnOnce(&[u8]) -> Tag,
) -> Option<&'b mut [u8]> {
    let at = len.checked_add(padding(len))?;
    let end = at.checked_add(TRAILER)?;
    let size = u16::try_from(end.min(MAX_MESSAGE)).ok()?;
    if end > MAX_MESSAGE {
        return None;
    }
    let datagram = buffer.get_mut(..end)?;
    datagram.get_mut(len..at)?.fill(0);
    datagram.get_mut(2..4)?.copy_from_slice(&size.to_be_bytes());
    let (signed, tag) = datagram.split_at_mut_checked(end.checked_sub(TAG)?)?;
    let mut out = Output(signed.get_mut(at..)?);
    out.put(&MAGIC)?;
    out.put(&[trailer.kind as u8, 0])?;
    out.put(&trailer.key.to_be_bytes())?;
    for number in [trailer.boot, trailer.number, trailer.repeats, trailer.as_of] {
        out.put(&number.to_be_bytes())?;
    }
    let signature = match trailer.key {
        0 => [0; TAG],
        _ => sign(signed),
    };
    tag.copy_from_slice(&signature);
    Some(datagram)
}

/// The trailer of `datagram`; `None` if it has none, as those of ip_vs.
pub fn open(datagram: &[u8]) -> Option<Sealed<'_>> {
    let at = datagram.len().checked_sub(TRAILER)?;
    let (signed, tag) = datagram.split_last_chunk::<TAG>()?;
    let mut input = Input(signed.get(at..)?);
    if input.array()? != MAGIC {
        return None;
    }
    let [kind, 0] = input.array()? else {
        return None;
    };
    let kind = Kind::from_number(kind)?;
    let trailer = Trailer {
        kind,
        key: input.be16()?,
        boot: input.be64()?,
        number: input.be64()?,
        repeats: input.be64()?,
        as_of: input.be64()?,
    };
    // Of signals, too, the size is right.
    let message = Message::read(datagram, 0).ok()?;
    // Bytes of an entry aren't taken for a trailer, whatever addresses clients have.
    let begin = match kind {
        Kind::Signal if is_signal(datagram) => SIGNAL_HEADER,
        Kind::Signal => return None,
        _ => message.end(),
    };
    let is_whole = trailer.boot != 0 && trailer.number != 0 && at >= begin;
    is_whole.then_some(Sealed {
        trailer,
        signed,
        tag: *tag,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::entry::tests::tcp;
    use super::super::super::read::Version;
    use super::super::super::write::Writer;
    use super::*;

    const TRAILER_OF_LIVE: Trailer = Trailer {
        kind: Kind::Live,
        key: 3,
        boot: 0x0102_0304_0506_0708,
        number: 9,
        repeats: 0,
        as_of: 9,
    };

    fn sealed(version: Version, entries: usize) -> Vec<u8> {
        let mut buffer = [0xee; 1472];
        let mut writer = Writer::new(&mut buffer, version, 7).unwrap();
        for _ in 0..entries {
            writer.push(&tcp()).unwrap();
        }
        let len = writer.finish().len();
        seal(&mut buffer, len, &TRAILER_OF_LIVE, |bytes| {
            [bytes.len() as u8; TAG]
        })
        .unwrap()
        .to_vec()
    }

    #[test]
    fn a_sealed_message_is_one_still() {
        for version in [Version::V0, Version::V1] {
            for entries in [0, 1, 3] {
                let datagram = sealed(version, entries);
                let message = Message::read(&datagram, 7).unwrap();
                assert_eq!(message.entries().filter(Result::is_ok).count(), entries);
                let opened = open(&datagram).unwrap();
                assert_eq!(opened.trailer, TRAILER_OF_LIVE);
                assert_eq!(opened.signed.len(), datagram.len() - TAG);
                assert!(opened.has_tag(&[opened.signed.len() as u8; TAG]));
                assert!(!opened.has_tag(&[0; TAG]));
            }
        }
    }

    #[test]
    fn the_wire_is_as_documented() {
        let datagram = sealed(Version::V1, 1);
        assert_eq!(datagram[..8], [0, 7, 0, 100, 1, 1, 0, 0]);
        let expected = [
            &b"LVS1"[..],
            &[0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8],
            &9_u64.to_be_bytes(),
            &0_u64.to_be_bytes(),
            &9_u64.to_be_bytes(),
            &[84; TAG],
        ]
        .concat();
        assert_eq!(datagram[44..], expected);
    }

    #[test]
    fn what_only_looks_like_a_trailer_is_none() {
        let good = sealed(Version::V1, 1);
        let at = good.len() - TRAILER;
        for (offset, value) in [(0, b'l'), (4, 4), (4, 3), (5, 1)] {
            let mut datagram = good.clone();
            datagram[at + offset] = value;
            assert!(open(&datagram).is_none(), "{offset}");
        }
        for offset in [8..16, 16..24] {
            let mut datagram = good.clone();
            datagram[at..][offset].fill(0);
            assert!(open(&datagram).is_none());
        }
        // A count that reaches into it.
        let mut datagram = good.clone();
        datagram[4] = 2;
        assert!(open(&datagram).is_none());
        assert!(open(&good[1..]).is_none());
        assert!(open(&good[..TRAILER]).is_none());
        assert!(open(&[]).is_none());
    }

    #[test]
    fn there_must_be_room() {
        let mut buffer = [0; 44 + TRAILER - 1];
        let mut writer = Writer::new(&mut buffer, Version::V1, 7).unwrap();
        writer.push(&tcp()).unwrap();
        let len = writer.finish().len();
        assert!(seal(&mut buffer, len, &TRAILER_OF_LIVE, |_| [0; TAG]).is_none());
        let mut buffer = vec![0; 70_000];
        assert!(seal(&mut buffer, 65_532, &TRAILER_OF_LIVE, |_| [0; TAG]).is_none());
    }

    #[test]
    fn without_a_key_nothing_is_signed() {
        let mut buffer = [0; 100];
        let len = Writer::new(&mut buffer, Version::V1, 7)
            .unwrap()
            .finish()
            .len();
        let trailer = Trailer {
            key: 0,
            ..TRAILER_OF_LIVE
        };
        let datagram = seal(&mut buffer, len, &trailer, |_| unreachable!()).unwrap();
        assert!(open(datagram).unwrap().has_tag(&[0; TAG]));
    }

    /// What a peer has to compute: the captured connection of the vectors, signed by the key
    /// `secret`.
    #[test]
    fn signatures_are_hmac_sha256() {
        use hmac::Mac;

        let mut buffer = [0; 100];
        let mut writer = Writer::new(&mut buffer, Version::V1, 7).unwrap();
        writer.push(&tcp()).unwrap();
        let len = writer.finish().len();
        let sign = |bytes: &[u8]| {
            let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"secret").unwrap();
            mac.update(bytes);
            mac.finalize().into_bytes()[..TAG].try_into().unwrap()
        };
        let datagram = seal(&mut buffer, len, &TRAILER_OF_LIVE, sign).unwrap();
        let opened = open(datagram).unwrap();
        assert!(opened.has_tag(&sign(opened.signed)));
        let tag: Vec<String> = datagram[84..].iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(tag.concat(), "b8ec08cf3762cfc5fe4974f2319f4ca7");
    }
}
