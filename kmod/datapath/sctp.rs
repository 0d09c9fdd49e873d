// SPDX-License-Identifier: GPL-2.0

//! SCTP (RFC 9260): its first chunk says what a packet does to the association, and its checksum
//! covers ports and data, but no address.

use lvs_engine::parse::{
    self,
    IpHeader, //
};
use lvs_engine::sctp_state::{
    Chunks,
    HEADER_LEN, //
};
use lvs_engine::state_input::StateInput;

use crate::kernel_ext::net::hook::Place;
use crate::kernel_ext::net::packet::{
    ChecksumState,
    Disposition,
    Packet, //
};

use super::ingress::{
    balance,
    takes_requests,
    whole, //
};
use super::{
    lookup,
    Context,
    Flow, //
};

/// Bytes of the ports in front of the header.
const PORTS_LEN: usize = 4;

/// An SCTP packet.
#[cold]
pub(super) fn receive(context: &Context<'_>, packet: Packet, ip: IpHeader) -> Disposition {
    if context.place == Place::Forward && !lookup::may_be_reply(context.state, &ip) {
        return packet.accept();
    }
    let (mut packet, ip) = match whole(context, packet, ip) {
        Ok(whole) => whole,
        Err(disposition) => return disposition,
    };
    if ip.is_later_fragment {
        return packet.accept();
    }
    match read(&mut packet, ip) {
        Some(flow) => balance(context, packet, flow),
        None if context.place != Place::Forward && takes_requests(context, &packet) => {
            packet.discard()
        }
        None => packet.accept(),
    }
}

/// Reads ports and chunks; `None` when not even the former are there.
fn read(packet: &mut Packet, ip: IpHeader) -> Option<Flow> {
    if !packet.pull(ip.len.checked_add(PORTS_LEN)?) {
        return None;
    }
    let (source_port, destination_port) = parse::ports(packet.linear().get(ip.len..)?)?;
    let chunks_at = ip.len.checked_add(HEADER_LEN)?;
    let input = match packet.chunk_at(chunks_at) {
        Some(first) => StateInput::Chunks(Chunks::read(first, |behind| {
            packet.chunk_at(chunks_at.checked_add(behind)?)
        })),
        None => StateInput::Nothing,
    };
    Some(Flow {
        ip,
        source_port,
        destination_port,
        input,
        client_hash: None,
    })
}

/// Has a translated packet leave with a right checksum: made anew when a port has changed, and when
/// a local sender left it to a device although the way out has none that `completes` it. As in
/// ip_vs, one that stays isn't looked at by anybody here again.
#[cold]
pub(super) fn keep_checksum(
    packet: Packet,
    ip_len: usize,
    same_port: bool,
    completes: bool,
) -> Result<Packet, Disposition> {
    let mut packet = packet;
    let is_partial = packet.checksum_state() == ChecksumState::Partial;
    if !same_port || (is_partial && !completes) {
        // Segments get theirs when they are cut.
        if !packet.is_to_be_segmented() && packet.complete_sctp_checksum(ip_len).is_err() {
            return Err(packet.discard());
        }
    } else if !is_partial {
        packet.vouch_for_checksum();
    }
    Ok(packet)
}
