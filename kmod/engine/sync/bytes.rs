// SPDX-License-Identifier: GPL-2.0

//! Bytes read and written one field after the other, inside bounds.

use core::mem;

use crate::addr::{
    Addr,
    Family, //
};

/// What is left to read.
#[derive(Clone, Copy)]
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    /// The next `N` bytes; `None`, and nothing read, if there are fewer.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    /// The next `len` bytes; `None`, and nothing read, if there are fewer.
    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A number of two bytes in network order.
    #[inline]
    pub(super) fn be16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A number of four bytes in network order.
    #[inline]
    pub(super) fn be32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of eight bytes in network order.
    #[inline]
    pub(super) fn be64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// An address of `family`.
    #[inline]
    pub(super) fn addr(&mut self, family: Family) -> Option<Addr> {
        match family {
            Family::V4 => self.array().map(Addr::from_v4),
            Family::V6 => self.array().map(Addr::from_octets),
        }
    }
}

/// What is left to write to.
pub(super) struct Output<'b>(pub(super) &'b mut [u8]);

impl Output<'_> {
    /// Writes all of `bytes`, or nothing if there is no room.
    #[inline]
    pub(super) fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let (place, rest) = mem::take(&mut self.0).split_at_mut_checked(bytes.len())?;
        place.copy_from_slice(bytes);
        self.0 = rest;
        Some(())
    }

    /// Writes `addr` in as many bytes as `family` has.
    #[inline]
    pub(super) fn put_addr(&mut self, family: Family, addr: &Addr) -> Option<()> {
        match family {
            Family::V4 => self.put(&addr.v4()),
            Family::V6 => self.put(&addr.octets()),
        }
    }
}
