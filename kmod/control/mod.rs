// SPDX-License-Identifier: GPL-2.0

//! The control plane: how administrators see and change the tables.
//!
//! Every interface is ip_vs's own, to the byte: netlink (`genl`), socket options (`sockopt`), files
//! (`procfs`) and sysctls (`params`). None of them keeps anything; they all go through
//! [`crate::table`].

mod genl;
mod names;
mod validate;

use kernel::prelude::*;

/// The interfaces that exist once for all network namespaces.
pub(crate) struct Interfaces {
    _genl: crate::kernel_ext::genl::Registration,
}

impl Interfaces {
    /// Makes them available.
    pub(crate) fn register() -> Result<Self> {
        Ok(Self {
            _genl: genl::register()?,
        })
    }
}
