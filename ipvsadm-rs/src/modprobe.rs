// SPDX-License-Identifier: MIT OR GPL-2.0

//! Loads the kernel module.

use std::process::Command;
use std::process::Stdio;

/// Runs `modprobe ip_vs`. A package that brings another implementation has an alias of that name.
pub fn load() -> bool {
    Command::new("/sbin/modprobe")
        .args(["--", "ip_vs"])
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
