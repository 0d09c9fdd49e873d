// SPDX-License-Identifier: MIT OR GPL-2.0

//! The table beside a map that is told the same, and under threads that really run at once.

#![allow(dead_code)]

extern crate self as kernel;

#[path = "../../../kmod/kernel_ext/mem/buckets.rs"]
mod buckets;
#[path = "../../../kmod/kernel_ext/mem/memory.rs"]
mod memory;
#[path = "../shim/operations.rs"]
mod operations;
#[path = "../../../kmod/kernel_ext/mem/rcu_table.rs"]
mod rcu_table;
#[path = "../shim/mod.rs"]
mod shim;
#[path = "../shim/threads.rs"]
mod sync;

use shim::{
    bindings,
    lock,
    prelude,
    rcu,
    time,
    types, //
};

use std::sync::atomic::{
    AtomicBool,
    Ordering::SeqCst, //
};
use std::thread;

use proptest::prelude::*;

use operations::{
    find,
    insert,
    remove,
    Table, //
};

mod atomic {
    pub(crate) use core::sync::atomic::{
        AtomicPtr,
        AtomicU32,
        AtomicUsize,
        Ordering, //
    };
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn does_what_a_map_does(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _alone = sync::alone();
        operations::run(&bytes);
    }
}

/// Tables whose heads lie in several pieces, on the way up and down.
#[test]
fn large_tables_lose_nothing() {
    let _alone = sync::alone();
    {
        let table = Table::new(u32::MAX).expect("memory");
        for (round, bits) in [17, 3, 18, 16].into_iter().enumerate() {
            let key = |slot: u32| slot + 64 * round as u32;
            assert!((0..32).all(|slot| insert(&table, key(slot))));
            table.resize(1 << bits).expect("memory");
            assert!((32..64).all(|slot| insert(&table, key(slot))));
            assert_eq!(table.buckets(), 1 << bits);
            for present in 0..key(64) {
                assert!(rcu::read(|read| find(&table, read, present).is_some()));
            }
            let mut seen = 0;
            let mut index = 0;
            while index < table.buckets() {
                rcu::read(|read| table.for_each_in_bucket(read, index, |_| seen += 1));
                index = rcu::read(|read| table.skip_empty(read, index + 1));
            }
            assert_eq!(seen, key(64));
        }
    }
    rcu::reclaim();
    sync::with_heap(bindings::Heap::expect_empty);
}

/// Three threads change a third of the keys each and know what has to be there; a fourth changes
/// the size all the time. Keys of a fifth kind stay, and everybody always finds them.
#[test]
fn threads_at_once_see_their_own_changes() {
    const ROUNDS: u32 = 20_000;
    const KEPT: u32 = 64;
    let _alone = sync::alone();
    {
        let table = Table::new(u32::MAX).expect("memory");
        let over = AtomicBool::new(false);
        for key in 0..KEPT {
            assert!(insert(&table, key * 4 + 3));
        }
        thread::scope(|scope| {
            let (table, over) = (&table, &over);
            let resizer = scope.spawn(move || {
                sync::call_me(3);
                let mut bits = 0;
                while !over.load(SeqCst) {
                    bits = (bits + 3) % 8;
                    table.resize(1 << bits).expect("memory");
                    rcu::reclaim();
                }
            });
            let workers: Vec<_> = (0..3)
                .map(|me| {
                    scope.spawn(move || {
                        sync::call_me(me as usize);
                        let mut present = [false; 64];
                        let mut random = me + 1;
                        for _ in 0..ROUNDS {
                            random ^= random << 13;
                            random ^= random >> 17;
                            random ^= random << 5;
                            let slot = random % 64;
                            let key = slot * 4 + me;
                            let there = &mut present[slot as usize];
                            assert_eq!(rcu::read(|read| find(table, read, key).is_some()), *there);
                            assert!(rcu::read(|read| find(table, read, slot * 4 + 3).is_some()));
                            if *there {
                                assert!(remove(table, key));
                            } else {
                                assert!(insert(table, key));
                            }
                            *there = !*there;
                        }
                    })
                })
                .collect();
            for worker in workers {
                worker.join().expect("no panic");
            }
            over.store(true, SeqCst);
            resizer.join().expect("no panic");
        });
    }
    rcu::reclaim();
    sync::with_heap(bindings::Heap::expect_empty);
}
