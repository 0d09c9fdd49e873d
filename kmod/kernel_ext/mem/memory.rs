// SPDX-License-Identifier: GPL-2.0

//! Entries of tables, and how one controls others.
//!
//! Relies on: a prefetch is a hint, whatever the address; `lvs_retire` and `kvfree_rcu` free after
//! all present readers; a controller stays while it controls others.
//!
//! A breach would be noticed by: `tests/table-model/tests/model.rs`, `test-persist`, `test-flood`.

use core::marker::PhantomData;
use core::mem::{
    self,
    ManuallyDrop, //
};
use core::ops::Deref;
use core::ptr::{
    self,
    NonNull, //
};

use kernel::prelude::*;
use kernel::types::Opaque;

use super::atomic::{
    AtomicPtr,
    AtomicU32,
    AtomicUsize,
    Ordering, //
};
use super::bindings;
use super::rcu::{
    self,
    ReadSide, //
};

/// A member of an `RcuTable`: the chain link and hash in front of the value, so that one cache line
/// serves the search, and what a deferred free needs behind it.
#[repr(C, align(64))]
pub(crate) struct Entry<T> {
    pub(super) next: AtomicPtr<Entry<T>>,
    pub(super) hash: u32,
    /// Tick at which the entry is out of date; meaningful to the owner of the table only.
    pub(crate) expires: AtomicU32,
    value: T,
    pub(super) head: Opaque<bindings::callback_head>,
}

impl<T> Entry<T> {
    /// The hash by which the entry is found.
    #[inline]
    pub(crate) fn hash(&self) -> u32 {
        self.hash
    }
}

impl<T> Deref for Entry<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

/// Has the processor fetch the line of `entry` into its caches, if it likes. Nothing waits for
/// that.
#[inline(always)]
pub(super) fn prefetch<T>(entry: *const Entry<T>) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: A hint, which any address may be given to, valid or not.
    unsafe {
        core::arch::asm!(
            "prefetcht0 [{}]",
            in(reg) entry,
            options(readonly, nostack, preserves_flags)
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = entry;
}

/// What may be a member of a table: see [`member!`].
///
/// # Safety
///
/// `controller_link` always answers with the same field of the member, or always with `None`.
pub(crate) unsafe trait Member: Sized {
    /// Fewest buckets of their table, and the number of its locks: a power of two.
    const MIN_BUCKETS: u16 = 256;

    /// The member's own link, if members of this kind can control each other.
    fn controller_link(&self) -> Option<&ControllerLink<Self>>;
}

/// Makes a type a [`Member`]: `link` is the field that is its link, `buckets` its `MIN_BUCKETS`.
macro_rules! member {
    ($type:ident $(, link: $link:ident)? $(, buckets: $buckets:expr)?) => {
        // SAFETY: It is the field that was named, or none.
        unsafe impl Member for $type {
            $(const MIN_BUCKETS: u16 = $buckets;)?

            #[inline(always)]
            fn controller_link(&self) -> Option<&ControllerLink<Self>> {
                $(
                    let Self { $link, .. } = self;
                    return Some($link);
                )?
                #[allow(unreachable_code)]
                None
            }
        }
    };
}
pub(crate) use member;

/// What a member of a table knows of control: either its controller, another member, which can't
/// leave the table meanwhile; or, if it is a controller itself, how many it controls (an odd
/// number, counted in steps of two).
///
/// # Invariants
///
/// A controller's own link counts this one: it is in its table, which leaves it in memory for good
/// when it is dropped before the count is back to nothing.
#[repr(transparent)]
pub(crate) struct ControllerLink<T> {
    word: AtomicUsize,
    target: PhantomData<*const Entry<T>>,
}

// SAFETY: A link gives only shared references to the controller.
unsafe impl<T: Sync> Send for ControllerLink<T> {}
// SAFETY: The word is atomic, and what it points to is shared between readers anyway.
unsafe impl<T: Sync> Sync for ControllerLink<T> {}

impl<T> ControllerLink<T> {
    const CONTROLLER: usize = 1;
    const STEP: usize = 2;
    /// A controller that is in no table: not yet, or no longer.
    const GONE: usize = usize::MAX;

    /// That of a member that controls none, and that none controls yet.
    pub(crate) fn free() -> Self {
        Self {
            word: AtomicUsize::new(0),
            target: PhantomData,
        }
    }

    /// That of a member that can control others while it is in a table.
    pub(crate) fn of_controller() -> Self {
        Self {
            word: AtomicUsize::new(Self::GONE),
            target: PhantomData,
        }
    }

    /// Whether this is of a controller, and its table must keep that for those it controls.
    pub(crate) fn is_held(&self) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        word & Self::CONTROLLER != 0 && word != Self::CONTROLLER && word != Self::GONE
    }

    /// Counts one more that this controller controls; false when this isn't a controller in a
    /// table.
    fn hold(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & Self::CONTROLLER == 0 || word >= Self::GONE.wrapping_sub(Self::STEP) {
                return false;
            }
            match self.word.compare_exchange_weak(
                word,
                word.wrapping_add(Self::STEP),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(present) => word = present,
            }
        }
    }

    /// The member is about to be in a table: if it is a controller, it can control others from now
    /// on.
    pub(super) fn arrive(&self) {
        if self.word.load(Ordering::Relaxed) == Self::GONE {
            self.word.store(Self::CONTROLLER, Ordering::Relaxed);
        }
    }

    /// Lets the member leave its table: true unless it controls others. It can control none from
    /// then on.
    pub(super) fn let_go(&self) -> bool {
        let word = self.word.load(Ordering::Acquire);
        if word & Self::CONTROLLER == 0 {
            return true;
        }
        self.word
            .compare_exchange(
                Self::CONTROLLER,
                Self::GONE,
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok()
    }
}

impl<T: Member> ControllerLink<T> {
    /// Has `controller` control this free member. False when that is no controller in a table any
    /// more, or this one isn't free.
    pub(crate) fn bind(&self, controller: &Entry<T>) -> bool {
        let Some(link) = controller.controller_link().filter(|link| link.hold()) else {
            return false;
        };
        let target = ptr::from_ref(controller).expose_provenance();
        // INVARIANT: `hold` counted this one.
        let bound = self
            .word
            .compare_exchange(0, target, Ordering::Release, Ordering::Relaxed)
            .is_ok();
        if !bound {
            link.word.fetch_sub(Self::STEP, Ordering::Release);
        }
        bound
    }

    /// The controller of this member.
    #[inline]
    pub(crate) fn target<'a>(&self, _read: ReadSide<'a>) -> Option<&'a Entry<T>> {
        let word = self.word.load(Ordering::Acquire);
        if word == 0 || word & Self::CONTROLLER != 0 {
            return None;
        }
        // SAFETY: By the type invariants it can't leave its table before `unbind`, after which it
        // lives until this reader is done.
        Some(unsafe { &*ptr::with_exposed_provenance::<Entry<T>>(word) })
    }

    /// Frees this member of its controller; does nothing to a controller.
    pub(crate) fn unbind(&self, read: ReadSide<'_>) {
        let Some(controller) = self.target(read) else {
            return;
        };
        let word = ptr::from_ref(controller).addr();
        let cut = self
            .word
            .compare_exchange(word, 0, Ordering::AcqRel, Ordering::Relaxed);
        if cut.is_ok() {
            if let Some(link) = controller.controller_link() {
                link.word.fetch_sub(Self::STEP, Ordering::Release);
            }
        }
    }
}

/// An entry that no table holds yet, or no longer.
///
/// # Invariants
///
/// The entry is initialised, and owned by the box: no table links to it, and no other member is
/// controlled by it. Readers that began before it left a table may still see it.
pub(crate) struct EntryBox<T>(NonNull<Entry<T>>);

impl<T: Send + Sync + 'static> EntryBox<T> {
    /// Makes an entry of `memory`. Fails with `ENOMEM` when that is null.
    ///
    /// # Safety
    ///
    /// `memory` is null, or large enough, aligned, nobody else's, and such as `kfree` takes.
    #[inline]
    pub(super) unsafe fn init(
        memory: *mut Entry<T>,
        hash: u32,
        expires: u32,
        make: impl FnOnce() -> T,
    ) -> Result<Self> {
        let memory = NonNull::new(memory).ok_or(ENOMEM)?;
        // SAFETY: By the caller's promise.
        unsafe {
            memory.write(Entry {
                next: AtomicPtr::new(ptr::null_mut()),
                hash,
                expires: AtomicU32::new(expires),
                value: make(),
                head: Opaque::uninit(),
            });
        }
        Ok(Self(memory))
    }

    /// Allocates; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new(hash: u32, value: T) -> Result<Self> {
        // SAFETY: `init` looks whether it is null.
        let memory = unsafe { bindings::lvs_kmalloc(mem::size_of::<Entry<T>>()) };
        // SAFETY: The allocator aligns to the largest power of two that divides the size, which an
        // entry's alignment does.
        unsafe { Self::init(memory.cast(), hash, 0, || value) }
    }
}

impl<T> EntryBox<T> {
    /// Gives up the entry without dropping it.
    #[inline]
    pub(super) fn into_raw(self) -> *mut Entry<T> {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// Takes over an entry.
    ///
    /// # Safety
    ///
    /// `entry` came from `into_raw`, and no reader that starts from now on can find it.
    pub(super) unsafe fn from_raw(entry: NonNull<Entry<T>>) -> Self {
        Self(entry)
    }

    /// # Safety
    ///
    /// `head` is the head of an entry that `drop` retired; called once, after the grace period.
    unsafe extern "C" fn free(head: *mut bindings::callback_head) {
        let offset = mem::offset_of!(Entry<T>, head);
        // SAFETY: `head` lies in an entry that `drop` retired; the grace period is over.
        unsafe { Self::destroy(head.cast::<u8>().sub(offset).cast::<Entry<T>>()) };
        // SAFETY: `drop` began it.
        unsafe { rcu::deferred_end() };
    }

    /// Drops the value and frees the memory at once.
    ///
    /// # Safety
    ///
    /// Nobody sees the entry.
    pub(super) unsafe fn free_now(self) {
        // SAFETY: By the caller's promise, and the box gives it up.
        unsafe { Self::destroy(self.into_raw()) }
    }

    /// Drops the value and frees the memory.
    ///
    /// # Safety
    ///
    /// The caller owns the entry, and nobody sees it.
    unsafe fn destroy(entry: *mut Entry<T>) {
        // SAFETY: The entry is initialised; its memory is from `kmalloc` or from a cache, and
        // `kfree` takes either.
        unsafe {
            ptr::drop_in_place(&raw mut (*entry).value);
            bindings::lvs_kfree(entry.cast());
        }
    }
}

impl<T> Deref for EntryBox<T> {
    type Target = Entry<T>;

    #[inline]
    fn deref(&self) -> &Entry<T> {
        // SAFETY: The box owns the entry.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Drop for EntryBox<T> {
    /// Drops the value and frees the memory after a grace period.
    fn drop(&mut self) {
        // SAFETY: The box is the only owner; readers that still see the entry are waited for. The
        // head is used for nothing else.
        unsafe {
            let head = (*self.0.as_ptr()).head.get();
            if mem::needs_drop::<T>() {
                rcu::deferred_begin();
                bindings::lvs_retire(head, Some(Self::free));
            } else {
                // Cheaper: the kernel frees whole batches.
                bindings::lvs_free_after_grace_period(head, self.0.as_ptr().cast());
            }
        }
    }
}
