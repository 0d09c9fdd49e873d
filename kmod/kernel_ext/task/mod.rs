// SPDX-License-Identifier: GPL-2.0

//! Locks, threads, deferred work and time.

pub(crate) mod cpu_list;
pub(crate) mod driven;
pub(crate) mod lock;
pub(crate) mod thread;
pub(crate) mod time;
pub(crate) mod work;

use super::bindings;
