// SPDX-License-Identifier: GPL-2.0

//! A message as it came: its header, and its entries one by one.

use super::entry::Entry;
use super::reason::{
    Ignored,
    Refused, //
};
use super::v0;
use super::v1;
use super::wire::{
    HEADER,
    HEADER_V0,
    VERSION, //
};

/// Version of the protocol that a message is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// The older one: IPv4, without marks, timeouts and persistence engines.
    V0,
    /// The present one.
    V1,
}

impl Version {
    /// Bytes of a message's header.
    #[inline]
    pub const fn header(self) -> usize {
        match self {
            Version::V0 => HEADER_V0,
            Version::V1 => HEADER,
        }
    }
}

/// A message whose header is right. Nothing is known of its entries yet.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    version: Version,
    count: usize,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the header of `datagram`. `own_id` is the receiver's synchronisation id: 0 takes what
    /// comes from any, and nobody hears one above 255.
    ///
    /// What isn't plainly a message of version 1 is one of version 0, as ip_vs reads it; that has
    /// no entries if its first byte is 0.
    pub fn read(datagram: &'a [u8], own_id: u32) -> Result<Self, Ignored> {
        let [first, id, size @ ..] = *datagram.first_chunk::<4>().ok_or(Ignored::Short)?;
        if datagram.len() != usize::from(u16::from_be_bytes(size)) {
            return Err(Ignored::Size);
        }
        if own_id != 0 && u32::from(id) != own_id {
            return Err(Ignored::OtherId);
        }
        Ok(match (first, datagram) {
            (0, [_, _, _, _, told, VERSION, 0, 0, body @ ..]) => Self {
                version: Version::V1,
                count: v1::count(body, *told),
                body,
            },
            (_, [_, _, _, _, body @ ..]) => Self {
                version: Version::V0,
                count: v0::count(body, first),
                body,
            },
            _ => return Err(Ignored::Short),
        })
    }

    /// In which version it is.
    #[inline]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// How many entries it says to have. A sender that put more than 255 into a message said only
    /// the low eight bits of their number: those that follow are counted, too.
    #[inline]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// How many bytes of the datagram its header and entries take, by the sizes that they say.
    pub(super) fn end(&self) -> usize {
        let strides = (0..self.count).try_fold(0_usize, |at, _| {
            let rest = self.body.get(at..).filter(|rest| !rest.is_empty())?;
            at.checked_add(stride(self.version, rest))
        });
        let entries = strides.unwrap_or(usize::MAX);
        self.version.header().saturating_add(entries)
    }

    /// Its entries, in their order.
    #[inline]
    pub const fn entries(&self) -> Entries<'a> {
        Entries {
            version: self.version,
            left: self.count,
            at: 0,
            body: self.body,
        }
    }
}

/// The entries of a message. Ends behind one without which the next can't be found.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    version: Version,
    left: usize,
    /// Bytes behind the header that were read.
    at: usize,
    body: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Refused>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let rest = self.body.get(self.at..).unwrap_or(&[]);
        let entry = match self.version {
            Version::V0 => v0::read(rest),
            Version::V1 => v1::read(rest),
        };
        self.at = self.at.saturating_add(stride(self.version, rest));
        if entry.is_err_and(Refused::ends_message) {
            self.left = 0;
        }
        Some(entry)
    }
}

/// Bytes from the entry that `rest` begins with to the next one.
#[inline]
fn stride(version: Version, rest: &[u8]) -> usize {
    match version {
        Version::V0 => v0::stride(rest),
        Version::V1 => v1::stride(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(datagram: &[u8], own_id: u32) -> Result<(Version, usize), Ignored> {
        Message::read(datagram, own_id).map(|message| (message.version(), message.count()))
    }

    #[test]
    fn a_message_is_of_its_size_and_group() {
        let message = [0, 7, 0, 8, 0, 1, 0, 0];
        assert_eq!(read(&message, 7), Ok((Version::V1, 0)));
        assert_eq!(read(&message, 0), Ok((Version::V1, 0)));
        assert_eq!(read(&message, 8), Err(Ignored::OtherId));
        // Ids are compared whole.
        assert_eq!(read(&message, 256 + 7), Err(Ignored::OtherId));
        assert_eq!(read(&message[..3], 7), Err(Ignored::Short));
        assert_eq!(read(&[], 7), Err(Ignored::Short));
        assert_eq!(read(&[0, 7, 0, 9, 0, 1, 0, 0], 7), Err(Ignored::Size));
        assert_eq!(read(&[0, 7, 0, 7, 0, 1, 0, 0], 7), Err(Ignored::Size));
        // The size is looked at first.
        assert_eq!(read(&[0, 7, 0, 9, 0, 1, 0, 0], 8), Err(Ignored::Size));
    }

    #[test]
    fn what_is_not_version_1_is_version_0() {
        for (tail, first, expected) in [
            ([3, 2, 0, 0], 0, (Version::V0, 0)),
            ([3, 0, 0, 0], 0, (Version::V0, 0)),
            ([3, 0xff, 0, 0], 0, (Version::V0, 0)),
            ([3, 1, 1, 0], 0, (Version::V0, 0)),
            ([3, 1, 0, 1], 0, (Version::V0, 0)),
            ([3, 1, 0, 0], 0, (Version::V1, 3)),
            ([3, 1, 0, 0], 5, (Version::V0, 5)),
        ] {
            let [a, b, c, d] = tail;
            assert_eq!(read(&[first, 7, 0, 8, a, b, c, d], 7), Ok(expected));
        }
        assert_eq!(read(&[0, 7, 0, 4], 7), Ok((Version::V0, 0)));
        assert_eq!(read(&[0, 7, 0, 7, 9, 1, 0], 7), Ok((Version::V0, 0)));
    }
}
