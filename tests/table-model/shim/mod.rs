// SPDX-License-Identifier: MIT OR GPL-2.0

//! Stand-ins for the kernel. Whoever includes them has a module `sync` with `Mutex`, `MutexGuard`,
//! `reader_lock`, `deferred`, `with_heap` and `LOCKS`, and one `atomic`.

/// What `kernel::prelude` gives.
pub(crate) mod prelude {
    /// An error number.
    #[derive(Debug, PartialEq, Eq)]
    pub(crate) struct Error(i32);

    /// No memory.
    pub(crate) const ENOMEM: Error = Error(12);

    pub(crate) type Result<T = (), E = Error> = core::result::Result<T, E>;
}

/// What `kernel::types` gives.
pub(crate) mod types {
    use core::cell::UnsafeCell;
    use core::mem::MaybeUninit;

    /// Memory for C.
    #[repr(transparent)]
    pub(crate) struct Opaque<T>(UnsafeCell<MaybeUninit<T>>);

    impl<T> Opaque<T> {
        pub(crate) const fn uninit() -> Self {
            Self(UnsafeCell::new(MaybeUninit::uninit()))
        }

        pub(crate) const fn get(&self) -> *mut T {
            self.0.get().cast()
        }
    }
}

/// C functions.
pub(crate) mod bindings {
    use core::ffi::c_void;
    use core::ptr;
    use std::alloc;

    use super::rcu::{
        defer,
        Deferred, //
    };
    use crate::sync;

    /// Head of what is freed later.
    #[allow(non_camel_case_types)]
    pub(crate) struct callback_head {
        _unused: [usize; 2],
    }

    /// In front of each allocation: its size, padded to the alignment that entries want.
    const HEADER: usize = 64;
    /// What freed memory is full of; no pointer, and no key of a test.
    const FREED: u8 = 0xa5;

    /// What a test, or all of them, have allocated.
    pub(crate) struct Heap {
        /// Allocations that haven't been freed.
        allocated: usize,
        /// Freed memory that wasn't given back yet, and its size.
        graves: Vec<(usize, usize)>,
    }

    impl Heap {
        pub(crate) const fn new() -> Self {
            Self {
                allocated: 0,
                graves: Vec::new(),
            }
        }

        /// At the end of a test, when no other thread is left that could look at freed memory: all
        /// of it was freed, once, and nobody wrote to it since. Then really frees it.
        pub(crate) fn expect_empty(&mut self) {
            assert_eq!(self.allocated, 0, "memory is left");
            for (start, size) in self.graves.drain(..) {
                let start = ptr::with_exposed_provenance_mut::<u8>(start);
                // SAFETY: Buried by `lvs_kfree`.
                unsafe {
                    let bytes = core::slice::from_raw_parts(start, HEADER + size);
                    assert!(
                        bytes.iter().all(|byte| *byte == FREED),
                        "written after free"
                    );
                    alloc::dealloc(start, layout(size));
                }
            }
        }
    }

    fn layout(size: usize) -> alloc::Layout {
        alloc::Layout::from_size_align(size + HEADER, HEADER).expect("a sane size")
    }

    /// # Safety
    ///
    /// None that concerns the caller.
    pub(crate) unsafe fn lvs_kmalloc(size: usize) -> *mut c_void {
        sync::with_heap(|heap| heap.allocated += 1);
        // SAFETY: The size isn't zero.
        unsafe {
            let memory = alloc::alloc(layout(size));
            assert!(!memory.is_null());
            memory.cast::<usize>().write(size);
            memory.add(HEADER).cast()
        }
    }

    /// # Safety
    ///
    /// As for [`lvs_kmalloc`].
    pub(crate) unsafe fn lvs_kvmalloc(size: usize) -> *mut c_void {
        // SAFETY: As for the caller.
        unsafe { lvs_kmalloc(size) }
    }

    /// Spoils the memory, and gives it back only when the test is over: who still looks at it sees
    /// that it is too late.
    ///
    /// # Safety
    ///
    /// `memory` was allocated here.
    pub(crate) unsafe fn lvs_kfree(memory: *mut c_void) {
        // SAFETY: The size lies in front of the memory.
        unsafe {
            let start = memory.cast::<u8>().sub(HEADER);
            let size = start.cast::<usize>().read();
            assert!(size < 1 << 30, "freed twice");
            ptr::write_bytes(start, FREED, HEADER + size);
            sync::with_heap(|heap| {
                heap.allocated = heap.allocated.checked_sub(1).expect("freed twice");
                heap.graves.push((start.expose_provenance(), size));
            });
        }
    }

    /// # Safety
    ///
    /// As for [`lvs_kfree`].
    pub(crate) unsafe fn lvs_kvfree(memory: *mut c_void) {
        // SAFETY: As for the caller.
        unsafe { lvs_kfree(memory) }
    }

    /// # Safety
    ///
    /// `head` lies in what `callback` frees.
    pub(crate) unsafe fn call_rcu(
        head: *mut callback_head,
        callback: Option<unsafe extern "C" fn(*mut callback_head)>,
    ) {
        defer(Deferred::Call(
            head.expose_provenance(),
            callback.expect("a callback"),
        ));
    }

    /// # Safety
    ///
    /// As for [`call_rcu`].
    pub(crate) unsafe fn lvs_retire(
        head: *mut callback_head,
        callback: Option<unsafe extern "C" fn(*mut callback_head)>,
    ) {
        // SAFETY: As for the caller.
        unsafe { call_rcu(head, callback) }
    }

    /// # Safety
    ///
    /// `memory` was allocated here.
    pub(crate) unsafe fn lvs_free_after_grace_period(_: *mut callback_head, memory: *mut c_void) {
        defer(Deferred::Free(memory.expose_provenance()));
    }
}

/// Read-copy-update.
pub(crate) mod rcu {
    use core::marker::PhantomData;
    use core::ptr;

    use super::bindings;
    use crate::sync;

    /// Something to do after a grace period.
    pub(crate) enum Deferred {
        Call(usize, unsafe extern "C" fn(*mut bindings::callback_head)),
        Free(usize),
    }

    /// Proof of a read side.
    #[derive(Clone, Copy)]
    pub(crate) struct ReadSide<'a>(PhantomData<*const &'a ()>);

    /// Runs `f` inside a read side of this thread.
    pub(crate) fn read<R>(f: impl for<'a> FnOnce(ReadSide<'a>) -> R) -> R {
        let _guard = sync::reader_lock(sync::me()).lock().expect("no panic");
        f(ReadSide(PhantomData))
    }

    /// Waits for read sides that began before.
    pub(crate) fn synchronize() {
        for reader in 0..sync::READERS {
            drop(sync::reader_lock(reader).lock().expect("no panic"));
        }
    }

    pub(crate) fn deferred_begin() {}

    /// # Safety
    ///
    /// None that concerns the caller.
    pub(crate) unsafe fn deferred_end() {}

    pub(crate) fn defer(what: Deferred) {
        sync::deferred().lock().expect("no panic").push(what);
    }

    /// Waits for a grace period and does what was deferred before it.
    pub(crate) fn reclaim() {
        let due: Vec<_> = sync::deferred()
            .lock()
            .expect("no panic")
            .drain(..)
            .collect();
        synchronize();
        for what in due {
            // SAFETY: Each was queued once, with what its call wants, and a grace period ago.
            unsafe {
                match what {
                    Deferred::Call(head, callback) => {
                        callback(ptr::with_exposed_provenance_mut(head));
                    }
                    Deferred::Free(memory) => {
                        bindings::lvs_kfree(ptr::with_exposed_provenance_mut(memory));
                    }
                }
            }
        }
    }
}

/// Stripe locks.
pub(crate) mod lock {
    use super::prelude::Result;
    use crate::sync::{
        Mutex,
        MutexGuard,
        LOCKS, //
    };

    pub(crate) struct Stripes([Mutex<()>; LOCKS]);

    impl Stripes {
        pub(crate) fn new(count: u16) -> Result<Self> {
            assert_eq!(usize::from(count), LOCKS);
            Ok(Self(core::array::from_fn(|_| Mutex::new(()))))
        }

        pub(crate) fn lock(&self, hash: u32) -> MutexGuard<'_, ()> {
            let lock = &self.0[hash as usize & (LOCKS - 1)];
            lock.lock().expect("no panic")
        }
    }
}

/// Scheduling points.
pub(crate) mod time {
    pub(crate) fn yield_now() {}
}
