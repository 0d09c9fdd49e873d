// SPDX-License-Identifier: GPL-2.0

//! The atomic operations of the table and its entries. `tests/table-model` compiles these files
//! with a model checker's in their place.

pub(in crate::kernel_ext) use core::sync::atomic::{
    AtomicPtr,
    AtomicU32,
    AtomicUsize,
    Ordering, //
};
