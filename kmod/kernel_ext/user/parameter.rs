// SPDX-License-Identifier: GPL-2.0

//! Parameters that Rust's `module!` can't declare: lists, and those readable in
//! `/sys/module/lvs/parameters`.
//!
//! Relies on: they are set before the module's code runs.
//!
//! A breach would be noticed by: `test-settings`, `test-ftp`.

use super::bindings;

/// What `conn_tab_bits` is.
pub(crate) fn conn_tab_bits() -> i32 {
    // SAFETY: An aligned load.
    unsafe { bindings::lvs_conn_tab_bits() }
}

/// Shows `bits` as what `conn_tab_bits` came to.
pub(crate) fn set_conn_tab_bits(bits: i32) {
    // SAFETY: An aligned store: a concurrent reader sees the former or the new number.
    unsafe { bindings::lvs_set_conn_tab_bits(bits) }
}

/// The ports of FTP's control connections; 0 for none.
pub(crate) fn control_ports() -> impl Iterator<Item = u16> {
    (0..bindings::LVS_MAX_CONTROL_PORTS).map(|index| {
        // SAFETY: Parameters are set before the module's code runs, and don't change.
        unsafe { bindings::lvs_control_port(index) }
    })
}
