// SPDX-License-Identifier: GPL-2.0

//! Entries of tables whose memory is from a cache.
//!
//! Relies on: objects of a cache have the size and alignment it was made with.
//!
//! A breach would be noticed by: `test-flood`, `test-modcycle`.

use core::mem;

use kernel::prelude::*;

use super::memory::{
    Entry,
    EntryBox, //
};
use super::slab::Slab;

impl<T: Send + Sync + 'static> EntryBox<T> {
    /// Allocates from `slab` without sleeping, then makes the value. Fails with `ENOMEM`.
    #[inline]
    pub(crate) fn new_in(
        slab: &Slab<Entry<T>>,
        hash: u32,
        expires: u32,
        make: impl FnOnce() -> T,
    ) -> Result<Self> {
        const { assert!(!mem::needs_drop::<T>()) };
        // SAFETY: Objects of the cache have the size and alignment of an entry; this one is ours.
        unsafe { Self::init(slab.alloc_atomic(), hash, expires, make) }
    }
}
