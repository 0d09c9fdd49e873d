// SPDX-License-Identifier: GPL-2.0

//! Files in `/proc/net`, of which every network namespace has its own.
//!
//! A file is a sequence of records that are numbered from 0. The kernel asks for them one after the
//! other, for as many as fit a read; nothing is held from one record to the next.
//!
//! Relies on: an open file keeps its namespace; the core serialises the operations of one.
//!
//! A breach would be noticed by: `test-procfs`, `test-regressions` (`readers-while-all-goes`).
//!
//! C headers: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h),
//! [`include/linux/seq_file.h`](srctree/include/linux/seq_file.h)

use core::fmt;
use core::marker::PhantomData;
use core::ptr;

use kernel::prelude::*;
use kernel::seq_file::SeqFile;

use super::bindings;
use crate::kernel_ext::net::netns::{
    state_of,
    Net,
    NetUse,
    NetnsState, //
};
use crate::kernel_ext::task::time;

/// How many records are skipped or shown before other tasks get a chance.
const BURST: usize = 64;

/// What a file shows of a namespace's state.
pub(crate) trait Contents {
    /// The state.
    type State: NetnsState;

    /// Whether there is a record `index`; if so, there are all before it.
    fn has(state: &Self::State, index: usize) -> bool;

    /// Prints record `index`, or nothing if it is gone by now.
    fn show(state: &Self::State, index: usize, out: &mut Output<'_>);
}

/// Where a record is printed to, with [`write!`]. A record that doesn't fit is printed again to a
/// larger place, so failures don't matter.
pub(crate) struct Output<'a>(&'a SeqFile);

impl Output<'_> {
    /// Makes `write!` work.
    pub(crate) fn write_fmt(&mut self, args: fmt::Arguments<'_>) {
        self.0.call_printf(args);
    }

    /// Prints bytes as they are, whatever their encoding.
    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) {
        let file = ptr::from_ref(self.0).cast_mut().cast();
        // SAFETY: `SeqFile` is a transparent wrapper of the C structure, which the kernel gave us
        // to print to; the bytes are valid.
        let _ = unsafe { bindings::seq_write(file, bytes.as_ptr().cast(), bytes.len()) };
    }
}

/// The description of a file, which every namespace gets one of.
pub(crate) struct File {
    name: &'static CStr,
    mode: u16,
    operations: &'static bindings::seq_operations,
}

impl File {
    /// A file `name` with what `T` shows, readable by all.
    pub(crate) const fn new<T: Contents>(name: &'static CStr) -> Self {
        Self {
            name,
            mode: 0o444,
            operations: &Operations::<T>::TABLE,
        }
    }

    /// Gives the file other permissions.
    pub(crate) const fn mode(mut self, mode: u16) -> Self {
        self.mode = mode;
        self
    }
}

/// The files of one namespace. Dropping them waits for reads that are under way.
///
/// # Invariants
///
/// The files exist.
pub(crate) struct Files {
    files: &'static [File],
    net: NetUse,
}

impl Files {
    /// Makes `files`, all or none. Fails with `ENOMEM`, and `ENODEV` when the namespace is
    /// stopping, which waits for the result to be dropped.
    pub(crate) fn create(net: Net<'_>, files: &'static [File]) -> Result<Self> {
        let net = net.register()?;
        let mut made = Self { files: &[], net };
        for (index, file) in files.iter().enumerate() {
            // SAFETY: The namespace is alive and has a directory; the name and the operations are
            // static, and the private data of an open file has the size that the operations expect.
            let entry = unsafe {
                bindings::proc_create_net_data(
                    file.name.as_char_ptr(),
                    file.mode,
                    bindings::lvs_net_proc(made.net.as_ptr()),
                    file.operations,
                    size_of::<bindings::seq_net_private>() as c_uint,
                    ptr::null_mut(),
                )
            };
            if entry.is_null() {
                return Err(ENOMEM);
            }
            // INVARIANT: Up to and including this one the files exist.
            made.files = files.get(..index.wrapping_add(1)).unwrap_or(&[]);
        }
        Ok(made)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for file in self.files.iter().rev() {
            // SAFETY: The namespace is alive, and the file exists by the type invariants.
            unsafe {
                bindings::remove_proc_entry(
                    file.name.as_char_ptr(),
                    bindings::lvs_net_proc(self.net.as_ptr()),
                )
            };
        }
    }
}

/// The functions that C calls for a file with the contents `T`. The address of a record that they
/// hand around is its number plus one.
struct Operations<T>(PhantomData<T>);

impl<T: Contents> Operations<T> {
    const TABLE: bindings::seq_operations = bindings::seq_operations {
        start: Some(Self::start),
        next: Some(Self::next),
        stop: Some(Self::stop),
        show: Some(Self::show),
    };

    /// The state that the file shows.
    ///
    /// # Safety
    ///
    /// `seq` belongs to an open file of these operations. What is returned mustn't be used after
    /// the operation.
    unsafe fn state<'a>(seq: *mut bindings::seq_file) -> Option<&'a T::State> {
        // SAFETY: The caller vouches for `seq`. An open file keeps its namespace alive, and the
        // state outlasts the operation because removing the file, which comes first, waits for it.
        unsafe { state_of(bindings::lvs_seq_file_net(seq)) }
    }

    /// The address that stands for the record at `position`; null if there is none.
    ///
    /// # Safety
    ///
    /// `seq` belongs to an open file of these operations.
    unsafe fn record(seq: *mut bindings::seq_file, position: i64) -> *mut c_void {
        // SAFETY: By the contract of this function.
        let state = unsafe { Self::state(seq) };
        match (state, usize::try_from(position)) {
            (Some(state), Ok(index)) if index < isize::MAX as usize && T::has(state, index) => {
                ptr::without_provenance_mut(index.wrapping_add(1))
            }
            _ => ptr::null_mut(),
        }
    }

    /// # Safety
    ///
    /// Called by the core alone, with an open file of these operations.
    unsafe extern "C" fn start(seq: *mut bindings::seq_file, position: *mut i64) -> *mut c_void {
        // SAFETY: By the contract of this function, and with a valid position.
        unsafe { Self::record(seq, *position) }
    }

    /// # Safety
    ///
    /// Called by the core alone, with an open file of these operations.
    unsafe extern "C" fn next(
        seq: *mut bindings::seq_file,
        record: *mut c_void,
        position: *mut i64,
    ) -> *mut c_void {
        // The address is that of the record before, plus one: the number of this one.
        let index = record.addr();
        if index % BURST == 0 {
            time::yield_now();
        }
        // SAFETY: By the contract of this function, and with a valid position.
        unsafe {
            *position = index as i64;
            Self::record(seq, *position)
        }
    }

    /// # Safety
    ///
    /// Called by the core alone, with an open file of these operations.
    unsafe extern "C" fn stop(_seq: *mut bindings::seq_file, _record: *mut c_void) {}

    /// # Safety
    ///
    /// Called by the core alone, with an open file of these operations.
    unsafe extern "C" fn show(seq: *mut bindings::seq_file, record: *mut c_void) -> c_int {
        // SAFETY: By the contract of this function.
        if let Some(state) = unsafe { Self::state(seq) } {
            // SAFETY: `seq` is valid, and the core serialises the operations on an open file.
            let mut out = Output(unsafe { SeqFile::from_raw(seq.cast()) });
            T::show(state, record.addr().wrapping_sub(1), &mut out);
        }
        0
    }
}
