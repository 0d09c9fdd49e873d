// SPDX-License-Identifier: GPL-2.0

//! The interface's records from and to values.

use kernel::prelude::*;
use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::{
    ServiceId,
    Target, //
};
use lvs_uapi::limits::SCHEDNAME_MAXLEN;
use lvs_uapi::sockopt::{
    GetDests,
    ServiceEntry,
    ServiceUser,
    StatsUser, //
};
use zerocopy::FromBytes;

use crate::table::service::MarkDetails;
use crate::table::Stats;

/// The record that `bytes` are.
pub(super) fn from_bytes<T: FromBytes>(bytes: &[u8]) -> Result<T> {
    T::read_from_bytes(bytes).map_err(|_| EINVAL)
}

/// A record that names a service.
pub(super) trait Named {
    /// Protocol, address and port.
    fn mark_details(&self) -> MarkDetails;
    /// The mark; 0 where address and port name the service.
    fn mark(&self) -> u32;

    /// The IPv4 service. Whatever the protocol is, a mark alone names a service.
    fn service_id(&self) -> ServiceId {
        let target = match self.mark() {
            0 => {
                let MarkDetails {
                    protocol,
                    addr,
                    port,
                } = self.mark_details();
                Target::Address {
                    protocol,
                    addr,
                    port,
                }
            }
            mark => Target::Mark(mark),
        };
        ServiceId {
            family: Family::V4,
            target,
        }
    }
}

macro_rules! named {
    ($($record:ty),*) => {$(
        impl Named for $record {
            fn mark_details(&self) -> MarkDetails {
                MarkDetails {
                    protocol: self.protocol,
                    addr: Addr::from_v4(self.addr),
                    port: u16::from_be_bytes(self.port),
                }
            }

            fn mark(&self) -> u32 {
                self.fwmark
            }
        }
    )*};
}

named!(ServiceUser, ServiceEntry, GetDests);

/// The name in a field, if it ends.
pub(super) fn name(field: &[u8; SCHEDNAME_MAXLEN]) -> Option<&[u8]> {
    let len = field.iter().position(|byte| *byte == 0)?;
    field.get(..len)
}

/// Puts a name into a field. The kernel copies strings by words: what the last one has behind the
/// name is zero, what comes after it stays.
pub(super) fn put_name(field: &mut [u8; SCHEDNAME_MAXLEN], name: &[u8]) {
    let len = name.len().max(size_of::<u64>());
    for (i, to) in field.iter_mut().enumerate().take(len) {
        *to = name.get(i).copied().unwrap_or(0);
    }
}

/// Counters and rates, of which this interface has the low 32 bits.
pub(super) fn stats(stats: &Stats) -> StatsUser {
    let counters = &stats.counters;
    let rates = &stats.rates;
    StatsUser {
        conns: counters.connections as u32,
        inpkts: counters.in_packets as u32,
        outpkts: counters.out_packets as u32,
        inbytes: counters.in_bytes,
        outbytes: counters.out_bytes,
        cps: rates.connections as u32,
        inpps: rates.in_packets as u32,
        outpps: rates.out_packets as u32,
        inbps: rates.in_bytes as u32,
        outbps: rates.out_bytes as u32,
        ..StatsUser::default()
    }
}
