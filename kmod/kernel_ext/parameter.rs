// SPDX-License-Identifier: GPL-2.0

//! Parameters that can be read in `/sys/module/lvs/parameters`, which Rust's `module!` can't have.

use super::bindings;

/// What `conn_tab_bits` is.
pub(crate) fn conn_tab_bits() -> i32 {
    // SAFETY: Has no preconditions.
    unsafe { bindings::lvs_conn_tab_bits() }
}

/// Shows `bits` as what `conn_tab_bits` came to. Called while the module is loaded.
pub(crate) fn set_conn_tab_bits(bits: i32) {
    // SAFETY: As above; who reads the parameter meanwhile sees the former or the new number.
    unsafe { bindings::lvs_set_conn_tab_bits(bits) }
}
