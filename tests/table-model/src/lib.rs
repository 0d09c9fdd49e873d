// SPDX-License-Identifier: MIT OR GPL-2.0

//! The hash table of connections (`kmod/kernel_ext/mem/rcu_table.rs`, `buckets.rs` and `memory.rs`,
//! the very files), compiled for the host over a few stand-ins for the kernel, which are in `shim`.
//!
//! - `tests/model.rs`: small tables, two or three threads, and [loom](https://docs.rs/loom), which
//!   runs every interleaving and every value that the memory model lets a load see.
//! - `tests/map.rs`: long sequences of operations compared with a map, and threads that really run
//!   at once.
//!
//! Both run with `cargo test`. The stand-ins stand for what the algorithm relies on:
//!
//! | kernel | stand-in |
//! |--|--|
//! | RCU read side | a lock of this thread, held |
//! | `synchronize_rcu` | the lock of each thread taken once, one after the other |
//! | `call_rcu`, `lvs_retire` | a queue that is run after `synchronize` |
//! | 256 stripe locks | `LOCKS` of them, so that a table may have that few buckets |
//! | allocations | filled with a pattern when freed, and counted: each is freed once |
