// SPDX-License-Identifier: GPL-2.0

//! Linux Virtual Server: a layer-4 load balancer inside the network stack.
//!
//! Read `datapath` for the packet's way, `table` for what it looks up, `control` for how that is
//! configured, and the crate `lvs_engine` for the decisions that need no kernel.

use kernel::prelude::*;
use kernel::sync::Arc;

mod control;
mod datapath;
mod kernel_ext;
mod table;

use kernel_ext::memory::Slab;
use kernel_ext::netns::PerNetns;
use table::NetnsState;

module! {
    type: Lvs,
    name: "lvs",
    authors: ["The lvs developers"],
    description: "Linux Virtual Server",
    license: "GPL",
}

/// The loaded module. Field order is teardown order.
#[pin_data]
struct Lvs {
    /// No new requests.
    #[pin]
    interfaces: control::Interfaces,
    /// No packets; all tables are emptied.
    #[pin]
    namespaces: PerNetns<NetnsState>,
    /// Waits for what was freed late, whose code is in this module.
    stragglers: kernel_ext::rcu::Stragglers,
}

impl kernel::InPlaceModule for Lvs {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            // First, to find out whether ip_vs is loaded.
            interfaces <- control::Interfaces::register(),
            stragglers: kernel_ext::rcu::Stragglers,
            namespaces <- {
                let slab = Arc::new(Slab::new(c"lvs_conn")?, GFP_KERNEL)?;
                table::netns_state::CONN_SLAB.populate(slab);
                PerNetns::register()
            },
        }? Error)
    }
}
