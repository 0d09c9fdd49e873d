// SPDX-License-Identifier: GPL-2.0

//! What others send, record and change, and directors that come and go.

use super::simulation::{
    pass,
    Director,
    Network, //
};
use super::*;

/// Two directors of 50 connections that know each other, the second one filled, and the time.
fn pair(secret: Option<u64>) -> (Vec<Director>, Network, u64) {
    let mut directors = vec![Director::new(11, 1, secret)];
    for number in 0..50 {
        directors[0].table.insert(number, 1);
    }
    let mut network = Network::new(7, 0, 0, 0);
    let now = run(&mut directors, &mut network, 1, 4000);
    directors.push(Director::new(5, now, secret));
    let now = run(&mut directors, &mut network, now, 4000);
    assert_eq!(directors[1].joiner.phase(), Phase::InSync);
    assert_eq!(directors[0].table, directors[1].table);
    (directors, network, now)
}

/// Lets so many milliseconds pass; returns what time it is.
fn run(directors: &mut [Director], network: &mut Network, now: u64, count: u64) -> u64 {
    for now in now..now + count {
        pass(directors, network, now);
    }
    now + count
}

/// The datagrams that `director` sends to tell of a change.
fn told(director: &mut Director, number: u32, version: u32, now: u64) -> Vec<Vec<u8>> {
    director.change(number, version);
    director.step(now.next_multiple_of(20));
    core::mem::take(&mut director.out)
}

fn refused(director: &Director, reason: Disbelief) -> u32 {
    *director.refused.get(reason.name()).unwrap_or(&0)
}

#[test]
fn changed_bits_are_noticed() {
    let (mut directors, _, now) = pair(Some(9));
    let datagram = told(&mut directors[0], 7, 2, now).remove(0);
    let before = directors[1].table.clone();
    for bit in 0..datagram.len() * 8 {
        let mut changed = datagram.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        directors[1].receive(&changed, now);
        assert_eq!(directors[1].table, before, "bit {bit}");
    }
    directors[1].receive(&datagram, now);
    assert_eq!(directors[1].table[&7], 2);
    directors[1].receive(&datagram, now);
    assert_eq!(refused(&directors[1], Disbelief::Duplicate), 1);
}

#[test]
fn wrong_unknown_and_missing_keys_make_nothing() {
    let (mut directors, _, now) = pair(Some(9));
    let before = directors[1].table.clone();
    for (secret, id, reason) in [
        (Some(8), 3, Disbelief::WrongTag),
        (Some(9), 4, Disbelief::UnknownKey),
        (None, 0, Disbelief::Unsigned),
    ] {
        let mut other = Director::new(77, now, secret);
        other.keys.0[0] = id;
        for datagram in told(&mut other, 7, 9, now) {
            directors[1].receive(&datagram, now);
        }
        assert!(refused(&directors[1], reason) > 0, "{reason:?}");
    }
    assert_eq!(directors[1].table, before);
    assert_eq!(directors[1].peers.iter().count(), 1);
}

#[test]
fn a_recording_proves_nothing_after_a_reboot() {
    // All that two directors said to each other, recorded.
    let mut directors = vec![Director::new(11, 1, Some(9)), Director::new(5, 1, Some(9))];
    let mut recorded = Vec::new();
    for now in 1..6000_u64 {
        if now % 100 == 0 {
            directors[0].change(now as u32, 1);
        }
        for from in [0, 1] {
            directors[from].step(now);
            for datagram in core::mem::take(&mut directors[from].out) {
                directors[1 - from].receive(&datagram, now);
                recorded.push(datagram);
            }
        }
    }
    assert!(directors[1].table.len() > 50);
    // To who knows the sender, and to who was booted anew.
    let known = directors.remove(1);
    let fresh = Director::new(6, 6000, Some(9));
    for mut director in [known, fresh] {
        director.table.clear();
        for datagram in &recorded {
            director.receive(datagram, 6001);
        }
        director.step(6020);
        for datagram in &recorded {
            director.receive(datagram, 6021);
        }
        assert!(director.table.is_empty());
    }
}

#[test]
fn many_recorded_senders_do_not_keep_a_real_one_out() {
    let (mut directors, mut network, now) = pair(Some(9));
    let mut recorded: Vec<Vec<u8>> = Vec::new();
    for boot in 100..200 {
        recorded.extend(told(&mut Director::new(boot, 1, Some(9)), 1, 1, 1));
    }
    directors.push(Director::new(30, now, Some(9)));
    for now in now..now + 8000 {
        let at = now as usize % recorded.len();
        network.send(1, &recorded[at], now);
        pass(&mut directors, &mut network, now);
    }
    let now = now + 8000;
    directors[2].change(999, 2);
    run(&mut directors, &mut network, now, 3000);
    assert_eq!(directors[1].table[&999], 2);
    assert!(refused(&directors[1], Disbelief::Unproven) > 0);
}

#[test]
fn a_key_is_replaced_while_connections_change() {
    let (mut directors, mut network, mut now) = pair(Some(9));
    // The second key is known to both before the first one signs with it. Secrets are the same
    // here, ids differ.
    for ids in [[3, 4], [4, 3], [4, 0]] {
        for at in [1, 0] {
            directors[at].keys = KeyIds(ids);
            directors[0].change(7, now as u32);
            now = run(&mut directors, &mut network, now, 100);
            assert_eq!(directors[0].table, directors[1].table);
        }
    }
    let lost = refused(&directors[1], Disbelief::UnknownKey);
    assert_eq!(lost, 0);
}

#[test]
fn a_rollout_goes_from_any_to_signed() {
    let (mut directors, mut network, mut now) = pair(None);
    for step in 0..4 {
        for director in &mut directors {
            match step {
                0 => director.secret = 9,
                1 => director.keys = KeyIds([3, 0]),
                2 => {}
                _ => director.policy = Policy::Signed,
            }
        }
        now = run(&mut directors, &mut network, now, 3000);
        directors[0].change(step, now as u32);
        now = run(&mut directors, &mut network, now, 100);
        assert_eq!(directors[0].table, directors[1].table, "step {step}");
    }
}

#[test]
fn two_that_begin_together_agree_on_who_knows_more() {
    for more in [0, 1] {
        let mut directors = vec![Director::new(11, 1, None), Director::new(5, 1, None)];
        directors[more]
            .table
            .extend((0..500).map(|number| (number, 1)));
        directors[1 - more].table.insert(1000, 1);
        let mut network = Network::new(7, 0, 0, 0);
        run(&mut directors, &mut network, 1, 6000);
        assert!(directors
            .iter()
            .all(|one| one.joiner.phase() == Phase::InSync));
        assert!((0..500).all(|number| directors[1 - more].table.contains_key(&number)));
    }
}

#[test]
fn a_donor_that_dies_is_replaced() {
    let (mut directors, mut network, now) = pair(None);
    for number in 50..5000 {
        for director in &mut directors {
            director.table.insert(number, 1);
        }
    }
    directors.push(Director::new(3, now, None));
    // It is asked, and dies before it is through.
    let mut now = now;
    while directors[2].joiner.phase() != Phase::Filling {
        now = run(&mut directors, &mut network, now, 1);
    }
    let donor = directors[2].joiner.donor();
    directors.retain(|one| one.boot() != donor);
    let joiner = directors.len() - 1;
    run(&mut directors, &mut network, now, 12_000);
    assert_eq!(directors[joiner].joiner.phase(), Phase::InSync);
    assert_eq!(directors[0].table, directors[1].table);
}

#[test]
fn a_split_network_heals() {
    let (mut directors, mut network, now) = pair(Some(9));
    // So much happens on both sides that it can't be repaired.
    network.loss = 100;
    let mut version = 10;
    let mut now = now;
    for round in 0..700_u32 {
        version += 1;
        directors[0].change(round % 350, version);
        directors[1].change(350 + round % 350, version);
        now = run(&mut directors, &mut network, now, 20);
    }
    assert!(directors.iter().all(|one| one.joiner.is_in_sync()));
    network.loss = 0;
    run(&mut directors, &mut network, now, 25_000);
    assert_eq!(directors[0].table, directors[1].table);
    assert_eq!(directors[0].table.len(), 700);
}

#[test]
fn strangers_that_meet_fill_each_other() {
    let mut network = Network::new(7, 0, 0, 0);
    let mut now = 1;
    let mut directors = Vec::new();
    for (boot, first) in [(11, 0), (5, 100)] {
        let mut alone = vec![Director::new(boot, now, Some(9))];
        alone[0]
            .table
            .extend((first..first + 100).map(|number| (number, 1)));
        now = run(&mut alone, &mut network, now, 4000);
        directors.extend(alone);
    }
    run(&mut directors, &mut network, now, 3000);
    assert_eq!(directors[0].table.len(), 200);
    assert_eq!(directors[0].table, directors[1].table);
}

#[test]
fn who_hears_ip_vs_alone_is_filled_by_traffic_only() {
    let mut director = Director::new(11, 1, None);
    director.joiner.heard_stock();
    for now in 1..10_000 {
        director.step(now);
    }
    assert_eq!(director.joiner.phase(), Phase::Traffic);
    assert!(!director.joiner.is_in_sync());
}

#[test]
fn one_of_three_joins_and_none_is_overrun() {
    let (mut directors, mut network, now) = pair(Some(9));
    for number in 50..20_000 {
        for director in &mut directors {
            director.table.insert(number, 1);
        }
    }
    network.loss = 5;
    directors.push(Director::new(3, now, Some(9)));
    run(&mut directors, &mut network, now, 6000);
    assert_eq!(directors[2].joiner.phase(), Phase::InSync);
    assert_eq!(directors[0].table, directors[2].table);
    // Who overheard it asked for nothing.
    assert_eq!(directors[1].joiner.phase(), Phase::InSync);
}

#[test]
fn three_active_directors_agree_whatever_the_network_does() {
    for seed in 1..6 {
        let mut network = Network::new(seed, seed * 6, seed * 3, seed * 4);
        let boots = [11, 5, 7];
        let mut directors = boots.map(|boot| Director::new(boot, 1, Some(9)));
        let mut now = run(&mut directors, &mut network, 1, 5000);
        for version in 1..1000_u32 {
            // Each has clients of its own; some move to another one.
            let number = version * 7919 % 300;
            let mover = usize::from(version % 10 == 0);
            let at = (number as usize + mover) % 3;
            directors[at].change(number, version + 1000);
            now = run(&mut directors, &mut network, now, 3);
        }
        // A clear word on each at the end: two that change one at once don't agree on the order.
        for number in 0..300 {
            directors[number as usize % 3].change(number, 9000 + number);
        }
        run(&mut directors, &mut network, now, 8000);
        for director in &directors {
            assert_eq!(director.table.len(), 300, "seed {seed}");
            assert_eq!(director.table, directors[0].table, "seed {seed}");
        }
    }
}
