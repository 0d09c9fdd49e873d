// SPDX-License-Identifier: GPL-2.0

//! Maglev hashing: like source hashing, but when a server comes or goes few clients of the others
//! move.
//!
//! Each server has an order of preference over all slots of the table, and the servers take their
//! next preferred free slot in turn until none is left; a server of more weight takes several at
//! its turn. The table has the slots of quiescent servers too.
//!
//! Who has the first turn depends on the order of the servers, as in ip_vs: the newest one. With
//! [`flag::SCHED_MH_AGREE`] it is the one of the lowest address, so that directors agree in
//! whatever order they learnt of the servers.
//!
//! Source: Eisenbud et al.: Maglev: a fast and reliable software network load balancer (2016).

use lvs_uapi::flags::service as flag;

use super::hash_ring::{
    first_usable,
    hash_input,
    server_in,
    sort,
    FillError,
    Preference, //
};
use super::scheduler::Scheduler;
use super::servers::{
    available,
    Facts,
    Identified,
    Key,
    Servers, //
};
use crate::addr::{
    Addr,
    Family, //
};
use crate::hash::{
    hash_half,
    HashKey, //
};

/// Slots, a prime: ip_vs's default.
const TABLE_LEN: usize = 4093;
const SLOTS: u32 = TABLE_LEN as u32;

/// No server takes more than about this many slots at a turn, in bits.
const TURN_BITS: u32 = 6;

/// Key of the slot a client maps to, and of where a server's order of preference starts.
const OFFSET_KEY: HashKey = (2_654_435_761, 2_654_435_761);
/// Key of the distance between the slots a server prefers.
const SKIP_KEY: HashKey = (2_654_446_892, 2_654_446_892);

/// Fills an empty table. Weights count as they were before the servers became quiescent.
fn fill(
    family: Family,
    flags: u32,
    servers: &impl Identified,
    table: &mut [u16],
    preferences: &mut [Preference],
) -> Result<(), FillError> {
    if servers.len() > TABLE_LEN {
        return Err(FillError::TooManyServers);
    }
    let weights = (0..servers.len()).map(|index| servers.last_weight(index));
    let Facts { max_weight, gcd } = Facts::of_weights(weights);
    let Some(most) = max_weight.checked_div(gcd) else {
        return Ok(());
    };
    let bits = u32::BITS.wrapping_sub(most.leading_zeros());
    let shift = bits.saturating_sub(TURN_BITS);

    for (index, preference) in preferences.iter_mut().enumerate() {
        let addr = match family {
            Family::V4 => Addr::from_v4_word(servers.addr(index).v4_word()),
            Family::V6 => servers.addr(index),
        };
        let input = hash_input(&addr, servers.port(index));
        let weight = servers.last_weight(index);
        let turns = weight.checked_div(gcd).unwrap_or(0) >> shift;
        *preference = Preference {
            next: hash(OFFSET_KEY, input) % SLOTS,
            skip: (hash(SKIP_KEY, input) % (SLOTS - 1)).wrapping_add(1),
            turns: turns.max(u32::from(weight != 0)),
            // No more than the table has slots.
            server: index as u16,
        };
    }
    if flags & flag::SCHED_MH_AGREE != 0 {
        let name = |preference: &Preference| {
            let index = usize::from(preference.server);
            (servers.addr(index).octets(), servers.port(index))
        };
        sort(preferences, |one, other| name(one) < name(other));
    }
    deal(preferences, table);
    Ok(())
}

/// Gives all slots to the servers in turn.
fn deal(preferences: &mut [Preference], table: &mut [u16]) {
    if preferences.iter().all(|preference| preference.turns == 0) {
        return;
    }
    let mut free = table.len();
    loop {
        for preference in preferences.iter_mut() {
            for _ in 0..preference.turns {
                if free == 0 || preference.take(table).is_none() {
                    return;
                }
                free = free.wrapping_sub(1);
            }
        }
    }
}

/// Chooses the server the client maps to, if that is available; else the first available one of
/// those that the client maps to by further hashes, if the service has the fallback flag.
///
/// A quiescent server's clients go there without the flag too, unlike ip_vs's, so that a server can
/// be drained: [`flag::SCHED_MH_STRICT`] refuses them as ip_vs does.
#[inline]
fn pick(servers: &impl Servers, key: &Key) -> Option<usize> {
    let port = match key.flags & flag::SCHED_MH_PORT {
        0 => 0,
        _ => key.client_port,
    };
    let input = hash_input(&key.client_addr, port);
    let slot = hash(OFFSET_KEY, input) % SLOTS;
    let index = server_in(servers, slot)?;
    if available(servers, index) {
        return Some(index);
    }
    let falls_back = key.flags & flag::SCHED_MH_FALLBACK != 0
        || (servers.weight(index) == 0 && key.flags & flag::SCHED_MH_STRICT == 0);
    // Thousands of hashes would be in vain when no server is available.
    if !falls_back || !(0..servers.len()).any(|index| available(servers, index)) {
        return None;
    }
    let slots = (0..SLOTS).map(|offset| {
        let offset = offset.wrapping_add(slot) % SLOTS;
        hash(OFFSET_KEY, input.wrapping_add(offset)) % SLOTS
    });
    first_usable(servers, slots, available)
}

/// The kernel's `hsiphash` of a number in memory.
#[inline]
const fn hash(key: HashKey, input: u32) -> u32 {
    hash_half(key, u32::from_le(input))
}

/// The algorithm.
pub(super) struct Maglev;

impl Scheduler for Maglev {
    const TABLE_LEN: usize = TABLE_LEN;
    const HAS_PREFERENCES: bool = true;
    const TABLE_FLAGS: u32 = flag::SCHED_MH_AGREE;

    #[inline]
    fn choose(servers: &impl Servers, key: &Key) -> Option<usize> {
        pick(servers, key)
    }

    fn fill(
        family: Family,
        flags: u32,
        servers: &impl Identified,
        table: &mut [u16],
        scratch: &mut [Preference],
    ) -> Result<(), FillError> {
        fill(family, flags, servers, table, scratch)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::*;
    use super::super::Algorithm::Maglev;
    use super::*;

    fn shares(servers: &Vec<Server>) -> Vec<u32> {
        let mut shares = vec![0; servers.as_slice().len()];
        for &slot in Pool::new(Maglev, servers).table() {
            shares[usize::from(slot)] += 1;
        }
        shares
    }

    #[test]
    fn shares_follow_weights() {
        for weights in [[1, 2, 5], [100, 200, 500]] {
            for (share, parts) in shares(&of_weights(&weights)).into_iter().zip([1, 2, 5]) {
                let expected = parts * SLOTS / 8;
                assert!(
                    share.abs_diff(expected) <= expected / 100,
                    "{share} {expected}"
                );
            }
        }
    }

    #[test]
    fn great_weights_lose_their_last_bits() {
        // Shifted right by 7: 7, 15 and 39.
        let servers = of_weights(&[1000, 2001, 5000]);
        for (share, parts) in shares(&servers).into_iter().zip([7, 15, 39]) {
            let expected = parts * SLOTS / 61;
            assert!(
                share.abs_diff(expected) <= expected / 50,
                "{share} {expected}"
            );
        }
    }

    #[test]
    fn a_quiescent_server_keeps_its_slots() {
        let servers = of_weights(&[3, 1]);
        let mut quiescent = servers.clone();
        quiescent[0].weight = 0;
        assert_eq!(
            Pool::new(Maglev, &servers).table(),
            Pool::new(Maglev, &quiescent).table()
        );
        let lost = (0..1000)
            .map(|number| client(number, flag::SCHED_MH_STRICT))
            .filter(|&key| pick_for(Maglev, &quiescent, key).is_none())
            .count();
        assert!((700..800).contains(&lost), "{lost}");
        let fallback = flag::SCHED_MH_FALLBACK;
        for flags in [0, fallback, fallback | flag::SCHED_MH_STRICT] {
            for number in 0..1000 {
                let key = client(number, flags);
                assert_eq!(pick_for(Maglev, &quiescent, key), Some(1));
            }
        }
    }

    #[test]
    fn an_overloaded_server_refuses_without_the_flag() {
        let mut servers = of_weights(&[3, 1]);
        servers[0].overloaded = true;
        let lost = (0..1000)
            .filter(|&number| pick_for(Maglev, &servers, client(number, 0)).is_none())
            .count();
        assert!((700..800).contains(&lost), "{lost}");
    }

    #[test]
    fn a_server_that_never_weighed_anything_has_no_slots() {
        assert_eq!(shares(&of_weights(&[0, 1])), [0, SLOTS]);
        assert!(Pool::new(Maglev, &of_weights(&[0, 0]))
            .table()
            .iter()
            .all(|&slot| slot == u16::MAX));
    }

    #[test]
    fn few_clients_move_when_a_server_goes() {
        let mut servers = of_weights(&[1; 10]);
        let before = Pool::new(Maglev, &servers).table().to_vec();
        servers.remove(3);
        let after = Pool::new(Maglev, &servers).table().to_vec();
        let moved = before
            .into_iter()
            .zip(after)
            .filter(|&(before, after)| before != 3 && before != after + u16::from(after >= 3))
            .count();
        assert!(moved < TABLE_LEN / 10, "{moved}");
    }

    #[test]
    fn ports_matter_if_the_service_says_so() {
        let servers = of_weights(&[1, 1, 1]);
        let picks = |flags| {
            (0..100)
                .map(|client_port| {
                    let key = Key {
                        client_port,
                        ..client(7, flags)
                    };
                    pick_for(Maglev, &servers, key).unwrap()
                })
                .collect::<Vec<_>>()
        };
        assert!(picks(0).windows(2).all(|two| two[0] == two[1]));
        assert!(!picks(flag::SCHED_MH_PORT)
            .windows(2)
            .all(|two| two[0] == two[1]));
    }

    #[test]
    fn too_many_servers_are_refused() {
        let servers = of_weights(&[1; TABLE_LEN + 1]);
        let mut preferences = vec![Preference::default(); TABLE_LEN + 1];
        assert_eq!(
            fill(
                Family::V4,
                0,
                &servers,
                &mut [u16::MAX; TABLE_LEN],
                &mut preferences
            ),
            Err(FillError::TooManyServers)
        );
        let servers = of_weights(&[1; TABLE_LEN]);
        assert_eq!(shares(&servers), [1; TABLE_LEN]);
    }

    /// Which server each slot has, by id.
    fn ids(servers: &Vec<Server>, flags: u32) -> Vec<u32> {
        let pool = Pool::with_flags(Maglev, flags, servers);
        let id = |&slot: &u16| servers[usize::from(slot)].id;
        pool.table().iter().map(id).collect()
    }

    #[test]
    fn the_order_of_servers_matters_as_in_ip_vs() {
        let servers = of_weights(&[1; 30]);
        let reversed: Vec<_> = servers.iter().rev().copied().collect();
        let (one, other) = (ids(&servers, 0), ids(&reversed, 0));
        let moved = one
            .iter()
            .zip(&other)
            .filter(|(one, other)| one != other)
            .count();
        assert!(
            (TABLE_LEN / 200..TABLE_LEN / 20).contains(&moved),
            "{moved}"
        );
        let agreed = ids(&servers, flag::SCHED_MH_AGREE);
        assert_eq!(agreed, ids(&reversed, flag::SCHED_MH_AGREE));
    }

    proptest! {
        #[test]
        fn the_order_of_servers_does_not_matter_if_they_agree(
            servers in prop::collection::vec(0..=100_u32, 1..100)
                .prop_map(|weights| of_weights(&weights)),
            seed in any::<u64>(),
        ) {
            prop_assume!(servers.iter().any(|server| server.weight > 0));
            let mut shuffled = servers.clone();
            let place = |server: &Server| {
                u64::from(server.id).wrapping_mul(seed | 1).rotate_left(29) ^ seed
            };
            shuffled.sort_by_key(place);
            prop_assert_eq!(
                ids(&servers, flag::SCHED_MH_AGREE),
                ids(&shuffled, flag::SCHED_MH_AGREE)
            );
        }

        #[test]
        fn every_slot_is_taken(weights in prop::collection::vec(0..=i32::MAX as u32, 1..20)) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let shares = shares(&of_weights(&weights));
            prop_assert_eq!(shares.iter().sum::<u32>(), SLOTS);
            for (share, weight) in shares.into_iter().zip(weights) {
                prop_assert_eq!(share > 0, weight > 0);
            }
        }
    }
}
