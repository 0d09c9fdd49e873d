// SPDX-License-Identifier: GPL-2.0

//! Properties of the schedulers over many picks: shares follow weights, consistent hashing moves
//! few clients, mappings are stable.

mod servers;

use lvs_engine::sched::{Algorithm, Change, Key, Servers};
use lvs_uapi::flags::service as flag;
use proptest::prelude::*;

use servers::{key, scatter, Service};

const PICKS: u32 = 100_000;
const MH_SLOTS: u32 = 4093;

/// How many of 100,000 connections each server got.
fn shares(service: &mut Service, after_pick: impl Fn(&mut Service, usize)) -> Vec<u32> {
    let mut shares = vec![0; service.servers.len()];
    for number in 0..PICKS {
        let index = service.pick(&key(number, 0)).unwrap();
        shares[index] += 1;
        after_pick(service, index);
    }
    shares
}

/// Shares are within 1 % of what `parts` say, or within one connection.
fn follow(shares: &[u32], parts: &[u32]) -> Result<(), TestCaseError> {
    let total: u32 = parts.iter().sum();
    for (&share, &part) in shares.iter().zip(parts) {
        let expected = f64::from(PICKS) * f64::from(part) / f64::from(total);
        let off = (f64::from(share) - expected).abs();
        prop_assert!(
            off <= (expected / 100.0).max(1.0),
            "{shares:?} for {parts:?}"
        );
    }
    Ok(())
}

/// The slots mh gives to a server each time it is its turn: its weight, divided by the common
/// divisor, of which the six leading bits of the greatest one count.
fn mh_turns(weights: &[u32]) -> Vec<u32> {
    let gcd = weights.iter().fold(0, |mut a: u32, &b| {
        let mut b = b;
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    });
    let most = weights.iter().max().unwrap() / gcd;
    let shift = (32 - most.leading_zeros()).saturating_sub(6);
    let turns = |&weight: &u32| ((weight / gcd) >> shift).max(u32::from(weight > 0));
    weights.iter().map(turns).collect()
}

/// Where each of 20,000 clients goes.
fn mapping(service: &mut Service, flags: u32) -> Vec<Option<u32>> {
    (0..20_000)
        .map(|client| service.number_for(client, flags))
        .collect()
}

/// The fraction of clients that two mappings send to different servers.
fn moved(before: &[Option<u32>], after: &[Option<u32>]) -> f64 {
    let moved = before
        .iter()
        .zip(after)
        .filter(|(before, after)| before != after)
        .count();
    moved as f64 / before.len() as f64
}

proptest! {
    // The same cases each time: the bound of what maglev moves is one of chance, which a rare set
    // of servers exceeds (17 of them once by a third of a percent).
    #![proptest_config(ProptestConfig {
        rng_seed: prop::test_runner::RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(12)
    })]

    #[test]
    fn round_robin_is_even(servers in 1..50_usize) {
        let shares = shares(&mut Service::new(Algorithm::RoundRobin, &vec![7; servers]), |_, _| {});
        prop_assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
    }

    #[test]
    fn weighted_round_robin_follows_weights(weights in prop::collection::vec(0..=60_u32, 1..16)) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let mut service = Service::new(Algorithm::WeightedRoundRobin, &weights);
        follow(&shares(&mut service, |_, _| {}), &weights)?;
    }

    /// Connections end at once, and a server remembers them for a while as inactive ones.
    #[test]
    fn least_connection_follows_weights(weights in prop::collection::vec(0..=60_u32, 1..16)) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let ended = |service: &mut Service, index: usize| service.servers[index].inactive += 1;
        let mut service = Service::new(Algorithm::WeightedLeastConnection, &weights);
        follow(&shares(&mut service, ended), &weights)?;
    }

    /// Connections stay.
    #[test]
    fn expected_delay_follows_weights(weights in prop::collection::vec(0..=60_u32, 1..16)) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let stays = |service: &mut Service, index: usize| service.servers[index].active += 1;
        for algorithm in [Algorithm::ShortestExpectedDelay, Algorithm::NeverQueue] {
            follow(&shares(&mut Service::new(algorithm, &weights), stays), &weights)?;
        }
    }

    #[test]
    fn maglev_follows_weights_as_it_rounds_them(
        weights in prop::collection::vec(0..=100_000_u32, 1..30),
    ) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let mut service = Service::new(Algorithm::Maglev, &weights);
        let mut slots = vec![0_u32; weights.len()];
        for &index in service.table() {
            slots[usize::from(index)] += 1;
        }
        let turns = mh_turns(&weights);
        let total: u32 = turns.iter().sum();
        let shares = shares(&mut service, |_, _| {});
        for ((slots, turns), share) in slots.into_iter().zip(turns).zip(shares) {
            // The table ends before the last round does.
            let expected = f64::from(MH_SLOTS * turns) / f64::from(total);
            prop_assert!((f64::from(slots) - expected).abs() <= f64::from(turns));
            let share = f64::from(share) / f64::from(PICKS);
            let slots = f64::from(slots) / f64::from(MH_SLOTS);
            prop_assert!((share - slots).abs() <= 0.01, "{share} of {slots}");
        }
    }

    #[test]
    fn maglev_moves_few_clients(servers in 2..=MANY, gone: prop::sample::Index) {
        let gone = gone.index(servers);
        let mut service = Service::new(Algorithm::Maglev, &vec![1; servers]);
        let before = mapping(&mut service, 0);
        // It is away.
        service.remove(gone);
        let without = mapping(&mut service, 0);
        prop_assert!(!without.contains(&Some(gone as u32)));
        let bound = 1.0 / servers as f64 + MOVED_BESIDES;
        let part = moved(&before, &without);
        prop_assert!(part <= bound, "{part} of {servers}");
        // It is back, at the other end of the list.
        let mut server = Box::new(servers::Server {
            number: gone as u32,
            ..servers::Server::default()
        });
        (server.weight, server.last_weight) = (1, 1);
        service.servers.insert(0, server);
        service.changed(Change::Inserted);
        let after = mapping(&mut service, 0);
        let part = moved(&without, &after);
        prop_assert!(part <= bound, "{part} of {servers} on return");
        // It takes no new clients.
        service.servers[0].weight = 0;
        service.changed(Change::Edited(0));
        for flags in [0, flag::SCHED_MH_FALLBACK, flag::SCHED_MH_STRICT] {
            let quiescent = mapping(&mut service, flags);
            for (&after, quiescent) in after.iter().zip(quiescent) {
                if after != Some(gone as u32) {
                    prop_assert_eq!(after, quiescent, "nobody else's client moves");
                } else if flags == flag::SCHED_MH_STRICT {
                    prop_assert_eq!(quiescent, None, "as under ip_vs");
                } else {
                    prop_assert!(quiescent.is_some_and(|server| server != gone as u32));
                }
            }
        }
    }

    #[test]
    fn hashing_looks_at_addresses_only(
        weights in prop::collection::vec(1..=20_u32, 1..50),
        loads in prop::collection::vec((0..1000_u32, 0..1000_u32), 50),
    ) {
        for algorithm in [
            Algorithm::SourceHashing,
            Algorithm::DestinationHashing,
            Algorithm::Maglev,
        ] {
            let mut service = Service::new(algorithm, &weights);
            let before = mapping(&mut service, 0);
            for (server, &(active, inactive)) in service.servers.iter_mut().zip(&loads) {
                (server.active, server.inactive) = (active, inactive);
            }
            service.changed(Change::Edited(0));
            prop_assert_eq!(&before, &mapping(&mut service, 0));
            // Another service with the same servers maps the same.
            prop_assert_eq!(&before, &mapping(&mut Service::new(algorithm, &weights), 0));
        }
    }

    /// No scheduler picks a server that takes no connections, and only hashing and overflow may
    /// find no server while there is one that does.
    #[test]
    fn only_available_servers_are_picked(
        servers in prop::collection::vec((0..4_u32, 0..4_u32, any::<bool>()), 0..12),
        clients in prop::collection::vec(any::<u32>(), 30),
    ) {
        let weights: Vec<_> = servers.iter().map(|&(weight, ..)| weight).collect();
        for algorithm in Algorithm::ALL {
            let mut service = Service::new(algorithm, &weights);
            for (server, &(_, active, overloaded)) in service.servers.iter_mut().zip(&servers) {
                (server.active, server.overloaded) = (active, overloaded);
            }
            let open = servers.iter().any(|&(weight, _, overloaded)| weight > 0 && !overloaded);
            for &client in &clients {
                match service.pick(&key(client, 0)) {
                    Some(index) => {
                        let server = &service.servers[index];
                        prop_assert!(server.weight > 0 && !server.overloaded, "{algorithm:?}");
                    }
                    None => prop_assert!(!open || matches!(
                        algorithm,
                        Algorithm::SourceHashing
                            | Algorithm::DestinationHashing
                            | Algorithm::Maglev
                            | Algorithm::Overflow
                    ), "{algorithm:?}"),
                }
            }
        }
    }
}

/// Clients that move when one of N servers leaves or returns, besides the 1/N that must.
const MOVED_BESIDES: f64 = 0.02;
/// The most servers for which that holds: a table of 4,093 slots is small for more.
const MANY: usize = 20;

/// The number of the server in each slot of maglev's table.
fn owners(service: &Service) -> Vec<u32> {
    let owner = |&index: &u16| service.servers[usize::from(index)].number;
    service.table().iter().map(owner).collect()
}

/// The part of all clients that get another server when one of `servers` with addresses drawn from
/// `seed` leaves, and when it comes back, besides that server's own; the greater one.
fn moved_besides(servers: usize, seed: u32) -> f64 {
    let mut service = Service::new(Algorithm::Maglev, &vec![1; servers]);
    for (server, draw) in service.servers.iter_mut().zip(seed..) {
        server.number = (scatter(draw) >> 40) as u32;
    }
    service.changed(Change::Replaced);
    let gone = scatter(!seed) as usize % servers;
    let server = service.servers[gone].clone();
    let number = server.number;
    let before = owners(&service);
    service.remove(gone);
    let without = owners(&service);
    service.servers.insert(0, server);
    service.changed(Change::Inserted);
    let after = owners(&service);
    let moved = |with: &[u32]| {
        let pairs = with.iter().zip(&without);
        pairs
            .filter(|&(&with, &without)| with != without && with != number)
            .count()
    };
    moved(&before).max(moved(&after)) as f64 / f64::from(MH_SLOTS)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// Over whatever addresses: the mean for any number of servers, and how rare it is that a set
    /// of few servers moves more. There is no bound for each set of addresses: two servers may
    /// prefer the same slots in the same order, and then trade most of them.
    #[test]
    fn maglev_moves_few_clients_of_most_sets(seed: u32) {
        const SETS: u32 = 100;
        for (servers, mean, exceptions) in [
            (2, 0.0, 0),
            (5, 0.015, 10),
            (10, 0.02, 12),
            (20, 0.022, 20),
            (100, 0.035, SETS),
            (300, 0.022, SETS),
            (1000, 0.012, 0),
        ] {
            let sets = if servers > 100 { SETS / 5 } else { SETS };
            let moved: Vec<_> = (0..sets)
                .map(|set| moved_besides(servers, seed.wrapping_add(set.wrapping_mul(7919))))
                .collect();
            let found = moved.iter().sum::<f64>() / f64::from(sets);
            prop_assert!(found <= mean, "{found} of {servers}");
            let more = moved.iter().filter(|&&moved| moved > MOVED_BESIDES).count();
            prop_assert!(more <= exceptions as usize, "{more} sets of {servers}");
        }
    }
}

#[test]
fn fallback_finds_the_only_server_left() {
    for (algorithm, flags) in [
        (Algorithm::SourceHashing, flag::SCHED_SH_FALLBACK),
        (Algorithm::Maglev, flag::SCHED_MH_FALLBACK),
    ] {
        let mut service = Service::new(algorithm, &[1; 10]);
        for server in &mut service.servers[1..] {
            server.overloaded = true;
        }
        let found = mapping(&mut service, flags);
        assert!(
            found.iter().all(|&server| server == Some(0)),
            "{algorithm:?}"
        );
        let lost = mapping(&mut service, 0);
        assert!(
            lost.contains(&None) && lost.contains(&Some(0)),
            "{algorithm:?}"
        );
    }
}

#[test]
fn nobody_is_picked_of_no_servers() {
    for algorithm in Algorithm::ALL {
        assert_eq!(
            Service::new(algorithm, &[]).pick(&Key::default()),
            None,
            "{algorithm:?}"
        );
    }
}
