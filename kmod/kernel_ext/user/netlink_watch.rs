// SPDX-License-Identifier: GPL-2.0

//! Sockets of generic netlink that are closed.
//!
//! Relies on: the chain of netlink's events hands out the namespace of a socket, which holds it; a
//! socket's number is another's only after the chain was called.
//!
//! A breach would be noticed by: `test-transactions`.

use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::ffi;
use kernel::prelude::*;

use super::bindings;
use crate::kernel_ext::net::netns::{
    self,
    NetnsState, //
};
use crate::kernel_ext::notifier::{
    Listener,
    Notifier, //
};

/// State of a namespace that wants to know of its sockets.
pub(crate) trait SocketObserver: NetnsState {
    /// The socket `owner` ([`super::genl::Request::owner`]) was closed: it sends no more requests.
    /// Process context.
    fn socket_closed(&self, owner: u32);
}

/// Tells the `T` of a socket's namespace when the socket is closed.
pub(crate) type SocketWatch<T> = Notifier<Sockets<T>>;

/// Listens for the sockets of all namespaces.
pub(crate) struct Sockets<T>(PhantomData<T>);

// SAFETY: The two are a pair, and the chain's lock is held while it is called.
unsafe impl<T: SocketObserver> Listener for Sockets<T> {
    const REGISTER: unsafe extern "C" fn(*mut bindings::notifier_block) -> ffi::c_int =
        bindings::netlink_register_notifier;
    const UNREGISTER: unsafe extern "C" fn(*mut bindings::notifier_block) -> ffi::c_int =
        bindings::netlink_unregister_notifier;

    unsafe fn notice(event: ffi::c_ulong, info: *mut ffi::c_void) -> Result {
        if event != bindings::NETLINK_URELEASE as ffi::c_ulong {
            return Ok(());
        }
        let Some(closed) = NonNull::new(info.cast::<bindings::netlink_notify>()) else {
            return Ok(());
        };
        // SAFETY: The chain hands out a description of the socket with this event.
        let bindings::netlink_notify {
            net,
            portid,
            protocol,
        } = unsafe { closed.read() };
        if u32::try_from(protocol) != Ok(bindings::NETLINK_GENERIC) {
            return Ok(());
        }
        // SAFETY: The socket still holds its namespace; and all states wait for this watch to be
        // given up.
        if let Some(state) = unsafe { netns::state_of::<T>(net) } {
            state.socket_closed(portid);
        }
        Ok(())
    }
}
