// SPDX-License-Identifier: GPL-2.0

//! SCTP (RFC 9260): its first chunk says what a packet does to the association, and its checksum
//! covers ports and data, but no address.

use lvs_engine::header::{
    ports,
    sctp, //
};
use lvs_engine::parse::{
    self,
    IpHeader, //
};
use lvs_engine::sctp_state::Chunks;
use lvs_engine::state_input::StateInput;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};

use super::balance::balance;
use super::context::{
    is_request_hook,
    reassembled,
    Context,
    Flow, //
};
use super::lookup;

/// An SCTP packet.
#[cold]
pub(super) fn receive(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    if context.place == HookPoint::Forward && !lookup::may_be_reply(context.state, &ip) {
        return packet.accept();
    }
    let (mut packet, ip) = match reassembled(context, packet, ip) {
        Ok(reassembled) => reassembled,
        Err(disposition) => return disposition,
    };
    if ip.is_later_fragment {
        return packet.accept();
    }
    match read(&mut packet, ip) {
        Some(flow) => balance(context, packet, flow),
        None if context.place != HookPoint::Forward && is_request_hook(context, &packet) => {
            packet.discard(context.state.drops(), DropReason::Malformed)
        }
        None => packet.accept(),
    }
}

/// Reads ports and chunks; `None` when not even the former are there.
fn read(packet: &mut Packet, ip: IpHeader) -> Option<Flow> {
    if !packet.pull(ip.len.checked_add(ports::LEN)?) {
        return None;
    }
    let ports = parse::ports(packet.linear().get(ip.len..)?)?;
    let chunks_at = ip.len.checked_add(sctp::LEN)?;
    let input = match packet.chunk_at(chunks_at) {
        Some(first) => StateInput::Chunks(Chunks::read(first, |behind| {
            packet.chunk_at(chunks_at.checked_add(behind)?)
        })),
        None => StateInput::Nothing,
    };
    Some(Flow::new(ip, ports, input))
}
