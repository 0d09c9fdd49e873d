// SPDX-License-Identifier: GPL-2.0

//! Tables that map hash values to servers. The caller owns the memory and hands it to the
//! schedulers through [`Servers::table`].

use super::{
    dh,
    mh,
    sh,
    Algorithm,
    Identified,
    Servers, //
};
use crate::addr::{
    Addr,
    Family, //
};

/// A slot without a server.
const EMPTY: u16 = u16::MAX;

/// Why a table can't be filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FillError {
    /// There are more servers than slots.
    TooManyServers,
    /// A slice isn't as long as it must be.
    WrongLength,
}

impl Algorithm {
    /// Number of slots in the algorithm's table; 0 when it has none.
    pub const fn table_len(self) -> usize {
        match self {
            Algorithm::SourceHashing => sh::TABLE_LEN,
            Algorithm::DestinationHashing => dh::TABLE_LEN,
            Algorithm::Maglev => mh::TABLE_LEN,
            _ => 0,
        }
    }

    /// Number of [`mh::Preference`]s that filling the table for `servers` servers takes.
    pub const fn scratch_len(self, servers: usize) -> usize {
        match self {
            Algorithm::Maglev => servers,
            _ => 0,
        }
    }
}

/// Fills the table of `algorithm` for the servers of a service of `family`; to be repeated after
/// every change of them. `table` has [`Algorithm::table_len`] slots, `scratch` is for the time of
/// filling and has [`Algorithm::scratch_len`] entries of whatever content.
pub fn fill(
    algorithm: Algorithm,
    family: Family,
    servers: &impl Identified,
    table: &mut [u16],
    scratch: &mut [mh::Preference],
) -> Result<(), FillError> {
    if table.len() != algorithm.table_len() || scratch.len() != algorithm.scratch_len(servers.len())
    {
        return Err(FillError::WrongLength);
    }
    table.fill(EMPTY);
    match algorithm {
        Algorithm::SourceHashing => sh::fill(servers, table),
        Algorithm::DestinationHashing => dh::fill(servers, table),
        Algorithm::Maglev => return mh::fill(family, servers, table, scratch),
        _ => {}
    }
    Ok(())
}

/// Gives slots to the servers in turn, each as many as `shares` says but at least one.
pub(super) fn deal<S: Servers>(servers: &S, table: &mut [u16], shares: impl Fn(&S, usize) -> u32) {
    let (mut index, mut dealt) = (0_u16, 0_u32);
    for slot in table {
        if usize::from(index) >= servers.len() {
            index = 0;
        }
        if servers.is_empty() {
            return;
        }
        *slot = index;
        dealt = dealt.wrapping_add(1);
        if dealt >= shares(servers, usize::from(index)) {
            (index, dealt) = (index.wrapping_add(1), 0);
        }
    }
}

/// The server in slot `slot`.
#[inline]
pub(super) fn server_in(servers: &impl Servers, slot: u32) -> Option<usize> {
    let index = *servers.table().get(slot as usize)?;
    (index != EMPTY).then_some(usize::from(index))
}

/// The first of `slots` with a server that `is_usable`; none when a slot without a server comes
/// before.
#[inline]
pub(super) fn first_usable<S: Servers>(
    servers: &S,
    mut slots: impl Iterator<Item = u32>,
    is_usable: impl Fn(&S, usize) -> bool,
) -> Option<usize> {
    slots
        .find_map(|slot| match server_in(servers, slot) {
            None => Some(None),
            Some(index) => is_usable(servers, index).then_some(Some(index)),
        })
        .flatten()
}

/// What the hashing schedulers hash of an address and port.
#[inline]
pub(super) const fn hash_input(addr: &Addr, port: u16) -> u32 {
    u32::from_be(addr.folded()).wrapping_add(port as u32)
}

/// Multiplicative hash of 8 bits.
///
/// Source: Knuth: The art of computer programming, 6.4; the factor is 2^32 divided by the square of
/// the golden ratio.
#[inline]
pub(super) const fn hash_8(input: u32) -> u32 {
    input.wrapping_mul(0x61c8_8647) >> 24
}
