// SPDX-License-Identifier: MIT OR GPL-2.0

//! A socket that is told of events.

use netlink_packet_core::DecodeError;
use netlink_packet_core::NetlinkMessage;
use netlink_packet_core::NetlinkPayload;
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::GenlCtrl;
use netlink_packet_generic::ctrl::GenlCtrlCmd;
use netlink_packet_generic::GenlMessage;
use netlink_sys::protocols::NETLINK_GENERIC;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;

use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::EVENTS_GROUP;
use lvs_uapi::lvs::FAMILY_NAME;

use crate::error::Error;
use crate::error::Operation;
use crate::model::event::Event;

use super::event;
use super::event::EventMessage;
use super::socket::advance;
use super::socket::Socket;
use super::transaction;

/// Room for one event.
const BUFFER_SIZE: usize = 64 * 1024;
/// What the kernel keeps of events that aren't read yet, bytes: some hundred to a thousand events.
const BACKLOG: usize = 1024 * 1024;
/// The controller of generic netlink, whose group has the same number.
const CONTROLLER: u16 = 16;

/// What a listener is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// These events happened.
    Events(Vec<Event>),
    /// Events were lost, from here on or later.
    Loss,
    /// Nothing yet.
    Nothing,
    /// The module was unloaded: there will be nothing more.
    End,
}

/// A member of the group.
pub struct Listener {
    member: netlink_sys::Socket,
    family: u16,
    buffer: Vec<u8>,
    /// For questions, whose answers aren't lost among events.
    asks: Socket,
}

impl Listener {
    /// Joins the group.
    pub fn open() -> Result<Self, Error> {
        let mut asks = Socket::open()?;
        let (family, group) = asks.resolve_group(FAMILY_NAME, EVENTS_GROUP)?;
        let fail = |error| Error::from_io(Operation::Listen, &error);
        let mut member = netlink_sys::Socket::new(NETLINK_GENERIC).map_err(fail)?;
        member.bind_auto().map_err(fail)?;
        // An administrator of another user namespace gets what everybody may have.
        if setsockopt(&member, RcvBufForce, &BACKLOG).is_err() {
            member.set_rx_buf_sz(BACKLOG as u32).map_err(fail)?;
        }
        member.add_membership(CONTROLLER.into()).map_err(fail)?;
        member.add_membership(group).map_err(fail)?;
        Ok(Listener {
            member,
            family,
            buffer: Vec::with_capacity(BUFFER_SIZE),
            asks,
        })
    }

    /// The generation of the rules, and the number of the last event.
    pub fn state(&mut self) -> Result<(u32, u64), Error> {
        transaction::state(&mut self.asks, self.family)
    }

    /// What is told next; if it `waits`, when there is something.
    pub fn hear(&mut self, waits: bool) -> Result<Heard, Error> {
        let flags = if waits { 0 } else { libc::MSG_DONTWAIT };
        self.buffer.clear();
        match self.member.recv(&mut self.buffer, flags) {
            Ok(_) => Ok(read(&self.buffer, self.family)?),
            Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EINTR | Errno::EAGAIN) => Ok(Heard::Nothing),
                Some(Errno::ENOBUFS) => Ok(Heard::Loss),
                _ => Err(Error::from_io(Operation::Listen, &error)),
            },
        }
    }
}

/// Reads a datagram. The controller tells of other families, too.
fn read(buffer: &[u8], family: u16) -> Result<Heard, DecodeError> {
    let mut events = Vec::new();
    let mut rest = buffer;
    while !rest.is_empty() {
        let (kind, length) = match rest {
            [a, b, c, d, e, f, ..] => (
                u16::from_ne_bytes([*e, *f]),
                u32::from_ne_bytes([*a, *b, *c, *d]),
            ),
            _ => return Err(DecodeError::from("message without a header")),
        };
        if kind == family {
            let message = NetlinkMessage::<GenlMessage<EventMessage>>::deserialize(rest)?;
            if let NetlinkPayload::InnerMessage(message) = message.payload {
                if message.payload.cmd == cmd::EVENT {
                    events.push(event::from_message(&message.payload)?);
                }
            }
        } else if kind == CONTROLLER && is_end(rest, family).unwrap_or(false) {
            return Ok(Heard::End);
        }
        rest = advance(rest, length as usize)?;
    }
    Ok(match events.is_empty() {
        true => Heard::Nothing,
        false => Heard::Events(events),
    })
}

/// Whether the controller says that the family is gone.
fn is_end(message: &[u8], family: u16) -> Result<bool, DecodeError> {
    let message = NetlinkMessage::<GenlMessage<GenlCtrl>>::deserialize(message)?;
    let NetlinkPayload::InnerMessage(message) = message.payload else {
        return Ok(false);
    };
    let GenlCtrl { cmd, nlas } = message.payload;
    let is_ours = |attr: &GenlCtrlAttrs| *attr == GenlCtrlAttrs::FamilyId(family);
    Ok(cmd == GenlCtrlCmd::DelFamily && nlas.iter().any(is_ours))
}

#[cfg(test)]
mod tests {
    use super::super::event::EventAttr;
    use super::super::event::EventPart;
    use super::*;

    const FAMILY: u16 = 30;

    fn bytes<F>(family: u16, payload: F) -> Vec<u8>
    where
        F: netlink_packet_generic::GenlFamily + netlink_packet_core::Emitable + std::fmt::Debug,
    {
        let mut message = GenlMessage::from_payload(payload);
        message.set_resolved_family_id(family);
        let mut message = NetlinkMessage::from(message);
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        bytes
    }

    fn event(cmd: u8, sequence: u64) -> EventMessage {
        let attrs = vec![EventPart::Event(vec![EventAttr::Sequence(sequence)])];
        EventMessage { cmd, attrs }
    }

    fn controller(cmd: GenlCtrlCmd, family: u16) -> Vec<u8> {
        let nlas = vec![GenlCtrlAttrs::FamilyId(family)];
        bytes(CONTROLLER, GenlCtrl { cmd, nlas })
    }

    #[test]
    fn a_datagram_may_have_several_events() {
        let mut datagram = bytes(FAMILY, event(cmd::EVENT, 1));
        // What it doesn't know isn't in its way.
        datagram.extend(bytes(FAMILY, event(cmd::EVENT + 1, 2)));
        datagram.extend(bytes(FAMILY + 1, event(cmd::EVENT, 3)));
        datagram.extend(bytes(FAMILY, event(cmd::EVENT, 4)));
        let Ok(Heard::Events(events)) = read(&datagram, FAMILY) else {
            panic!("no events");
        };
        let numbers: Vec<u64> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(numbers, [1, 4]);
    }

    #[test]
    fn it_ends_with_the_family() {
        for (cmd, family, expected) in [
            (GenlCtrlCmd::NewFamily, FAMILY, Heard::Nothing),
            (GenlCtrlCmd::DelFamily, FAMILY + 1, Heard::Nothing),
            (GenlCtrlCmd::DelFamily, FAMILY, Heard::End),
        ] {
            let read = read(&controller(cmd, family), FAMILY);
            assert_eq!(read.expect("a message"), expected);
        }
    }

    #[test]
    fn what_is_cut_off_is_malformed() {
        let datagram = bytes(FAMILY, event(cmd::EVENT, 1));
        for end in 1..datagram.len() {
            assert!(read(&datagram[..end], FAMILY).is_err(), "{end}");
        }
        assert_eq!(read(&[], FAMILY).expect("nothing"), Heard::Nothing);
    }
}
