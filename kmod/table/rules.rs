// SPDX-License-Identifier: GPL-2.0

//! Changes of the rules: services and servers come, change and go.
//!
//! Everything here runs in process context under the namespace's rules lock. What packets see is
//! replaced in one step each time; a change that fails leaves all as it was.

pub(crate) mod announce;
mod dests;
mod drained;
pub(super) mod drains;
pub(crate) mod guard;
mod hook_set;
mod hooks;
mod near;
mod per_family;
pub(super) mod record;
mod services;
mod starting;
pub(super) mod starts;
mod told;
mod totals;
pub(crate) mod transaction;
mod trash;
pub(crate) mod walk;
