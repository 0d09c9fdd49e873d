// SPDX-License-Identifier: GPL-2.0

//! The module's parameters, which Rust's `module!` can't declare all of: lists, those readable in
//! `/sys/module/lvs/parameters`, and before 7.3 those that are on or off.
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

/// What `early_path` is.
pub(crate) fn early_path() -> bool {
    // SAFETY: Parameters are set before the module's code runs, and don't change.
    unsafe { bindings::lvs_early_path() }
}

/// The ports of FTP's control connections; 0 for none.
pub(crate) fn ftp_ports() -> impl Iterator<Item = u16> {
    (0..bindings::LVS_MAX_FTP_PORTS).map(|index| {
        // SAFETY: Parameters are set before the module's code runs, and don't change.
        unsafe { bindings::lvs_ftp_port(index) }
    })
}
