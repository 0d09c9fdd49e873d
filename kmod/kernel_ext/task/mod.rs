// SPDX-License-Identifier: GPL-2.0

//! Locks, gates, threads, deferred work and time.

pub(crate) mod bell;
pub(crate) mod cpu_list;
pub(crate) mod crew;
pub(crate) mod driven;
pub(in crate::kernel_ext) mod gate;
pub(crate) mod lock;
pub(crate) mod module_hold;
pub(crate) mod thread;
pub(crate) mod time;
pub(crate) mod work;

use super::bindings;
