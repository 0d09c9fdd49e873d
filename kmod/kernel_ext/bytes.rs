// SPDX-License-Identifier: GPL-2.0

//! Short strings of bytes that readers may see while their owner gives them up.

use core::marker::PhantomData;
use core::mem::{
    self,
    ManuallyDrop, //
};
use core::ptr::{
    self,
    NonNull, //
};
use core::slice;
use core::sync::atomic::{
    AtomicPtr,
    Ordering, //
};

use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;
use super::rcu::ReadSide;

/// What lies in front of the bytes.
#[repr(C)]
struct Block {
    head: Opaque<bindings::callback_head>,
    len: usize,
    bytes: [u8; 0],
}

impl Block {
    /// The bytes of a block.
    ///
    /// # Safety
    ///
    /// `block` came from [`RcuBytes::copy_of`] and isn't freed before `'a` ends.
    unsafe fn bytes<'a>(block: NonNull<Self>) -> &'a [u8] {
        let block = block.as_ptr();
        // SAFETY: The block is alive, and `len` initialised bytes that nobody changes lie behind
        // its header, in the same allocation.
        unsafe { slice::from_raw_parts((&raw const (*block).bytes).cast(), (*block).len) }
    }
}

/// Bytes on the heap, freed after a grace period.
pub(crate) struct RcuBytes(NonNull<Block>);

impl RcuBytes {
    /// Copies `bytes` without sleeping. Fails with `ENOMEM`.
    pub(crate) fn copy_of(bytes: &[u8]) -> Result<Self> {
        let size = mem::size_of::<Block>()
            .checked_add(bytes.len())
            .ok_or(ENOMEM)?;
        // SAFETY: The result is checked. Memory of this allocator is aligned for pointers.
        let memory = unsafe { bindings::lvs_kmalloc_atomic(size) }.cast::<Block>();
        let block = NonNull::new(memory).ok_or(ENOMEM)?;
        // SAFETY: The memory is nobody else's and has room for the header and the bytes.
        unsafe {
            (*memory).len = bytes.len();
            let to = (&raw mut (*memory).bytes).cast::<u8>();
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        Ok(Self(block))
    }
}

impl Drop for RcuBytes {
    fn drop(&mut self) {
        // SAFETY: The only owner gives the block up; readers that still see it are waited for. Its
        // head is used for nothing else.
        unsafe {
            let head = (*self.0.as_ptr()).head.get();
            bindings::lvs_free_after_grace_period(head, self.0.as_ptr().cast());
        }
    }
}

/// A place that may hold bytes and lets readers look at them. Its owner has to take them out in the
/// end: the slot frees nothing by itself.
pub(crate) struct RcuBytesSlot {
    block: AtomicPtr<Block>,
    owns: PhantomData<RcuBytes>,
}

// SAFETY: Shares plain bytes and moves them to the context that frees them.
unsafe impl Send for RcuBytesSlot {}
// SAFETY: As above.
unsafe impl Sync for RcuBytesSlot {}

impl RcuBytesSlot {
    /// A slot that holds `bytes`.
    #[inline]
    pub(crate) fn new(bytes: Option<RcuBytes>) -> Self {
        let block = bytes.map_or(ptr::null_mut(), |bytes| ManuallyDrop::new(bytes).0.as_ptr());
        Self {
            block: AtomicPtr::new(block),
            owns: PhantomData,
        }
    }

    /// The bytes, if the slot holds some.
    #[inline]
    pub(crate) fn load<'a>(&self, _read: ReadSide<'a>) -> Option<&'a [u8]> {
        // Acquire pairs with the publication of the object that contains the slot.
        let block = NonNull::new(self.block.load(Ordering::Acquire))?;
        // SAFETY: The slot held the block when it was read; taking it out frees it after a grace
        // period, so it lives until this reader is done.
        Some(unsafe { Block::bytes(block) })
    }

    /// Takes the bytes out.
    #[inline]
    pub(crate) fn take(&self) -> Option<RcuBytes> {
        // Most slots are empty: they are left alone.
        if self.block.load(Ordering::Relaxed).is_null() {
            return None;
        }
        NonNull::new(self.block.swap(ptr::null_mut(), Ordering::AcqRel)).map(RcuBytes)
    }
}
