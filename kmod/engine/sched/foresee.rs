// SPDX-License-Identifier: GPL-2.0

//! What a scheduler would choose now, without having chosen: by the function that chooses, whose
//! next state is thrown away.
//!
//! All servers are looked at, whatever tournament or lottery is kept of them: these find what a
//! look at all finds, and are left alone here.

use core::num::NonZeroU32;

use super::servers::{
    available,
    Facts,
    Foreseen,
    Identified,
    Key,
    Servers, //
};
use super::{
    pick,
    Algorithm, //
};
use crate::addr::Addr;

/// What [`pick`] would choose with the same arguments; the random number of `key` doesn't matter.
pub fn foresee(
    algorithm: Algorithm,
    servers: &impl Servers,
    facts: &Facts,
    key: &Key,
    state: u64,
) -> Foreseen {
    let Some(by) = algorithm.chooses_by() else {
        let is_any_open = (0..servers.len()).any(|index| available(servers, index));
        return if is_any_open {
            Foreseen::Drawn
        } else {
            Foreseen::Nobody
        };
    };
    match pick(algorithm, &EachLookedAt(servers), facts, key, state).index {
        Some(index) => Foreseen::Server(index, by),
        None => Foreseen::Nobody,
    }
}

/// Servers of which no tournament or lottery is asked.
pub(super) struct EachLookedAt<'a, S>(pub(super) &'a S);

impl<S: Servers> Servers for EachLookedAt<'_, S> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn weight(&self, index: usize) -> u32 {
        self.0.weight(index)
    }

    fn active(&self, index: usize) -> u32 {
        self.0.active(index)
    }

    fn inactive(&self, index: usize) -> u32 {
        self.0.inactive(index)
    }

    fn overloaded(&self, index: usize) -> bool {
        self.0.overloaded(index)
    }

    fn table(&self) -> &[u16] {
        self.0.table()
    }
}

impl<S: Identified> Identified for EachLookedAt<'_, S> {
    fn id(&self, index: usize) -> Option<NonZeroU32> {
        self.0.id(index)
    }

    fn addr(&self, index: usize) -> Addr {
        self.0.addr(index)
    }

    fn port(&self, index: usize) -> u16 {
        self.0.port(index)
    }

    fn last_weight(&self, index: usize) -> u32 {
        self.0.last_weight(index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::*;
    use super::super::{
        By,
        Change, //
    };
    use super::*;

    fn server() -> impl Strategy<Value = Server> {
        (0..6_u32, 0..40_u32, 0..40_u32, prop::bool::weighted(0.2)).prop_map(
            |(weight, active, inactive, overloaded)| Server {
                weight,
                last_weight: weight,
                active,
                inactive,
                overloaded,
                ..Server::default()
            },
        )
    }

    fn servers() -> impl Strategy<Value = Vec<Server>> {
        prop::collection::vec(server(), 0..70).prop_map(|mut servers| {
            for (id, server) in (0..).zip(&mut servers) {
                server.id = id;
            }
            servers
        })
    }

    proptest! {
        #[test]
        fn what_is_foreseen_is_picked(
            servers in servers(),
            clients in prop::collection::vec(any::<u32>(), 1..30),
            flags in 0..0x40_u32,
        ) {
            for algorithm in Algorithm::ALL {
                if algorithm == Algorithm::Maglev && servers.is_empty() {
                    continue;
                }
                let pool = Pool::with_flags(algorithm, flags, &servers);
                let facts = Facts::of(algorithm, &servers);
                let mut state = changed(algorithm, &servers, 0, Change::Replaced);
                for client in &clients {
                    let key = Key {
                        client_addr: Addr::from_v4_word(*client),
                        client_port: *client as u16,
                        virtual_addr: Addr::from_v4_word(client.rotate_left(9)),
                        virtual_port: 80,
                        flags,
                        random: u64::from(*client).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                    };
                    let foreseen = foresee(algorithm, &pool, &facts, &key, state);
                    // As often as one likes.
                    prop_assert_eq!(foresee(algorithm, &pool, &facts, &key, state), foreseen);
                    let picked = pick(algorithm, &pool, &facts, &key, state);
                    match foreseen {
                        Foreseen::Server(index, _) => {
                            prop_assert_eq!(picked.index, Some(index), "{:?}", algorithm);
                        }
                        Foreseen::Drawn => {
                            let index = picked.index.expect("a server");
                            prop_assert!(available(&servers, index), "{:?}", algorithm);
                        }
                        Foreseen::Nobody => prop_assert_eq!(picked.index, None, "{:?}", algorithm),
                    }
                    state = picked.state;
                }
            }
        }
    }

    #[test]
    fn each_algorithm_says_what_it_chooses_by() {
        for algorithm in Algorithm::ALL {
            let by = algorithm.chooses_by();
            let expected = match algorithm.name() {
                "rr" | "wrr" => Some(By::Turn),
                "dh" | "sh" | "mh" => Some(By::Hash),
                "twos" => None,
                _ => Some(By::Load),
            };
            assert_eq!(by, expected, "{algorithm:?}");
        }
    }
}
