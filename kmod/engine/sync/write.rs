// SPDX-License-Identifier: GPL-2.0

//! A message is made: entries are put into a buffer until it is full.

use lvs_uapi::flags::conn;

use super::bytes::Output;
use super::entry::{
    Engine,
    Entry,
    SequenceShift,
    Sequences, //
};
use super::read::Version;
use super::wire::{
    entry_len,
    padding,
    ENTRY_V0,
    MAX_ENTRIES,
    MAX_MESSAGE,
    MAX_NAME,
    OPTION_DATA,
    OPTION_HEADER,
    OPTION_NAME,
    OPTION_SEQUENCES,
    SEQUENCES,
    SIZE_MASK,
    TYPE_V6,
    VERSION, //
};
use crate::addr::Family;

/// Why an entry wasn't put into a message, which is as it was before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unwritten {
    /// There is no room: it fits a new message.
    Full,
    /// The message's version can't say it, or an option of it is too long or empty.
    Unsayable,
}

/// A message in the making. Never has more than 255 entries, nor more bytes than its buffer.
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    version: Version,
    len: usize,
    count: u8,
}

impl<'b> Writer<'b> {
    /// Begins a message of the group `sync_id`, of which the low eight bits are sent, in `buffer`;
    /// at most [`MAX_MESSAGE`] bytes of it are used. `None` if not even the header fits.
    pub fn new(buffer: &'b mut [u8], version: Version, sync_id: u32) -> Option<Self> {
        let usable = buffer.len().min(MAX_MESSAGE);
        let buffer = buffer.get_mut(..usable)?;
        let [.., id] = sync_id.to_be_bytes();
        let header = [0, id, 0, 0, 0, VERSION, 0, 0];
        let len = version.header();
        Output(buffer).put(header.get(..len)?)?;
        Some(Self {
            buffer,
            version,
            len,
            count: 0,
        })
    }

    /// How many entries it has.
    #[inline]
    pub const fn count(&self) -> u8 {
        self.count
    }

    /// Adds `entry`. Sequence numbers are told where `entry.flags` say that there are some, as
    /// zeroes if `entry` has none; [`conn::HASHED`] is never told.
    pub fn push(&mut self, entry: &Entry<'_>) -> Result<(), Unwritten> {
        if self.count == MAX_ENTRIES {
            return Err(Unwritten::Full);
        }
        let size = match self.version {
            Version::V0 => size_v0(entry),
            Version::V1 => size_v1(entry),
        };
        let size = size.ok_or(Unwritten::Unsayable)?;
        let pad = padding(self.len);
        let end = self.len.saturating_add(pad).saturating_add(size);
        let place = self.buffer.get_mut(self.len..end).ok_or(Unwritten::Full)?;
        let (gap, place) = place.split_at_mut_checked(pad).ok_or(Unwritten::Full)?;
        let written = match self.version {
            Version::V0 => write_v0(&mut Output(place), entry),
            Version::V1 => write_v1(&mut Output(place), entry, size),
        };
        written.ok_or(Unwritten::Unsayable)?;
        gap.fill(0);
        self.len = end;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// Completes the header and returns the message, also one without entries.
    pub fn finish(self) -> &'b mut [u8] {
        let Self {
            buffer,
            version,
            len,
            count,
        } = self;
        let size = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
        match (version, &mut *buffer) {
            (Version::V0, [count_at, _, high, low, ..])
            | (Version::V1, [_, _, high, low, count_at, ..]) => {
                *count_at = count;
                [*high, *low] = size;
            }
            // A writer has room for its header.
            _ => {}
        }
        buffer.get_mut(..len).unwrap_or_default()
    }
}

/// Bytes of `entry` in a message of version 0.
fn size_v0(entry: &Entry<'_>) -> Option<usize> {
    match entry.family {
        Family::V4 if entry.flags & conn::SEQ_MASK != 0 => Some(ENTRY_V0 + SEQUENCES),
        Family::V4 => Some(ENTRY_V0),
        Family::V6 => None,
    }
}

/// Bytes of `entry` in a message of version 1.
pub(super) fn size_v1(entry: &Entry<'_>) -> Option<usize> {
    let mut size = entry_len(entry.family);
    if entry.flags & conn::SEQ_MASK != 0 {
        size = size.checked_add(OPTION_HEADER + SEQUENCES)?;
    }
    if let Some(Engine { name, data }) = &entry.engine {
        let are_short = u8::try_from(data.len()).is_ok() && name.len() <= MAX_NAME;
        if data.is_empty() || name.is_empty() || !are_short {
            return None;
        }
        size = size
            .checked_add(OPTION_HEADER)?
            .checked_add(data.len())?
            .checked_add(OPTION_HEADER)?
            .checked_add(name.len())?;
    }
    Some(size)
}

/// The flags of `entry` that are told.
const fn told_flags(entry: &Entry<'_>) -> u32 {
    entry.flags & !conn::HASHED
}

/// Writes an entry of version 1 that has `size` bytes.
pub(super) fn write_v1(out: &mut Output<'_>, entry: &Entry<'_>, size: usize) -> Option<()> {
    let kind = match entry.family {
        Family::V4 => 0,
        Family::V6 => TYPE_V6,
    };
    let size = u16::try_from(size).ok().filter(|size| *size <= SIZE_MASK)?;
    out.put(&[kind, entry.protocol])?;
    out.put(&size.to_be_bytes())?;
    out.put(&told_flags(entry).to_be_bytes())?;
    out.put(&u16::from(entry.state).to_be_bytes())?;
    let ends = [&entry.client, &entry.service, &entry.dest];
    for end in ends {
        out.put(&end.port.to_be_bytes())?;
    }
    out.put(&entry.mark.to_be_bytes())?;
    out.put(&entry.timeout.to_be_bytes())?;
    for end in ends {
        out.put_addr(entry.family, &end.addr)?;
    }
    if entry.flags & conn::SEQ_MASK != 0 {
        out.put(&[OPTION_SEQUENCES, SEQUENCES as u8])?;
        for number in numbers(entry) {
            out.put(&number.to_be_bytes())?;
        }
    }
    if let Some(Engine { name, data }) = &entry.engine {
        for (kind, value) in [(OPTION_DATA, data), (OPTION_NAME, name)] {
            out.put(&[kind, u8::try_from(value.len()).ok()?])?;
            out.put(value)?;
        }
    }
    Some(())
}

fn write_v0(out: &mut Output<'_>, entry: &Entry<'_>) -> Option<()> {
    out.put(&[0, entry.protocol])?;
    let ends = [&entry.client, &entry.service, &entry.dest];
    for end in ends {
        out.put(&end.port.to_be_bytes())?;
    }
    for end in ends {
        out.put_addr(Family::V4, &end.addr)?;
    }
    let [_, _, flags @ ..] = told_flags(entry).to_be_bytes();
    out.put(&flags)?;
    out.put(&u16::from(entry.state).to_be_bytes())?;
    if entry.flags & conn::SEQ_MASK != 0 {
        // The protocol has them in the order of the sender's bytes.
        for number in numbers(entry) {
            out.put(&number.to_ne_bytes())?;
        }
    }
    Some(())
}

/// Sequence numbers in the order of the wire.
fn numbers(entry: &Entry<'_>) -> [u32; 6] {
    let Sequences { incoming, outgoing } = entry.sequences.unwrap_or_default();
    let [a, b, c] = of_shift(&incoming);
    let [d, e, f] = of_shift(&outgoing);
    [a, b, c, d, e, f]
}

const fn of_shift(shift: &SequenceShift) -> [u32; 3] {
    [shift.init, shift.delta, shift.previous_delta]
}
