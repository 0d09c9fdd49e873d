// SPDX-License-Identifier: GPL-2.0

//! Safe access to the kernel's C interfaces. All unsafe code of the module is below here.

mod bindings;
pub(crate) mod ip_vs_guard;
pub(crate) mod mem;
pub(crate) mod net;
mod notifier;
pub(crate) mod task;
pub(crate) mod user;
