// SPDX-License-Identifier: GPL-2.0

//! Measures the schedulers: `schedulers shares`, `schedulers moved`, `schedulers cost`.
//!
//! The first two print what `docs/pictures.py` makes pictures of. `schedulers work` is what
//! `docs/costs.py` counts the instructions of.

#[path = "../tests/servers/mod.rs"]
mod servers;

use std::hint::black_box;
use std::time::Instant;

use lvs_engine::sched::tournament::Tournament;
use lvs_engine::sched::{locality, Algorithm};

use servers::{key, scatter, Service};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("names") => names(),
        Some("shares") => shares(),
        Some("moved") => moved(),
        Some("cost") => cost(),
        Some("work") => work(&std::env::args().skip(2).collect::<Vec<_>>()),
        _ => panic!(
            "usage: schedulers names|shares|moved|cost|work SCHEDULER SERVERS scan|module PICKS"
        ),
    }
}

/// The names of all schedulers, a line each.
fn names() {
    for algorithm in Algorithm::ALL {
        println!("{}", algorithm.name());
    }
}

/// `share SCHEDULER WEIGHT PERCENT`: 100,000 connections of as many clients to servers of different
/// weights. Each stays open while the next 1,000 begin, then its server remembers it for the next
/// 1,000.
fn shares() {
    const OPEN: u32 = 1000;
    const PICKS: u32 = 100_000;
    let weights = [1, 2, 3, 4, 10];
    for algorithm in Algorithm::ALL {
        let mut service = Service::new(algorithm, &weights);
        let mut counts = [0_u32; 5];
        let mut chosen = Vec::new();
        for number in 0..PICKS {
            let index = service.pick(&key(number, 0));
            if let Some(index) = index {
                counts[index] += 1;
                service.servers[index].active += 1;
            }
            chosen.push(index);
            let before = |ago: u32| *chosen.get(number.checked_sub(ago)? as usize)?;
            if let Some(ended) = before(OPEN) {
                service.servers[ended].active -= 1;
                service.servers[ended].inactive += 1;
            }
            if let Some(forgotten) = before(2 * OPEN) {
                service.servers[forgotten].inactive -= 1;
            }
        }
        let served: u32 = counts.iter().sum();
        for (weight, count) in weights.iter().zip(counts) {
            let percent = f64::from(count) * 100.0 / f64::from(served.max(1));
            println!("share {} {weight} {percent:.2}", algorithm.name());
        }
    }
}

/// `moved SCHEDULER SERVERS OWN OTHERS`: percent of 100,000 clients that get another server when
/// one leaves, the mean over all servers that might: its own clients, and others'; then the most
/// of both together.
fn moved() {
    const CLIENTS: u32 = 100_000;
    for algorithm in [
        Algorithm::DestinationHashing,
        Algorithm::SourceHashing,
        Algorithm::Maglev,
    ] {
        for count in [2_usize, 5, 10, 20, 25, 30, 50, 100] {
            let mapping = |service: &mut Service| -> Vec<Option<u32>> {
                (0..CLIENTS)
                    .map(|client| service.number_for(client, 0))
                    .collect()
            };
            let before = mapping(&mut Service::new(algorithm, &vec![1; count]));
            let (mut own, mut others, mut most) = (0_u64, 0_u64, 0_u64);
            let gone: Vec<_> = (0..count).step_by((count / 10).max(1)).collect();
            for &gone in &gone {
                let mut service = Service::new(algorithm, &vec![1; count]);
                service.remove(gone);
                let (mut of_it, mut of_others) = (0, 0);
                for (before, after) in before.iter().zip(mapping(&mut service)) {
                    if *before == Some(gone as u32) {
                        of_it += 1;
                    } else if *before != after {
                        of_others += 1;
                    }
                }
                own += of_it;
                others += of_others;
                most = most.max(of_it + of_others);
            }
            let percent = |sum: u64, of: usize| sum as f64 * 100.0 / f64::from(CLIENTS) / of as f64;
            println!(
                "moved {} {count} {:.2} {:.2} {:.2}",
                algorithm.name(),
                percent(own, gone.len()),
                percent(others, gone.len()),
                percent(most, 1)
            );
        }
    }
}

/// Servers with many connections, as many as they weigh or so.
fn busy(algorithm: Algorithm, count: usize) -> Service {
    let weights: Vec<_> = (0..count as u32)
        .map(|n| 1 + (scatter(n) % 10) as u32)
        .collect();
    let mut service = Service::new(algorithm, &weights);
    for (number, server) in service.servers.iter_mut().enumerate() {
        let random = scatter(number as u32 + 5000) as u32;
        server.active = server.weight * 100 + random % 50;
        server.inactive = random % 1000;
    }
    // Overflow needs servers with room.
    if algorithm == Algorithm::Overflow {
        service
            .servers
            .iter_mut()
            .for_each(|server| server.active = server.weight);
    }
    service
}

/// Nanoseconds that each of `times` calls takes.
fn measure(times: u32, mut call: impl FnMut(u32)) -> f64 {
    let run = |call: &mut dyn FnMut(u32)| {
        let began = Instant::now();
        (0..times).for_each(call);
        began.elapsed().as_nanos() as f64 / f64::from(times)
    };
    // The best of some, as others use the machine too.
    (0..7).map(|_| run(&mut call)).fold(f64::INFINITY, f64::min)
}

/// `cost SCHEDULER NS NS NS`: a pick among 10, 100 and 1,000 servers, of which the chosen one's
/// load changes; by a scan of all, and as the module does it.
fn cost() {
    println!("ns per pick among              10       50      100     1000 servers");
    for algorithm in Algorithm::ALL {
        for keeps_standings in [false, true] {
            if keeps_standings && !algorithm.bids() && !algorithm.is_random() {
                continue;
            }
            let how = if keeps_standings { "tree" } else { "" };
            print!("cost {:<6} {how:<10}", algorithm.name());
            for count in [10, 50, 100, 1000] {
                let mut service = busy(algorithm, count);
                if keeps_standings {
                    service.keep_standings();
                }
                print!(" {:8.1}", cost_of(&mut service));
            }
            println!();
        }
    }
}

/// Nanoseconds that a pick and a change of the chosen server's load take.
fn cost_of(service: &mut Service) -> f64 {
    let mut entries = vec![locality::Assignment::default(); 4096];
    measure(20_000, |n| connect(service, &mut entries, n))
}

/// One connection: a pick, and a change of the chosen server's load.
fn connect(service: &mut Service, entries: &mut [locality::Assignment], number: u32) {
    let is_local = matches!(
        service.algorithm,
        Algorithm::LocalityLeastConnection | Algorithm::LocalityReplication
    );
    let clock = locality::Clock {
        now: 1,
        expiration: 1000,
    };
    // 1,000 addresses that come back.
    let key = key(number % 1000, 0);
    let index = if is_local {
        let mut cache = locality::Cache::new(entries, (1, 2));
        locality::pick(
            service.algorithm,
            &mut cache,
            service,
            &key.virtual_addr,
            clock,
        )
    } else {
        service.pick(&key)
    };
    if let Some(index) = black_box(index) {
        service.servers[index].inactive += 1;
        service.set_dirty(index);
    }
}

/// `work SCHEDULER SERVERS scan|module PICKS`: that many connections, by scans or as the module
/// does it, for something that counts instructions from outside. With the scheduler `none` only
/// what isn't a scheduler's work.
fn work(arguments: &[String]) {
    let [name, count, how, picks] = arguments else {
        panic!("usage: schedulers work SCHEDULER SERVERS scan|module PICKS");
    };
    let picks = picks.parse().expect("a number of picks");
    if name == "none" {
        for number in 0..picks {
            black_box(key(number % 1000, 0));
        }
        return;
    }
    let algorithm = Algorithm::from_name(name.as_bytes()).expect("a scheduler");
    let count = count.parse().expect("a number of servers");
    let mut service = busy(algorithm, count);
    if how == "module"
        && count >= Tournament::WORTHWHILE
        && (algorithm.bids() || algorithm.is_random())
    {
        service.keep_standings();
    }
    let mut entries = vec![locality::Assignment::default(); 4096];
    for number in 0..picks {
        connect(&mut service, &mut entries, number);
    }
}
