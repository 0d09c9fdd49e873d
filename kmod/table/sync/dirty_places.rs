// SPDX-License-Identifier: GPL-2.0

//! Which places of the connection table have something to tell: a bit for each of up to 2^20, by
//! the low bits of the hash. What becomes dirty twice before it is collected is told once.

use core::sync::atomic::{
    AtomicU64,
    Ordering, //
};

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::task::bell::Bell;

/// Bits of a word.
const WORD: usize = u64::BITS as usize;

/// Most threads, each of which has a bell.
pub(super) const MOST_THREADS: usize = 64;

/// Most bits, as the power of two.
const MOST_BITS: u32 = 20;

/// The dirty places of a namespace's table. Set in any context, collected by the master's threads.
pub(crate) struct DirtyPlaces {
    words: GrowVec<AtomicU64>,
    /// A bit for each of the words that isn't empty.
    summary: GrowVec<AtomicU64>,
    bells: GrowVec<Arc<Bell>>,
    /// Threads of the master, less one: a power of two, less one. Of the words each has those whose
    /// number is its own in these bits.
    threads_mask: AtomicU64,
}

impl DirtyPlaces {
    /// None, of a table with up to `2^bits` buckets. Sleeps. Fails with `ENOMEM`.
    pub(super) fn new(bits: u32) -> Result<Self> {
        let bits = 1_usize << bits.clamp(WORD.ilog2().saturating_mul(2), MOST_BITS);
        let mut bells = GrowVec::with_capacity(MOST_THREADS)?;
        for _ in 0..MOST_THREADS {
            bells.push(Arc::pin_init(Bell::new(), GFP_KERNEL)?)?;
        }
        Ok(Self {
            words: zeros(bits / WORD)?,
            summary: zeros(bits / WORD / WORD)?,
            bells,
            threads_mask: AtomicU64::new(0),
        })
    }

    /// Says how many threads there are, a power of two. None runs.
    pub(super) fn set_threads(&self, threads: u16) {
        let mask = u64::from(threads).wrapping_sub(1);
        self.threads_mask.store(mask, Ordering::Relaxed);
    }

    /// The bell of a thread.
    pub(super) fn bell(&self, thread: usize) -> Option<&Bell> {
        self.bells.get(thread).map(|bell| &**bell)
    }

    /// Places that are told apart, a power of two.
    pub(super) fn places(&self) -> usize {
        self.words.len().wrapping_mul(WORD)
    }

    /// Whether the place is one of the thread's.
    pub(super) fn is_of(&self, place: usize, thread: usize) -> bool {
        let word = place & self.places().wrapping_sub(1);
        (word / WORD) & self.threads_mask.load(Ordering::Relaxed) as usize == thread
    }

    /// Makes the place of `hash` dirty, and wakes the thread that has it. What was written to the
    /// entry before is seen by who collects the place. Any context.
    #[cold]
    pub(crate) fn set(&self, hash: u32) {
        let place = hash as usize & self.places().wrapping_sub(1);
        let (index, bit) = (place / WORD, 1_u64 << (place % WORD));
        let Some(word) = self.words.get(index) else {
            return;
        };
        if word.fetch_or(bit, Ordering::AcqRel) & bit != 0 {
            return;
        }
        if let Some(summary) = self.summary.get(index / WORD) {
            summary.fetch_or(1 << (index % WORD), Ordering::AcqRel);
        }
        let thread = index & self.threads_mask.load(Ordering::Relaxed) as usize;
        if let Some(bell) = self.bell(thread) {
            bell.ring();
        }
    }
}

fn zeros(count: usize) -> Result<GrowVec<AtomicU64>> {
    let mut zeros = GrowVec::with_capacity(count)?;
    for _ in 0..count {
        zeros.push(AtomicU64::new(0))?;
    }
    Ok(zeros)
}

/// One collection of a thread's dirty places: takes them word by word.
pub(super) struct Collection {
    thread: usize,
    /// The next word of the summary, and what is left of the present one.
    next_summary: usize,
    summary: u64,
    /// The present word's number, and what is left of it.
    index: usize,
    word: u64,
}

impl Collection {
    pub(super) fn new(thread: usize) -> Self {
        Self {
            thread,
            next_summary: 0,
            summary: 0,
            index: 0,
            word: 0,
        }
    }

    /// The next place that was dirty, which isn't any more.
    pub(super) fn next(&mut self, dirty: &DirtyPlaces) -> Option<usize> {
        while self.word == 0 {
            while self.summary == 0 {
                let summary = dirty.summary.get(self.next_summary)?;
                let own = self.own_words(dirty);
                if summary.load(Ordering::Relaxed) & own != 0 {
                    self.summary = summary.fetch_and(!own, Ordering::AcqRel) & own;
                }
                self.index = self.next_summary.wrapping_mul(WORD);
                self.next_summary = self.next_summary.wrapping_add(1);
            }
            let first = self.summary.trailing_zeros() as usize;
            self.summary &= self.summary.wrapping_sub(1);
            self.index = (self.index / WORD).wrapping_mul(WORD).wrapping_add(first);
            let word = dirty.words.get(self.index)?;
            self.word = word.swap(0, Ordering::AcqRel);
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word.wrapping_sub(1);
        Some(self.index.wrapping_mul(WORD).wrapping_add(bit))
    }

    /// Which words of any 64 are the thread's.
    fn own_words(&self, dirty: &DirtyPlaces) -> u64 {
        let mask = dirty.threads_mask.load(Ordering::Relaxed);
        let mut own = 0;
        for word in 0..u64::BITS {
            if u64::from(word) & mask == self.thread as u64 {
                own |= 1 << word;
            }
        }
        own
    }
}
