// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/ip_vs_stats` and `ip_vs_stats_percpu`: totals in hexadecimal.

use core::fmt;

use crate::kernel_ext::mem::percpu;
use crate::kernel_ext::user::procfs::{
    Contents,
    Output, //
};
use crate::table::{
    Counters,
    NetnsState,
    Rates,
    RulesGuard, //
};

/// Five numbers in the files' columns.
struct Columns([u64; 5]);

impl Columns {
    fn counters(counters: &Counters) -> Self {
        Self([
            counters.connections,
            counters.in_packets,
            counters.out_packets,
            counters.in_bytes,
            counters.out_bytes,
        ])
    }

    fn rates(rates: &Rates) -> Self {
        Self([
            rates.connections,
            rates.in_packets,
            rates.out_packets,
            rates.in_bytes,
            rates.out_bytes,
        ])
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [conns, in_packets, out_packets, in_bytes, out_bytes] = self.0;
        write!(
            f,
            "{conns:8X} {in_packets:8X} {out_packets:8X} {in_bytes:16X} {out_bytes:16X}"
        )
    }
}

/// Everything, all processors together.
pub(super) struct Totals;

impl Contents for Totals {
    type State = NetnsState;

    fn has(_state: &NetnsState, index: usize) -> bool {
        index == 0
    }

    fn show(state: &NetnsState, _index: usize, out: &mut Output<'_>) {
        let totals = RulesGuard::lock(state).totals();
        writeln!(
            out,
            "   Total Incoming Outgoing         Incoming         Outgoing\n   \
             Conns  Packets  Packets            Bytes            Bytes\n\
             {}\n\n \
             Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n\
             {}",
            Columns::counters(&totals.counters),
            Columns::rates(&totals.rates)
        );
    }
}

/// Counters of each processor the machine may have, and the totals.
pub(super) struct PerCpu;

impl Contents for PerCpu {
    type State = NetnsState;

    fn has(_state: &NetnsState, index: usize) -> bool {
        index == 0
    }

    fn show(state: &NetnsState, _index: usize, out: &mut Output<'_>) {
        writeln!(
            out,
            "       Total Incoming Outgoing         Incoming         Outgoing\n\
             CPU    Conns  Packets  Packets            Bytes            Bytes"
        );
        for cpu in (0..percpu::cpu_limit()).filter(|cpu| percpu::cpu_possible(*cpu)) {
            let counters = RulesGuard::lock(state).totals_of_cpu(cpu);
            writeln!(out, "{cpu:3X} {}", Columns::counters(&counters));
        }
        let totals = RulesGuard::lock(state).totals();
        writeln!(
            out,
            "  ~ {}\n\n     \
             Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n    \
             {}",
            Columns::counters(&totals.counters),
            Columns::rates(&totals.rates)
        );
    }
}
