// SPDX-License-Identifier: GPL-2.0

//! Linux Virtual Server: a layer-4 load balancer inside the network stack.

use kernel::prelude::*;

#[allow(dead_code)]
mod kernel_ext;

module! {
    type: Lvs,
    name: "lvs",
    authors: ["The lvs developers"],
    description: "Linux Virtual Server",
    license: "GPL",
}

/// The loaded module; dropped when it is removed.
struct Lvs;

impl kernel::Module for Lvs {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("loaded\n");
        Ok(Self)
    }
}

impl Drop for Lvs {
    fn drop(&mut self) {
        pr_info!("unloaded\n");
    }
}
