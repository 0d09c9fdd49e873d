// SPDX-License-Identifier: GPL-2.0

//! Safe access to the kernel's C interfaces. All unsafe code of the module is below here.

pub(crate) mod address;
mod atomic;
mod bindings;
mod buckets;
pub(crate) mod conntrack;
pub(crate) mod device;
pub(crate) mod early;
pub(crate) mod genl;
pub(crate) mod hook;
mod identity;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod netns;
pub(crate) mod nla;
pub(crate) mod once;
pub(crate) mod output;
pub(crate) mod packet;
pub(crate) mod parameter;
pub(crate) mod percpu;
pub(crate) mod procfs;
pub(crate) mod rcu;
pub(crate) mod retired;
pub(crate) mod rival;
pub(crate) mod route;
mod sctp;
pub(crate) mod slab;
pub(crate) mod sockopt;
pub(crate) mod sysctl;
pub(crate) mod table;
pub(crate) mod thread;
pub(crate) mod time;
mod tunnel;
pub(crate) mod user;
pub(crate) mod work;
