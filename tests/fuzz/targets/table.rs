// SPDX-License-Identifier: MIT OR GPL-2.0

//! Any sequence of operations on the table of connections, compared with a map: see
//! tests/table-model.

#![no_main]
#![allow(dead_code)]

extern crate self as kernel;

#[path = "../../../kmod/kernel_ext/mem/buckets.rs"]
mod buckets;
#[path = "../../../kmod/kernel_ext/mem/memory.rs"]
mod memory;
#[path = "../../table-model/shim/operations.rs"]
mod operations;
#[path = "../../../kmod/kernel_ext/mem/rcu_table.rs"]
mod rcu_table;
#[path = "../../table-model/shim/mod.rs"]
mod shim;
#[path = "../../table-model/shim/threads.rs"]
mod sync;

use shim::{
    bindings,
    lock,
    prelude,
    rcu,
    time,
    types, //
};

use libfuzzer_sys::fuzz_target;

mod atomic {
    pub(crate) use core::sync::atomic::{
        AtomicPtr,
        AtomicU32,
        AtomicUsize,
        Ordering, //
    };
}

fuzz_target!(|bytes: &[u8]| operations::run(bytes));
