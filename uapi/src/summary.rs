// SPDX-License-Identifier: MIT OR GPL-2.0

//! How a network namespace's connection table is, and what was counted beside services: attributes
//! of the answer of [`GET_SUMMARY`](crate::lvs::cmd::GET_SUMMARY).

/// Attributes in [`SUMMARY`](crate::lvs::attr::SUMMARY).
pub mod summary_attr {
    /// `u32`: connections and templates.
    pub const CONNS: u16 = 1;
    /// `u32`: buckets of their table.
    pub const BUCKETS: u16 = 2;
    /// `u32`: entries in the fullest one.
    pub const LONGEST: u16 = 3;
    /// `u64`: memory of buckets and entries, bytes.
    pub const BYTES: u16 = 4;
    /// `u64`: packets that left by the early path.
    pub const EARLY: u16 = 5;
    /// `u64`: packets that left by XDP.
    pub const XDP: u16 = 6;
    /// Nest of [`summary_drop_attr`](super::summary_drop_attr), one for each reason to drop
    /// packets.
    pub const DROP: u16 = 7;
    /// Highest number.
    pub const MAX: u16 = DROP;
}

/// Attributes in [`summary_attr::DROP`].
pub mod summary_drop_attr {
    /// NUL-terminated string: a name of [`DropReason`](crate::drop_reason::DropReason).
    pub const REASON: u16 = 1;
    /// `u64`: packets.
    pub const COUNT: u16 = 2;
    /// Highest number.
    pub const MAX: u16 = COUNT;
}
