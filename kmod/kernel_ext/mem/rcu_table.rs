// SPDX-License-Identifier: GPL-2.0

//! A hash table that readers search without locks while it is changed and resized.
//!
//! Chains are singly linked. Writers of a chain hold the stripe lock of its hash; the low bits that
//! choose the stripe also choose the bucket in a table of any size, so one lock covers an entry's
//! bucket in the old table and in the new one.
//!
//! Resizing publishes an empty future table and moves entries to it from the *end* of each old
//! chain: first into the new chain, then out of the old one. A reader that walks the old chain
//! either meets the entry, or finds it in the future table, which it searches next; at worst it
//! walks off into a chain of the future table, whose entries it then sees twice. New entries go
//! into the future table at once. When all are moved, the future table becomes the present one,
//! and the old one is freed after a grace period. A reader still searching that follows its future,
//! and the future's future if the table is resized again meanwhile.
//!
//! Relies on: what `memory.rs` relies on; a table of heads that was replaced is freed after a grace
//! period; bucket and lock are chosen by the same bits.
//!
//! A breach would be noticed by: `tests/table-model/tests/model.rs`,
//! `tests/table-model/tests/map.rs`, `test-conn-table`.

use core::mem::MaybeUninit;
use core::ptr::{
    self,
    NonNull, //
};

use kernel::prelude::*;

use super::atomic::{
    AtomicPtr,
    AtomicU32,
    Ordering, //
};
use super::buckets::Buckets;
use super::lock::Stripes;
use super::memory::{
    self,
    ControllerLink,
    Entry,
    EntryBox,
    Member, //
};
use super::rcu::{
    self,
    ReadSide, //
};
use super::time;

/// By how many chains a resize fetches entries ahead of moving them.
const FETCHED_AHEAD: usize = 8;

/// Entries that a resize moves before it lets go of a lock.
const AT_ONCE: usize = 32;

/// Entries that a walk along a chain takes out of it before it lets go of the lock. More, since the
/// next walk passes all that are kept.
const PRUNED_AT_ONCE: usize = 256;

/// Why an entry wasn't inserted.
pub(crate) enum Clash<'a, T> {
    /// An entry that is to be found instead is there already.
    Exists(&'a Entry<T>),
    /// The chain holds too many entries of the same kind.
    Crowded,
}

/// What an insertion thinks of an entry that is already in the chain.
pub(crate) enum Neighbour {
    /// Nothing to do with the new entry.
    Other,
    /// Has the same key in the part that is hashed; too many of them are refused.
    Sibling,
    /// Is the same: use it instead.
    Same,
}

/// The table. Owns its entries.
///
/// # Invariants
///
/// `current`, and the `future` of each table of chains that readers can find, are from
/// [`Buckets::alloc`], and retired once neither leads to them. Chains link entries that came from
/// [`EntryBox::into_raw`], and are freed after a grace period. There are as many stripes as the
/// smallest table has chains, so that the same bits choose both.
pub(crate) struct RcuTable<T: Member> {
    current: AtomicPtr<Buckets<T>>,
    stripes: Stripes,
    /// Most entries of the same hashed key; bounds the time of a search against a hostile client.
    sibling_limit: u32,
    /// 1 while the table is resized.
    resizing: AtomicU32,
}

// SAFETY: Entries are shared among readers, and move with the table.
unsafe impl<T: Member + Send + Sync> Send for RcuTable<T> {}
// SAFETY: Shared tables share their entries; writers are serialised by the stripes.
unsafe impl<T: Member + Send + Sync> Sync for RcuTable<T> {}

impl<T: Member + Send + Sync + 'static> RcuTable<T> {
    /// Fewest buckets of any table.
    pub(crate) const MIN_BUCKETS: usize = T::MIN_BUCKETS as usize;

    /// An empty table of the smallest size; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new(sibling_limit: u32) -> Result<Self> {
        const { assert!(T::MIN_BUCKETS.is_power_of_two()) };
        let stripes = Stripes::new(T::MIN_BUCKETS)?;
        Ok(Self {
            current: AtomicPtr::new(Buckets::alloc(Self::MIN_BUCKETS)?.as_ptr()),
            stripes,
            sibling_limit,
            resizing: AtomicU32::new(0),
        })
    }

    /// The chains that a search begins with.
    #[inline]
    fn current<'a>(&self, _read: ReadSide<'a>) -> &'a Buckets<T> {
        // SAFETY: Never null; a replaced table is freed after a grace period. Acquire pairs with
        // the release of `resize`.
        unsafe { &*self.current.load(Ordering::Acquire) }
    }

    /// Number of buckets.
    pub(crate) fn buckets(&self) -> usize {
        rcu::read(|read| self.current(read).mask.wrapping_add(1))
    }

    /// Whether the number of buckets is being changed.
    pub(crate) fn is_resizing(&self) -> bool {
        self.resizing.load(Ordering::Relaxed) != 0
    }

    /// The first entry with this hash that `matches`.
    #[inline(always)]
    pub(crate) fn find<'a>(
        &self,
        read: ReadSide<'a>,
        hash: u32,
        mut matches: impl FnMut(&Entry<T>) -> bool,
    ) -> Option<&'a Entry<T>> {
        let mut buckets = self.current(read);
        loop {
            // Acquire, here and at each link, pairs with the release that published the entry, and
            // orders the walk before the load of `future`: an entry that was moved away before the
            // walk came by is in the future table by then.
            let mut at = buckets.head(hash as usize).load(Ordering::Acquire);
            // SAFETY: Linked entries are freed after a grace period.
            while let Some(entry) = unsafe { at.as_ref() } {
                if entry.hash == hash && matches(entry) {
                    return Some(entry);
                }
                at = entry.next.load(Ordering::Acquire);
            }
            // SAFETY: A table that was replaced is freed after a grace period.
            buckets = unsafe { buckets.future.load(Ordering::Acquire).as_ref() }?;
        }
    }

    /// Has the first entry of the chain with this hash fetched into the cache.
    #[inline(always)]
    pub(crate) fn prefetch(&self, read: ReadSide<'_>, hash: u32) {
        let head = self.current(read).head(hash as usize);
        memory::prefetch(head.load(Ordering::Relaxed));
    }

    /// Inserts `entry` unless `judge` finds one in the way.
    pub(crate) fn insert<'a>(
        &self,
        read: ReadSide<'a>,
        entry: EntryBox<T>,
        mut judge: impl FnMut(&Entry<T>) -> Neighbour,
    ) -> Result<&'a Entry<T>, (EntryBox<T>, Clash<'a, T>)> {
        let hash = entry.hash;
        let _guard = self.stripes.lock(hash);
        let mut buckets = self.current(read);
        let mut siblings = 0_u32;
        loop {
            let mut at = buckets.head(hash as usize).load(Ordering::Acquire);
            // SAFETY: Linked entries, and tables in use, are freed after a grace period.
            while let Some(present) = unsafe { at.as_ref() } {
                if present.hash == hash {
                    match judge(present) {
                        Neighbour::Other => {}
                        Neighbour::Sibling => siblings = siblings.wrapping_add(1),
                        Neighbour::Same => return Err((entry, Clash::Exists(present))),
                    }
                }
                at = present.next.load(Ordering::Acquire);
            }
            // SAFETY: Linked entries, and tables in use, are freed after a grace period.
            match unsafe { buckets.future.load(Ordering::Acquire).as_ref() } {
                Some(future) => buckets = future,
                None => break,
            }
        }
        if siblings >= self.sibling_limit {
            return Err((entry, Clash::Crowded));
        }
        Ok(Self::link(buckets, entry))
    }

    /// Puts `entry` in front of its chain, whatever else is there.
    pub(crate) fn push(&self, read: ReadSide<'_>, entry: EntryBox<T>) {
        let _guard = self.stripes.lock(entry.hash);
        let mut buckets = self.current(read);
        // SAFETY: Linked entries, and tables in use, are freed after a grace period.
        while let Some(future) = unsafe { buckets.future.load(Ordering::Acquire).as_ref() } {
            buckets = future;
        }
        Self::link(buckets, entry);
    }

    /// Publishes `entry` in front of its chain, whose lock is held.
    fn link(buckets: &Buckets<T>, entry: EntryBox<T>) -> &Entry<T> {
        let head = buckets.head(entry.hash as usize);
        if let Some(link) = entry.controller_link() {
            link.arrive();
        }
        let entry = entry.into_raw();
        // SAFETY: The entry is ours until it is published, and alive for this reader afterwards.
        let entry = unsafe { &*entry };
        entry
            .next
            .store(head.load(Ordering::Relaxed), Ordering::Relaxed);
        // Release publishes the entry's contents.
        head.store(ptr::from_ref(entry).cast_mut(), Ordering::Release);
        entry
    }

    /// Takes `entry` out of the table. `None` when somebody else was faster, or it controls
    /// others.
    pub(crate) fn remove(&self, read: ReadSide<'_>, entry: &Entry<T>) -> Option<EntryBox<T>> {
        let hash = entry.hash;
        let _guard = self.stripes.lock(hash);
        let mut buckets = self.current(read);
        loop {
            let mut link = buckets.head(hash as usize);
            loop {
                let at = link.load(Ordering::Acquire);
                // SAFETY: Linked entries, and tables in use, are freed after a grace period.
                let Some(present) = (unsafe { at.as_ref() }) else {
                    break;
                };
                if ptr::eq(present, entry) {
                    if !present.controller_link().is_none_or(ControllerLink::let_go) {
                        return None;
                    }
                    // The entry keeps its own link: readers that stand on it walk on.
                    link.store(present.next.load(Ordering::Relaxed), Ordering::Release);
                    // SAFETY: Linked entries came from `into_raw`, and this one is unlinked now.
                    return Some(unsafe { EntryBox::from_raw(NonNull::new(at)?) });
                }
                link = &present.next;
            }
            // SAFETY: Linked entries, and tables in use, are freed after a grace period.
            buckets = unsafe { buckets.future.load(Ordering::Acquire).as_ref() }?;
        }
    }

    /// Takes the first entry out of bucket `index`. `None` when there is none, or it controls
    /// others. While the table is resized, it may be missed.
    pub(crate) fn pop(&self, read: ReadSide<'_>, index: usize) -> Option<EntryBox<T>> {
        let buckets = self.current(read);
        // Bucket numbers and hashes agree in the bits that choose the stripe.
        let _guard = self.stripes.lock(index as u32);
        let head = buckets.head(index);
        let first = NonNull::new(head.load(Ordering::Acquire))?;
        // SAFETY: Entries of a chain are alive while its lock is held.
        let entry = unsafe { first.as_ref() };
        if !entry.controller_link().is_none_or(ControllerLink::let_go) {
            return None;
        }
        // The entry keeps its own link: readers that stand on it walk on.
        head.store(entry.next.load(Ordering::Relaxed), Ordering::Release);
        // SAFETY: Linked entries came from `into_raw`, and this one is unlinked now.
        Some(unsafe { EntryBox::from_raw(first) })
    }

    /// The first bucket from `index` on that may not be empty; at most the number of buckets. Comes
    /// back earlier than that, so that the read side doesn't last.
    pub(crate) fn skip_empty(&self, read: ReadSide<'_>, index: usize) -> usize {
        let buckets = self.current(read);
        if buckets.future.load(Ordering::Acquire).is_null() {
            buckets.skip_empty(index)
        } else {
            index
        }
    }

    /// Takes entries out of bucket `index` that `keep` doesn't want, in one walk along the chain:
    /// all of them, or so many that packets don't wait. Returns whether there may be more, or
    /// `None` when there is no such bucket. While the table is resized, entries may be missed.
    pub(crate) fn prune(
        &self,
        read: ReadSide<'_>,
        index: usize,
        mut keep: impl FnMut(&Entry<T>) -> bool,
    ) -> Option<bool> {
        let buckets = self.current(read);
        if index > buckets.mask {
            return None;
        }
        // Bucket numbers and hashes agree in the bits that choose the stripe.
        let _guard = self.stripes.lock(index as u32);
        let mut link = buckets.head(index);
        let mut taken = 0_usize;
        while taken < PRUNED_AT_ONCE {
            let at = link.load(Ordering::Acquire);
            // SAFETY: Entries of a chain are alive while its lock is held.
            let Some(entry) = (unsafe { at.as_ref() }) else {
                return Some(false);
            };
            if keep(entry) {
                link = &entry.next;
            } else {
                // The entry keeps its own link: readers that stand on it walk on.
                link.store(entry.next.load(Ordering::Relaxed), Ordering::Release);
                // SAFETY: Linked entries came from `into_raw`, and this one is unlinked now.
                drop(NonNull::new(at).map(|at| unsafe { EntryBox::from_raw(at) }));
                taken = taken.wrapping_add(1);
            }
        }
        Some(true)
    }

    /// Calls `f` with each entry of bucket `index`. Returns `false` when there is no such bucket.
    /// While the table is resized, entries may be missed or seen twice.
    pub(crate) fn for_each_in_bucket<'a>(
        &self,
        read: ReadSide<'a>,
        index: usize,
        mut f: impl FnMut(&'a Entry<T>),
    ) -> bool {
        let mut buckets = self.current(read);
        if index > buckets.mask {
            return false;
        }
        loop {
            let mut at = buckets.head(index).load(Ordering::Acquire);
            // SAFETY: Linked entries, and tables in use, are freed after a grace period.
            while let Some(entry) = unsafe { at.as_ref() } {
                at = entry.next.load(Ordering::Acquire);
                f(entry);
            }
            // SAFETY: Linked entries, and tables in use, are freed after a grace period.
            match unsafe { buckets.future.load(Ordering::Acquire).as_ref() } {
                Some(future) => buckets = future,
                None => return true,
            }
        }
    }

    /// Rebuilds the table with `count` buckets, a power of two of at least [`Self::MIN_BUCKETS`].
    /// Sleeps. Nothing happens while another resize runs. Fails with `ENOMEM`, leaving all as it
    /// was.
    pub(crate) fn resize(&self, count: usize) -> Result {
        if self.resizing.swap(1, Ordering::Acquire) != 0 {
            return Ok(());
        }
        let resized = self.rebuild(count);
        self.resizing.store(0, Ordering::Release);
        resized
    }

    /// Rebuilds the table. Only one of these runs at once.
    fn rebuild(&self, count: usize) -> Result {
        let count = count
            .checked_next_power_of_two()
            .ok_or(ENOMEM)?
            .max(Self::MIN_BUCKETS);
        // SAFETY: Only this function replaces the table, and `resize` lets it run once at a time.
        let old = unsafe { &*self.current.load(Ordering::Acquire) };
        if old.mask.wrapping_add(1) == count {
            return Ok(());
        }
        let new_ptr = Buckets::<T>::alloc(count)?;
        // SAFETY: Just allocated, and freed by a later resize or by `drop`.
        let new = unsafe { new_ptr.as_ref() };
        // Release publishes the empty chains.
        old.future.store(new_ptr.as_ptr(), Ordering::Release);
        // A holder of a lock may not have seen that, and still insert into the old table; later
        // holders see it. So an old chain that is empty stays so.
        for stripe in 0..u32::from(T::MIN_BUCKETS) {
            drop(self.stripes.lock(stripe));
        }
        let mut index = 0_usize;
        let mut yielded_at = 0_usize;
        while index <= old.mask {
            if old.head(index).load(Ordering::Acquire).is_null() {
                index = old.skip_empty(index);
            } else {
                Self::fetch_ahead(old, index.wrapping_add(FETCHED_AHEAD));
                self.move_bucket(old, new, index);
                index = index.wrapping_add(1);
            }
            if index.wrapping_sub(yielded_at) >= 64 {
                yielded_at = index;
                time::yield_now();
            }
        }
        self.current.store(new_ptr.as_ptr(), Ordering::Release);
        // SAFETY: Allocated by `alloc`; readers that start from now on don't find it, and the
        // others are waited for.
        unsafe { Buckets::retire(NonNull::from(old)) };
        Ok(())
    }

    /// Has the first entry of the old chain `index`, which is moved soon, fetched into the cache,
    /// so that nobody waits for memory while the lock is held.
    fn fetch_ahead(old: &Buckets<T>, index: usize) {
        if index <= old.mask {
            memory::prefetch(old.head(index).load(Ordering::Relaxed));
        }
    }

    /// Moves all entries of one old chain, last one first. Packets wait for no more than one walk
    /// along it at a time, however long it is.
    fn move_bucket(&self, old: &Buckets<T>, new: &Buckets<T>, index: usize) {
        while self.move_end(old, new, index) {
            time::yield_now();
        }
    }

    /// Moves the last [`AT_ONCE`] entries of an old chain; true when others are left.
    fn move_end(&self, old: &Buckets<T>, new: &Buckets<T>, index: usize) -> bool {
        // Bucket numbers and hashes agree in the bits that choose the stripe.
        let _guard = self.stripes.lock(index as u32);
        // The links to the last entries, in a ring.
        let mut links = [const { MaybeUninit::uninit() }; AT_ONCE];
        let mut len = 0_usize;
        let mut link = old.head(index);
        // SAFETY: Entries of a chain are alive while its lock is held.
        while let Some(entry) = unsafe { link.load(Ordering::Acquire).as_ref() } {
            if let Some(place) = links.get_mut(len % AT_ONCE) {
                place.write(link);
            }
            len = len.wrapping_add(1);
            link = &entry.next;
        }
        for at in (len.saturating_sub(AT_ONCE)..len).rev() {
            let Some(link) = links.get(at % AT_ONCE) else {
                continue;
            };
            // SAFETY: The walk came by here, at `at`, and no later than a round of the ring before
            // it ended.
            let link: &AtomicPtr<Entry<T>> = unsafe { link.assume_init() };
            // SAFETY: Entries of a chain are alive while its lock is held. It is the last one, for
            // those behind it were moved before.
            let Some(last) = (unsafe { link.load(Ordering::Acquire).as_ref() }) else {
                continue;
            };
            let head = new.head(last.hash as usize);
            last.next
                .store(head.load(Ordering::Relaxed), Ordering::Release);
            head.store(ptr::from_ref(last).cast_mut(), Ordering::Release);
            // Only now out of the old chain; release orders it behind the links above.
            link.store(ptr::null_mut(), Ordering::Release);
        }
        len > AT_ONCE
    }
}

impl<T: Member> Drop for RcuTable<T> {
    /// Drops all entries. One that still controls others is left in memory for good.
    fn drop(&mut self) {
        let buckets = self.current.load(Ordering::Relaxed);
        // SAFETY: `&mut self`: no reader, no writer and no resize is left.
        unsafe {
            for index in 0..=(*buckets).mask {
                let mut at = (*buckets).head(index).load(Ordering::Relaxed);
                while let Some(entry) = NonNull::new(at) {
                    at = entry.as_ref().next.load(Ordering::Relaxed);
                    let link = entry.as_ref().controller_link();
                    if link.is_none_or(ControllerLink::let_go) {
                        drop(EntryBox::from_raw(entry));
                    }
                }
            }
            if let Some(buckets) = NonNull::new(buckets) {
                Buckets::free(buckets);
            }
        }
    }
}
