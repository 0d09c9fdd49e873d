// SPDX-License-Identifier: GPL-2.0

//! Safe access to the kernel's C interfaces. All unsafe code of the module is below here.

mod bindings;
pub(crate) mod hook;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod netns;
pub(crate) mod output;
pub(crate) mod packet;
pub(crate) mod percpu;
pub(crate) mod rcu;
pub(crate) mod route;
pub(crate) mod table;
pub(crate) mod time;
pub(crate) mod work;
