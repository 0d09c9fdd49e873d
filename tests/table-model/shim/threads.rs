// SPDX-License-Identifier: MIT OR GPL-2.0

//! Locks for threads that really run at once.

use core::cell::Cell;

pub(crate) use std::sync::{
    Mutex,
    MutexGuard, //
};

use crate::bindings::Heap;
use crate::rcu::Deferred;

pub(crate) const LOCKS: usize = 2;
pub(crate) const READERS: usize = 4;

static READER_LOCKS: [Mutex<()>; READERS] = [const { Mutex::new(()) }; READERS];
static DEFERRED: Mutex<Vec<Deferred>> = Mutex::new(Vec::new());
static HEAP: Mutex<Heap> = Mutex::new(Heap::new());

std::thread_local! {
    static ME: Cell<usize> = const { Cell::new(0) };
}

/// Tests share the heap: one at a time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().expect("no panic")
}

pub(crate) fn with_heap<R>(f: impl FnOnce(&mut Heap) -> R) -> R {
    f(&mut HEAP.lock().expect("no panic"))
}

pub(crate) fn me() -> usize {
    ME.with(Cell::get)
}

/// Which of the readers this thread is; no two threads are the same at once.
pub(crate) fn call_me(reader: usize) {
    ME.with(|me| me.set(reader));
}

pub(crate) fn reader_lock(reader: usize) -> &'static Mutex<()> {
    &READER_LOCKS[reader]
}

pub(crate) fn deferred() -> &'static Mutex<Vec<Deferred>> {
    &DEFERRED
}
