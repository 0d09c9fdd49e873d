// SPDX-License-Identifier: GPL-2.0

//! A service's servers, for tests and measurements.

// Each of them uses its part.
#![allow(dead_code, unreachable_pub, clippy::vec_box)]

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicU64;

use lvs_engine::addr::{Addr, Family};
use lvs_engine::sched::lottery::{self, Lottery};
use lvs_engine::sched::tournament::{self, Bid, Tournament};
use lvs_engine::sched::{
    self, twos, Algorithm, Change, Facts, Identified, Key, Pair, Servers, Standing,
};

/// A server with its numbers.
#[derive(Clone, Debug, Default)]
pub struct Server {
    pub number: u32,
    pub weight: u32,
    pub last_weight: u32,
    pub active: u32,
    pub inactive: u32,
    pub overloaded: bool,
}

/// What a service keeps for its scheduler.
pub struct Service {
    pub algorithm: Algorithm,
    /// Each in a place of its own, as in the kernel.
    pub servers: Vec<Box<Server>>,
    pub state: u64,
    facts: Facts,
    table: Vec<u16>,
    standings: Option<RefCell<Standings>>,
}

/// A tournament's memory.
struct Standings {
    dirty: Vec<AtomicU64>,
    bids: Vec<Bid>,
    winners: Vec<u32>,
    half_idle: u32,
    sums: Vec<u64>,
}

impl Servers for Service {
    fn len(&self) -> usize {
        self.servers.len()
    }
    fn weight(&self, index: usize) -> u32 {
        self.servers.get(index).map_or(0, |server| server.weight)
    }
    fn active(&self, index: usize) -> u32 {
        self.servers.get(index).map_or(0, |server| server.active)
    }
    fn inactive(&self, index: usize) -> u32 {
        self.servers.get(index).map_or(0, |server| server.inactive)
    }
    fn overloaded(&self, index: usize) -> bool {
        self.servers
            .get(index)
            .is_none_or(|server| server.overloaded)
    }
    fn table(&self) -> &[u16] {
        &self.table
    }
    fn standing(&self) -> Option<Standing> {
        let mut standings = self.standings.as_ref()?.borrow_mut();
        let Standings {
            dirty,
            bids,
            winners,
            half_idle,
            ..
        } = &mut *standings;
        let mut tournament = Tournament::new(bids, winners, half_idle);
        tournament::take_dirty(dirty, |index| {
            tournament.update(index, self.algorithm.bid(self, index));
        });
        Some(tournament.standing())
    }
    fn drawn(&self, random: u64) -> Option<Pair> {
        let mut standings = self.standings.as_ref()?.borrow_mut();
        let Standings { dirty, sums, .. } = &mut *standings;
        let mut lottery = Lottery::new(sums);
        tournament::take_dirty(dirty, |index| {
            lottery.update(index, lottery::lots(self, index));
        });
        Some(twos::draw(&lottery, random))
    }
}

impl Identified for Service {
    fn id(&self, index: usize) -> Option<NonZeroU32> {
        NonZeroU32::new(self.servers.get(index)?.number + 1)
    }
    fn addr(&self, index: usize) -> Addr {
        Addr::from_v4_word((0x0a00_0200 + self.servers[index].number).to_be())
    }
    fn port(&self, _: usize) -> u16 {
        80
    }
    fn last_weight(&self, index: usize) -> u32 {
        self.servers[index].last_weight
    }
}

impl Service {
    /// A service with idle servers of these weights.
    pub fn new(algorithm: Algorithm, weights: &[u32]) -> Self {
        let server = |(number, &weight): (usize, &u32)| {
            Box::new(Server {
                number: number as u32,
                weight,
                last_weight: weight,
                ..Server::default()
            })
        };
        let mut service = Self {
            algorithm,
            servers: weights.iter().enumerate().map(server).collect(),
            state: 0,
            facts: Facts::default(),
            table: Vec::new(),
            standings: None,
        };
        service.changed(Change::Replaced);
        service
    }

    /// Does what follows every change of the servers.
    pub fn changed(&mut self, change: Change) {
        let mut filled = vec![0; self.algorithm.table_len()];
        let mut scratch = vec![Default::default(); self.algorithm.scratch_len(self.servers.len())];
        sched::fill_table(
            self.algorithm,
            Family::V4,
            0,
            self,
            &mut filled,
            &mut scratch,
        )
        .unwrap();
        self.table = filled;
        self.facts = Facts::of(self.algorithm, self);
        self.state = sched::after_change(self.algorithm, self.state, change, &self.facts);
    }

    /// Keeps a tournament or lottery from now on, where the scheduler has one. Every change of a
    /// server has to be [noted](Self::set_dirty), and the servers stay the same ones.
    pub fn keep_standings(&mut self) {
        if !self.algorithm.bids() && !self.algorithm.is_random() {
            return;
        }
        let count = self.servers.len();
        let mut standings = Standings {
            dirty: Vec::new(),
            bids: vec![Bid::NONE; count],
            winners: vec![0; Tournament::nodes(count)],
            half_idle: 0,
            sums: vec![0; Lottery::nodes(count)],
        };
        let words = tournament::dirty_words(count);
        standings.dirty.resize_with(words, AtomicU64::default);
        Tournament::new(
            &mut standings.bids,
            &mut standings.winners,
            &mut standings.half_idle,
        )
        .begin(|index| self.algorithm.bid(self, index));
        Lottery::new(&mut standings.sums).begin(count, |index| lottery::lots(self, index));
        self.standings = Some(RefCell::new(standings));
    }

    /// Notes that the load of a server changed.
    pub fn set_dirty(&self, index: usize) {
        if let Some(standings) = &self.standings {
            tournament::set_dirty(&standings.borrow().dirty, index);
        }
    }

    /// Removes a server.
    pub fn remove(&mut self, index: usize) {
        self.servers.remove(index);
        self.changed(Change::Removed(index));
    }

    /// The index of the server for a new connection.
    pub fn pick(&mut self, key: &Key) -> Option<usize> {
        let pick = sched::pick(self.algorithm, self, &self.facts, key, self.state);
        self.state = pick.state;
        pick.index
    }

    /// The number of the server for a client, or for what a client wants.
    pub fn number_for(&mut self, client: u32, flags: u32) -> Option<u32> {
        let index = self.pick(&key(client, flags))?;
        Some(self.servers[index].number)
    }
}

/// A connection of client `client` to an address that is as different.
pub fn key(client: u32, flags: u32) -> Key {
    let addr = Addr::from_v4_word(client.wrapping_mul(0x9e37_79b1).rotate_left(7).to_be());
    Key {
        client_addr: addr,
        client_port: (client % 60_000) as u16 + 1024,
        virtual_addr: addr,
        virtual_port: 80,
        flags,
        random: scatter(client),
    }
}

/// A number without an evident relation to `n`.
///
/// Source: Steele, Lea and Flood: Fast splittable pseudorandom number generators (2014).
pub fn scatter(n: u32) -> u64 {
    let mut z = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
