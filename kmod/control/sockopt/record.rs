// SPDX-License-Identifier: GPL-2.0

//! The interface's structures as bytes, accessed by the offsets of their fields: what lies between
//! the fields is under control too.

use core::mem::offset_of;

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
    ServiceUser,
    StatsUser, //
};

use crate::table::service::MarkDetails;
use crate::table::Stats;

/// A structure of `N` bytes.
pub(super) struct Record<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> Record<N> {
    /// All bytes zero.
    pub(super) const fn zeroed() -> Self {
        Self([0; N])
    }

    /// The `M` bytes at `offset`.
    pub(super) fn bytes<const M: usize>(&self, offset: usize) -> [u8; M] {
        let mut bytes = [0; M];
        for (to, from) in bytes.iter_mut().zip(self.0.iter().skip(offset)) {
            *to = *from;
        }
        bytes
    }

    /// A number of two bytes, host order.
    pub(super) fn u16(&self, offset: usize) -> u16 {
        u16::from_ne_bytes(self.bytes(offset))
    }

    /// A number of two bytes, network order.
    pub(super) fn be16(&self, offset: usize) -> u16 {
        u16::from_be_bytes(self.bytes(offset))
    }

    /// A number of four bytes, host order.
    pub(super) fn u32(&self, offset: usize) -> u32 {
        u32::from_ne_bytes(self.bytes(offset))
    }

    /// Puts `bytes` at `offset`.
    pub(super) fn put(&mut self, offset: usize, bytes: &[u8]) {
        for (to, from) in self.0.iter_mut().skip(offset).zip(bytes) {
            *to = *from;
        }
    }

    /// Puts a number of four bytes at `offset`.
    pub(super) fn put_u32(&mut self, offset: usize, value: u32) {
        self.put(offset, &value.to_ne_bytes());
    }

    /// The IPv4 service that the fields of a [`ServiceUser`] at the beginning name. Whatever the
    /// protocol is, a mark alone names a service.
    pub(super) fn service_id(&self) -> ServiceId {
        let MarkDetails {
            protocol,
            addr,
            port,
        } = self.mark_details();
        let target = match self.u32(offset_of!(ServiceUser, fwmark)) {
            0 => Target::Address {
                protocol,
                addr,
                port,
            },
            mark => Target::Mark(mark),
        };
        ServiceId {
            family: Family::V4,
            target,
        }
    }

    /// Protocol, address and port of a [`ServiceUser`] at the beginning.
    pub(super) fn mark_details(&self) -> MarkDetails {
        MarkDetails {
            protocol: self.u16(offset_of!(ServiceUser, protocol)),
            addr: Addr::from_v4(self.bytes(offset_of!(ServiceUser, addr))),
            port: self.be16(offset_of!(ServiceUser, port)),
        }
    }

    /// The name of a scheduler at `offset`, if it ends.
    pub(super) fn scheduler(&self, offset: usize) -> Option<([u8; SCHEDNAME_MAXLEN], usize)> {
        let name = self.bytes(offset);
        let len = name.iter().position(|byte| *byte == 0)?;
        Some((name, len))
    }

    /// Puts a [`StatsUser`] at `offset`.
    pub(super) fn put_stats(&mut self, offset: usize, stats: &Stats) {
        let counters = &stats.counters;
        let rates = &stats.rates;
        for (field, value) in [
            (offset_of!(StatsUser, conns), counters.connections),
            (offset_of!(StatsUser, inpkts), counters.in_packets),
            (offset_of!(StatsUser, outpkts), counters.out_packets),
            (offset_of!(StatsUser, cps), rates.connections),
            (offset_of!(StatsUser, inpps), rates.in_packets),
            (offset_of!(StatsUser, outpps), rates.out_packets),
            (offset_of!(StatsUser, inbps), rates.in_bytes),
            (offset_of!(StatsUser, outbps), rates.out_bytes),
        ] {
            self.put_u32(offset.saturating_add(field), value as u32);
        }
        for (field, value) in [
            (offset_of!(StatsUser, inbytes), counters.in_bytes),
            (offset_of!(StatsUser, outbytes), counters.out_bytes),
        ] {
            self.put(offset.saturating_add(field), &value.to_ne_bytes());
        }
    }
}
