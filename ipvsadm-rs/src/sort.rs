// SPDX-License-Identifier: MIT OR GPL-2.0

//! The order of listings.
//!
//! ipvsadm subtracts 32-bit numbers and looks at the sign, so numbers more than 2³¹ apart come the
//! other way round: 192.168.0.1 stands before 10.0.0.1. With three such numbers this is no order at
//! all, and the result depends on the way of sorting: it is a merge sort that halves, as the C
//! library's is.

use std::cmp::Ordering;
use std::mem;
use std::net::IpAddr;

use crate::model::DestEntry;
use crate::model::Family;
use crate::model::ServiceId;
use crate::model::TableEntry;

/// Sorts services by mark (those with an address have mark 0), family, protocol, address and port,
/// and the servers of each.
pub fn table(entries: Vec<TableEntry>) -> Vec<TableEntry> {
    let id = |entry: &TableEntry| entry.entry.service.id;
    let mut entries = merge_sort(entries, &|a, b| compare_ids(&id(a), &id(b)));
    for entry in &mut entries {
        entry.dests = dests(mem::take(&mut entry.dests));
    }
    entries
}

/// Sorts servers by family, address and port.
pub fn dests(entries: Vec<DestEntry>) -> Vec<DestEntry> {
    merge_sort(entries, &|a, b| {
        compare_addrs(a.dest.addr, b.dest.addr).then(a.dest.port.cmp(&b.dest.port))
    })
}

fn compare_ids(a: &ServiceId, b: &ServiceId) -> Ordering {
    compare_words(mark(a), mark(b))
        .then_with(|| a.family().cmp(&b.family()))
        .then_with(|| match (*a, *b) {
            (
                ServiceId::Address {
                    protocol,
                    addr,
                    port,
                },
                ServiceId::Address {
                    protocol: other_protocol,
                    addr: other_addr,
                    port: other_port,
                },
            ) => protocol
                .cmp(&other_protocol)
                .then_with(|| compare_addrs(addr, other_addr))
                .then(port.cmp(&other_port)),
            _ => Ordering::Equal,
        })
}

fn mark(id: &ServiceId) -> u32 {
    match *id {
        ServiceId::Address { .. } => 0,
        ServiceId::Mark { mark, .. } => mark,
    }
}

fn compare_addrs(a: IpAddr, b: IpAddr) -> Ordering {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => compare_words(a.to_bits(), b.to_bits()),
        (IpAddr::V6(a), IpAddr::V6(b)) => (0..4)
            .rev()
            .map(|word| compare_words(nth_word(a.to_bits(), word), nth_word(b.to_bits(), word)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal),
        (a, b) => Family::of(a).cmp(&Family::of(b)),
    }
}

/// The 32 bits of a number that have `word` times 32 bits below them.
fn nth_word(bits: u128, word: u32) -> u32 {
    let [.., a, b, c, d] = (bits >> (32 * word)).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// The sign of a difference of 32 bits.
fn compare_words(a: u32, b: u32) -> Ordering {
    let difference = a.wrapping_sub(b);
    i32::from_ne_bytes(difference.to_ne_bytes()).cmp(&0)
}

/// Sorts by halving and merging. Unlike the standard library's sorts it admits that `compare` is no
/// order.
fn merge_sort<T>(mut items: Vec<T>, compare: &impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if items.len() < 2 {
        return items;
    }
    let right = items.split_off(items.len() / 2);
    let mut left = merge_sort(items, compare).into_iter().peekable();
    let mut right = merge_sort(right, compare).into_iter().peekable();
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(a, b).is_le() {
            left.next()
        } else {
            right.next()
        };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(addrs: &[&str]) -> Vec<String> {
        let addrs: Vec<IpAddr> = addrs
            .iter()
            .map(|addr| addr.parse().expect("an address"))
            .collect();
        merge_sort(addrs, &|a, b| compare_addrs(*a, *b))
            .iter()
            .map(IpAddr::to_string)
            .collect()
    }

    #[test]
    fn near_addresses_come_in_order() {
        assert_eq!(
            sorted(&["10.0.0.10", "10.0.0.9", "::2", "::1", "10.0.0.1"]),
            ["10.0.0.1", "10.0.0.9", "10.0.0.10", "::1", "::2"]
        );
        assert_eq!(
            sorted(&["2001:db8::2:0:0:0:1", "2001:db8::1:0:0:0:2", "2001:db8::1"]),
            ["2001:db8::1", "2001:db8:0:1::2", "2001:db8:0:2::1"]
        );
    }

    #[test]
    fn far_addresses_come_the_other_way_round() {
        assert_eq!(
            sorted(&["10.0.0.1", "192.168.0.1"]),
            ["192.168.0.1", "10.0.0.1"]
        );
        assert_eq!(
            sorted(&["2001:db8::1", "fd00::1"]),
            ["fd00::1", "2001:db8::1"]
        );
    }
}
