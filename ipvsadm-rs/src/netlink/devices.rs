// SPDX-License-Identifier: MIT OR GPL-2.0

//! Requests to what others keep in the kernel (devices, their features), as bytes.

use std::io;

use netlink_packet_core::NlaBuffer;
use netlink_packet_core::NlasIterator;
use netlink_packet_core::NLM_F_ACK;
use netlink_packet_core::NLM_F_DUMP;
use netlink_packet_core::NLM_F_REQUEST;
use netlink_sys::SocketAddr;
use nix::errno::Errno;
use nix::libc;

use super::attr::parse_cstr;

/// Room for one batch of replies, of which devices' are the longest.
const BUFFER_SIZE: usize = 256 * 1024;
const ALIGNMENT: usize = 4;
/// Bytes of the header of a message, and of one of generic netlink.
const HEADER_LEN: usize = 16;
const GENERIC_HEADER_LEN: usize = 4;
/// The attribute of an acknowledgement that has a text, and the flag that says there are some.
const ERROR_TEXT: u16 = 1;
const HAS_ERROR_ATTRS: u16 = 0x200;

/// Why the kernel refused, with what it says about that.
#[derive(Debug, thiserror::Error)]
#[error("{}{}{text}", .errno.desc(), if .text.is_empty() { "" } else { ": " })]
pub struct Refusal {
    /// The number.
    pub errno: Errno,
    /// In words, if the kernel has any.
    pub text: String,
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        let text = String::new();
        Refusal { errno, text }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        error
            .raw_os_error()
            .map_or(Errno::EIO, Errno::from_raw)
            .into()
    }
}

/// A message's attributes, as they are built.
#[derive(Default)]
pub struct Attrs(Vec<u8>);

impl Attrs {
    /// Appends one.
    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        let len = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.0.extend(len.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(ALIGNMENT), 0);
        self
    }

    /// Appends attributes as one.
    pub fn with_nested(self, kind: u16, attrs: Attrs) -> Self {
        self.with(kind | libc::NLA_F_NESTED as u16, &attrs.0)
    }
}

/// An attribute of a list, by its kind.
pub fn attr(list: &[u8], kind: u16) -> Option<&[u8]> {
    NlasIterator::new(list)
        .map_while(Result::ok)
        .find(|attr: &NlaBuffer<&[u8]>| attr.kind() == kind)
        .map(|attr| attr.into_inner())
        .and_then(value)
}

/// The value of one attribute.
fn value(bytes: &[u8]) -> Option<&[u8]> {
    let len = usize::from(u16::from_ne_bytes(*bytes.first_chunk()?));
    bytes.get(4..len)
}

/// All attributes of a list.
pub fn attrs(list: &[u8]) -> Vec<(u16, &[u8])> {
    NlasIterator::new(list)
        .map_while(Result::ok)
        .filter_map(|attr| Some((attr.kind(), value(attr.into_inner())?)))
        .collect()
}

/// A number of an attribute.
pub fn number(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|value| u32::from_ne_bytes(*value))
}

/// A socket of one netlink protocol.
pub struct PlainSocket {
    socket: netlink_sys::Socket,
    sequence: u32,
}

impl PlainSocket {
    /// Opens one in this thread's network namespace.
    pub fn open(protocol: isize) -> Result<Self, Refusal> {
        let mut socket = netlink_sys::Socket::new(protocol)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        let _ = socket.set_cap_ack(true);
        let _ = socket.set_ext_ack(true);
        let sequence = 0;
        Ok(PlainSocket { socket, sequence })
    }

    /// Asks for something. Gives what is answered behind each message's header.
    pub fn ask(&mut self, kind: u16, header: &[u8], attrs: Attrs) -> Result<Vec<Vec<u8>>, Refusal> {
        self.exchange(kind, NLM_F_ACK, header, attrs)
    }

    /// Asks for a list.
    pub fn list(
        &mut self,
        kind: u16,
        header: &[u8],
        attrs: Attrs,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        self.exchange(kind, NLM_F_DUMP, header, attrs)
    }

    /// The number of a family of generic netlink; `None` if there is no such family.
    pub fn family(&mut self, name: &str) -> Option<u16> {
        const CONTROLLER: u16 = libc::GENL_ID_CTRL as u16;
        let mut text = name.as_bytes().to_vec();
        text.push(0);
        let attrs = Attrs::default().with(libc::CTRL_ATTR_FAMILY_NAME as u16, &text);
        let header = [libc::CTRL_CMD_GETFAMILY as u8, 2, 0, 0];
        let replies = self.ask(CONTROLLER, &header, attrs).ok()?;
        let id = attr(generic(replies.first()?)?, libc::CTRL_ATTR_FAMILY_ID as u16)?;
        Some(u16::from_ne_bytes(*id.first_chunk()?))
    }

    fn exchange(
        &mut self,
        kind: u16,
        flags: u16,
        header: &[u8],
        attrs: Attrs,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        self.sequence = self.sequence.wrapping_add(1);
        let len = u32::try_from(HEADER_LEN + header.len() + attrs.0.len());
        let mut bytes = len.map_err(|_| Errno::EMSGSIZE)?.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((NLM_F_REQUEST | flags).to_ne_bytes());
        bytes.extend(self.sequence.to_ne_bytes());
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(header);
        bytes.extend(attrs.0);
        self.socket.send(&bytes, 0)?;
        let mut replies = Vec::new();
        let mut buffer = Vec::with_capacity(BUFFER_SIZE);
        loop {
            buffer.clear();
            match self.socket.recv(&mut buffer, 0) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            if take(&buffer, self.sequence, &mut replies)? {
                return Ok(replies);
            }
        }
    }
}

/// Takes the messages of a datagram. Tells whether the last one was there.
fn take(mut rest: &[u8], sequence: u32, replies: &mut Vec<Vec<u8>>) -> Result<bool, Refusal> {
    const ERROR: u16 = libc::NLMSG_ERROR as u16;
    const DONE: u16 = libc::NLMSG_DONE as u16;
    while let Some(header) = rest.first_chunk::<HEADER_LEN>() {
        let [l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, ..] = *header;
        let len = u32::from_ne_bytes([l0, l1, l2, l3]) as usize;
        let body = rest.get(HEADER_LEN..len).ok_or(Errno::EBADMSG)?;
        if u32::from_ne_bytes([s0, s1, s2, s3]) == sequence {
            match u16::from_ne_bytes([k0, k1]) {
                ERROR | DONE => {
                    let code = body
                        .first_chunk()
                        .map_or(0, |code| i32::from_ne_bytes(*code));
                    let flags = u16::from_ne_bytes([f0, f1]);
                    return match code {
                        0 => Ok(true),
                        code => Err(Refusal {
                            errno: Errno::from_raw(code.saturating_neg()),
                            text: error_text(body, flags),
                        }),
                    };
                }
                _ => replies.push(body.to_vec()),
            }
        }
        rest = rest
            .get(len.next_multiple_of(ALIGNMENT)..)
            .unwrap_or_default();
    }
    Ok(false)
}

/// What an acknowledgement says in words, behind its code and the request's header.
fn error_text(body: &[u8], flags: u16) -> String {
    let attrs = (flags & HAS_ERROR_ATTRS != 0)
        .then(|| body.get(4 + HEADER_LEN..))
        .flatten();
    attrs
        .and_then(|attrs| attr(attrs, ERROR_TEXT))
        .map(parse_cstr)
        .unwrap_or_default()
}

/// The attributes of a message of generic netlink.
pub fn generic(message: &[u8]) -> Option<&[u8]> {
    message.get(GENERIC_HEADER_LEN..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_again() {
        let inner = Attrs::default()
            .with(1, b"abc")
            .with(2, &7_u32.to_ne_bytes());
        let list = Attrs::default().with(9, &[]).with_nested(3, inner);
        assert_eq!(attr(&list.0, 9), Some(&[][..]));
        let inner = attr(&list.0, 3).expect("the nested one");
        assert_eq!(attr(inner, 1), Some(&b"abc"[..]));
        assert_eq!(attr(inner, 2).and_then(number), Some(7));
        assert_eq!(attr(inner, 4), None);
        assert_eq!(attrs(inner).len(), 2);
    }

    #[test]
    fn a_refusal_has_the_kernels_words() {
        let mut body = (-16_i32).to_ne_bytes().to_vec();
        body.extend([0; HEADER_LEN]);
        body.extend(
            Attrs::default()
                .with(ERROR_TEXT, b"XDP program already attached\0")
                .0,
        );
        let mut message = ((HEADER_LEN + body.len()) as u32).to_ne_bytes().to_vec();
        message.extend((libc::NLMSG_ERROR as u16).to_ne_bytes());
        message.extend(HAS_ERROR_ATTRS.to_ne_bytes());
        message.extend(5_u32.to_ne_bytes());
        message.extend(0_u32.to_ne_bytes());
        message.extend(body);
        let refusal = take(&message, 5, &mut Vec::new()).expect_err("a refusal");
        assert_eq!(refusal.errno, Errno::EBUSY);
        let text = refusal.to_string();
        assert!(text.ends_with(": XDP program already attached"), "{text}");
        // Another request's.
        assert!(matches!(take(&message, 6, &mut Vec::new()), Ok(false)));
    }
}
