// SPDX-License-Identifier: GPL-2.0

//! An entry of version 1, read.

use super::bytes::Input;
use super::entry::{
    Endpoint,
    Engine,
    Entry,
    SequenceShift,
    Sequences, //
};
use super::overflow::{
    with_overflow,
    OVERFLOW, //
};
use super::reason::Refused;
use super::state;
use super::wire::{
    entry_len,
    padding,
    MAX_NAME,
    OPTION_DATA,
    OPTION_NAME,
    OPTION_OPTIONAL,
    OPTION_SEQUENCES,
    SEQUENCES,
    SIZE_MASK,
    TYPE_V6, //
};
use crate::addr::Family;

/// The one persistence engine that there is.
const ENGINE: &[u8] = b"sip";

/// How many entries `body` has whose count byte is `told`.
pub(super) fn count(body: &[u8], told: u8) -> usize {
    let whole = (body.len() >= OVERFLOW).then(|| whole_entries(body));
    with_overflow(told, whole.flatten())
}

/// How many entries `body` consists of, by their sizes; `None` if anything else is in it.
fn whole_entries(body: &[u8]) -> Option<usize> {
    let mut rest = body;
    let mut count = 0_usize;
    loop {
        let (family, size) = head(rest).ok()?;
        if size < entry_len(family) {
            return None;
        }
        count = count.checked_add(1)?;
        if size == rest.len() {
            return Some(count);
        }
        rest = rest.get(stride(rest)..)?;
    }
}

/// Family and size of the entry that `rest` begins with, if it has both.
fn head(rest: &[u8]) -> Result<(Family, usize), Refused> {
    if rest.len() < entry_len(Family::V4) {
        return Err(Refused::Cut);
    }
    let [kind, _, size @ ..] = *rest.first_chunk::<4>().ok_or(Refused::Cut)?;
    let version_size = u16::from_be_bytes(size);
    let size = usize::from(version_size & SIZE_MASK);
    if size > rest.len() {
        return Err(Refused::Cut);
    }
    if version_size > SIZE_MASK {
        return Err(Refused::Version);
    }
    let family = match kind {
        0 => Family::V4,
        kind if kind & TYPE_V6 != 0 => Family::V6,
        _ => return Err(Refused::Type),
    };
    Ok((family, size))
}

/// Bytes from the entry that `rest` begins with to the next one.
#[inline]
pub(super) fn stride(rest: &[u8]) -> usize {
    match rest {
        [_, _, high, low, ..] => {
            let size = usize::from(u16::from_be_bytes([*high, *low]) & SIZE_MASK);
            size.saturating_add(padding(size))
        }
        _ => rest.len(),
    }
}

/// Reads the entry that `rest` begins with.
pub(super) fn read(rest: &[u8]) -> Result<Entry<'_>, Refused> {
    let (family, size) = head(rest)?;
    let mut input = Input(rest.get(..size).ok_or(Refused::Cut)?);
    let fields = fields(&mut input, family).ok_or(Refused::Size)?;
    let options = Options::read(input)?;
    if options.has_unknown {
        return Err(Refused::UnknownOption);
    }
    Ok(Entry {
        state: state::checked(fields.entry.flags, fields.entry.protocol, fields.state)?,
        sequences: options.sequences,
        engine: options.engine()?,
        ..fields.entry
    })
}

/// The fixed fields of an entry, its state unchecked.
struct Fields<'a> {
    entry: Entry<'a>,
    state: u16,
}

fn fields<'a>(input: &mut Input<'a>, family: Family) -> Option<Fields<'a>> {
    let [_, protocol, _, _] = input.array()?;
    let flags = input.be32()?;
    let state = input.be16()?;
    let (client_port, service_port, dest_port) = (input.be16()?, input.be16()?, input.be16()?);
    let mark = input.be32()?;
    let timeout = input.be32()?;
    let mut endpoint = |port| {
        let addr = input.addr(family)?;
        Some(Endpoint { addr, port })
    };
    let entry = Entry {
        family,
        protocol,
        flags,
        state: 0,
        client: endpoint(client_port)?,
        service: endpoint(service_port)?,
        dest: endpoint(dest_port)?,
        mark,
        timeout,
        sequences: None,
        engine: None,
    };
    Some(Fields { entry, state })
}

/// What an entry's options say.
#[derive(Default)]
struct Options<'a> {
    sequences: Option<Sequences>,
    data: Option<&'a [u8]>,
    name: Option<&'a [u8]>,
    /// One was there that isn't known and must not be overlooked.
    has_unknown: bool,
}

impl<'a> Options<'a> {
    /// Reads them up to the first that must not be overlooked and isn't known: the entry is lost
    /// with it, but the next one isn't.
    fn read(mut input: Input<'a>) -> Result<Self, Refused> {
        let mut options = Self::default();
        while !input.0.is_empty() && !options.has_unknown {
            let [kind, len] = input.array().ok_or(Refused::Option)?;
            let value = input.take(usize::from(len)).ok_or(Refused::Option)?;
            if value.is_empty() {
                return Err(Refused::Option);
            }
            options.take(kind, value)?;
        }
        Ok(options)
    }

    fn take(&mut self, kind: u8, value: &'a [u8]) -> Result<(), Refused> {
        let is_first = match kind & !OPTION_OPTIONAL {
            OPTION_SEQUENCES => {
                let read = sequences(value).ok_or(Refused::OptionValue)?;
                self.sequences.replace(read).is_none()
            }
            OPTION_DATA => self.data.replace(value).is_none(),
            OPTION_NAME => value.len() <= MAX_NAME && self.name.replace(value).is_none(),
            _ => {
                self.has_unknown = kind & OPTION_OPTIONAL == 0;
                true
            }
        };
        if is_first {
            Ok(())
        } else {
            Err(Refused::OptionValue)
        }
    }

    /// The persistence engine's data; a name alone says nothing.
    fn engine(&self) -> Result<Option<Engine<'a>>, Refused> {
        let Some(data) = self.data else {
            return Ok(None);
        };
        let name = self.name.ok_or(Refused::Engine)?;
        // As C compares them.
        let name = name.split(|byte| *byte == 0).next().unwrap_or(name);
        if name == ENGINE {
            Ok(Some(Engine { name, data }))
        } else {
            Err(Refused::Engine)
        }
    }
}

fn sequences(value: &[u8]) -> Option<Sequences> {
    let mut input = Input(value);
    let mut shift = || {
        Some(SequenceShift {
            init: input.be32()?,
            delta: input.be32()?,
            previous_delta: input.be32()?,
        })
    };
    let sequences = Sequences {
        incoming: shift()?,
        outgoing: shift()?,
    };
    (value.len() == SEQUENCES).then_some(sequences)
}
