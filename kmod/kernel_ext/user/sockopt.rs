// SPDX-License-Identifier: GPL-2.0

//! Socket options of IPv4 sockets, for those who administer the socket's network namespace.
//!
//! Relies on: the copies from and to the caller's memory check it, and say when they fail; a socket
//! keeps its namespace.
//!
//! A breach would be noticed by: `test-sockopts`, `test-control-fuzz`, `test-regressions`
//! (`sockopt-sizes`).
//!
//! C header: [`include/linux/netfilter.h`](srctree/include/linux/netfilter.h)

use core::marker::PhantomData;

use kernel::error::{
    from_result,
    to_result, //
};
use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;
use crate::kernel_ext::net::netns::{
    state_of,
    NetnsState,
    StateUse, //
};

/// Handles the options of a range, for processes that may administer the namespace.
pub(crate) trait Options: 'static {
    /// State of the network namespace that the options are about.
    type State: NetnsState;

    /// The first option, to set and to get.
    const FIRST: c_int;
    /// The last option to set.
    const LAST_SET: c_int;
    /// The last option to get.
    const LAST_GET: c_int;

    /// Sets `option`.
    fn set(state: &Self::State, option: c_int, argument: &Argument) -> Result;

    /// Gets `option`.
    fn get(state: &Self::State, option: c_int, reply: &mut Reply<'_>) -> Result;
}

/// What an option is set to.
///
/// # Invariants
///
/// `from` is the pointer that the socket layer passed; no `Argument` outlives that call.
pub(crate) struct Argument {
    from: bindings::sockptr_t,
    len: usize,
}

impl Argument {
    /// Number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes, of which there must be `N`: fails with `EINVAL`, or `EFAULT`.
    pub(crate) fn read<const N: usize>(&self) -> Result<[u8; N]> {
        if self.len != N {
            return Err(EINVAL);
        }
        let mut bytes = [0; N];
        // SAFETY: There is room for `N` bytes, and they come from where the caller of the option
        // says; the callee checks that.
        match unsafe { bindings::lvs_copy_from_sockptr(bytes.as_mut_ptr().cast(), self.from, N) } {
            0 => Ok(bytes),
            _ => Err(EFAULT),
        }
    }
}

/// A process's memory for an option that it gets; what it holds may be part of the question. Copies
/// check that it is the process's.
pub(crate) struct Reply<'a> {
    user: *mut c_void,
    len: &'a mut c_int,
}

impl Reply<'_> {
    /// Number of bytes.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(*self.len).unwrap_or(0)
    }

    /// Says how many bytes there are to look at, if not all.
    pub(crate) fn set_len(&mut self, len: usize) {
        *self.len = c_int::try_from(len).unwrap_or(c_int::MAX);
    }

    /// The first `N` bytes of the question: fails with `EINVAL` when there are less, or `EFAULT`.
    pub(crate) fn read<const N: usize>(&self) -> Result<[u8; N]> {
        if self.len() < N {
            return Err(EINVAL);
        }
        let mut bytes = [0; N];
        // SAFETY: There is room for `N` bytes; the callee checks where they come from.
        match unsafe { bindings::lvs_copy_from_user(bytes.as_mut_ptr().cast(), self.user, N) } {
            0 => Ok(bytes),
            _ => Err(EFAULT),
        }
    }

    /// Writes `bytes` at `offset`: fails with `EINVAL` beyond the memory, or `EFAULT`.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) -> Result {
        let end = offset.checked_add(bytes.len()).ok_or(EINVAL)?;
        if end > self.len() {
            return Err(EINVAL);
        }
        let to = self.user.wrapping_byte_add(offset);
        // SAFETY: `bytes` is readable; the callee checks where they go.
        match unsafe { bindings::lvs_copy_to_user(to, bytes.as_ptr().cast(), bytes.len()) } {
            0 => Ok(()),
            _ => Err(EFAULT),
        }
    }
}

/// Registered options.
///
/// # Invariants
///
/// `ops` is registered.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Options> {
    #[pin]
    ops: Opaque<bindings::nf_sockopt_ops>,
    _state_use: StateUse,
    _options: PhantomData<T>,
}

// SAFETY: Only the core changes the registered structure, under its own lock.
unsafe impl<T: Options> Send for Registration<T> {}
// SAFETY: There is nothing that can be done to a shared one.
unsafe impl<T: Options> Sync for Registration<T> {}

impl<T: Options> Registration<T> {
    /// Registers the options; `EBUSY` when others have some of them. `explain` hears of a failure.
    pub(crate) fn register(explain: fn(&Error)) -> impl PinInit<Self, Error> {
        // Counted first: what fails behind the registration would leave the options registered.
        try_pin_init!(Self {
            _state_use: StateUse::begin()?,
            ops <- Opaque::try_ffi_init(move |ops: *mut bindings::nf_sockopt_ops| {
                // SAFETY: The place is ours and pinned until it is unregistered; the functions stay
                // while the module does, of which every call holds a reference.
                // INVARIANT: Success means that it is registered.
                unsafe {
                    ops.write(pin_init::zeroed());
                    (*ops).pf = bindings::PF_INET as u8;
                    (*ops).set_optmin = T::FIRST;
                    (*ops).set_optmax = T::LAST_SET.wrapping_add(1);
                    (*ops).set = Some(set::<T>);
                    (*ops).get_optmin = T::FIRST;
                    (*ops).get_optmax = T::LAST_GET.wrapping_add(1);
                    (*ops).get = Some(get::<T>);
                    (*ops).owner = bindings::this_module();
                    to_result(bindings::nf_register_sockopt(ops)).inspect_err(explain)
                }
            }),
            _options: PhantomData,
        }? Error)
    }
}

#[pinned_drop]
impl<T: Options> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by the type invariants; this happens once.
        unsafe { bindings::nf_unregister_sockopt(self.ops.get()) };
    }
}

/// The state of the namespace of `sk`, for a process that may administer it.
///
/// # Safety
///
/// Called while handling an option of `sk`.
unsafe fn state<'a, T: Options>(sk: *mut bindings::sock) -> Result<&'a T::State> {
    // SAFETY: A socket is valid while an option of it is handled, and keeps its namespace alive.
    // The states of all namespaces wait for the options to be unregistered, and the module, to
    // which the call holds a reference, for the call.
    unsafe {
        if !bindings::lvs_sock_may_administer(sk) {
            return Err(EPERM);
        }
        state_of(bindings::lvs_sock_net(sk)).ok_or(ENODEV)
    }
}

/// # Safety
///
/// Called by the core alone, for an option that is to be set.
unsafe extern "C" fn set<T: Options>(
    sk: *mut bindings::sock,
    option: c_int,
    from: bindings::sockptr_t,
    len: c_uint,
) -> c_int {
    from_result(|| {
        // SAFETY: By the contract of this function.
        let state = unsafe { state::<T>(sk) }?;
        let argument = Argument {
            from,
            len: len as usize,
        };
        T::set(state, option, &argument).map(|()| 0)
    })
}

/// # Safety
///
/// Called by the core alone, for an option that is to be got.
unsafe extern "C" fn get<T: Options>(
    sk: *mut bindings::sock,
    option: c_int,
    user: *mut c_void,
    len: *mut c_int,
) -> c_int {
    from_result(|| {
        // SAFETY: By the contract of this function.
        let state = unsafe { state::<T>(sk) }?;
        // SAFETY: The core passes a valid place, which nobody else uses during the call.
        let len = unsafe { &mut *len };
        T::get(state, option, &mut Reply { user, len }).map(|()| 0)
    })
}
