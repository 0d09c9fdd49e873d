// SPDX-License-Identifier: GPL-2.0

//! Sets of processors that administrators give.
//!
//! Relies on: a handler of a setting gets text that ends with a NUL, and room for one.
//!
//! A breach would be noticed by: `test-procfs`, `test-regressions` (`settings-out-of-bounds`).

use core::sync::atomic::{
    AtomicBool,
    AtomicU64,
    Ordering, //
};

use kernel::error::to_result;
use kernel::prelude::*;

use super::bindings;

/// A set of processors as an administrator gave it; until then all that run kernel threads.
pub(crate) struct CpuList {
    is_set: AtomicBool,
    words: [AtomicU64; Self::WORDS],
}

impl CpuList {
    const WORDS: usize = size_of::<bindings::cpumask>() / size_of::<u64>();

    /// The default.
    pub(crate) fn new() -> Self {
        Self {
            is_set: AtomicBool::new(false),
            words: [const { AtomicU64::new(0) }; Self::WORDS],
        }
    }

    /// Whether an administrator gave none.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
            && self
                .words
                .iter()
                .all(|word| word.load(Ordering::Relaxed) == 0)
    }

    /// What an administrator gave. Sleeps. Fails with `ENOMEM`.
    pub(in crate::kernel_ext) fn mask(&self) -> Result<Option<KBox<bindings::cpumask>>> {
        if !self.is_set.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut mask = KBox::new(pin_init::zeroed::<bindings::cpumask>(), GFP_KERNEL)?;
        for (bits, word) in mask.bits.iter_mut().zip(&self.words) {
            *bits = word.load(Ordering::Relaxed) as c_ulong;
        }
        Ok(Some(mask))
    }

    /// Takes the list that `text` names, without processors that the caller may not use. Sleeps.
    /// Fails with `ENOMEM`, and for other text.
    ///
    /// # Safety
    ///
    /// `text` ends with a NUL.
    pub(in crate::kernel_ext) unsafe fn parse(&self, text: *const c_char) -> Result {
        let mut mask = KBox::new(pin_init::zeroed::<bindings::cpumask>(), GFP_KERNEL)?;
        // SAFETY: The caller vouches for the text; the mask is valid.
        to_result(unsafe { bindings::lvs_cpulist_parse(text, &mut *mask) })?;
        // SAFETY: The mask is valid.
        unsafe { bindings::lvs_cpumask_only_current(&mut *mask) };
        for (word, bits) in self.words.iter().zip(mask.bits) {
            word.store(bits as u64, Ordering::Relaxed);
        }
        // A concurrent reader may see half of the list.
        self.is_set.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Writes the list as text, with its end of line; tells how long that is. Sleeps. Fails with
    /// `ENOMEM`.
    ///
    /// # Safety
    ///
    /// `buffer` has room for `size` bytes.
    pub(in crate::kernel_ext) unsafe fn print(
        &self,
        buffer: *mut c_char,
        size: usize,
    ) -> Result<usize> {
        let mask = match self.mask()? {
            Some(mask) => mask,
            None => {
                let mut mask = KBox::new(pin_init::zeroed::<bindings::cpumask>(), GFP_KERNEL)?;
                // SAFETY: The mask is valid.
                unsafe { bindings::lvs_cpumask_housekeeping(&mut *mask) };
                mask
            }
        };
        // SAFETY: The caller vouches for the buffer; the mask is valid.
        let len = unsafe { bindings::lvs_cpulist_print(buffer, size, &*mask) };
        Ok(usize::try_from(len)?)
    }
}
