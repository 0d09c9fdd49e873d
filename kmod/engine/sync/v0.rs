// SPDX-License-Identifier: GPL-2.0

//! An entry of version 0, read.

use lvs_uapi::flags::conn;

use super::bytes::Input;
use super::entry::{
    Endpoint,
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
    ENTRY_V0,
    SEQUENCES, //
};
use crate::addr::Family;

/// Where an entry's flags are.
const FLAGS_AT: usize = 20;

/// How many entries `body` has whose count byte is `told`.
pub(super) fn count(body: &[u8], told: u8) -> usize {
    let whole = (body.len() >= OVERFLOW).then(|| whole_entries(body));
    with_overflow(told, whole.flatten())
}

/// How many entries `body` consists of; `None` if anything else is in it.
fn whole_entries(body: &[u8]) -> Option<usize> {
    let mut rest = body;
    let mut count = 0_usize;
    while !rest.is_empty() {
        let protocol = *rest.get(1)?;
        let is_one = *rest.first()? == 0 && state::states(protocol).is_some();
        if !is_one {
            return None;
        }
        rest = rest.get(stride(rest)..)?;
        count = count.checked_add(1)?;
    }
    Some(count)
}

/// Bytes from the entry that `rest` begins with to the next one.
#[inline]
pub(super) fn stride(rest: &[u8]) -> usize {
    let flags = rest
        .get(FLAGS_AT..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |flags| u32::from(u16::from_be_bytes(*flags)));
    if flags & conn::SEQ_MASK != 0 {
        ENTRY_V0 + SEQUENCES
    } else {
        ENTRY_V0
    }
}

/// Reads the entry that `rest` begins with.
pub(super) fn read(rest: &[u8]) -> Result<Entry<'_>, Refused> {
    let (mut entry, state) = fields(rest).ok_or(Refused::Cut)?;
    entry.state = state::checked(entry.flags, entry.protocol, state)?;
    Ok(entry)
}

/// The entry with its state apart, which is unchecked.
fn fields<'a>(rest: &[u8]) -> Option<(Entry<'a>, u16)> {
    let mut input = Input(rest);
    let [_, protocol] = input.array()?;
    let (client_port, service_port, dest_port) = (input.be16()?, input.be16()?, input.be16()?);
    let mut endpoint = |port| {
        let addr = input.addr(Family::V4)?;
        Some(Endpoint { addr, port })
    };
    let (client, service, dest) = (
        endpoint(client_port)?,
        endpoint(service_port)?,
        endpoint(dest_port)?,
    );
    let flags = u32::from(input.be16()?);
    let state = input.be16()?;
    let sequences = match flags & conn::SEQ_MASK {
        0 => None,
        _ => Some(sequences(&mut input)?),
    };
    let entry = Entry {
        family: Family::V4,
        protocol,
        flags,
        state: 0,
        client,
        service,
        dest,
        mark: 0,
        timeout: 0,
        sequences,
        engine: None,
    };
    Some((entry, state))
}

/// Sequence numbers in the order of bytes of the host that sent them, which has to be this one's.
fn sequences(input: &mut Input<'_>) -> Option<Sequences> {
    let mut shift = || {
        Some(SequenceShift {
            init: input.array().map(u32::from_ne_bytes)?,
            delta: input.array().map(u32::from_ne_bytes)?,
            previous_delta: input.array().map(u32::from_ne_bytes)?,
        })
    };
    Some(Sequences {
        incoming: shift()?,
        outgoing: shift()?,
    })
}
