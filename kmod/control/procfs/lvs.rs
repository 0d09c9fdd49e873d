// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/lvs` and `/proc/net/lvs_conn`: services, servers and connections as people read them.
//! Nothing should parse these; their look may change. `ipvsadm-rs metrics` alone reads the summary.

use core::fmt::Write as _;

use lvs_engine::addr::Family;
use lvs_engine::config::{
    Forwarding,
    Target, //
};
use lvs_engine::drain::{
    Begun,
    Phase,
    Then, //
};
use lvs_engine::extras::{
    Extras,
    OnExpiry, //
};
use lvs_uapi::drop_reason::DropReason;
use lvs_uapi::flags::service as flags;

use super::conns;
use super::ip_vs;
use super::status::Chains;
use crate::control::format::{
    Plain,
    Text, //
};
use crate::control::names;
use crate::control::names::Protocol;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::time;
use crate::kernel_ext::user::procfs::{
    Contents,
    Output, //
};
use crate::table::shortcuts::Shortcut;
use crate::table::sync::Role;
use crate::table::tables::namespaces_in_use;
use crate::table::{
    Dest,
    NetnsState,
    Service, //
};

/// Services and servers with dotted addresses, then how the connection table is.
pub(super) struct Overview;

impl Contents for Overview {
    type State = NetnsState;

    fn has(state: &NetnsState, index: usize) -> bool {
        index <= ip_vs::records(state).saturating_add(1)
    }

    fn show(state: &NetnsState, index: usize, out: &mut Output<'_>) {
        if index == 0 {
            writeln!(
                out,
                "{:<36} {:<8} {:>6} {:>10} {:>10} {:>14} {:>18} {:>18}",
                "Service / server",
                "Method",
                "Weight",
                "Active",
                "Inactive",
                "Connections",
                "Bytes in",
                "Bytes out"
            );
            return;
        }
        if index > ip_vs::records(state) {
            show_summary(state, out);
            return;
        }
        ip_vs::show_each(state, index, out, show_service, show_dest);
    }
}

fn show_service(service: &Service, read: ReadSide<'_>, out: &mut Output<'_>) {
    let id = service.id();
    let config = service.config(read);
    let mut name = Text::<64>::new();
    // What doesn't fit is left out; nothing that is written is so long.
    let _ = match id.target {
        Target::Mark(mark) if id.family == Family::V6 => write!(name, "mark {mark} (IPv6)"),
        Target::Mark(mark) => write!(name, "mark {mark}"),
        Target::Address {
            protocol,
            addr,
            port,
        } => write!(
            name,
            "{} {}",
            Protocol(protocol),
            Plain(id.family, addr, port)
        ),
    };
    let stats = service.stats(read).counters;
    write!(
        out,
        "{:<36} {:<8} {:>6} {:>10} {:>10} {:>14} {:>18} {:>18}",
        name.as_str(),
        names::of_scheduler(config.scheduler),
        "",
        "",
        "",
        stats.connections,
        stats.in_bytes,
        stats.out_bytes
    );
    if config.flags & flags::PERSISTENT != 0 {
        write!(out, "  persistent {} s", config.timeout);
    }
    if config.flags & flags::ONEPACKET != 0 {
        write!(out, "  one-packet");
    }
    show_extras(&service.extras_in_effect(read), out);
    writeln!(out);
}

/// What the service has beyond ip_vs's.
fn show_extras(extras: &Extras, out: &mut Output<'_>) {
    let own = &extras.timeouts;
    for (name, seconds) in [
        ("tcp", own.tcp),
        ("tcp-fin", own.tcp_fin),
        ("udp", own.udp),
        ("sctp", own.sctp),
        ("slow start", extras.slow_start),
    ] {
        if seconds != 0 {
            write!(out, "  {name} {seconds} s");
        }
    }
    match extras.on_expiry {
        OnExpiry::Inherit => {}
        OnExpiry::Silent => write!(out, "  on expiry silent"),
        OnExpiry::Reset => write!(out, "  on expiry reset"),
    }
}

fn show_dest(dest: &Dest, out: &mut Output<'_>) {
    let id = dest.id();
    let config = dest.config();
    let stats = dest.stats().counters;
    write!(
        out,
        "  {:<34} {:<8} {:>6} {:>10} {:>10} {:>14} {:>18} {:>18}",
        Plain(id.family, id.addr, id.port),
        method(Forwarding::from_flags(config.flags)),
        config.weight,
        dest.active(),
        dest.inactive(),
        stats.connections,
        stats.in_bytes,
        stats.out_bytes
    );
    if let Some(drain) = dest.drain() {
        show_drain(drain, out);
    } else if config.weight == 0 {
        write!(out, "  quiescent");
    }
    if let Some(ramp) = dest.ramp() {
        let now = time::now();
        let (percent, seconds) = (ramp.percent(now), ramp.ticks_left(now).div_ceil(time::HZ));
        write!(out, "  starting, {percent} %, {seconds} s left");
    }
    writeln!(out);
}

/// How a server is drained.
fn show_drain(drain: Begun, out: &mut Output<'_>) {
    if drain.phase == Phase::Over {
        write!(out, "  quiescent, drained");
        return;
    }
    write!(out, "  draining");
    if let Some(seconds) = drain.seconds_left(time::seconds()) {
        let then = match drain.then {
            Then::Keep => "keep",
            Then::Reset => "reset",
            Then::Forget => "forget",
        };
        write!(out, ", {seconds} s left, then {then}");
    }
}

fn method(forwarding: Forwarding) -> &'static str {
    match forwarding {
        Forwarding::Masquerade => "NAT",
        Forwarding::Local => "local",
        Forwarding::Tunnel => "tunnel",
        Forwarding::DirectRoute => "direct",
        Forwarding::Bypass => "bypass",
    }
}

fn show_summary(state: &NetnsState, out: &mut Output<'_>) {
    let conns = state.conn_count();
    let buckets = state.conn_buckets();
    let longest = Chains::of_conns(state).longest;
    let bytes = state.conn_bytes();
    // The early path looks entries up itself.
    let prefetch = state.prefetches() && !state.settings().early_path();
    let prefetch = if prefetch { "on" } else { "off" };
    writeln!(
        out,
        "\n{:<20} {conns:>14}\n{:<20} {buckets:>14}\n{:<20} {longest:>14}\n\
         {:<20} {bytes:>14}\n{:<20} {prefetch:>14}",
        "Connections", "Buckets", "Longest chain", "Bytes", "Prefetch"
    );
    // Whoever replaces the module has to know whether all of them were found.
    if state.net().is_initial() {
        writeln!(out, "{:<20} {:>14}", "Namespaces", namespaces_in_use());
    }
    let left = state.shortcuts().sums();
    for (name, shortcut) in [("Early path", Shortcut::Early), ("XDP", Shortcut::Xdp)] {
        match left.of(shortcut) {
            0 => {}
            packets => writeln!(out, "{name:<20} {packets:>14}"),
        }
    }
    show_drops(state, out);
    show_sync(state, out);
}

/// Packets that were dropped, and for what.
fn show_drops(state: &NetnsState, out: &mut Output<'_>) {
    let counts = state.drops().sums();
    let dropped = counts
        .iter()
        .fold(0, |sum: u64, count| sum.wrapping_add(*count));
    writeln!(out, "{:<20} {dropped:>14}", "Dropped");
    for (reason, count) in DropReason::ALL.iter().zip(counts) {
        if count != 0 {
            writeln!(out, "  {:<18} {count:>14}", reason.name());
        }
    }
}

/// What the synchronisation daemons did, if one ran.
fn show_sync(state: &NetnsState, out: &mut Output<'_>) {
    let sync = state.sync();
    let counts = sync.counts();
    let summary = sync.knowledge().summary();
    if let Some(phase) = summary.phase {
        let in_sync = if summary.is_in_sync { "yes" } else { "no" };
        writeln!(out, "{:<20} {in_sync:>14}", "In sync");
        writeln!(out, "{:<20} {:>14}", "  phase", phase.name());
    }
    let mut row = |name: &str, count: u64| writeln!(out, "{name:<20} {count:>14}");
    if sync.runs(Role::Master) || counts.sent.get() != 0 {
        row("Sync sent", counts.sent.get());
        row("  entries", counts.told.get());
        row("  failed", counts.unsent.get());
        row("  repaired", counts.repaired.get());
    }
    if sync.runs(Role::Backup) || counts.received.get() != 0 {
        row("Sync received", counts.received.get());
        row("  made", counts.made.get());
        row("  updated", counts.updated.get());
        row("  replaced", counts.replaced.get());
        row("  outdated", counts.outdated.get());
        row("  older", counts.older.get());
        row("  no room", counts.no_room.get());
        row("  too long", counts.too_long.get());
        counts.for_each_reason(|reason, count| {
            if count != 0 {
                writeln!(out, "  refused: {reason:<9} {count:>14}");
            }
        });
    }
}

/// Every connection.
pub(super) struct Conns;

impl Contents for Conns {
    type State = NetnsState;

    fn has(state: &NetnsState, index: usize) -> bool {
        conns::Conns::has(state, index)
    }

    fn show(state: &NetnsState, index: usize, out: &mut Output<'_>) {
        if index == 0 {
            writeln!(
                out,
                "{:<6} {:<24} {:<24} {:<24} {:<8} {:<11} {:>9} {:>9}",
                "", "Client", "Service", "Server", "Method", "State", "Age", "Expires"
            );
        }
        conns::for_each(state, index, &mut |_, conn, seconds| {
            let kind = if conn.is_template() {
                "template"
            } else {
                method(conn.forwarding())
            };
            writeln!(
                out,
                "{:<6} {:<24} {:<24} {:<24} {kind:<8} {:<11} {:>7} s {:>7} s",
                Protocol(u16::from(conn.protocol())),
                Plain(conn.family(), conn.client(), conn.client_port()),
                Plain(conn.family(), conn.virtual_addr(), conn.virtual_port()),
                Plain(conn.real_family(), conn.real_addr(), conn.real_port()),
                conn.state_name(),
                conn.age(),
                seconds
            );
        });
    }
}
