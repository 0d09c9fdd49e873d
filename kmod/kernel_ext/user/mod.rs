// SPDX-License-Identifier: GPL-2.0

//! What processes use: netlink, socket options, files, settings and parameters.

pub(crate) mod capability;
pub(crate) mod genl;
pub(crate) mod genl_group;
mod multicast;
pub(crate) mod netlink_watch;
pub(crate) mod nla;
pub(crate) mod parameter;
pub(crate) mod procfs;
pub(crate) mod sockopt;
pub(crate) mod sysctl;

use super::bindings;
