// SPDX-License-Identifier: GPL-2.0

//! Addresses as the files show them.

use core::fmt;
use core::fmt::Write as _;
use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};

use lvs_engine::addr::{
    Addr,
    Family, //
};

/// An address without punctuation that depends on its value: IPv4 as eight hexadecimal digits, IPv6
/// in full.
pub(super) struct Hex(pub(super) Family, pub(super) Addr);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == Family::V4 {
            return write!(f, "{:08X}", u32::from_be(self.1.v4_word()));
        }
        for (index, word) in self.1 .0.iter().enumerate() {
            let word = u32::from_be(*word);
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{:04x}:{:04x}", word >> 16, word & 0xffff)?;
        }
        Ok(())
    }
}

/// An address and a port as people write them.
pub(super) struct Plain(pub(super) Family, pub(super) Addr, pub(super) u16);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written apart first, so that it can be padded.
        let mut text = Text::<48>::new();
        match self.0 {
            Family::V4 => write!(text, "{}:{}", Ipv4Addr::from(self.1.v4()), self.2)?,
            Family::V6 => write!(text, "[{}]:{}", Ipv6Addr::from(self.1.octets()), self.2)?,
        }
        f.pad(text.as_str())
    }
}

/// A short text that is written first and shown then.
pub(super) struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// An empty text.
    pub(super) fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    /// What was written.
    pub(super) fn as_str(&self) -> &str {
        let written = self.bytes.get(..self.len).unwrap_or(&[]);
        core::str::from_utf8(written).unwrap_or("")
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let end = self.len.saturating_add(more.len());
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        for (to, from) in room.iter_mut().zip(more.bytes()) {
            *to = from;
        }
        self.len = end;
        Ok(())
    }
}
