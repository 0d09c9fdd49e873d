// SPDX-License-Identifier: GPL-2.0

//! Destination hashing: the server depends on the virtual address alone, so that each of a range of
//! addresses (of a mark service) keeps its server.

use super::hash_ring::{
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

/// Chooses the server the address maps to, if that is available.
#[inline]
fn pick(servers: &impl Servers, key: &Key) -> Option<usize> {
    server_in(servers, hash_8(hash_input(&key.virtual_addr, 0)))
        .filter(|&index| available(servers, index))
}

/// The algorithm. The servers get slots in turn, whatever their weights.
pub(super) struct DestinationHashing;

impl Scheduler for DestinationHashing {
    const TABLE_LEN: usize = 256;

    #[inline]
    fn choose(servers: &impl Servers, key: &Key) -> Option<usize> {
        pick(servers, key)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::Algorithm::DestinationHashing;
    use super::*;
    use crate::addr::Addr;

    fn address(number: u32) -> Key {
        Key {
            virtual_addr: Addr::from_v4_word(number.to_be()),
            ..Key::default()
        }
    }

    #[test]
    fn slots_are_dealt_evenly() {
        let servers = of_weights(&[2, 0, 3]);
        let pool = Pool::new(DestinationHashing, &servers);
        assert_eq!(pool.table()[..5], [0, 1, 2, 0, 1]);
        let mut shares = [0; 3];
        for number in 0..30_000 {
            if let Some(index) = pick(&pool, &address(number)) {
                shares[index] += 1;
            }
        }
        assert_eq!(shares[1], 0, "quiescent");
        assert!(shares[0] > 9_500 && shares[2] > 9_500, "{shares:?}");
    }

    #[test]
    fn the_client_does_not_matter() {
        let servers = of_weights(&[1, 1, 1]);
        let key = address(12);
        let other = Key {
            client_addr: Addr::from_v4([192, 0, 2, 1]),
            client_port: 7,
            ..key
        };
        assert_eq!(
            pick_for(DestinationHashing, &servers, key),
            pick_for(DestinationHashing, &servers, other)
        );
    }
}
