// SPDX-License-Identifier: GPL-2.0

//! The Call-ID of a SIP message.

use lvs_engine::header::udp;
use lvs_engine::parse::protocol;
use lvs_engine::sip;

use crate::kernel_ext::net::packet::Packet;

use super::context::Flow;

/// Bytes of a packet that are looked at first: almost always the whole message.
const FIRST_LOOK: usize = 2048;

/// The Call-ID of the packet's message, if it is one.
pub(super) fn of<'p>(packet: &'p mut Packet, flow: &Flow) -> Option<&'p [u8]> {
    if flow.ip.protocol != protocol::UDP {
        return None;
    }
    let start = flow.ip.len.checked_add(udp::LEN)?;
    let len = packet.len() as usize;
    let mut look = len.min(FIRST_LOOK);
    let range = loop {
        if !packet.pull(look) {
            return None;
        }
        // What the beginning of a message shows is what the whole message shows.
        let message = packet.linear().get(start..)?;
        match sip::call_id(message) {
            Some(range) => break range,
            None if look < len => look = len,
            None => return None,
        }
    };
    packet.linear().get(start..)?.get(range)
}
