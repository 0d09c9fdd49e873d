// SPDX-License-Identifier: GPL-2.0

//! What all steps of a packet's way need, and what several of them do.

use lvs_engine::addr::Family;
use lvs_engine::parse::{
    self,
    protocol,
    IpHeader, //
};
use lvs_engine::state_input::StateInput;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn::{
    Conn,
    Tuple, //
};
use crate::table::conn_table::ClientHash;
use crate::table::tables::Tables;
use crate::table::NetnsState;

/// A connection's entry in the table.
pub(super) type ConnEntry = Entry<Conn>;

/// What all steps of one packet's way need.
///
/// By reference to what is inlined into the hook, where its fields then stay in registers. By value
/// to what is a function of its own (`#[inline(never)]`): a reference would have the hook keep all
/// of it in memory for every packet, for the few that are handed over.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) state: &'a NetnsState,
    pub(super) tables: &'a Tables,
    pub(super) read: ReadSide<'a>,
    /// Where the packet was met.
    pub(super) place: HookPoint,
    /// The tick.
    pub(super) now: u32,
}

/// What a packet's headers say.
#[derive(Clone, Copy)]
pub(super) struct Flow {
    pub(super) ip: IpHeader,
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    /// What they say about the connection's state.
    pub(super) input: StateInput,
    /// The hash of the source as a client, once that was looked for.
    pub(super) client_hash: Option<ClientHash>,
}

/// The port of ISAKMP (RFC 2408).
const ISAKMP_PORT: u16 = 500;

impl Flow {
    /// A packet with these `(source, destination)` ports, not looked up yet.
    #[inline(always)]
    pub(super) fn new(ip: IpHeader, ports: (u16, u16), input: StateInput) -> Self {
        let (source_port, destination_port) = ports;
        Self {
            ip,
            source_port,
            destination_port,
            input,
            client_hash: None,
        }
    }

    /// The key exchange that an AH or ESP packet between the same addresses belongs to.
    pub(super) fn of_key_exchange(ip: &IpHeader) -> Self {
        let ip = IpHeader {
            protocol: protocol::UDP,
            ..*ip
        };
        Self::new(ip, (ISAKMP_PORT, ISAKMP_PORT), StateInput::Nothing)
    }

    /// The other direction of the same connection.
    pub(super) fn reversed(&self) -> Self {
        Self {
            ip: IpHeader {
                source: self.ip.destination,
                destination: self.ip.source,
                ..self.ip
            },
            source_port: self.destination_port,
            destination_port: self.source_port,
            client_hash: None,
            ..*self
        }
    }

    /// The packet as a client's.
    #[inline(always)]
    pub(super) fn as_request(&self) -> Tuple {
        Tuple {
            family: self.ip.family,
            protocol: self.ip.protocol,
            client: self.ip.source,
            client_port: self.source_port,
            virtual_addr: self.ip.destination,
            virtual_port: self.destination_port,
        }
    }

    /// The packet as a server's: to the client, and from what the entry is compared with.
    #[inline(always)]
    pub(super) fn as_reply(&self) -> Tuple {
        Tuple {
            family: self.ip.family,
            protocol: self.ip.protocol,
            client: self.ip.destination,
            client_port: self.destination_port,
            virtual_addr: self.ip.source,
            virtual_port: self.source_port,
        }
    }
}

/// Whether the packet may be a client's: addressed to this host on the link, or made by it. None
/// is on a backup that leaves clients' packets alone.
#[inline]
pub(super) fn is_request_hook(context: &Context<'_>, packet: &Packet) -> bool {
    (context.place == HookPoint::LocalOut || packet.is_for_host()) && !context.state.is_passive()
}

/// A packet of a protocol that isn't balanced. It is met again only inside a tunnel, which may have
/// been asked to be left alone.
#[cold]
pub(super) fn pass_by(context: &Context<'_>, mut packet: Packet) -> Disposition {
    if context.place != HookPoint::Forward
        && is_request_hook(context, &packet)
        && context.state.settings().ignore_tunneled()
    {
        packet.set_balanced();
    }
    packet.accept()
}

/// The packet, reassembled if it was a fragment; `Err` when others are missing yet.
pub(super) fn reassembled(
    context: &Context<'_>,
    packet: Packet,
    ip: IpHeader,
) -> Result<(Packet, IpHeader), Disposition> {
    // IPv6 fragments were reassembled before they got here.
    if !ip.is_fragment || ip.family == Family::V6 {
        return Ok((packet, ip));
    }
    let packet = packet.reassemble(context.state.net(), context.place.number())?;
    match parse::ipv4(packet.linear()) {
        Ok(ip) => Ok((packet, ip)),
        Err(_) => Err(packet.discard(context.state.drops(), DropReason::Malformed)),
    }
}
