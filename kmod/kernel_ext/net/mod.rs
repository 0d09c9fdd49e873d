// SPDX-License-Identifier: GPL-2.0

//! The network stack: packets, routes, hooks and namespaces.

pub(crate) mod address;
pub(crate) mod conntrack;
pub(crate) mod device;
pub(crate) mod drops;
pub(crate) mod early;
pub(crate) mod hook;
mod ip_id;
pub(crate) mod netns;
pub(crate) mod output;
pub(crate) mod packet;
pub(crate) mod per_netns;
pub(crate) mod quoted;
pub(crate) mod route;
mod sctp;
pub(crate) mod socket;
pub(crate) mod tunnel;
pub(crate) mod xdp;
pub(crate) mod xt_match;

use super::bindings;
