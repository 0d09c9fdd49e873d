// SPDX-License-Identifier: GPL-2.0

//! Tables that map hash values to servers. The caller owns the memory and hands it to the
//! schedulers through [`Servers::table`].

use super::servers::Servers;
use crate::addr::Addr;

/// A slot without a server.
pub(super) const EMPTY: u16 = u16::MAX;

/// Why a table can't be filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FillError {
    /// There are more servers than slots.
    TooManyServers,
    /// A slice isn't as long as it must be.
    WrongLength,
}

/// A server's order of preference while a table is filled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Preference {
    /// The slot it likes best of those it hasn't asked for.
    pub(super) next: u32,
    /// How far the one after that is, less than the number of slots.
    pub(super) skip: u32,
    /// How many slots it takes at a turn.
    pub(super) turns: u32,
    /// The server's index.
    pub(super) server: u16,
}

impl Preference {
    /// Takes the preferred one of the free slots. There is one, and the number of slots is prime,
    /// so this ends.
    pub(super) fn take(&mut self, table: &mut [u16]) -> Option<()> {
        let slots = table.len() as u32;
        loop {
            let slot = table.get_mut(self.next as usize)?;
            if *slot == EMPTY {
                *slot = self.server;
                return Some(());
            }
            self.next = self.next.wrapping_add(self.skip);
            if self.next >= slots {
                self.next = self.next.wrapping_sub(slots);
            }
        }
    }
}

/// Sorts `preferences`, in place (heapsort).
pub(super) fn sort(
    preferences: &mut [Preference],
    is_less: impl Fn(&Preference, &Preference) -> bool,
) {
    let len = preferences.len();
    for root in (0..len / 2).rev() {
        sift_down(preferences, root, &is_less);
    }
    for last in (1..len).rev() {
        exchange(preferences, 0, last);
        if let Some(heap) = preferences.get_mut(..last) {
            sift_down(heap, 0, &is_less);
        }
    }
}

/// Moves the root of a heap's part down until it isn't less than those below it.
fn sift_down(
    heap: &mut [Preference],
    mut root: usize,
    is_less: &impl Fn(&Preference, &Preference) -> bool,
) {
    loop {
        let left = root.saturating_mul(2).saturating_add(1);
        let right = left.saturating_add(1);
        let child = match (heap.get(left), heap.get(right)) {
            (Some(one), Some(other)) if is_less(one, other) => right,
            _ => left,
        };
        match (heap.get(root), heap.get(child)) {
            (Some(above), Some(below)) if is_less(above, below) => exchange(heap, root, child),
            _ => return,
        }
        root = child;
    }
}

fn exchange(items: &mut [Preference], one: usize, other: usize) {
    if one < items.len() && other < items.len() {
        items.swap(one, other);
    }
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
