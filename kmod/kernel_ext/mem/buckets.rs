// SPDX-License-Identifier: GPL-2.0

//! The heads of a hash table's chains, which lie in pieces.
//!
//! Relies on: powers of two are aligned to themselves; `call_rcu` calls after all present readers.
//!
//! A breach would be noticed by: `tests/table-model/tests/model.rs`,
//! `tests/table-model/tests/map.rs`, `test-conn-table`.

use core::mem;
use core::ptr::{
    self,
    NonNull, //
};
use core::slice;

use kernel::prelude::*;
use kernel::types::Opaque;

use super::atomic::{
    AtomicPtr,
    Ordering, //
};
use super::bindings;
use super::memory::Entry;
use super::rcu;
use super::time;

/// The head of a chain.
type Head<T> = AtomicPtr<Entry<T>>;

/// Binary logarithm of how many heads lie side by side. The allocator mostly finds 512 kB in one
/// piece; otherwise it maps page by page, which for large pieces takes milliseconds in which nobody
/// else runs.
const PIECE_BITS: u32 = 16;

/// Empty chains that are looked at before others run: less than a microsecond.
const SKIPPED_AT_ONCE: usize = 1024;

/// The chains of one size of the table. Pointers to the pieces of their heads lie behind it in the
/// same allocation, the first four of them in the same cache line.
///
/// # Invariants
///
/// There are `mask + 1` heads, a power of two, in pieces of `1 << PIECE_BITS`, or in one if there
/// are fewer; `pieces` is followed by a pointer to each piece.
#[repr(C, align(64))]
pub(super) struct Buckets<T> {
    pub(super) mask: usize,
    /// The table that entries are being moved to.
    pub(super) future: AtomicPtr<Buckets<T>>,
    /// What a deferred free needs.
    head: Opaque<bindings::callback_head>,
    pieces: [*mut Head<T>; 0],
}

impl<T> Buckets<T> {
    /// Allocates `count` empty chains, a power of two; may sleep. Fails with `ENOMEM`, also for any
    /// other count.
    pub(super) fn alloc(count: usize) -> Result<NonNull<Self>> {
        if !count.is_power_of_two() {
            return Err(ENOMEM);
        }
        let pieces = count.div_ceil(1 << PIECE_BITS);
        let size = pieces
            .checked_mul(mem::size_of::<*mut Head<T>>())
            .and_then(|size| size.checked_add(mem::offset_of!(Self, pieces)))
            .and_then(|size| size.max(mem::size_of::<Self>()).checked_next_power_of_two())
            .ok_or(ENOMEM)?;
        // SAFETY: The result is checked. The allocator aligns powers of two to themselves.
        let memory = unsafe { bindings::lvs_kvmalloc(size) }.cast::<Self>();
        let buckets = NonNull::new(memory).ok_or(ENOMEM)?;
        // SAFETY: Freshly allocated with room for the struct and for the pointers behind it.
        unsafe {
            buckets.write(Self {
                mask: count.wrapping_sub(1),
                future: AtomicPtr::new(ptr::null_mut()),
                head: Opaque::uninit(),
                pieces: [],
            });
            for piece in 0..pieces {
                Self::piece(buckets, piece).write(ptr::null_mut());
            }
        }
        for piece in 0..pieces {
            let Some(heads) = Self::alloc_heads(count.min(1 << PIECE_BITS)) else {
                // SAFETY: Nobody else knows of it.
                unsafe { Self::free(buckets) };
                return Err(ENOMEM);
            };
            // SAFETY: `buckets` has room for `pieces` pointers, all of which are initialised.
            unsafe { Self::piece(buckets, piece).write(heads.as_ptr()) };
        }
        Ok(buckets)
    }

    /// Allocates `count` heads of empty chains; may sleep.
    fn alloc_heads(count: usize) -> Option<NonNull<Head<T>>> {
        let size = count.checked_mul(mem::size_of::<Head<T>>())?;
        // SAFETY: The result is checked.
        let heads = NonNull::new(unsafe { bindings::lvs_kvmalloc(size) }.cast::<Head<T>>())?;
        for index in 0..count {
            // SAFETY: There is room for `count` of them.
            unsafe { heads.add(index).write(AtomicPtr::new(ptr::null_mut())) };
            // Many take milliseconds.
            if index & 0xfff == 0xfff {
                time::yield_now();
            }
        }
        Some(heads)
    }

    /// Where the pointer to a piece lies.
    ///
    /// # Safety
    ///
    /// `buckets` has room for as many, and was initialised.
    unsafe fn piece(buckets: NonNull<Self>, index: usize) -> *mut *mut Head<T> {
        // SAFETY: By the caller's promise.
        unsafe {
            (&raw mut (*buckets.as_ptr()).pieces)
                .cast::<*mut Head<T>>()
                .add(index)
        }
    }

    /// Frees the table at once.
    ///
    /// # Safety
    ///
    /// The caller owns the table, whose chains are empty or somebody else's by now, and nobody
    /// looks at it any more.
    pub(super) unsafe fn free(buckets: NonNull<Self>) {
        // SAFETY: All pointers were written by `alloc`, and each is to memory of its own, or null.
        unsafe {
            for piece in 0..=buckets.as_ref().mask >> PIECE_BITS {
                bindings::lvs_kvfree(Self::piece(buckets, piece).read().cast());
            }
            bindings::lvs_kvfree(buckets.as_ptr().cast());
        }
    }

    /// Frees the table once present readers are done.
    ///
    /// # Safety
    ///
    /// The caller owns it, and no reader that starts from now on can find it.
    pub(super) unsafe fn retire(buckets: NonNull<Self>) {
        rcu::deferred_begin();
        // SAFETY: It is alive until the callback, its head is used for nothing else, and by the
        // caller's promise this happens once.
        unsafe { bindings::call_rcu((*buckets.as_ptr()).head.get(), Some(Self::free_retired)) }
    }

    /// # Safety
    ///
    /// `head` is the head of a retired table.
    unsafe extern "C" fn free_retired(head: *mut bindings::callback_head) {
        let offset = mem::offset_of!(Self, head);
        // SAFETY: `head` lies in a table that was retired; the grace period is over.
        unsafe {
            if let Some(buckets) = NonNull::new(head.cast::<u8>().sub(offset).cast::<Self>()) {
                Self::free(buckets);
            }
        }
        // SAFETY: `retire` began it.
        unsafe { rcu::deferred_end() };
    }

    /// The first chain from `index` on that isn't empty, or the one that the next look is to begin
    /// with.
    pub(super) fn skip_empty(&self, index: usize) -> usize {
        let (piece, offset) = (index >> PIECE_BITS, index & ((1 << PIECE_BITS) - 1));
        if index > self.mask {
            return index;
        }
        let count = self.mask.wrapping_add(1).min(1 << PIECE_BITS);
        let end = count.min(offset.wrapping_add(SKIPPED_AT_ONCE));
        // SAFETY: The piece is one of the table's, of as many heads.
        let heads = unsafe { slice::from_raw_parts(*self.pieces.as_ptr().add(piece), count) };
        let heads = heads.get(offset..end).unwrap_or_default();
        let empty = heads
            .iter()
            .position(|head| !head.load(Ordering::Relaxed).is_null())
            .unwrap_or(heads.len());
        index.wrapping_add(empty)
    }

    /// The head of the chain of all hashes with the low bits of `index`.
    #[inline(always)]
    pub(super) fn head(&self, index: usize) -> &Head<T> {
        let index = index & self.mask;
        // SAFETY: The mask keeps the index below the number of heads, each of which lies in its
        // piece.
        unsafe {
            let piece = *self.pieces.as_ptr().add(index >> PIECE_BITS);
            &*piece.add(index & ((1 << PIECE_BITS) - 1))
        }
    }
}
