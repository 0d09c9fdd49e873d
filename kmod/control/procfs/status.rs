// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/ip_vs_status`: how full the tables are; `ip_vs_app`: the application helpers.

use super::{
    conns,
    ip_vs, //
};
use crate::kernel_ext::mem::rcu;
use crate::kernel_ext::task::time;
use crate::kernel_ext::user::procfs::{
    Contents,
    Output, //
};
use crate::table::ftp_ports;
use crate::table::rules::walk;
use crate::table::tables::Tables;
use crate::table::NetnsState;

/// FTP's ports with their places, in the file's order.
fn used_ports() -> impl Iterator<Item = (usize, u16)> {
    (0..ftp_ports::MAX_FTP_PORTS).rev().filter_map(|place| {
        let port = ftp_ports::all().nth(place)?;
        (port != 0).then_some((place, port))
    })
}

/// Chains of this length and longer are counted together.
const LONG: usize = 7;

/// How the chains of a table are.
#[derive(Default)]
pub(in crate::control) struct Chains {
    /// Number of chains of each length, the last for all that are longer.
    pub(super) of_length: [u64; LONG + 1],
    /// The longest.
    pub(in crate::control) longest: usize,
}

impl Chains {
    /// Looks at every bucket of the connection table.
    pub(in crate::control) fn of_conns(state: &NetnsState) -> Self {
        Self::measure(state.conn_buckets(), |bucket| {
            let mut length = 0_usize;
            conns::for_each(state, bucket.saturating_add(1), &mut |_, _, _| {
                length = length.saturating_add(1);
            });
            length
        })
    }

    /// Looks at every bucket of the service table.
    fn of_services(tables: &Tables) -> Self {
        Self::measure(tables.services.buckets(), |bucket| {
            let mut length = 0_usize;
            rcu::read(|read| {
                tables.services.for_each_in_bucket(read, bucket, |_| {
                    length = length.saturating_add(1);
                });
            });
            length
        })
    }

    fn measure(buckets: usize, length_of: impl Fn(usize) -> usize) -> Self {
        let mut chains = Self::default();
        for bucket in 0..buckets {
            let length = length_of(bucket);
            chains.longest = chains.longest.max(length);
            if let Some(count) = chains.of_length.get_mut(length.min(LONG)) {
                *count = count.saturating_add(1);
            }
            if bucket % 64 == 63 {
                time::yield_now();
            }
        }
        chains
    }

    fn show(&self, table: &str, out: &mut Output<'_>) {
        let all: u64 = self
            .of_length
            .iter()
            .fold(0, |sum, n| sum.saturating_add(*n));
        let [empty, used @ ..] = self.of_length;
        let percent = |part: u64, whole: u64| {
            part.saturating_mul(100)
                .checked_div(whole)
                .unwrap_or_default()
        };
        writeln!(
            out,
            "{table} buckets empty:\t{empty} ({}%)",
            percent(empty, all)
        );
        for (length, count) in (1..=LONG).zip(used).filter(|(_, count)| *count != 0) {
            let share = percent(count, all.saturating_sub(empty));
            writeln!(out, "{table} buckets len-{length}:\t{count} ({share}%)");
        }
    }
}

fn show_size(table: &str, buckets: usize, lfactor: i32, out: &mut Output<'_>) {
    let bits = buckets.checked_ilog2().unwrap_or(0);
    let lfactor = if buckets == 0 { 0 } else { lfactor };
    writeln!(
        out,
        "{table} buckets:\t{buckets} ({bits} bits, lfactor {lfactor})"
    );
}

/// The tables, and the thread that estimates rates. ip_vs has several threads that visit chains of
/// limited length; here it is one, which lets others run after so many servers.
pub(super) struct Status;

impl Contents for Status {
    type State = NetnsState;

    fn has(_state: &NetnsState, index: usize) -> bool {
        index == 0
    }

    fn show(state: &NetnsState, _index: usize, out: &mut Output<'_>) {
        let conns = state.conn_count();
        let buckets = state.conn_buckets();
        writeln!(out, "Conns:\t{conns}");
        show_size("Conn", buckets, state.settings().conn_lfactor(), out);
        if conns != 0 {
            Chains::of_conns(state).show("Conn", out);
        }
        let services = ip_vs::count(state);
        let tables = state.tables().filter(|_| services != 0);
        let buckets = tables.map_or(0, |tables| tables.services.buckets());
        writeln!(out, "Services:\t{services}");
        show_size("Service", buckets, state.settings().svc_lfactor(), out);
        if let Some(tables) = tables {
            Chains::of_services(tables).show("Service", out);
        }
        let (most, slice, servers) = state.tables().map_or((0, 0, 0), |tables| {
            (1, walk::SLICE, tables.dest_index.count())
        });
        let threads = u32::from(state.is_estimating());
        writeln!(
            out,
            "Stats thread slots:\t{threads} (max {most})\nStats chain max len:\t{slice}\n\
             Stats thread ests:\t{servers}"
        );
    }
}

/// The application helpers: FTP's, one for each of its ports, the last one given first.
pub(super) struct Apps;

impl Contents for Apps {
    type State = NetnsState;

    fn has(_state: &NetnsState, index: usize) -> bool {
        index == 0 || used_ports().nth(index.saturating_sub(1)).is_some()
    }

    fn show(state: &NetnsState, index: usize, out: &mut Output<'_>) {
        let Some(record) = index.checked_sub(1) else {
            writeln!(out, "prot port    usecnt name");
            return;
        };
        if let Some((place, port)) = used_ports().nth(record) {
            let users = state
                .tables()
                .map_or(0, |tables| tables.conns.ftp_control_count(place));
            writeln!(out, "TCP  {port:<7} {users:<6} {:<17}", "ftp");
        }
    }
}
