// SPDX-License-Identifier: MIT OR GPL-2.0

//! The order of listings.

use std::cmp::Ordering;
use std::net::IpAddr;

use crate::model::DestEntry;
use crate::model::Family;
use crate::model::Protocol;
use crate::model::ServiceEntry;
use crate::model::ServiceId;

/// Sorts services: those with an address first, then by family, protocol, address and port; those with a
/// mark by mark.
pub fn services(entries: &mut [ServiceEntry]) {
    entries.sort_by(|a, b| compare_ids(&a.service.id, &b.service.id));
}

/// Sorts servers by family, address and port.
pub fn dests(entries: &mut [DestEntry]) {
    entries.sort_by_key(|entry| {
        let dest = &entry.dest;
        (Family::of(dest.addr), dest.addr, dest.port)
    });
}

fn compare_ids(a: &ServiceId, b: &ServiceId) -> Ordering {
    key(a).cmp(&key(b))
}

type Key = (u32, Family, Option<(Protocol, IpAddr, u16)>);

fn key(id: &ServiceId) -> Key {
    match *id {
        ServiceId::Address {
            protocol,
            addr,
            port,
        } => (0, Family::of(addr), Some((protocol, addr, port))),
        ServiceId::Mark { mark, family } => (mark, family, None),
    }
}
