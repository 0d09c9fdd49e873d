// SPDX-License-Identifier: MIT OR GPL-2.0

//! Counters and rates.

use lvs_uapi::genl::stats_attr;

use crate::model::Stats;

use super::attr::attributes;
use super::attr::Value;

attributes! {
    /// An attribute in a nest of counters.
    pub enum StatsAttr {
        /// Connections scheduled.
        Conns(Value) = stats_attr::CONNS, value;
        /// Packets from clients.
        InPkts(Value) = stats_attr::INPKTS, value;
        /// Packets to clients.
        OutPkts(Value) = stats_attr::OUTPKTS, value;
        /// Bytes from clients.
        InBytes(Value) = stats_attr::INBYTES, value;
        /// Bytes to clients.
        OutBytes(Value) = stats_attr::OUTBYTES, value;
        /// Connections a second.
        Cps(Value) = stats_attr::CPS, value;
        /// Packets from clients a second.
        InPps(Value) = stats_attr::INPPS, value;
        /// Packets to clients a second.
        OutPps(Value) = stats_attr::OUTPPS, value;
        /// Bytes from clients a second.
        InBps(Value) = stats_attr::INBPS, value;
        /// Bytes to clients a second.
        OutBps(Value) = stats_attr::OUTBPS, value;
    }
}

impl From<&[StatsAttr]> for Stats {
    fn from(attrs: &[StatsAttr]) -> Self {
        let mut stats = Stats::default();
        for attr in attrs {
            match attr {
                StatsAttr::Conns(value) => stats.conns = value.get(),
                StatsAttr::InPkts(value) => stats.inpkts = value.get(),
                StatsAttr::OutPkts(value) => stats.outpkts = value.get(),
                StatsAttr::InBytes(value) => stats.inbytes = value.get(),
                StatsAttr::OutBytes(value) => stats.outbytes = value.get(),
                StatsAttr::Cps(value) => stats.cps = value.get(),
                StatsAttr::InPps(value) => stats.inpps = value.get(),
                StatsAttr::OutPps(value) => stats.outpps = value.get(),
                StatsAttr::InBps(value) => stats.inbps = value.get(),
                StatsAttr::OutBps(value) => stats.outbps = value.get(),
                StatsAttr::Other(_) => {}
            }
        }
        stats
    }
}
