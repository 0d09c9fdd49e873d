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

use lvs_engine::addr::Addr;
use lvs_engine::config::Target;

use crate::kernel_ext::memory::Entry;
use crate::kernel_ext::rcu::RcuArc;
use crate::kernel_ext::time;
use crate::table::conn::{
    self,
    Tuple, //
};
use crate::table::conn_table::{
    NewConn,
    Role, //
};
use crate::table::{
    Dest,
    Service, //
};

use super::lookup::FTP_PORT;
use super::schedule::{
    self,
    Failure, //
};
use super::{
    ConnEntry,
    Context,
    Flow, //
};

/// Protocol of the templates of services by firewall mark.
const ANY_PROTOCOL: u8 = 0;

/// Makes the connection to the server of the client's template, and the template if there is none.
pub(super) fn connect<'a>(
    context: &Context<'a>,
    flow: &Flow,
    service: &'a Entry<Service>,
) -> Result<&'a ConnEntry, Failure> {
    let ticks = time::ticks(service.timeout());
    let tuple = template_tuple(flow, service);
    let (template, dest) = match usable_template(context, &tuple) {
        Some((template, dest)) => (template, dest.clone()),
        None => {
            let dest = schedule::pick(context, flow, service)?;
            let new = NewConn {
                tuple,
                dest,
                real_port: template_port(flow, service, dest),
                role: Role::Template { ticks },
            };
            (schedule::create(context, &new)?, dest.clone())
        }
    };
    conn::refresh(template, context.now, template.template_ticks());
    let real_port = match (service_port(service), dest.id().port) {
        (Some(port), real) if port == flow.destination_port && real != 0 => real,
        _ => flow.destination_port,
    };
    schedule::create(
        context,
        &NewConn {
            tuple: flow.as_request(),
            dest: &dest,
            real_port,
            role: Role::Connection(Some(template)),
        },
    )
}

/// The client's template, with its server, if that may still be used. One that may not is put out
/// of the way.
fn usable_template<'a>(
    context: &Context<'a>,
    tuple: &Tuple,
) -> Option<(&'a ConnEntry, RcuArc<Dest>)> {
    let conns = &context.tables.conns;
    let template = conns.find_template(context.read, tuple, context.now)?;
    let dest = template.share_dest(context.read)?;
    let quiescent = dest.weight() == 0 && context.state.sysctls().expire_quiescent_template();
    if dest.is_available() && !quiescent {
        return Some((template, dest));
    }
    template.invalidate();
    conns.remove(context.read, template);
    None
}

fn template_tuple(flow: &Flow, service: &Service) -> Tuple {
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
fn template_port(flow: &Flow, service: &Service, dest: &Dest) -> u16 {
    match service_port(service) {
        Some(port) if port == flow.destination_port && port != FTP_PORT => dest.id().port,
        _ => 0,
    }
}

fn service_port(service: &Service) -> Option<u16> {
    match service.id().target {
        Target::Address { port, .. } => Some(port),
        Target::Mark(_) => None,
    }
}
