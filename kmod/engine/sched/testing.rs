// SPDX-License-Identifier: GPL-2.0

//! Servers for tests.

use std::cell::Cell;
use std::num::NonZeroU32;

use super::*;

use crate::addr::Addr;

/// A server with its numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Server {
    pub(crate) id: u32,
    pub(crate) weight: u32,
    pub(crate) last_weight: u32,
    pub(crate) active: u32,
    pub(crate) inactive: u32,
    pub(crate) overloaded: bool,
}

impl Servers for Vec<Server> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }
    fn weight(&self, index: usize) -> u32 {
        self.get(index).map_or(0, |server| server.weight)
    }
    fn active(&self, index: usize) -> u32 {
        self.get(index).map_or(0, |server| server.active)
    }
    fn inactive(&self, index: usize) -> u32 {
        self.get(index).map_or(0, |server| server.inactive)
    }
    fn overloaded(&self, index: usize) -> bool {
        self.get(index).is_none_or(|server| server.overloaded)
    }
}

impl Identified for Vec<Server> {
    fn id(&self, index: usize) -> Option<NonZeroU32> {
        NonZeroU32::new(self.get(index)?.id + 1)
    }
    fn addr(&self, index: usize) -> Addr {
        Addr::from_v4_word((0xc000_0200 + self[index].id).to_be())
    }
    fn port(&self, _: usize) -> u16 {
        80
    }
    fn last_weight(&self, index: usize) -> u32 {
        self[index].last_weight
    }
}

/// Servers with their table.
pub(crate) struct Pool<'a> {
    servers: &'a Vec<Server>,
    table: Vec<u16>,
    /// Looks at weights until the first server loses its own, if ever.
    looks: Option<Cell<u32>>,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(algorithm: Algorithm, servers: &'a Vec<Server>) -> Self {
        Self::with_flags(algorithm, 0, servers)
    }

    /// Those of a service with these flags.
    pub(crate) fn with_flags(algorithm: Algorithm, flags: u32, servers: &'a Vec<Server>) -> Self {
        let mut table = vec![0; algorithm.table_len()];
        let mut scratch = vec![Preference::default(); algorithm.scratch_len(servers.len())];
        let filled = fill_table(
            algorithm,
            Family::V4,
            flags,
            servers,
            &mut table,
            &mut scratch,
        );
        filled.unwrap();
        Self {
            servers,
            table,
            looks: None,
        }
    }

    /// Has the first server's weight fall to 0 after so many looks at any server's.
    pub(crate) fn whose_first_closes_after(mut self, looks: u32) -> Self {
        self.looks = Some(Cell::new(looks));
        self
    }
}

impl Servers for Pool<'_> {
    fn len(&self) -> usize {
        Servers::len(self.servers)
    }
    fn weight(&self, index: usize) -> u32 {
        if let Some(looks) = &self.looks {
            let left = looks.replace(looks.get().saturating_sub(1));
            if index == 0 && left == 0 {
                return 0;
            }
        }
        self.servers.weight(index)
    }
    fn active(&self, index: usize) -> u32 {
        self.servers.active(index)
    }
    fn inactive(&self, index: usize) -> u32 {
        self.servers.inactive(index)
    }
    fn overloaded(&self, index: usize) -> bool {
        self.servers.overloaded(index)
    }
    fn table(&self) -> &[u16] {
        &self.table
    }
}

/// Idle servers of these weights, newest first.
pub(crate) fn of_weights(weights: &[u32]) -> Vec<Server> {
    let server = |(id, &weight): (usize, &u32)| Server {
        id: id as u32,
        weight,
        last_weight: weight,
        ..Server::default()
    };
    weights.iter().enumerate().map(server).collect()
}

/// The servers that `count` picks return, starting from `state`.
pub(crate) fn picks(
    algorithm: Algorithm,
    servers: &Vec<Server>,
    state: &mut u64,
    count: usize,
) -> Vec<Option<usize>> {
    let facts = Facts::of(algorithm, servers);
    let pool = Pool::new(algorithm, servers);
    (0..count)
        .map(|_| {
            let pick = pick(algorithm, &pool, &facts, &Key::default(), *state);
            *state = pick.state;
            pick.index
        })
        .collect()
}

/// A connection from the client with this number, to a service with these flags.
pub(crate) fn client(number: u32, flags: u32) -> Key {
    Key {
        client_addr: Addr::from_v4_word(number.to_be()),
        client_port: 1024,
        flags,
        ..Key::default()
    }
}

/// The server that an algorithm without a state chooses for `key`.
pub(crate) fn pick_for(algorithm: Algorithm, servers: &Vec<Server>, key: Key) -> Option<usize> {
    pick(
        algorithm,
        &Pool::new(algorithm, servers),
        &Facts::default(),
        &key,
        0,
    )
    .index
}

/// The state after `change` led to `servers`.
pub(crate) fn changed(
    algorithm: Algorithm,
    servers: &Vec<Server>,
    state: u64,
    change: Change,
) -> u64 {
    after_change(algorithm, state, change, &Facts::of(algorithm, servers))
}
