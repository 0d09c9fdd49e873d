// SPDX-License-Identifier: GPL-2.0

//! Options that are got: listings.

use core::fmt::Write as _;
use core::ops::ControlFlow;

use kernel::prelude::*;
use lvs_engine::addr::Family;
use lvs_engine::config::{
    ServiceConfig,
    Target, //
};
use lvs_uapi::flags::{
    conn,
    fwd,
    service as service_flags, //
};
use lvs_uapi::limits::{
    version_parts,
    IP_VS_VERSION_CODE, //
};
use lvs_uapi::sockopt::{
    get,
    DaemonUser,
    DestEntry,
    GetDests,
    GetInfo,
    GetServices,
    ServiceEntry,
    TimeoutUser, //
};
use zerocopy::{
    Immutable,
    IntoBytes, //
};

use super::record::{
    from_bytes,
    put_name,
    stats,
    Named, //
};
use crate::control::format::Text;
use crate::control::names;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::user::sockopt::Reply;
use crate::table::rules::walk::{
    Item, //
    WalkPosition,
};
use crate::table::service::MarkDetails;
use crate::table::sync::Role;
use crate::table::{
    Dest,
    NetnsState,
    RulesGuard,
    Service, //
};

const SERVICE: usize = size_of::<ServiceEntry>();
const DEST: usize = size_of::<DestEntry>();

/// Entries that are collected before they are copied to the process, which may sleep.
const CHUNK: usize = 8;

/// Gets `option`.
pub(super) fn handle(state: &NetnsState, option: c_int, reply: &mut Reply<'_>) -> Result {
    match option {
        get::VERSION => version(state, reply),
        get::INFO => info(state, reply),
        get::SERVICES => services(state, reply),
        get::SERVICE => service(state, reply),
        get::DESTS => dests(state, reply),
        get::TIMEOUT => timeouts(state, reply),
        get::DAEMON => daemons(state, reply),
        _ => Err(EINVAL),
    }
}

fn version(state: &NetnsState, reply: &mut Reply<'_>) -> Result {
    reply.read::<{ get::VERSION_LEN }>()?;
    let (major, minor, patch) = version_parts(IP_VS_VERSION_CODE);
    let buckets = state.conn_buckets();
    let mut text = Text::<{ get::VERSION_LEN }>::new();
    write!(
        text,
        "IP Virtual Server version {major}.{minor}.{patch} (size={buckets})\0"
    )
    .map_err(|_| EINVAL)?;
    reply.write(0, text.as_str().as_bytes())?;
    reply.set_len(text.as_str().len());
    Ok(())
}

fn info(state: &NetnsState, reply: &mut Reply<'_>) -> Result {
    reply.read::<{ size_of::<GetInfo>() }>()?;
    let record = GetInfo {
        version: IP_VS_VERSION_CODE,
        size: state.conn_buckets() as u32,
        num_services: RulesGuard::lock(state).services_v4(),
    };
    reply.write(0, record.as_bytes())
}

fn timeouts(state: &NetnsState, reply: &mut Reply<'_>) -> Result {
    reply.read::<{ size_of::<TimeoutUser>() }>()?;
    let timeouts = RulesGuard::lock(state).timeouts();
    let record = TimeoutUser {
        tcp_timeout: timeouts.tcp,
        tcp_fin_timeout: timeouts.tcp_fin,
        udp_timeout: timeouts.udp,
    };
    reply.write(0, record.as_bytes())
}

/// The master and the backup; zeros for one that doesn't run.
fn daemons(state: &NetnsState, reply: &mut Reply<'_>) -> Result {
    reply.read::<{ 2 * size_of::<DaemonUser>() }>()?;
    let rules = RulesGuard::lock(state);
    let records = Role::ALL.map(|role| match rules.daemon(role) {
        None => DaemonUser::default(),
        Some(daemon) => DaemonUser {
            state: role.number(),
            mcast_ifn: *daemon.device.field(),
            syncid: daemon.sync_id,
        },
    });
    reply.write(0, records.as_bytes())
}

/// Fills in an entry for `service`.
fn describe(entry: &mut ServiceEntry, read: ReadSide<'_>, service: &Service) {
    let config: ServiceConfig = service.config(read);
    let MarkDetails {
        protocol,
        addr,
        port,
    } = service.mark_details();
    let mark = match service.id().target {
        Target::Mark(mark) => mark,
        Target::Address { .. } => 0,
    };
    let dests = service.dests(read);
    entry.protocol = protocol;
    entry.addr = addr.v4();
    entry.port = port.to_be_bytes();
    entry.fwmark = mark;
    let name = names::of_scheduler(config.scheduler);
    put_name(&mut entry.sched_name, name.as_bytes());
    entry.flags = config.flags | service_flags::HASHED;
    entry.timeout = config.timeout;
    entry.netmask = config.netmask;
    entry.num_dests = dests.len() as u32;
    entry.stats = stats(&service.stats(read));
}

/// Fills in an entry for `dest`.
fn describe_dest(entry: &mut DestEntry, dest: &Dest) {
    let id = dest.id();
    let config = dest.config();
    // Flags that every connection to the server begins with are shown too.
    let mut flags = config.flags | conn::INACTIVE;
    if config.flags & fwd::MASK != fwd::MASQ {
        flags |= conn::NOOUTPUT;
    }
    entry.addr = id.addr.v4();
    entry.port = id.port.to_be_bytes();
    entry.conn_flags = flags;
    entry.weight = config.weight;
    entry.u_threshold = config.upper_threshold;
    entry.l_threshold = config.lower_threshold;
    entry.activeconns = dest.active();
    entry.inactconns = dest.inactive();
    entry.persistconns = dest.persistent();
    entry.stats = stats(&dest.stats());
}

fn service(state: &NetnsState, reply: &mut Reply<'_>) -> Result {
    // The entry's bytes that have no meaning come back as they are.
    let mut entry: ServiceEntry = from_bytes(&reply.read::<SERVICE>()?)?;
    let id = entry.service_id();
    RulesGuard::lock(state)
        .with_service(&id, |read, service| describe(&mut entry, read, service))?;
    reply.write(0, entry.as_bytes())
}

/// Writes the entries that `collect` makes into a table behind a header of `header` bytes, at most
/// `most`. `collect` is given how many to leave out, and a place for each of the next ones; it
/// returns how many of those it filled.
fn write_table<T: Copy + Default + IntoBytes + Immutable>(
    reply: &mut Reply<'_>,
    header: usize,
    most: usize,
    mut collect: impl FnMut(usize, &mut [T]) -> Result<usize>,
) -> Result {
    let mut done = 0_usize;
    let mut offset = header;
    while done < most {
        let mut chunk = [T::default(); CHUNK];
        let room = most.saturating_sub(done).min(CHUNK);
        let filled = collect(done, chunk.get_mut(..room).unwrap_or(&mut []))?;
        for entry in chunk.iter().take(filled) {
            reply.write(offset, entry.as_bytes())?;
            offset = offset.saturating_add(size_of::<T>());
        }
        if filled < room {
            break;
        }
        done = done.saturating_add(filled);
    }
    Ok(())
}

/// Whether the process made room for exactly `entries` of `size` bytes behind `header` bytes.
fn fits(reply: &Reply<'_>, header: usize, entries: u32, size: usize) -> bool {
    (entries as usize)
        .checked_mul(size)
        .and_then(|table| table.checked_add(header))
        == Some(reply.len())
}

fn services(state: &NetnsState, reply: &mut Reply<'_>) -> Result {
    const HEADER: usize = size_of::<GetServices>();
    let question: GetServices = from_bytes(&reply.read::<HEADER>()?)?;
    let wanted = question.num_services;
    if !fits(reply, HEADER, wanted, SERVICE) {
        return Err(EINVAL);
    }
    // Nothing changes while it is listed.
    let rules = RulesGuard::lock(state);
    let mut next = Some(WalkPosition::default());
    write_table(reply, HEADER, wanted as usize, |_, entries| {
        Ok(collect_services(&rules, &mut next, entries))
    })
}

/// Fills entries with services from `next` on, which it moves on.
fn collect_services(
    rules: &RulesGuard<'_>,
    next: &mut Option<WalkPosition>,
    entries: &mut [ServiceEntry],
) -> usize {
    let Some(from) = *next else {
        return 0;
    };
    let mut filled = 0_usize;
    let mut entries = entries.iter_mut();
    *next = rules.walk(from, |read, item| {
        let Item::Service(service) = item else {
            return ControlFlow::Continue(());
        };
        if service.id().family != Family::V4 {
            return ControlFlow::Continue(());
        }
        let Some(entry) = entries.next() else {
            return ControlFlow::Break(());
        };
        describe(entry, read, service);
        filled = filled.saturating_add(1);
        ControlFlow::Continue(())
    });
    filled
}

fn dests(state: &NetnsState, reply: &mut Reply<'_>) -> Result {
    const HEADER: usize = size_of::<GetDests>();
    let question: GetDests = from_bytes(&reply.read::<HEADER>()?)?;
    let wanted = question.num_dests;
    if !fits(reply, HEADER, wanted, DEST) {
        return Err(EINVAL);
    }
    let id = question.service_id();
    let rules = RulesGuard::lock(state);
    rules.with_service(&id, |_, _| ())?;
    write_table(reply, HEADER, wanted as usize, |skip, places| {
        rules.with_service(&id, |read, service| {
            let dests = service.dests(read);
            let shown = dests.iter().filter(|dest| dest.id().family == Family::V4);
            let mut filled = 0_usize;
            for (place, dest) in places.iter_mut().zip(shown.skip(skip)) {
                describe_dest(place, dest);
                filled = filled.saturating_add(1);
            }
            filled
        })
    })
}
