// SPDX-License-Identifier: GPL-2.0

//! Memory: what packets read without a lock, and how it is freed.

mod atomic;
mod buckets;
pub(crate) mod grow_vec;
pub(crate) mod memory;
pub(crate) mod once;
pub(crate) mod percpu;
pub(crate) mod rcu;
pub(crate) mod rcu_table;
pub(crate) mod retired;
pub(crate) mod slab;
mod slab_entry;

use super::bindings;
use super::task::{
    lock,
    time, //
};
