// SPDX-License-Identifier: GPL-2.0

//! Network devices that go down.
//!
//! Relies on: the chain of device events hands out a device that is alive; the namespace outlives
//! its devices.
//!
//! A breach would be noticed by: `test-devices`, `test-regressions`
//! (`device-goes-while-routes-are-kept`).

use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::ffi;
use kernel::prelude::*;

use super::bindings;
use super::netns::{
    self,
    NetnsState, //
};
use crate::kernel_ext::notifier::{
    Listener,
    Notifier, //
};

/// A network device, good for being compared only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device(pub(in crate::kernel_ext) *const bindings::net_device);

/// State of a namespace that wants to know of its devices.
pub(crate) trait DeviceObserver: NetnsState {
    /// `device` of this namespace went down, and no packet that is under way saw it up: let go of
    /// it. Process context, with the lock of all network configuration (RTNL).
    fn device_down(&self, device: Device);
}

/// Tells the `T` of a device's namespace when the device goes down.
pub(crate) type DeviceWatch<T> = Notifier<Devices<T>>;

/// Listens for the devices of all namespaces.
pub(crate) struct Devices<T>(PhantomData<T>);

// SAFETY: The two are a pair, and RTNL is held while the chain is called.
unsafe impl<T: DeviceObserver> Listener for Devices<T> {
    const REGISTER: unsafe extern "C" fn(*mut bindings::notifier_block) -> ffi::c_int =
        bindings::register_netdevice_notifier;
    const UNREGISTER: unsafe extern "C" fn(*mut bindings::notifier_block) -> ffi::c_int =
        bindings::unregister_netdevice_notifier;

    unsafe fn notice(event: ffi::c_ulong, info: *mut ffi::c_void) -> Result {
        if event != bindings::netdev_cmd_NETDEV_DOWN as ffi::c_ulong {
            return Ok(());
        }
        // SAFETY: The chain hands out a description of a device, which is alive during the call.
        if let Some(device) = NonNull::new(unsafe { bindings::lvs_device_of(info) }) {
            // SAFETY: A namespace loses its devices before this state, whose registration is of the
            // kind that goes after all devices; and all states wait for this watch to be given up.
            let state = unsafe {
                let net = bindings::lvs_device_net(device.as_ptr());
                netns::state_of::<T>(net)
            };
            if let Some(state) = state {
                state.device_down(Device(device.as_ptr()));
            }
        }
        Ok(())
    }
}
