// SPDX-License-Identifier: GPL-2.0

//! What lives with each network namespace: the state that packets and requests are given, and the
//! files and settings by which administrators reach it.

use core::pin::Pin;

use kernel::prelude::*;
use kernel::sync::{
    new_mutex,
    Mutex, //
};

use crate::control::NetInterfaces;
use crate::kernel_ext::net::netns::NetHold;
use crate::kernel_ext::net::per_netns;
use crate::table::{
    NetnsState,
    RulesGuard, //
};

/// What a namespace has of the balancer. Field order is teardown order.
#[pin_data]
pub(crate) struct Namespace {
    /// Files and settings of the namespace; gone from `stop` on. The lock is taken to make and to
    /// stop the namespace only.
    #[pin]
    interfaces: Mutex<Option<NetInterfaces>>,
    #[pin]
    state: NetnsState,
}

impl per_netns::Namespace for Namespace {
    type State = NetnsState;

    fn create(net: NetHold) -> Result<Pin<KBox<Self>>> {
        let namespace = KBox::pin_init(
            try_pin_init!(Self {
                interfaces <- new_mutex!(None, "lvs interfaces"),
                state <- NetnsState::new(net),
            }? Error),
            GFP_KERNEL,
        )?;
        *namespace.interfaces.lock() = Some(NetInterfaces::register(namespace.state.net())?);
        Ok(namespace)
    }

    fn state(&self) -> &NetnsState {
        &self.state
    }

    fn stop(&self) {
        // Not under the lock: readers of the files may be waiting for the rules lock.
        let interfaces = self.interfaces.lock().take();
        drop(interfaces);
        let mut rules = RulesGuard::lock(&self.state);
        rules.stop_daemons();
        rules.unhook();
    }
}
