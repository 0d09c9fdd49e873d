// SPDX-License-Identifier: GPL-2.0

//! Persistence: a client's connections go where its first one went.
//!
//! A template remembers the server of a client (or of a network of clients). It is an entry of the
//! connection table without a client port:
//!
//! | service | template |
//! |--|--|
//! | by address and port | `<protocol, client, 0, virtual address, virtual port>` |
//! | FTP, any port | `<protocol, client, 0, virtual address, 0>` |
//! | by firewall mark | `<IP, client, 0, mark, 0>` |
//!
//! Where the service's persistence engine is `sip`, the Call-ID is part of it as well.

use lvs_engine::addr::Addr;
use lvs_engine::config::{
    DestConfig,
    Target, //
};
use lvs_engine::ftp::PORT as FTP_PORT;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::mem::rcu::RcuArc;
use crate::kernel_ext::net::packet::Packet;
use crate::kernel_ext::task::time;
use crate::kernel_ext::trace;
use crate::table::conn::{
    self,
    Tuple, //
};
use crate::table::conn_table::{
    NewConn,
    Purpose, //
};
use crate::table::service_view::{
    Choice,
    ServiceView, //
};
use crate::table::trace::EndCause;
use crate::table::Dest;

use super::call_id;
use super::connect::{
    self,
    Failure,
    Made, //
};
use super::context::{
    ConnEntry,
    Context,
    Flow, //
};

/// Protocol of the templates of services by firewall mark.
const ANY_PROTOCOL: u8 = 0;

/// Makes the connection to the server of the client's template, and the template if there is none.
pub(super) fn connect<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    flow: &Flow,
    service: &ServiceView<'a>,
) -> Result<Made<'a>, Failure> {
    let ticks = time::ticks(service.timeout());
    let tuple = template_tuple(flow, service);
    let call = if service.is_sip() {
        Some(call_id::of(packet, flow).ok_or(Failure::NoConnection(DropReason::NoCallId))?)
    } else {
        None
    };
    let (template, dest, settings) = match usable_template(context, service, &tuple, call, None) {
        Some(found) => {
            trace::schedule(|| connect::chosen(context, flow, service, Some(&found.1), "template"));
            found
        }
        None => {
            let Choice { dest, settings } = connect::pick(context, flow, service)?;
            let new = NewConn {
                tuple,
                client_hash: None,
                dest: Some(dest),
                settings,
                real_port: template_port(flow, service, dest),
                purpose: Purpose::Template { ticks, call },
            };
            let template = connect::create(context, &new)?;
            // Another CPU may have been faster, and may have picked another server.
            match template.share_dest(context.read) {
                Some(other) if other.number() != dest.number() => {
                    let settings = service.known(&other).unwrap_or_default();
                    (template, other, settings)
                }
                _ => (template, dest.clone(), settings),
            }
        }
    };
    conn::refresh(template, context.now, template.template_ticks());
    let real_port = real_port(flow, service, &dest);
    let new = NewConn {
        tuple: flow.as_request(),
        client_hash: flow.client_hash,
        dest: Some(&dest),
        settings,
        real_port,
        purpose: Purpose::Connection(Some(template)),
    };
    connect::create_for(context, service, &new)
}

/// The template of a call that `dest` opens, with `tuple` as the connection's.
pub(super) fn template_of_server<'a>(
    context: &Context<'a>,
    tuple: &Tuple,
    call: &[u8],
    service: &ServiceView<'a>,
    dest: &'a RcuArc<Dest>,
) -> Option<&'a ConnEntry> {
    let ticks = time::ticks(service.timeout());
    let tuple = Tuple {
        client: tuple.client.masked(tuple.family, service.netmask()),
        client_port: 0,
        ..*tuple
    };
    let template = match usable_template(context, service, &tuple, Some(call), Some(dest)) {
        Some((template, ..)) => template,
        None => {
            let new = NewConn {
                tuple,
                client_hash: None,
                dest: Some(dest),
                settings: service.known(dest).unwrap_or_default(),
                real_port: dest.id().port,
                purpose: Purpose::Template {
                    ticks,
                    call: Some(call),
                },
            };
            connect::create(context, &new).ok()?
        }
    };
    conn::refresh(template, context.now, template.template_ticks());
    Some(template)
}

/// The template, with its server and that one's settings where they aren't in force yet, if it may
/// still be used, and is `wanted` if that is given. One that may not is put out of the way.
fn usable_template<'a>(
    context: &Context<'a>,
    service: &ServiceView<'a>,
    tuple: &Tuple,
    call: Option<&[u8]>,
    wanted: Option<&RcuArc<Dest>>,
) -> Option<(&'a ConnEntry, RcuArc<Dest>, Option<&'a DestConfig>)> {
    let Found { entry, usable } = look(context, service, tuple, call, wanted)?;
    if let Some((dest, settings)) = usable {
        return Some((entry, dest, settings));
    }
    entry.invalidate();
    let conns = &context.tables.conns;
    conns.remove(context.read, entry, EndCause::Moved);
    None
}

/// A template that is there.
pub(super) struct Found<'a> {
    pub(super) entry: &'a ConnEntry,
    /// Its server, and that one's settings where they aren't in force yet, if it may still be used.
    pub(super) usable: Option<(RcuArc<Dest>, Option<&'a DestConfig>)>,
}

/// Looks for the template, which is to be of the server `wanted` if that is given.
pub(super) fn look<'a>(
    context: &Context<'a>,
    service: &ServiceView<'a>,
    tuple: &Tuple,
    call: Option<&[u8]>,
    wanted: Option<&RcuArc<Dest>>,
) -> Option<Found<'a>> {
    let conns = &context.tables.conns;
    let entry = conns.find_template(context.read, tuple, call, context.now)?;
    let dest = entry.share_dest(context.read)?;
    let suits = wanted.is_none_or(|wanted| dest.number() == wanted.number());
    let mut usable = None;
    if let (Some(settings), true) = (service.known(&dest), suits) {
        let weight = settings.map_or_else(|| dest.weight(), |settings| dest.weight_by(settings));
        let expires = || context.state.settings().expire_quiescent_template();
        if !dest.moves_clients(weight, expires) {
            usable = Some((dest, settings));
        }
    }
    Some(Found { entry, usable })
}

/// The server's port for a connection of a template.
pub(super) fn real_port(flow: &Flow, service: &ServiceView<'_>, dest: &Dest) -> u16 {
    match (service_port(service), dest.id().port) {
        (Some(port), real) if port == flow.destination_port && real != 0 => real,
        _ => flow.destination_port,
    }
}

/// What names the template of the packet's client.
pub(super) fn template_tuple(flow: &Flow, service: &ServiceView<'_>) -> Tuple {
    let client = flow.ip.source.masked(flow.ip.family, service.netmask());
    let (protocol, virtual_addr, virtual_port) = match service.id().target {
        Target::Mark(mark) => (ANY_PROTOCOL, Addr::from_v4_word(mark.to_be()), 0),
        Target::Address { port, .. } => {
            let own_port = flow.destination_port == port && port != FTP_PORT;
            (
                flow.ip.protocol,
                flow.ip.destination,
                if own_port { port } else { 0 },
            )
        }
    };
    Tuple {
        family: flow.ip.family,
        protocol,
        client,
        client_port: 0,
        virtual_addr,
        virtual_port,
    }
}

/// The server's port in a template: none where the template stands for several ports.
fn template_port(flow: &Flow, service: &ServiceView<'_>, dest: &Dest) -> u16 {
    match service_port(service) {
        Some(port) if port == flow.destination_port && port != FTP_PORT => dest.id().port,
        _ => 0,
    }
}

fn service_port(service: &ServiceView<'_>) -> Option<u16> {
    match service.id().target {
        Target::Address { port, .. } => Some(port),
        Target::Mark(_) => None,
    }
}
