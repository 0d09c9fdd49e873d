// SPDX-License-Identifier: GPL-2.0

//! Round robin: the servers in turn.
//!
//! The state is the [`Cursor`] on the last chosen server.

use super::cursor::Cursor;
use super::scheduler::Scheduler;
use super::servers::{
    available,
    Change,
    Facts,
    Key,
    Pick,
    Servers, //
};

/// Chooses the next available server behind the last one.
#[inline]
fn pick(servers: &impl Servers, state: u64) -> Pick {
    let len = servers.len();
    let next = cursor(state).next(len);
    let index = (next..len)
        .chain(0..next)
        .find(|&index| available(servers, index));
    Pick {
        index,
        state: index.map_or(state, |index| u64::from(Cursor::on(index).number())),
    }
}

/// The state after a change of the servers.
fn after_change(state: u64, change: Change) -> u64 {
    u64::from(cursor(state).after(change).number())
}

#[inline]
fn cursor(state: u64) -> Cursor {
    Cursor::from_number(u32::try_from(state).unwrap_or(u32::MAX))
}

/// The algorithm.
pub(super) struct RoundRobin;

impl Scheduler for RoundRobin {
    const HEEDS_WEIGHTS: bool = false;

    #[inline]
    fn pick(servers: &impl Servers, _facts: &Facts, _key: &Key, state: u64) -> Pick {
        pick(servers, state)
    }

    fn after_change(state: u64, change: Change, _facts: &Facts) -> u64 {
        after_change(state, change)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::Algorithm::RoundRobin;
    use super::*;

    fn rotation(servers: &Vec<Server>, state: &mut u64, count: usize) -> Vec<u32> {
        picks(RoundRobin, servers, state, count)
            .into_iter()
            .map(|index| servers[index.unwrap()].id)
            .collect()
    }

    #[test]
    fn servers_take_turns_from_the_newest() {
        let mut state = 0;
        let servers = of_weights(&[1, 7, 1]);
        assert_eq!(rotation(&servers, &mut state, 7), [0, 1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn unavailable_servers_are_skipped() {
        let mut state = 0;
        let mut servers = of_weights(&[1, 0, 1, 1]);
        servers[3].overloaded = true;
        assert_eq!(rotation(&servers, &mut state, 4), [0, 2, 0, 2]);
    }

    #[test]
    fn the_only_server_is_chosen_again() {
        let mut state = 0;
        assert_eq!(
            rotation(&of_weights(&[0, 1, 0]), &mut state, 3),
            [1, 1, 1],
            "its own turn comes after all others'"
        );
    }

    #[test]
    fn the_rotation_goes_on_when_a_server_comes() {
        let mut state = 0;
        let mut servers = of_weights(&[1, 1]);
        assert_eq!(rotation(&servers, &mut state, 1), [0]);
        servers.insert(
            0,
            Server {
                id: 9,
                ..servers[0]
            },
        );
        state = changed(RoundRobin, &servers, state, Change::Inserted);
        assert_eq!(rotation(&servers, &mut state, 3), [1, 9, 0]);
    }

    #[test]
    fn before_the_first_pick_the_newest_server_is_next() {
        let servers = of_weights(&[1, 1]);
        let mut state = 0;
        for _ in &servers {
            state = changed(RoundRobin, &servers, state, Change::Inserted);
        }
        assert_eq!(rotation(&servers, &mut state, 2), [0, 1]);
    }

    #[test]
    fn the_rotation_goes_on_when_a_server_goes() {
        // Picks before the removal, removed index, what comes then.
        let cases: [(usize, usize, [u32; 3]); 7] = [
            (2, 0, [2, 3, 1]),
            (2, 1, [2, 3, 0]),
            (2, 2, [3, 0, 1]),
            (1, 0, [1, 2, 3]),
            (4, 3, [0, 1, 2]),
            (4, 0, [1, 2, 3]),
            (0, 0, [1, 2, 3]),
        ];
        for (before, gone, after) in cases {
            let mut state = 0;
            let mut servers = of_weights(&[1, 1, 1, 1]);
            rotation(&servers, &mut state, before);
            servers.remove(gone);
            state = changed(RoundRobin, &servers, state, Change::Removed(gone));
            assert_eq!(rotation(&servers, &mut state, 3), after, "{before} {gone}");
        }
    }

    #[test]
    fn an_edit_changes_nothing() {
        assert_eq!(after_change(3, Change::Edited(2)), 3);
        assert_eq!(after_change(3, Change::Replaced), 0);
    }
}
