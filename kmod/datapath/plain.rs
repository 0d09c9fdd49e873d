// SPDX-License-Identifier: GPL-2.0

//! Plain packets of established connections, which may leave in front of the stack: what the early
//! path and XDP ask alike. Where nothing is found the packet takes the normal path, unchanged.

use lvs_engine::addr::Addr;
use lvs_engine::config::Forwarding;
use lvs_engine::header;
use lvs_engine::nat::{
    End,
    NewEnd, //
};
use lvs_engine::parse::{
    self,
    protocol,
    tcp_flag,
    IpHeader, //
};
use lvs_engine::state_input::StateInput;

use crate::kernel_ext::net::route::Route;
use crate::table::conn::flag;
use crate::table::{
    Dest,
    NetnsState, //
};

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::lookup;

/// Which way a packet that was just received may go.
#[derive(Clone, Copy)]
pub(super) struct Directions {
    pub(super) to_service: bool,
    pub(super) from_server: bool,
}

/// Whose a packet may be; `None` for nobody's.
#[inline(always)]
pub(super) fn directions(
    state: &NetnsState,
    source: &Addr,
    destination: &Addr,
) -> Option<Directions> {
    let to_service = lookup::may_know(state, destination) && !state.is_passive();
    let from_server = lookup::may_know(state, source);
    (to_service || from_server).then_some(Directions {
        to_service,
        from_server,
    })
}

/// Whether the packet is a whole one without options that lives on, and nobody tracks it.
#[inline(always)]
pub(super) fn has_plain_header(state: &NetnsState, ip: &IpHeader) -> bool {
    ip.len == header::ip_len(ip.family)
        && !ip.is_fragment
        && ip.ttl > 1
        && !state.settings().conntrack()
}

/// The flow, already begun, of a packet that starts with `headers`.
#[inline(always)]
pub(super) fn flow(ip: IpHeader, headers: &[u8]) -> Option<Flow> {
    let headers = headers.get(ip.len..)?;
    let ports = parse::ports(headers)?;
    let input = match ip.protocol {
        protocol::TCP => {
            let flags = parse::tcp_flags(headers)?;
            // A connection that begins takes the normal path.
            if flags & tcp_flag::SYN != 0 {
                return None;
            }
            StateInput::Segment(flags)
        }
        protocol::UDP => StateInput::Datagram,
        _ => return None,
    };
    Some(Flow::new(ip, ports, input))
}

/// The server that a client's packet goes to, and the plain route there.
#[inline(always)]
pub(super) fn server<'a>(context: &Context<'a>, conn: &ConnEntry) -> Option<(&'a Dest, &'a Route)> {
    let dest = conn.dest(context.read).filter(|dest| dest.is_available())?;
    let route = dest.route.load(context.read)?;
    let is_plain = route.is_plain()
        && !route.is_stale(context.state.net())
        && !conn.has(flag::TRACKED | flag::FTP_CONTROL);
    is_plain.then_some((dest, route))
}

/// Whether a server's packets of the connection are translated, and routed as this host's.
#[inline(always)]
pub(super) fn translates_replies(context: &Context<'_>, conn: &ConnEntry) -> bool {
    conn.forwarding() == Forwarding::Masquerade
        && !conn.has(flag::TRACKED | flag::FTP_CONTROL)
        && context.state.settings().snat_reroute()
}

/// What the destination of a client's packet becomes.
#[inline(always)]
pub(super) fn server_end(conn: &ConnEntry) -> NewEnd {
    NewEnd {
        end: End::Destination,
        addr: conn.real_addr(),
        port: conn.real_port(),
    }
}

/// What the source of a server's packet becomes.
#[inline(always)]
pub(super) fn service_end(conn: &ConnEntry) -> NewEnd {
    NewEnd {
        end: End::Source,
        addr: conn.virtual_addr(),
        port: conn.virtual_port(),
    }
}
