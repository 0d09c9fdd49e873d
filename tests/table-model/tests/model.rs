// SPDX-License-Identifier: MIT OR GPL-2.0

//! The table under loom: every interleaving of a few threads on a table of one to four buckets,
//! with up to `PREEMPTIONS` switches of a thread that could go on.

#![allow(dead_code)]

extern crate self as kernel;

#[path = "../../../kmod/kernel_ext/mem/buckets.rs"]
mod buckets;
#[path = "../../../kmod/kernel_ext/mem/memory.rs"]
mod memory;
#[path = "../../../kmod/kernel_ext/mem/rcu_table.rs"]
mod rcu_table;
#[path = "../shim/mod.rs"]
mod shim;

use shim::{
    bindings,
    lock,
    prelude,
    rcu,
    time,
    types, //
};

use std::sync::atomic::{
    AtomicU32 as StdAtomicU32,
    Ordering::SeqCst, //
};

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use bindings::Heap;
use memory::{
    member,
    ControllerLink, //
    Entry,
    EntryBox,
    Member,
};
use rcu::ReadSide;
use rcu_table::{
    Clash,
    Neighbour,
    RcuTable, //
};

mod atomic {
    pub(crate) use loom::sync::atomic::{
        AtomicPtr,
        AtomicU32,
        AtomicUsize,
        Ordering, //
    };
}

mod sync {
    use core::cell::{
        Cell,
        RefCell, //
    };

    pub(crate) use loom::sync::{
        Mutex,
        MutexGuard, //
    };

    use crate::bindings::Heap;
    use crate::rcu::Deferred;

    pub(crate) const LOCKS: usize = 1;
    pub(crate) const READERS: usize = 3;

    loom::thread_local! {
        static ME: Cell<usize> = Cell::new(0);
    }

    loom::lazy_static! {
        static ref READER_LOCKS: [Mutex<()>; READERS] = core::array::from_fn(|_| Mutex::new(()));
        static ref DEFERRED: Mutex<Vec<Deferred>> = Mutex::new(Vec::new());
    }

    // All threads of an execution are one of the machine's.
    std::thread_local! {
        static HEAP: RefCell<Heap> = const { RefCell::new(Heap::new()) };
    }

    pub(crate) fn with_heap<R>(f: impl FnOnce(&mut Heap) -> R) -> R {
        HEAP.with_borrow_mut(f)
    }

    pub(crate) fn me() -> usize {
        ME.with(Cell::get)
    }

    pub(crate) fn call_me(reader: usize) {
        ME.with(|me| me.set(reader));
    }

    pub(crate) fn reader_lock(reader: usize) -> &'static Mutex<()> {
        &READER_LOCKS[reader]
    }

    pub(crate) fn deferred() -> &'static Mutex<Vec<Deferred>> {
        &DEFERRED
    }
}

/// A value that notices when it is looked at after it was dropped, or without being published.
struct Item {
    key: u32,
    alive: UnsafeCell<bool>,
    controller_link: ControllerLink<Item>,
}

// SAFETY: loom checks each access to the cell.
unsafe impl Send for Item {}
// SAFETY: As above.
unsafe impl Sync for Item {}

impl Item {
    fn new(key: u32, link: ControllerLink<Item>) -> Self {
        Self {
            key,
            alive: UnsafeCell::new(true),
            controller_link: link,
        }
    }

    fn look(&self) -> u32 {
        // SAFETY: loom reports a write that isn't ordered before or behind this.
        assert!(self.alive.with(|alive| unsafe { *alive }), "freed");
        self.key
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        // SAFETY: As in `look`.
        self.alive.with_mut(|alive| unsafe { *alive = false });
    }
}

member!(Item, link: controller_link, buckets: sync::LOCKS as u16);

type Table = RcuTable<Item>;

fn entry(key: u32) -> EntryBox<Item> {
    EntryBox::new(key, Item::new(key, ControllerLink::free())).expect("memory")
}

fn find<'a>(table: &Table, read: ReadSide<'a>, key: u32) -> Option<&'a Entry<Item>> {
    table.find(read, key, |item| item.look() == key)
}

fn has(table: &Table, key: u32) -> bool {
    rcu::read(|read| find(table, read, key).is_some())
}

/// Whether the key wasn't there before.
fn insert(table: &Table, key: u32) -> bool {
    rcu::read(|read| {
        table
            .insert(read, entry(key), |item| {
                if item.look() == key {
                    Neighbour::Same
                } else {
                    Neighbour::Other
                }
            })
            .is_ok()
    })
}

/// Whether this call removed the key.
fn remove(table: &Table, key: u32) -> bool {
    let removed =
        rcu::read(|read| find(table, read, key).and_then(|entry| table.remove(read, entry)));
    removed.is_some()
}

/// Keys in the table, each as often as it was met.
fn keys(table: &Table) -> Vec<u32> {
    let mut keys = Vec::new();
    let mut bucket = 0;
    while rcu::read(|read| table.for_each_in_bucket(read, bucket, |item| keys.push(item.look()))) {
        bucket += 1;
    }
    keys.sort_unstable();
    keys
}

/// The table is gone, and so are all threads but this.
fn expect_all_freed() {
    rcu::reclaim();
    sync::with_heap(Heap::expect_empty);
}

const PREEMPTIONS: usize = 3;

/// Checks every execution of `threads` on a table that holds `present`, and `last` after all of
/// them.
fn check<const N: usize>(
    present: &'static [u32],
    threads: [fn(&Table); N],
    last: impl Fn(&Table) + Send + Sync + 'static,
) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(move || {
        {
            let table = Arc::new(Table::new(2).expect("memory"));
            for key in present.iter().rev() {
                assert!(insert(&table, *key));
            }
            let running: Vec<_> = threads
                .into_iter()
                .enumerate()
                .map(|(number, run)| {
                    let table = Arc::clone(&table);
                    thread::spawn(move || {
                        sync::call_me(number);
                        run(&table);
                    })
                })
                .collect();
            for thread in running {
                thread.join().expect("no panic");
            }
            last(&table);
        }
        expect_all_freed();
    });
}

// Hash and key are the same here: even keys share a chain of two buckets.

#[test]
fn readers_miss_nothing_while_the_table_grows() {
    check(
        &[0, 1, 2],
        [
            |table| table.resize(2).expect("memory"),
            |table| assert!(has(table, 0) && has(table, 2)),
        ],
        |table| {
            assert_eq!(table.buckets(), 2);
            assert_eq!(keys(table), [0, 1, 2]);
        },
    );
}

#[test]
fn readers_miss_nothing_while_the_table_shrinks() {
    check(
        &[],
        [
            |table| {
                table.resize(2).expect("memory");
                assert!(insert(table, 0) && insert(table, 1));
                table.resize(1).expect("memory");
            },
            |table| {
                if has(table, 1) {
                    assert!(has(table, 0) && has(table, 1));
                }
            },
        ],
        |table| {
            assert_eq!(table.buckets(), 1);
            assert_eq!(keys(table), [0, 1]);
        },
    );
}

#[test]
fn a_replaced_table_is_read_until_its_readers_are_done() {
    check(
        &[0],
        [
            |table| {
                table.resize(2).expect("memory");
                table.resize(4).expect("memory");
                rcu::reclaim();
            },
            |table| assert!(has(table, 0)),
        ],
        |table| assert_eq!(table.buckets(), 4),
    );
}

#[test]
fn insertion_while_the_table_grows() {
    check(
        &[0],
        [
            |table| table.resize(2).expect("memory"),
            |table| {
                assert!(insert(table, 2));
                assert!(has(table, 2) && has(table, 0));
            },
        ],
        |table| assert_eq!(keys(table), [0, 2]),
    );
}

#[test]
fn removal_while_the_table_grows() {
    check(
        &[0, 2, 4],
        [
            |table| table.resize(2).expect("memory"),
            |table| {
                assert!(remove(table, 2));
                assert!(!has(table, 2) && has(table, 4));
                rcu::reclaim();
            },
        ],
        |table| assert_eq!(keys(table), [0, 4]),
    );
}

#[test]
fn readers_walk_over_what_is_removed() {
    check(
        &[0, 1, 2],
        [
            |table| {
                assert!(remove(table, 0));
                assert!(remove(table, 1));
                rcu::reclaim();
            },
            |table| assert!(has(table, 2)),
        ],
        |table| assert_eq!(keys(table), [2]),
    );
}

#[test]
fn one_of_two_removes() {
    static REMOVED: StdAtomicU32 = StdAtomicU32::new(0);
    fn remove_it(table: &Table) {
        if remove(table, 0) {
            REMOVED.fetch_add(1, SeqCst);
            rcu::reclaim();
        }
    }
    check(&[0, 1], [remove_it, remove_it], |table| {
        assert_eq!(REMOVED.swap(0, SeqCst), 1);
        assert_eq!(keys(table), [1]);
    });
}

#[test]
fn one_of_two_inserts() {
    static INSERTED: StdAtomicU32 = StdAtomicU32::new(0);
    fn insert_it(table: &Table) {
        if insert(table, 0) {
            INSERTED.fetch_add(1, SeqCst);
        }
        assert!(has(table, 0));
    }
    check(
        &[],
        [insert_it, insert_it, |table| {
            table.resize(2).expect("memory")
        }],
        |table| {
            assert_eq!(INSERTED.swap(0, SeqCst), 1);
            assert_eq!(keys(table), [0]);
        },
    );
}

#[test]
fn what_is_inserted_is_published_whole() {
    check(
        &[],
        [
            |table| assert!(insert(table, 0)),
            |table| {
                if has(table, 0) {
                    assert!(has(table, 0));
                }
            },
        ],
        |table| assert_eq!(keys(table), [0]),
    );
}

#[test]
fn the_collector_meets_new_and_vanishing_entries() {
    fn collect(table: &Table) {
        rcu::read(|read| {
            table.for_each_in_bucket(read, 0, |item| {
                if item.look() < 2 {
                    drop(table.remove(read, item));
                }
            })
        });
        rcu::reclaim();
    }
    check(
        &[0, 1, 2],
        [collect, |table| {
            remove(table, 1);
            assert!(insert(table, 3));
            assert!(has(table, 2));
        }],
        |table| assert_eq!(keys(table), [2, 3]),
    );
}

#[test]
fn too_many_of_one_hash_are_refused() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(|| {
        fn add(table: &Table, key: u32) -> bool {
            let new = EntryBox::new(0, Item::new(key, ControllerLink::free())).expect("memory");
            rcu::read(
                |read| match table.insert(read, new, |_| Neighbour::Sibling) {
                    Ok(_) => true,
                    Err((_, Clash::Crowded)) => false,
                    Err((_, Clash::Exists(_))) => panic!("there is no such entry"),
                },
            )
        }
        let table = Arc::new(Table::new(2).expect("memory"));
        assert!(add(&table, 0));
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || {
            sync::call_me(1);
            add(&other, 1)
        });
        let added = add(&table, 2);
        assert!(added != thread.join().expect("no panic"));
        drop(table);
        expect_all_freed();
    });
}

#[test]
fn an_anchor_stays_while_others_are_tied_to_it() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(|| {
        let table = Arc::new(Table::new(2).expect("memory"));
        rcu::read(|read| {
            let controller =
                EntryBox::new(0, Item::new(0, ControllerLink::of_controller())).expect("memory");
            assert!(table.insert(read, controller, |_| Neighbour::Other).is_ok());
        });
        let other = Arc::clone(&table);
        let collector = thread::spawn(move || {
            sync::call_me(1);
            let removed = remove(&other, 0);
            rcu::reclaim();
            removed
        });
        let member = entry(1);
        let tied = rcu::read(|read| {
            find(&table, read, 0).is_some_and(|controller| member.controller_link.bind(controller))
        });
        if tied {
            // The controller can be looked at for as long as the tie lasts.
            rcu::read(|read| {
                let controller = member.controller_link.target(read).expect("tied");
                assert_eq!(controller.look(), 0);
                assert!(controller.controller_link.is_held());
            });
        }
        let removed = collector.join().expect("no panic");
        assert!(tied != removed, "one of both, and only one");
        if tied {
            assert!(!remove(&table, 0));
            rcu::read(|read| member.controller_link.unbind(read));
            assert!(remove(&table, 0));
        }
        drop(member);
        drop(table);
        expect_all_freed();
    });
}
