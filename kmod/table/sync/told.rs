// SPDX-License-Identifier: GPL-2.0

//! What an entry that was told means in the table here.

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::DestId;
use lvs_engine::sync::action;
use lvs_engine::sync::{
    Endpoint,
    Entry as Told, //
};
use lvs_uapi::flags::conn as wire_flag;

use crate::kernel_ext::mem::rcu::{
    RcuArc,
    ReadSide, //
};
use crate::table::conn::{
    flag,
    Tuple, //
};
use crate::table::dest::Dest;
use crate::table::find_service::Wanted;
use crate::table::netns_state::NetnsState;
use crate::table::tables::Tables;

/// The port of a template that no connection uses any more.
const INVALID_PORT: u16 = 0xffff;

/// Client and virtual address.
pub(in crate::table) fn tuple(told: &Told<'_>) -> Tuple {
    Tuple {
        family: told.family,
        protocol: told.protocol,
        client: normal(told, told.client.addr),
        client_port: told.client.port,
        virtual_addr: normal(told, told.service.addr),
        virtual_port: told.service.port,
    }
}

fn normal(told: &Told<'_>, addr: Addr) -> Addr {
    match told.family {
        Family::V4 => Addr::from_v4_word(addr.v4_word()),
        Family::V6 => addr,
    }
}

/// The Call-ID of a call's template.
pub(in crate::table) fn call<'a>(told: &Told<'a>) -> Option<&'a [u8]> {
    told.engine
        .filter(|_| told.is_template())
        .map(|engine| engine.data)
}

/// Bits of [`flag`]: of what kind it is, and whether it is inactive.
pub(in crate::table) fn flags(told: &Told<'_>) -> u32 {
    let mut flags = 0;
    let mut add = |wire, own| {
        if told.flags & wire != 0 {
            flags |= own;
        }
    };
    add(wire_flag::TEMPLATE, flag::TEMPLATE);
    add(wire_flag::INACTIVE, flag::INACTIVE);
    add(wire_flag::NOOUTPUT, flag::NO_OUTPUT);
    add(wire_flag::NO_CPORT, flag::EXPECTED);
    if told.is_template() && told.dest.port == INVALID_PORT {
        flags |= flag::INVALID;
    }
    flags
}

/// The server at the address `server` that was told, if a service here has it; its weight and load
/// don't matter.
pub(in crate::table) fn find_dest<'a>(
    state: &NetnsState,
    tables: &'a Tables,
    read: ReadSide<'a>,
    told: &Told<'_>,
    server: (Family, Addr),
) -> Option<&'a RcuArc<Dest>> {
    let Endpoint { addr, port } = told.service;
    let wanted = Wanted {
        family: told.family,
        protocol: told.protocol,
        addr,
        port,
        mark: told.mark,
    };
    let service = state.find_service(read, tables, &wanted, state.edition())?;
    let dests = service.dests(read);
    let (family, addr) = server;
    action::dest_ports(told).into_iter().find_map(|port| {
        let wanted = DestId { family, addr, port };
        dests.iter().find(|dest| *dest.id() == wanted)
    })
}
