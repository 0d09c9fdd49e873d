// SPDX-License-Identifier: GPL-2.0

//! FTP's control connection (RFC 959, RFC 2428): where its data connections will be made.
//!
//! A client asks with `PASV` or `EPSV` where to connect to, and the server's reply says it; or with
//! `PORT` or `EPRT` it says where the server has to connect to. Only whole lines count, and of the
//! server's only what begins a line: a client may have its own words echoed, but not at a line's
//! beginning.

use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};
use core::ops::Range;
use core::str::{
    self,
    FromStr, //
};

use crate::addr::{
    Addr,
    Family, //
};
use crate::tcp_edit::{
    Edit,
    Text, //
};

/// Port of control connections.
pub const PORT: u16 = 21;

/// Port that servers open data connections from.
pub const DATA_PORT: u16 = 20;

/// First port that any process may bind, and that is named for data connections; the default of
/// `net.ipv4.ip_unprivileged_port_start`.
pub const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// Whether a client's packet to this port may belong to a data connection.
#[inline(always)]
pub const fn may_be_data_port(port: u16) -> bool {
    port == DATA_PORT || port >= FIRST_UNPRIVILEGED_PORT
}

/// What a client wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// `PASV`: to be told an IPv4 address and a port.
    Passive,
    /// `EPSV`: to be told a port.
    ExtendedPassive,
    /// `EPSV ALL`: never to use anything but `EPSV` from now on.
    ExtendedPassiveAll,
    /// `PORT` or `EPRT`: that the server connects to this address and port.
    Active(Addr, u16),
}

/// The line without its end, if it has one.
fn whole_line(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// The rest of `line` behind `word`, in letters of either case, if it begins with that.
fn after_word<'a>(line: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = line.split_at_checked(word.len())?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

/// Reads a decimal number of up to five digits from the front of `bytes`; also returns the rest.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (number, rest) = bytes.split_at_checked(digits)?;
    if digits == 0 || digits > 5 {
        return None;
    }
    let value = number.iter().fold(0_u32, |value, digit| {
        value
            .wrapping_mul(10)
            .wrapping_add(u32::from(digit.wrapping_sub(b'0')))
    });
    Some((value, rest))
}

/// Reads `h1,h2,h3,h4,p1,p2` from the front of `bytes`; also returns the rest. There is no port 0.
fn host_port(bytes: &[u8]) -> Option<([u8; 4], u16, &[u8])> {
    let mut fields = [0_u8; 6];
    let mut rest = bytes;
    for (index, field) in fields.iter_mut().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b",")?;
        }
        let (value, after) = number(rest)?;
        *field = u8::try_from(value).ok()?;
        rest = after;
    }
    let [a, b, c, d, high, low] = fields;
    let port = u16::from_be_bytes([high, low]);
    (port != 0).then_some(([a, b, c, d], port, rest))
}

/// What RFC 2428 puts between its delimiters. Address and protocol may be left out together.
struct Extended<'a> {
    protocol: &'a [u8],
    address: &'a [u8],
    port: u16,
    /// Bytes from the first to the last delimiter, both included.
    len: usize,
}

/// Reads `|protocol|address|port|`, with any visible character as the delimiter, from the front of
/// `bytes`.
fn extended(bytes: &[u8]) -> Option<Extended<'_>> {
    let (&delimiter, fields) = bytes.split_first()?;
    if !delimiter.is_ascii_graphic() || delimiter.is_ascii_digit() {
        return None;
    }
    let mut parts = fields.splitn(4, |byte| *byte == delimiter);
    let (protocol, address, port) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next()?;
    let (value, rest) = number(port)?;
    let value = u16::try_from(value).ok()?;
    if value == 0 || !rest.is_empty() {
        return None;
    }
    let delimiters = 4_usize;
    Some(Extended {
        protocol,
        address,
        port: value,
        len: delimiters
            .saturating_add(protocol.len())
            .saturating_add(address.len())
            .saturating_add(port.len()),
    })
}

/// An address of `family` as RFC 2428 writes it.
fn extended_address(extended: &Extended<'_>, family: Family) -> Option<Addr> {
    let text = str::from_utf8(extended.address).ok()?;
    match (family, extended.protocol) {
        (Family::V4, b"1") => Some(Addr::from_v4(Ipv4Addr::from_str(text).ok()?.octets())),
        (Family::V6, b"2") => Some(Addr::from_octets(Ipv6Addr::from_str(text).ok()?.octets())),
        _ => None,
    }
}

/// What the line of a client commands, if it has to do with data connections and fits the family of
/// the control connection. The line includes its end.
pub fn command(line: &[u8], family: Family) -> Option<Command> {
    let line = whole_line(line)?.trim_ascii_end();
    if line.eq_ignore_ascii_case(b"PASV") && family == Family::V4 {
        return Some(Command::Passive);
    }
    if let Some(argument) = after_word(line, b"EPSV") {
        return match argument.trim_ascii_start() {
            [] | [b'1' | b'2'] => Some(Command::ExtendedPassive),
            all if all.eq_ignore_ascii_case(b"ALL") => Some(Command::ExtendedPassiveAll),
            _ => None,
        };
    }
    if let (Some(argument), Family::V4) = (after_word(line, b"PORT "), family) {
        let (address, port, rest) = host_port(argument.trim_ascii_start())?;
        return rest
            .is_empty()
            .then_some(Command::Active(Addr::from_v4(address), port));
    }
    let argument = after_word(line, b"EPRT ")?.trim_ascii_start();
    let extended = extended(argument)?;
    let address = extended_address(&extended, family)?;
    (extended.len == argument.len()).then_some(Command::Active(address, extended.port))
}

/// How a client asked where to connect to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// It didn't, or not in the end.
    Active,
    /// With `PASV`.
    Passive,
    /// With `EPSV`.
    ExtendedPassive,
}

/// The part of a reply that says where to connect to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Announcement {
    /// Where in the line it is.
    pub range: Range<usize>,
    /// The port that the server listens on. The address is the server's, whatever it says.
    pub port: u16,
}

/// The announcement in a server's line, which includes its end, when that was asked for in `mode`.
pub fn announcement(line: &[u8], mode: Mode) -> Option<Announcement> {
    let text = whole_line(line)?;
    match mode {
        Mode::Active => None,
        Mode::Passive => {
            let reply = after_word(text, b"227 ")?;
            // There need not be a parenthesis (RFC 1123, 4.1.2.6).
            let at = reply.iter().position(u8::is_ascii_digit)?;
            let numbers = reply.get(at..)?;
            let (_, port, rest) = host_port(numbers)?;
            let len = numbers.len().saturating_sub(rest.len());
            Some(within(text, numbers, len, port))
        }
        Mode::ExtendedPassive => {
            let reply = after_word(text, b"229 ")?;
            let at = reply.iter().position(|byte| *byte == b'(')?;
            let fields = reply.get(at.wrapping_add(1)..)?;
            let found = extended(fields)?;
            Some(within(text, fields, found.len, found.port))
        }
    }
}

/// The announcement of `len` bytes at the front of `tail`, which is the end of `line`.
fn within(line: &[u8], tail: &[u8], len: usize, port: u16) -> Announcement {
    let start = line.len().saturating_sub(tail.len());
    Announcement {
        range: start..start.saturating_add(len),
        port,
    }
}

/// What a server would say that listens on this address and port.
pub fn announce(mode: Mode, addr: &Addr, port: u16) -> Text {
    let mut text = Text::new();
    if mode == Mode::Passive {
        for octet in addr.v4() {
            text.push_number(u16::from(octet));
            text.push(b',');
        }
        let [high, low] = port.to_be_bytes();
        text.push_number(u16::from(high));
        text.push(b',');
        text.push_number(u16::from(low));
    } else {
        for _ in 0..3 {
            text.push(b'|');
        }
        text.push_number(port);
        text.push(b'|');
    }
    text
}

/// A control connection: what its client asked for last, and what became of the server's replies.
#[derive(Clone, Copy, Debug)]
pub struct ControlConnection {
    mode: Mode,
    /// The client uses nothing but `EPSV`.
    only_extended: bool,
    /// Sequence number at which the server's next line begins.
    line_start: Option<u32>,
    edit: Option<Edit>,
}

impl ControlConnection {
    /// One that begins.
    pub const fn new() -> Self {
        Self {
            mode: Mode::Active,
            only_extended: false,
            line_start: None,
            edit: None,
        }
    }

    /// The server took the connection: its first line will begin at `sequence`.
    pub fn accepted(&mut self, sequence: u32) {
        *self = Self {
            line_start: Some(sequence),
            ..Self::new()
        };
    }

    /// How the stream of the server's replies was changed.
    pub fn edit(&self) -> Option<&Edit> {
        self.edit.as_ref()
    }

    /// Another director changed the stream of the server's replies like this, and the client is
    /// this one's now. What is known of one's own stays.
    pub fn adopt(&mut self, edit: Edit) {
        if self.edit.is_none_or(|own| own.shift() != edit.shift()) {
            self.edit = Some(edit);
        }
    }

    /// The client sends `data`. Returns where the server is to connect to, if it says so.
    pub fn commanded(&mut self, data: &[u8], family: Family) -> Option<(Addr, u16)> {
        let mut target = None;
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            match command(line, family) {
                Some(Command::ExtendedPassiveAll) => self.only_extended = true,
                Some(Command::ExtendedPassive) => self.mode = Mode::ExtendedPassive,
                Some(Command::Passive) if !self.only_extended => self.mode = Mode::Passive,
                Some(Command::Active(addr, port)) if !self.only_extended => {
                    self.mode = Mode::Active;
                    target = Some((addr, port));
                }
                _ => {}
            }
        }
        target
    }

    /// The server sends `data`, which begins at `sequence`. Returns where it listens for the
    /// client, with the range in `data`, if it says so; [`ControlConnection::replace`] has to
    /// follow.
    pub fn replied(&mut self, data: &[u8], sequence: u32) -> Option<(Mode, Announcement)> {
        let begins_line = self.line_start == Some(sequence);
        let last_line = data
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map(|at| at.wrapping_add(1));
        if let Some(last) = last_line {
            let next = sequence.wrapping_add(last as u32);
            // What is sent again is behind it already.
            if self
                .line_start
                .is_none_or(|start| next.wrapping_sub(start) as i32 > 0)
            {
                self.line_start = Some(next);
            }
        }
        if !begins_line {
            return None;
        }
        let mut start = 0_usize;
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            if let Some(found) = announcement(line, self.mode) {
                let range =
                    found.range.start.wrapping_add(start)..found.range.end.wrapping_add(start);
                let port = found.port;
                return Some((self.mode, Announcement { range, port }));
            }
            start = start.wrapping_add(line.len());
        }
        None
    }

    /// The text in `range` of the data from `sequence` on becomes `text`.
    pub fn replace(&mut self, sequence: u32, range: &Range<usize>, text: Text) {
        let start = sequence.wrapping_add(range.start as u32);
        self.edit = Some(Edit::new(
            start,
            range.end.saturating_sub(range.start) as u32,
            text,
            self.edit.as_ref(),
        ));
    }
}

impl Default for ControlConnection {
    fn default() -> Self {
        Self::new()
    }
}

mod saved;
#[cfg(test)]
mod tests;

pub use saved::DIALOGUE;
