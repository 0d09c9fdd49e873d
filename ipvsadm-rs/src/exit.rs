// SPDX-License-Identifier: MIT OR GPL-2.0

//! What the program exits with.

/// All is well.
pub(crate) const SUCCESS: u8 = 0;
/// A listing failed.
pub(crate) const LIST_FAILED: u8 = 1;
/// `apply --dry-run` found something that differs.
pub(crate) const DIFFERENT: u8 = 1;
/// `explain` found no server for a packet.
pub(crate) const UNSERVED: u8 = 1;
/// `check` found that a service lacks servers.
pub(crate) const UNHEALTHY: u8 = 1;
/// The options make no sense, or there is no IPVS.
pub(crate) const USAGE: u8 = 2;
/// Nobody reads our output: what a shell reports of a death by `SIGPIPE`.
pub(crate) const BROKEN_PIPE: u8 = 128 + 13;
/// The kernel refused, or the command line is unreadable.
pub(crate) const REFUSED: u8 = 255;
