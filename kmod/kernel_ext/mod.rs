// SPDX-License-Identifier: GPL-2.0

//! Safe access to the kernel's C interfaces. All unsafe code of the module is below here, and every
//! safe function is meant to be sound whatever safe code calls it.
//!
//! Each block of unsafe code has a comment that proves it, and each type whose proofs rest on it a
//! list of invariants. The documentation of each file says which promises of the kernel's C code it
//! relies on, and which tests would notice a breach: the scenarios are in `qemu/scenarios`, where
//! any complaint of the kernel fails them, and names in brackets are regressions among them.
//! `make check` keeps that.
//!
//! Whatever is registered is counted: of a namespace by [`net::netns::NetHold`] and by what hooks,
//! files and settings have of it, of the module by what is registered for all namespaces. An end
//! waits for the counts, so a registration that is kept, forgotten or dropped in another order
//! makes it wait for good, and says so in the log; it isn't called without what it needs.
//!
//! What types don't say here, as they don't in the kernel crate: a function that sleeps is called
//! in process context, outside the read side and without a spin lock (`DEBUG_ATOMIC_SLEEP` of the
//! sanitized kernel sees a breach); the module's root object, and in it
//! [`net::per_netns::PerNetns`], is dropped when the module goes.
//!
//! The C of the module is in `c`.

mod bindings;
pub(crate) mod compat;
pub(crate) mod hmac;
pub(crate) mod ip_vs_guard;
pub(crate) mod mem;
pub(crate) mod net;
mod notifier;
pub(crate) mod task;
pub(crate) mod trace;
pub(crate) mod user;
