// SPDX-License-Identifier: GPL-2.0

//! Source hashing: the server depends on the client's address (and port, if the service says so)
//! alone, so that a client keeps its server without anything remembered.

use lvs_uapi::flags::service as flag;

use super::hash_ring::{
    first_usable,
    hash_8,
    hash_input,
    server_in, //
};
use super::scheduler::Scheduler;
use super::servers::{
    available,
    Key,
    Servers, //
};

const MASK: u32 = 255;

/// Chooses the server the client maps to, if that is available. With the fallback flag: or else the
/// next available one behind it in the table.
#[inline]
fn pick(servers: &impl Servers, key: &Key) -> Option<usize> {
    let port = match key.flags & flag::SCHED_SH_PORT {
        0 => 0,
        _ => key.client_port,
    };
    let slot = hash_8(hash_input(&key.client_addr, port));
    let index = server_in(servers, slot)?;
    if available(servers, index) {
        return Some(index);
    }
    if key.flags & flag::SCHED_SH_FALLBACK == 0 {
        return None;
    }
    // ip_vs adds the slot twice, so that is where the walk through the table starts.
    let slots = (0..=MASK).map(|offset| slot.wrapping_mul(2).wrapping_add(offset) & MASK);
    first_usable(servers, slots, available)
}

/// The algorithm.
pub(super) struct SourceHashing;

impl Scheduler for SourceHashing {
    const TABLE_LEN: usize = 256;

    #[inline]
    fn choose(servers: &impl Servers, key: &Key) -> Option<usize> {
        pick(servers, key)
    }

    /// As many as it weighs. A quiescent server has one, so that the others' clients stay where
    /// they are.
    fn share(servers: &impl Servers, index: usize) -> u32 {
        servers.weight(index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::Algorithm::SourceHashing;
    use super::*;
    use crate::addr::Addr;

    #[test]
    fn slots_are_dealt_by_weight() {
        let servers = of_weights(&[2, 0, 3]);
        let pool = Pool::new(SourceHashing, &servers);
        assert_eq!(pool.table()[..8], [0, 0, 1, 2, 2, 2, 0, 0]);
    }

    #[test]
    fn shares_follow_weights() {
        let servers = of_weights(&[8, 24, 32]);
        let pool = Pool::new(SourceHashing, &servers);
        let mut shares = [0_u32; 3];
        for number in 0..100_000 {
            shares[pick(&pool, &client(number, 0)).unwrap()] += 1;
        }
        for (share, expected) in shares.into_iter().zip([12_500_u32, 37_500, 50_000]) {
            assert!(share.abs_diff(expected) <= expected / 100, "{shares:?}");
        }
    }

    #[test]
    fn a_client_has_one_server() {
        let servers = of_weights(&[1, 1, 1]);
        let of = |port, flags| {
            let key = Key {
                client_port: port,
                ..client(99, flags)
            };
            pick_for(SourceHashing, &servers, key)
        };
        assert!((0..100).all(|port| of(port, 0) == of(0, 0)));
        assert!((0..100).any(|port| of(port, flag::SCHED_SH_PORT) != of(0, 0)));
    }

    #[test]
    fn clients_of_an_unavailable_server_fall_back_or_fail() {
        let mut servers = of_weights(&[1, 1, 1]);
        let before: Vec<_> = (0..200)
            .map(|number| pick_for(SourceHashing, &servers, client(number, 0)).unwrap())
            .collect();
        servers[1].overloaded = true;
        for (number, before) in (0..).zip(before) {
            let kept = (before != 1).then_some(before);
            assert_eq!(pick_for(SourceHashing, &servers, client(number, 0)), kept);
            let key = client(number, flag::SCHED_SH_FALLBACK);
            let index = pick_for(SourceHashing, &servers, key).unwrap();
            assert!(index != 1 && (before == 1 || index == before));
        }
    }

    #[test]
    fn all_words_of_an_ipv6_address_count() {
        let servers = of_weights(&[1; 256]);
        let of = |addr| {
            let key = Key {
                client_addr: Addr(addr),
                ..Key::default()
            };
            pick_for(SourceHashing, &servers, key)
        };
        assert_ne!(of([1, 0, 0, 0]), of([0; 4]));
        assert_eq!(of([1, 0, 0, 0]), of([0, 0, 0, 1]));
        assert_eq!(of([5, 0, 5, 0]), of([0; 4]));
    }
}
