// SPDX-License-Identifier: MIT OR GPL-2.0

//! Operations on the table by a string of bytes, each compared with a map's answer.

use std::collections::btree_map::{
    self,
    BTreeMap, //
};

use crate::bindings::Heap;
use crate::memory::{
    member,
    ControllerLink, //
    Entry,
    EntryBox,
    Member,
};
use crate::rcu::{
    self,
    ReadSide, //
};
use crate::rcu_table::{
    Clash,
    Neighbour,
    RcuTable, //
};
use crate::sync;

pub(crate) struct Item {
    key: u32,
    controller_link: ControllerLink<Item>,
}

member!(Item, link: controller_link, buckets: sync::LOCKS as u16);

pub(crate) type Table = RcuTable<Item>;

/// Few hashes, so that chains get long, and from all over a large table.
const fn hash(key: u32) -> u32 {
    let few = key & 31;
    few | (few << 12)
}

pub(crate) fn find<'a>(table: &Table, read: ReadSide<'a>, key: u32) -> Option<&'a Entry<Item>> {
    table.find(read, hash(key), |item| item.key == key)
}

/// Whether the key wasn't there before.
pub(crate) fn insert(table: &Table, key: u32) -> bool {
    insert_at(table, key, 0, ControllerLink::free()).is_ok()
}

/// Whether this call removed the key.
pub(crate) fn remove(table: &Table, key: u32) -> bool {
    rcu::read(|read| find(table, read, key).and_then(|entry| table.remove(read, entry))).is_some()
}

/// Why it wasn't inserted.
#[derive(PartialEq, Debug)]
enum Refused {
    Exists,
    Crowded,
}

fn insert_at(
    table: &Table,
    key: u32,
    expires: u32,
    link: ControllerLink<Item>,
) -> Result<(), Refused> {
    let entry = EntryBox::new(
        hash(key),
        Item {
            key,
            controller_link: link,
        },
    )
    .expect("memory");
    entry
        .expires
        .store(expires, crate::atomic::Ordering::Relaxed);
    rcu::read(|read| {
        let judge = |present: &Entry<Item>| {
            if present.key == key {
                Neighbour::Same
            } else {
                Neighbour::Sibling
            }
        };
        match table.insert(read, entry, judge) {
            Ok(_) => Ok(()),
            Err((_, Clash::Exists(present))) => {
                assert_eq!(present.key, key);
                Err(Refused::Exists)
            }
            Err((_, Clash::Crowded)) => Err(Refused::Crowded),
        }
    })
}

/// Everything in the table: key and expiry.
fn contents(table: &Table) -> Vec<(u32, u32)> {
    let mut all = Vec::new();
    let mut bucket = 0;
    while rcu::read(|read| {
        table.for_each_in_bucket(read, bucket, |entry| {
            all.push((
                entry.key,
                entry.expires.load(crate::atomic::Ordering::Relaxed),
            ));
        })
    }) {
        bucket += 1;
    }
    assert_eq!(bucket, table.buckets());
    all.sort_unstable();
    all
}

/// Does what the bytes say, two for each operation, and checks each answer.
pub(crate) fn run(bytes: &[u8]) {
    /// Most entries of one hash.
    const LIMIT: u32 = 6;
    {
        let table = Table::new(LIMIT).expect("memory");
        let mut map = BTreeMap::<u32, u32>::new();
        for (time, pair) in bytes.chunks_exact(2).enumerate() {
            let (operation, key) = (pair[0], u32::from(pair[1]));
            let time = time as u32;
            match operation % 19 {
                0..=5 => {
                    let siblings = map
                        .keys()
                        .filter(|other| hash(**other) == hash(key))
                        .count() as u32;
                    let wanted = match map.entry(key) {
                        btree_map::Entry::Occupied(_) => Err(Refused::Exists),
                        btree_map::Entry::Vacant(_) if siblings >= LIMIT => Err(Refused::Crowded),
                        btree_map::Entry::Vacant(place) => {
                            place.insert(time);
                            Ok(())
                        }
                    };
                    assert_eq!(insert_at(&table, key, time, ControllerLink::free()), wanted);
                }
                6..=8 => assert_eq!(remove(&table, key), map.remove(&key).is_some()),
                9..=11 => rcu::read(|read| {
                    let found = find(&table, read, key)
                        .map(|entry| entry.expires.load(crate::atomic::Ordering::Relaxed));
                    assert_eq!(found, map.get(&key).copied());
                }),
                12 | 13 => {
                    table.resize(1 << (key & 7)).expect("memory");
                    assert_eq!(table.buckets(), (1 << (key & 7)).max(Table::MIN_BUCKETS));
                }
                14 => {
                    // The collector: what is older than so many operations.
                    let old = time.saturating_sub(key);
                    for bucket in 0..table.buckets() {
                        rcu::read(|read| {
                            table.for_each_in_bucket(read, bucket, |entry| {
                                if entry.expires.load(crate::atomic::Ordering::Relaxed) < old {
                                    assert!(table.remove(read, entry).is_some());
                                }
                            })
                        });
                    }
                    map.retain(|_, born| *born >= old);
                    rcu::reclaim();
                }
                15 => {
                    // In front of its chain, whatever the limit.
                    if let btree_map::Entry::Vacant(place) = map.entry(key) {
                        place.insert(time);
                        let item = Item {
                            key,
                            controller_link: ControllerLink::free(),
                        };
                        let entry = EntryBox::new(hash(key), item).expect("memory");
                        entry.expires.store(time, crate::atomic::Ordering::Relaxed);
                        rcu::read(|read| table.push(read, entry));
                    }
                }
                16 => {
                    // Whoever's key is near that one.
                    let keeps = |other: u32| other.abs_diff(key) > 20;
                    let mut bucket = 0;
                    while let Some(more) =
                        rcu::read(|read| table.prune(read, bucket, |item| keeps(item.key)))
                    {
                        bucket += usize::from(!more);
                    }
                    assert_eq!(bucket, table.buckets());
                    map.retain(|other, _| keeps(*other));
                    rcu::reclaim();
                }
                17 => {
                    // Some of the entries, whichever come first.
                    let mut bucket = 0;
                    let mut left = key & 7;
                    while left > 0 && bucket < table.buckets() {
                        let taken = rcu::read(|read| {
                            bucket = table.skip_empty(read, bucket);
                            table.pop(read, bucket)
                        });
                        match taken {
                            Some(entry) => {
                                assert!(map.remove(&entry.key).is_some());
                                left -= 1;
                            }
                            None => bucket += 1,
                        }
                    }
                    assert!(left == 0 || map.is_empty());
                    rcu::reclaim();
                }
                _ => assert_eq!(
                    contents(&table),
                    map.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>()
                ),
            }
        }
        assert_eq!(
            contents(&table),
            map.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>()
        );
    }
    rcu::reclaim();
    sync::with_heap(Heap::expect_empty);
}
