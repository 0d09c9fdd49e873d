// SPDX-License-Identifier: GPL-2.0

//! UDP flows: one state, one timeout.

/// Seconds an idle flow lives.
pub const TIMEOUT: u32 = 300;
