// SPDX-License-Identifier: GPL-2.0

//! Calls: UDP services whose persistence engine is `sip`.
//!
//! Templates of such a service are told apart by the Call-ID in the message as well: what belongs
//! to a call goes to one server. A server may also begin, and its peer's answers find it: its
//! packet goes out with the virtual address, and makes the connection the answers belong to.

use core::sync::atomic::Ordering;

use lvs_engine::config::Target;
use lvs_engine::parse::protocol;
use lvs_uapi::flags::service as service_flag;

use crate::kernel_ext::net::hook::HookPoint;
use crate::kernel_ext::net::packet::Packet;
use crate::table::conn::Tuple;
use crate::table::conn_table::{
    NewConn,
    Purpose, //
};
use crate::table::edition::Edition;
use crate::table::service_view::ServiceView;

use super::connect::{
    self,
    Made, //
};
use super::context::{
    Context,
    Flow, //
};
use super::{
    call_id,
    persist, //
};

/// The connection that a server's packet opens, which belongs to none yet, by this edition of the
/// rules.
pub(super) fn open<'a>(
    context: &Context<'a>,
    packet: &mut Packet,
    flow: &Flow,
    edition: Edition,
) -> Option<Made<'a>> {
    if context.state.counts().sip.load(Ordering::Relaxed) == 0
        || flow.ip.protocol != protocol::UDP
        || context.place == HookPoint::LocalIn
    {
        return None;
    }
    let dest = context.tables.dest_index.find(
        context.read,
        flow.ip.family,
        flow.ip.protocol,
        &flow.ip.source,
        flow.source_port,
        edition,
    )?;
    let service = context
        .tables
        .service_in(context.read, dest.service(), edition)?;
    let service = &ServiceView::new(context.read, service, edition);
    let settings = service.known(dest)?;
    let Target::Address { addr, port, .. } = service.id().target else {
        return None;
    };
    if !service.is_sip() || port == 0 || flow.source_port == 0 {
        return None;
    }
    let tuple = Tuple {
        family: flow.ip.family,
        protocol: flow.ip.protocol,
        client: flow.ip.destination,
        client_port: flow.destination_port,
        virtual_addr: addr,
        virtual_port: port,
    };
    let template = if service.flags() & service_flag::PERSISTENT == 0 {
        None
    } else {
        let call = call_id::of(packet, flow)?;
        Some(persist::template_of_server(
            context, &tuple, call, service, dest,
        )?)
    };
    let new = NewConn {
        tuple,
        client_hash: None,
        dest: Some(dest),
        settings,
        real_port: flow.source_port,
        purpose: Purpose::Outgoing(template),
    };
    connect::create_for(context, service, &new).ok()
}
