// SPDX-License-Identifier: GPL-2.0

//! The control plane: how administrators see and change the tables.
//!
//! Every interface is ip_vs's own, to the byte: netlink (`genl`), socket options (`sockopt`), files
//! (`procfs`) and settings (`params`). None of them but the settings keeps anything; they all go
//! through [`crate::table`].

mod genl;
mod names;
pub(crate) mod params;
mod procfs;
mod validate;

use kernel::prelude::*;

use crate::kernel_ext::netns::Net;
use crate::kernel_ext::{
    genl as netlink,
    procfs as files,
    sysctl, //
};

/// The interfaces that exist once for all network namespaces.
pub(crate) struct Interfaces {
    _genl: netlink::Registration,
}

impl Interfaces {
    /// Makes them available.
    pub(crate) fn register() -> Result<Self> {
        Ok(Self {
            _genl: genl::register()?,
        })
    }
}

/// The interfaces that every network namespace has of its own. They must go before its state does;
/// dropping them waits for accesses that are under way.
pub(crate) struct NetInterfaces {
    _files: files::Files,
    _settings: sysctl::Table,
}

impl NetInterfaces {
    /// Makes those of `net` available.
    pub(crate) fn register(net: Net) -> Result<Self> {
        Ok(Self {
            _files: procfs::create(net)?,
            _settings: params::register(net)?,
        })
    }
}
