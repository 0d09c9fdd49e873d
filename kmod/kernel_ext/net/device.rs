// SPDX-License-Identifier: GPL-2.0

//! Network devices that go down.

use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::ffi;
use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;
use super::netns::{
    self,
    NetnsState, //
};

/// A network device, good for being compared only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device(pub(in crate::kernel_ext) *const bindings::net_device);

/// State of a namespace that wants to know of its devices.
pub(crate) trait DeviceObserver: NetnsState {
    /// `device` of this namespace went down, and no packet that is under way saw it up: let go of it.
    /// Process context, with the lock of all network configuration (RTNL).
    fn device_down(&self, device: Device);
}

/// Tells the `T` of a device's namespace when the device goes down. Dropped before
/// [`netns::PerNetns`] of that type.
#[pin_data(PinnedDrop)]
pub(crate) struct DeviceWatch<T: DeviceObserver> {
    #[pin]
    notifier: Opaque<bindings::notifier_block>,
    state: PhantomData<T>,
}

// SAFETY: The notifier is constant once it is registered.
unsafe impl<T: DeviceObserver> Send for DeviceWatch<T> {}
// SAFETY: As above.
unsafe impl<T: DeviceObserver> Sync for DeviceWatch<T> {}

impl<T: DeviceObserver> DeviceWatch<T> {
    /// Begins to watch the devices of all namespaces.
    pub(crate) fn register() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            notifier <- Opaque::try_ffi_init(|notifier: *mut bindings::notifier_block| {
                // SAFETY: The place is ours and pinned; the callback lives as long as the module.
                unsafe {
                    notifier.write(pin_init::zeroed());
                    (*notifier).notifier_call = Some(Self::notice);
                    kernel::error::to_result(bindings::register_netdevice_notifier(notifier))
                }
            }),
            state: PhantomData,
        }? Error)
    }

    /// # Safety
    ///
    /// Called by the kernel's device code with what it tells its listeners.
    unsafe extern "C" fn notice(
        _notifier: *mut bindings::notifier_block,
        event: ffi::c_ulong,
        info: *mut ffi::c_void,
    ) -> ffi::c_int {
        // SAFETY: By the contract of this function; the device is alive during the call.
        let device = unsafe { bindings::lvs_device_going_down(event, info) };
        if let Some(device) = NonNull::new(device) {
            // SAFETY: A namespace loses its devices before this state, whose registration is of the
            // kind that goes after all devices; and it isn't unregistered before this watch.
            let state = unsafe {
                let net = bindings::lvs_device_net(device.as_ptr());
                netns::state_of::<T>(net)
            };
            if let Some(state) = state {
                state.device_down(Device(device.as_ptr()));
            }
        }
        bindings::LVS_NOTIFY_OK as ffi::c_int
    }
}

#[pinned_drop]
impl<T: DeviceObserver> PinnedDrop for DeviceWatch<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by `register`.
        unsafe { bindings::unregister_netdevice_notifier(self.notifier.get()) };
    }
}
