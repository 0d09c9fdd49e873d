// SPDX-License-Identifier: GPL-2.0

//! Settings below `/proc/sys`, of which every network namespace has its own.
//!
//! Nothing points from a setting into the state: the value is fetched from it, converted by the
//! kernel's own functions in a copy, and given back if it was written.
//!
//! Relies on: handlers get the registered row and a buffer one byte longer than its text;
//! unregistering waits for them.
//!
//! A breach would be noticed by: `test-procfs`, `test-control-fuzz`, `test-regressions`
//! (`settings-out-of-bounds`).
//!
//! C header: [`include/linux/sysctl.h`](srctree/include/linux/sysctl.h)

use core::ptr::{
    self,
    NonNull, //
};
use kernel::error::{
    from_result,
    to_result, //
};
use kernel::prelude::*;

use super::bindings;
use crate::kernel_ext::net::netns::{
    state_of,
    Net,
    NetUse,
    NetnsState, //
};
pub(crate) use crate::kernel_ext::task::cpu_list::CpuList;

/// A setting in a namespace whose state is `T`.
pub(crate) struct Entry<T> {
    /// Name of the file.
    pub(crate) name: &'static CStr,
    /// What can be done with it in the namespaces of containers that users made.
    pub(crate) for_users: ForUsers,
    /// Its value.
    pub(crate) value: Value<T>,
}

/// What can be done with a setting in the namespaces of containers that users made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForUsers {
    /// It can be read and written.
    Open,
    /// It can be read.
    ReadOnly,
    /// It doesn't exist, nor do those listed after it.
    Absent,
}

/// Where a setting's value comes from and where it goes. What stores it may object.
pub(crate) enum Value<T> {
    /// A number.
    Int(fn(&T) -> i32, fn(&T, i32) -> Result),
    /// Two numbers.
    Pair(fn(&T) -> [i32; 2], fn(&T, [i32; 2]) -> Result),
    /// A large number, not negative.
    Long(fn(&T) -> u64, fn(&T, u64) -> Result),
    /// A list of processors, and what is done when it was written.
    Cpus(fn(&T) -> &CpuList, fn(&T)),
}

/// The settings of one namespace. Dropping them waits for accesses that are under way.
///
/// # Invariants
///
/// `header` is the registration of `table`.
pub(crate) struct Table<const N: usize> {
    header: NonNull<bindings::ctl_table_header>,
    _table: KBox<[bindings::ctl_table; N]>,
    _net: NetUse,
}

// SAFETY: The registration may be given up by any thread; the table is constant.
unsafe impl<const N: usize> Send for Table<N> {}
// SAFETY: There is nothing that can be done to a shared one.
unsafe impl<const N: usize> Sync for Table<N> {}

impl<const N: usize> Table<N> {
    /// Makes `entries` available below `path`. Fails with `ENOMEM`, and `ENODEV` when the namespace
    /// is stopping, which waits for the result to be dropped.
    pub(crate) fn register<T: NetnsState>(
        net: Net<'_>,
        path: &'static CStr,
        entries: &'static [Entry<T>; N],
    ) -> Result<Self> {
        let used = net.register()?;
        let mut table: KBox<[bindings::ctl_table; N]> =
            KBox::init(pin_init::init_zeroed(), GFP_KERNEL)?;
        let mut count: usize = 0;
        for (row, entry) in table.iter_mut().zip(entries) {
            let for_users = if net.is_privileged() {
                ForUsers::Open
            } else {
                entry.for_users
            };
            row.mode = match for_users {
                ForUsers::Open => 0o644,
                ForUsers::ReadOnly => 0o444,
                ForUsers::Absent => break,
            };
            count = count.saturating_add(1);
            row.procname = entry.name.as_char_ptr();
            row.proc_handler = Some(access::<T>);
            row.extra1 = ptr::from_ref(entry).cast_mut().cast();
            row.extra2 = net.as_ptr().cast();
        }
        // SAFETY: The namespace is alive, and the rows, of which the first `count` are filled in,
        // stay where they are until the registration is given up.
        let header = unsafe {
            bindings::register_net_sysctl_sz(
                net.as_ptr(),
                path.as_char_ptr(),
                table.as_mut_ptr(),
                count,
            )
        };
        // INVARIANT: Registered just now.
        Ok(Self {
            header: NonNull::new(header).ok_or(ENOMEM)?,
            _table: table,
            _net: used,
        })
    }
}

impl<const N: usize> Drop for Table<N> {
    fn drop(&mut self) {
        // SAFETY: The registration exists by the type invariants; this happens once.
        unsafe { bindings::unregister_net_sysctl_table(self.header.as_ptr()) };
    }
}

/// One access to a setting, by a process that reads or writes its file.
struct Access {
    row: *const bindings::ctl_table,
    write: c_int,
    buffer: *mut c_void,
    len: *mut usize,
    position: *mut bindings::loff_t,
}

impl Access {
    /// Has `convert` read or write `value`.
    ///
    /// # Safety
    ///
    /// The fields are the arguments of a handler, and `convert` handles numbers of which a `V` is
    /// one or several.
    unsafe fn through<V>(
        &self,
        convert: unsafe extern "C" fn(
            *const bindings::ctl_table,
            c_int,
            *mut c_void,
            *mut usize,
            *mut bindings::loff_t,
        ) -> c_int,
        value: &mut V,
    ) -> Result {
        let mut row: bindings::ctl_table = pin_init::zeroed();
        row.data = ptr::from_mut(value).cast();
        row.maxlen = size_of::<V>() as c_int;
        // SAFETY: The row describes `value`; the caller vouches for the rest.
        to_result(unsafe { convert(&row, self.write, self.buffer, self.len, self.position) })
    }

    /// Reads or writes the setting.
    ///
    /// # Safety
    ///
    /// The fields are the arguments of a handler for an entry of a table for `T`.
    unsafe fn run<T: NetnsState>(&self) -> Result {
        // SAFETY: By the contract, the row is one that `Table::register` made; the namespace
        // outlives its settings, and its state too, as the settings are given up before it goes.
        let (entry, state) = unsafe {
            let entry = (*self.row).extra1.cast::<Entry<T>>();
            (&*entry, state_of::<T>((*self.row).extra2.cast()))
        };
        let state = state.ok_or(ENODEV)?;
        // What the conversion leaves unread isn't to be stored.
        // SAFETY: By the contract of this function.
        let stores = unsafe { self.write != 0 && *self.len != 0 && *self.position == 0 };
        // SAFETY: By the contract of this function, and numbers are what is converted.
        unsafe {
            match &entry.value {
                Value::Int(load, store) => {
                    let mut value = load(state);
                    self.through(bindings::proc_dointvec, &mut value)?;
                    if stores {
                        store(state, value)?;
                    }
                }
                Value::Pair(load, store) => {
                    let mut value = load(state);
                    self.through(bindings::proc_dointvec, &mut value)?;
                    if stores {
                        store(state, value)?;
                    }
                }
                Value::Long(load, store) => {
                    let mut value = load(state);
                    self.through(bindings::proc_doulongvec_minmax, &mut value)?;
                    if stores {
                        store(state, value)?;
                    }
                }
                Value::Cpus(list, changed) => {
                    self.cpus(list(state))?;
                    if stores {
                        changed(state);
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads or writes a list of processors.
    ///
    /// # Safety
    ///
    /// The fields are the arguments of a handler.
    unsafe fn cpus(&self, list: &CpuList) -> Result {
        // SAFETY: By the contract, both places are valid, and the buffer has one byte more than it
        // says: a NUL behind what is written, room for one behind what is read.
        unsafe {
            if *self.position != 0 || *self.len == 0 {
                *self.len = 0;
                return Ok(());
            }
            if self.write != 0 {
                list.parse(self.buffer.cast())?;
            } else {
                *self.len = list.print(self.buffer.cast(), (*self.len).saturating_add(1))?;
            }
            *self.position = *self.len as bindings::loff_t;
        }
        Ok(())
    }
}

/// # Safety
///
/// Called by the core alone, for a row of a [`Table`] for `T`.
unsafe extern "C" fn access<T: NetnsState>(
    row: *const bindings::ctl_table,
    write: c_int,
    buffer: *mut c_void,
    len: *mut usize,
    position: *mut bindings::loff_t,
) -> c_int {
    let access = Access {
        row,
        write,
        buffer,
        len,
        position,
    };
    // SAFETY: The arguments are those of a handler.
    from_result(|| unsafe { access.run::<T>() }.map(|()| 0))
}

/// Pages that can hold buffers.
pub(crate) fn free_buffer_pages() -> u64 {
    // SAFETY: Has no preconditions.
    unsafe { bindings::lvs_free_buffer_pages() as u64 }
}
