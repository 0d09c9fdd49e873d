// SPDX-License-Identifier: GPL-2.0

//! Iptables' match `ipvs`: what netfilter's rules may ask about packets that were balanced.

use lvs_engine::addr::Family;
use lvs_engine::header::protocol;
use lvs_engine::parse::{
    self,
    IpHeader,
    ParseError, //
};
use lvs_engine::state_input::StateInput;
use lvs_engine::xt_match::{
    by_packet,
    connection_fits,
    protocol_fits,
    Facts,
    Verdict, //
};
use lvs_uapi::xt_ipvs::{
    self,
    Options, //
};

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::net::packet::Packet;
use crate::kernel_ext::net::xt_match::{
    Match,
    XtMatch, //
};
use crate::kernel_ext::task::time;
use crate::table::NetnsState;

use super::context::{
    ConnEntry,
    Flow, //
};

/// The match, for the module to register.
pub(crate) static IPVS_MATCH: XtMatch = XtMatch::new::<IpvsMatch>(xt_ipvs::NAME, xt_ipvs::REVISION);

struct IpvsMatch;

impl Match for IpvsMatch {
    type State = NetnsState;

    const LEN: usize = xt_ipvs::LEN;

    fn matches(
        packet: &Packet,
        family: Family,
        options: &[u8],
        state: Option<&NetnsState>,
        read: ReadSide<'_>,
    ) -> bool {
        let Some(options) = Options::from_bytes(options) else {
            return false;
        };
        match by_packet(&options, packet.is_balanced()) {
            Verdict::Matches => true,
            Verdict::Differs => false,
            Verdict::AskConnection => {
                connection_matches(packet, family, &options, state, read).unwrap_or(false)
            }
        }
    }
}

/// `None` when the packet has no connection.
fn connection_matches(
    packet: &Packet,
    family: Family,
    options: &Options,
    state: Option<&NetnsState>,
    read: ReadSide<'_>,
) -> Option<bool> {
    let ip = ip_header(packet, family)?;
    if !protocol_fits(options, ip.protocol) {
        return Some(false);
    }
    let conn = connection(packet, &ip, state?, read)?;
    let facts = Facts {
        family: conn.family(),
        virtual_addr: conn.virtual_addr(),
        virtual_port: conn.virtual_port(),
        controller_port: conn.controller(read).map(|control| control.virtual_port()),
        forwarding: conn.forwarding(),
        direction: packet.tracked_direction(),
    };
    Some(connection_fits(options, &facts))
}

/// Bytes in which the headers of a packet are looked for that doesn't lie in one piece.
const MAX_HEADERS: usize = 256;

/// Reads the packet's IP header without changing the packet, which others use too.
fn ip_header(packet: &Packet, family: Family) -> Option<IpHeader> {
    let parse = |bytes: &[u8]| match family {
        Family::V4 => parse::ipv4(bytes),
        Family::V6 => parse::ipv6(bytes),
    };
    match parse(packet.linear()) {
        Err(ParseError::Truncated) => {
            let mut headers = [0; MAX_HEADERS];
            let len = MAX_HEADERS.min(packet.len() as usize);
            let headers = headers.get_mut(..len)?;
            packet.copy_at(0, headers).then_some(())?;
            parse(headers).ok()
        }
        header => header.ok(),
    }
}

/// The connection of a packet that goes on to the server: its destination is already the server's
/// if that is how the connection is forwarded. A reply that has been translated belongs to none.
fn connection<'a>(
    packet: &Packet,
    ip: &IpHeader,
    state: &'a NetnsState,
    read: ReadSide<'a>,
) -> Option<&'a ConnEntry> {
    let flow = match ip.protocol {
        protocol::ESP | protocol::AH => Flow::of_key_exchange(ip),
        number if parse::has_ports(number) && !ip.is_later_fragment => {
            let mut ports = [0; 4];
            packet.copy_at(ip.len, &mut ports).then_some(())?;
            Flow::new(*ip, parse::ports(&ports)?, StateInput::Nothing)
        }
        _ => return None,
    };
    state
        .tables()?
        .conns
        .find_reply(read, &flow.as_request(), time::now())
}
