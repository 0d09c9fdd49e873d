// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/ip_vs`: the services and their destinations, as monitoring tools parse them.

use lvs_engine::addr::Family;
use lvs_engine::config::{
    Forwarding,
    Target, //
};
use lvs_uapi::flags::service as flags;
use lvs_uapi::limits::{
    version_parts,
    IP_VS_VERSION_CODE, //
};

use crate::control::format::Hex;
use crate::control::names;
use crate::control::names::Protocol;
use crate::kernel_ext::mem::rcu::{
    self,
    ReadSide, //
};
use crate::kernel_ext::task::time::HZ;
use crate::kernel_ext::user::procfs::{
    Contents,
    Output, //
};
use crate::table::{
    Dest,
    NetnsState,
    Service, //
};

/// Number of services.
pub(super) fn count(state: &NetnsState) -> usize {
    state.counts().total() as usize
}

/// Number of records without the header: buckets of the table.
pub(super) fn records(state: &NetnsState) -> usize {
    state.tables().map_or(0, |tables| tables.services.buckets())
}

/// Shows each service of record `index`, which isn't the header, and each of its servers behind it.
pub(super) fn show_each(
    state: &NetnsState,
    index: usize,
    out: &mut Output<'_>,
    show_service: impl Fn(&Service, ReadSide<'_>, &mut Output<'_>),
    show_dest: impl Fn(&Dest, &mut Output<'_>),
) {
    let (Some(tables), Some(bucket)) = (state.tables(), index.checked_sub(1)) else {
        return;
    };
    rcu::read(|read| {
        tables.services.for_each_in_bucket(read, bucket, |service| {
            if !service.is_in_force() {
                return;
            }
            show_service(service, read, out);
            for dest in service.dests(read) {
                show_dest(dest, out);
            }
        });
    });
}

/// The services, a bucket of their table in a record.
pub(super) struct Rules;

impl Contents for Rules {
    type State = NetnsState;

    fn has(state: &NetnsState, index: usize) -> bool {
        index <= records(state)
    }

    fn show(state: &NetnsState, index: usize, out: &mut Output<'_>) {
        if index == 0 {
            let (major, minor, patch) = version_parts(IP_VS_VERSION_CODE);
            let buckets = state.conn_buckets();
            writeln!(
                out,
                "IP Virtual Server version {major}.{minor}.{patch} (size={buckets})\n\
                 Prot LocalAddress:Port Scheduler Flags\n  \
                 -> RemoteAddress:Port Forward Weight ActiveConn InActConn"
            );
            return;
        }
        show_each(state, index, out, show_service, show_dest);
    }
}

fn show_service(service: &Service, read: ReadSide<'_>, out: &mut Output<'_>) {
    let id = service.id();
    let config = service.config(read);
    let scheduler = names::of_scheduler(config.scheduler);
    let one_packet = if config.flags & flags::ONEPACKET != 0 {
        "ops "
    } else {
        ""
    };
    match id.target {
        Target::Mark(mark) => write!(out, "FWM  {mark:08X} {scheduler} {one_packet}"),
        Target::Address {
            protocol,
            addr,
            port,
        } => {
            let protocol = Protocol(protocol);
            let addr = Hex(id.family, addr);
            match id.family {
                Family::V4 => write!(
                    out,
                    "{protocol}  {addr}:{port:04X} {scheduler} {one_packet} "
                ),
                Family::V6 => write!(out, "{protocol}  [{addr}]:{port:04X} {scheduler} "),
            }
        }
    }
    if config.flags & flags::PERSISTENT != 0 {
        // A signed number of jiffies, and the mask as if it were IPv4's whatever it is.
        let timeout = config.timeout.wrapping_mul(HZ) as i32;
        let mask = u32::from_be(config.netmask);
        writeln!(out, "persistent {timeout} {mask:08X}");
    } else {
        writeln!(out);
    }
}

fn show_dest(dest: &Dest, out: &mut Output<'_>) {
    let id = dest.id();
    let config = dest.config();
    let addr = Hex(id.family, id.addr);
    let port = id.port;
    match id.family {
        Family::V4 => write!(out, "  -> {addr}:{port:04X}"),
        Family::V6 => write!(out, "  -> [{addr}]:{port:04X}"),
    }
    let forward = names::of_forwarding(Forwarding::from_flags(config.flags));
    let weight = config.weight;
    let active = dest.active();
    let inactive = dest.inactive();
    writeln!(
        out,
        "      {forward:<7} {weight:<6} {active:<10} {inactive:<10}"
    );
}
