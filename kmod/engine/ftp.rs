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
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
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
pub struct Control {
    mode: Mode,
    /// The client uses nothing but `EPSV`.
    only_extended: bool,
    /// Sequence number at which the server's next line begins.
    line_start: Option<u32>,
    edit: Option<Edit>,
}

impl Control {
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

    /// The server sends `data`, which begins at `sequence`. Returns where it listens for the client,
    /// with the range in `data`, if it says so; [`Control::replace`] has to follow.
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
                let range = found.range.start.wrapping_add(start)
                    ..found.range.end.wrapping_add(start);
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
            range.len() as u32,
            text,
            self.edit.as_ref(),
        ));
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ADDR: [u8; 4] = [10, 0, 1, 10];

    fn active(line: &str, family: Family) -> Option<(Addr, u16)> {
        match command(line.as_bytes(), family) {
            Some(Command::Active(addr, port)) => Some((addr, port)),
            _ => None,
        }
    }

    #[test]
    fn commands_are_understood_in_either_case() {
        let v4 = Family::V4;
        for line in ["PASV\r\n", "pasv\n", "Pasv \r\n"] {
            assert_eq!(command(line.as_bytes(), v4), Some(Command::Passive));
            assert_eq!(command(line.as_bytes(), Family::V6), None);
        }
        for line in ["EPSV\r\n", "epsv 1\r\n", "EPSV 2\r\n"] {
            assert_eq!(command(line.as_bytes(), v4), Some(Command::ExtendedPassive));
        }
        for line in ["EPSV ALL\r\n", "epsv all\r\n"] {
            let all = Some(Command::ExtendedPassiveAll);
            assert_eq!(command(line.as_bytes(), Family::V6), all);
        }
        let target = Some((Addr::from_v4(ADDR), 50000));
        assert_eq!(active("PORT 10,0,1,10,195,80\r\n", v4), target);
        assert_eq!(active("port 10,0,1,10,195,80\r\n", v4), target);
        assert_eq!(active("EPRT |1|10.0.1.10|50000|\r\n", v4), target);
        assert_eq!(active("EPRT !1!10.0.1.10!50000!\r\n", v4), target);
        let v6 = Ipv6Addr::from_str("2001:db8:1::10").unwrap();
        assert_eq!(
            active("EPRT |2|2001:db8:1::10|50000|\r\n", Family::V6),
            Some((Addr::from_octets(v6.octets()), 50000))
        );
    }

    #[test]
    fn what_is_no_command_is_ignored() {
        for line in [
            "",
            "\n",
            "\r\n",
            "PASV",
            "PAS\r\n",
            "XPASV\r\n",
            "EPSV 3\r\n",
            "EPSVX\r\n",
            "PORT\r\n",
            "PORT 10,0,1,10,195\r\n",
            "PORT 10,0,1,10,195,80,1\r\n",
            "PORT 10,0,1,256,195,80\r\n",
            "PORT 10,0,1,,195,80\r\n",
            "PORT 10,0,1,10,0,0\r\n",
            "PORT 10,0,1,10,195,80",
            "EPRT |2|2001:db8::1|50000|\r\n",
            "EPRT |1|10.0.1.10|0|\r\n",
            "EPRT |1|10.0.1.10|65536|\r\n",
            "EPRT |1|10.0.1.10|99999999999|\r\n",
            "EPRT |1|10.0.1|50000|\r\n",
            "EPRT |1|10.0.1.10|50000\r\n",
            "EPRT |1|10.0.1.10|50000|x\r\n",
            "EPRT 1|10.0.1.10|50000|\r\n",
            "EPRT ||10.0.1.10|50000|\r\n",
        ] {
            assert_eq!(command(line.as_bytes(), Family::V4), None, "{line:?}");
        }
        assert_eq!(active("PORT 10,0,1,10,195,80\r\n", Family::V6), None);
        assert_eq!(active("EPRT |1|10.0.1.10|50000|\r\n", Family::V6), None);
    }

    fn found(line: &str, mode: Mode) -> Option<(&str, u16)> {
        announcement(line.as_bytes(), mode).map(|found| (&line[found.range], found.port))
    }

    #[test]
    fn announcements_of_all_kinds_of_servers_are_found() {
        let text = "10,0,2,11,195,80";
        for line in [
            "227 Entering Passive Mode (10,0,2,11,195,80).\r\n",
            "227 Entering Passive Mode. 10,0,2,11,195,80\r\n",
            "227 =10,0,2,11,195,80\r\n",
            "227 (10,0,2,11,195,80)\n",
        ] {
            assert_eq!(found(line, Mode::Passive), Some((text, 50000)), "{line:?}");
            assert_eq!(found(line, Mode::ExtendedPassive), None);
            assert_eq!(found(line, Mode::Active), None);
        }
        assert_eq!(
            found("229 Entering Extended Passive Mode (|||50000|)\r\n", Mode::ExtendedPassive),
            Some(("|||50000|", 50000))
        );
        assert_eq!(
            found("229 Ok (!1!10.0.2.11!50000!)\r\n", Mode::ExtendedPassive),
            Some(("!1!10.0.2.11!50000!", 50000))
        );
    }

    #[test]
    fn other_replies_are_left_alone() {
        for line in [
            "227 Entering Passive Mode (10,0,2,11,195,80).",
            "227-Entering Passive Mode (10,0,2,11,195,80).\r\n",
            "227 Entering Passive Mode (10,0,2,11,195).\r\n",
            "227 Entering Passive Mode (10,0,2,11,0,0).\r\n",
            "227 \r\n",
            "500 227 (10,0,2,11,195,80)\r\n",
        ] {
            assert_eq!(found(line, Mode::Passive), None, "{line:?}");
        }
        for line in [
            "229 Entering Extended Passive Mode |||50000|\r\n",
            "229 Entering Extended Passive Mode (|||70000|)\r\n",
            "229 Entering Extended Passive Mode (||50000|)\r\n",
            "229 (\r\n",
        ] {
            assert_eq!(found(line, Mode::ExtendedPassive), None, "{line:?}");
        }
    }

    #[test]
    fn what_is_announced_is_understood() {
        let addr = Addr::from_v4([192, 168, 100, 200]);
        let text = announce(Mode::Passive, &addr, 65535);
        assert_eq!(text.as_bytes(), b"192,168,100,200,255,255");
        let text = announce(Mode::ExtendedPassive, &addr, 1024);
        assert_eq!(text.as_bytes(), b"|||1024|");
    }

    const REPLY: &[u8] = b"227 Entering Passive Mode (10,0,2,11,195,80).\r\n";

    #[test]
    fn only_what_begins_a_line_and_was_asked_for_counts() {
        let mut control = Control::new();
        control.accepted(1000);
        assert_eq!(control.replied(REPLY, 1000), None);
        let next = 1000 + REPLY.len() as u32;
        assert_eq!(control.commanded(b"PASV\r\n", Family::V4), None);
        // Words of the client that the server repeats, cut so that they begin a segment.
        assert_eq!(control.replied(b"500 what? ", next), None);
        assert_eq!(control.replied(REPLY, next + 10), None);
        let next = next + 10 + REPLY.len() as u32;
        let (mode, found) = control.replied(REPLY, next).unwrap();
        assert_eq!((mode, found.port), (Mode::Passive, 50000));
        // In a segment with the end of another reply.
        let next = next + REPLY.len() as u32;
        let both = [b"200 Fine.\r\n", REPLY].concat();
        let (_, second) = control.replied(&both, next).unwrap();
        assert_eq!(second.range.start, found.range.start + 11);
    }

    #[test]
    fn a_promise_to_use_epsv_only_is_kept_for_the_client() {
        let mut control = Control::new();
        control.accepted(0);
        assert_eq!(control.commanded(b"EPSV ALL\r\n", Family::V4), None);
        assert_eq!(control.commanded(b"PORT 10,0,1,10,195,80\r\n", Family::V4), None);
        control.commanded(b"PASV\r\n", Family::V4);
        assert_eq!(control.replied(REPLY, 0), None);
        control.commanded(b"EPSV\r\n", Family::V4);
        let reply = b"229 Entering Extended Passive Mode (|||50000|)\r\n";
        assert!(control.replied(reply, REPLY.len() as u32).is_some());
    }

    #[test]
    fn a_port_after_all_ends_passive_mode() {
        let mut control = Control::new();
        control.accepted(0);
        let target = control.commanded(b"PASV\r\nPORT 10,0,1,10,195,80\r\n", Family::V4);
        assert_eq!(target, Some((Addr::from_v4(ADDR), 50000)));
        assert_eq!(control.replied(REPLY, 0), None);
    }

    /// A server's replies through [`Control`], as the client gets them.
    fn deliver(control: &mut Control, data: &[u8], sequence: u32) -> (u32, Vec<u8>) {
        let mut out = data.to_vec();
        let place = control.edit().and_then(|edit| edit.place_in(sequence, data.len()));
        let place = place.or_else(|| {
            let (mode, found) = control.replied(data, sequence)?;
            let text = announce(mode, &Addr::from_v4([203, 0, 113, 200]), found.port);
            control.replace(sequence, &found.range, text);
            control.edit()?.place_in(sequence, data.len())
        });
        if let Some((at, len)) = place {
            let text = *control.edit().unwrap().text();
            out.splice(at..at + len, text.as_bytes().iter().copied());
        }
        let sequence = control.edit().map_or(sequence, |edit| edit.forward(sequence));
        (sequence, out)
    }

    proptest! {
        #[test]
        fn the_client_gets_one_stream_whatever_is_sent_again(
            isn: u32,
            ports in proptest::collection::vec(1_u16.., 1..20),
        ) {
            let mut control = Control::new();
            control.accepted(isn);
            let (mut sent, mut received) = (isn, isn);
            for port in ports {
                control.commanded(b"PASV\r\n", Family::V4);
                let [high, low] = port.to_be_bytes();
                let reply = format!("227 Go (10,0,2,11,{high},{low}).\r\n");
                let expected = format!("227 Go (203,0,113,200,{high},{low}).\r\n");
                for _ in 0..2 {
                    let (sequence, data) = deliver(&mut control, reply.as_bytes(), sent);
                    prop_assert_eq!(sequence, received);
                    prop_assert_eq!(&data[..], expected.as_bytes());
                }
                sent = sent.wrapping_add(reply.len() as u32);
                received = received.wrapping_add(expected.len() as u32);
                prop_assert_eq!(control.edit().unwrap().back(received), sent);
                let (sequence, data) = deliver(&mut control, b"150 Here.\r\n", sent);
                prop_assert_eq!(sequence, received);
                prop_assert_eq!(&data[..], b"150 Here.\r\n");
                sent = sent.wrapping_add(11);
                received = received.wrapping_add(11);
            }
        }

        #[test]
        fn any_bytes_are_survived(
            data in proptest::collection::vec(any::<u8>(), 0..300),
            v6: bool,
            sequence: u32,
        ) {
            let family = if v6 { Family::V6 } else { Family::V4 };
            let mut control = Control::new();
            control.accepted(sequence);
            control.commanded(&data, family);
            for mode in [Mode::Passive, Mode::ExtendedPassive] {
                control.mode = mode;
                control.line_start = Some(sequence);
                if let Some((_, found)) = control.replied(&data, sequence) {
                    prop_assert!(data.get(found.range).is_some());
                }
            }
        }

        #[test]
        fn nearly_right_lines_are_survived(
            line in "(?i)(227 |229 |PORT |EPRT |EPSV |PASV)[|!(),0-9.:a-f ]{0,60}(\r\n|\n|)",
        ) {
            for family in [Family::V4, Family::V6] {
                let _ = command(line.as_bytes(), family);
            }
            for mode in [Mode::Passive, Mode::ExtendedPassive] {
                if let Some(found) = announcement(line.as_bytes(), mode) {
                    let text = line.get(found.range).unwrap();
                    prop_assert!(text.starts_with(|c: char| c.is_ascii_graphic()));
                    prop_assert!(found.port != 0);
                }
            }
        }
    }
}
