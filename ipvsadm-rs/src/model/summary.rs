// SPDX-License-Identifier: MIT OR GPL-2.0

//! How lvs's connection table is, and what it counts beside services.

use lvs_uapi::drop_reason::DropReason;

/// Of one network namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Connections and templates.
    pub conns: u32,
    /// Buckets of their table.
    pub buckets: u32,
    /// Entries in the fullest one.
    pub longest: u32,
    /// Memory of both, bytes.
    pub bytes: u64,
    /// Packets that left by the early path.
    pub early: u64,
    /// Packets that left by XDP.
    pub xdp: u64,
    /// Packets that were dropped, by reason.
    pub drops: [u64; DropReason::COUNT],
}
