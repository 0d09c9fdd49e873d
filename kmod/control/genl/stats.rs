// SPDX-License-Identifier: GPL-2.0

//! Counters and rates in replies.

use kernel::prelude::*;
use lvs_uapi::genl::stats_attr as attr;

use crate::kernel_ext::user::nla::Writer;
use crate::table::Stats;

/// Which of the two nests a message has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Widths {
    /// The old one, mostly of 32 bits, and the one of 64.
    Both,
    /// That of 64 bits.
    Wide,
    /// Neither.
    None,
}

/// Appends `stats`, in nests of these numbers, the narrow one first.
pub(super) fn fill(
    message: &mut Writer<'_>,
    (narrow, wide): (u16, u16),
    widths: Widths,
    stats: impl FnOnce() -> Stats,
) -> Result {
    if widths == Widths::None {
        return Ok(());
    }
    let stats = &stats();
    if widths == Widths::Both {
        fill_narrow(message, narrow, stats)?;
    }
    let Stats { counters, rates } = stats;
    message.nest(wide, |nest| {
        let all = [
            (attr::CONNS, counters.connections),
            (attr::INPKTS, counters.in_packets),
            (attr::OUTPKTS, counters.out_packets),
            (attr::INBYTES, counters.in_bytes),
            (attr::OUTBYTES, counters.out_bytes),
            (attr::CPS, rates.connections),
            (attr::INPPS, rates.in_packets),
            (attr::OUTPPS, rates.out_packets),
            (attr::INBPS, rates.in_bytes),
            (attr::OUTBPS, rates.out_bytes),
        ];
        all.iter()
            .try_for_each(|(number, value)| nest.u64(*number, *value, attr::PAD))
    })
}

fn fill_narrow(message: &mut Writer<'_>, narrow: u16, stats: &Stats) -> Result {
    let Stats { counters, rates } = stats;
    message.nest(narrow, |nest| {
        nest.u32(attr::CONNS, counters.connections as u32)?;
        nest.u32(attr::INPKTS, counters.in_packets as u32)?;
        nest.u32(attr::OUTPKTS, counters.out_packets as u32)?;
        nest.u64(attr::INBYTES, counters.in_bytes, attr::PAD)?;
        nest.u64(attr::OUTBYTES, counters.out_bytes, attr::PAD)?;
        nest.u32(attr::CPS, rates.connections as u32)?;
        nest.u32(attr::INPPS, rates.in_packets as u32)?;
        nest.u32(attr::OUTPPS, rates.out_packets as u32)?;
        nest.u32(attr::INBPS, rates.in_bytes as u32)?;
        nest.u32(attr::OUTBPS, rates.out_bytes as u32)
    })
}
