// SPDX-License-Identifier: MIT OR GPL-2.0

//! Help, version and the hint for the lost.

use lvs_uapi::limits::version_parts;
use lvs_uapi::limits::IP_VS_VERSION_CODE;

/// The date of this release, year/month/day.
const RELEASE_DATE: &str = "2026/11/23";

/// The help text, the program's name left open.
const HELP: &str = include_str!("help.txt");

/// What the program's own name adds to it.
const ADDITIONS: &str = include_str!("help_additions.txt");

/// The version line.
pub fn version() -> String {
    let (major, minor, patch) = version_parts(IP_VS_VERSION_CODE);
    let release = env!("CARGO_PKG_VERSION");
    format!(
        "ipvsadm-rs v{release} {RELEASE_DATE} (compiled with clap and IPVS v{major}.{minor}.{patch})\n"
    )
}

/// The help text.
pub fn help(program: &str) -> String {
    version() + &HELP.replace("PROGRAM", program)
}

/// What ipvsadm doesn't have.
pub fn additions(program: &str) -> String {
    ADDITIONS.replace("PROGRAM", program)
}

/// Where to find help.
pub fn hint(program: &str) -> String {
    format!("Try `{program} -h' or '{program} --help' for more information.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_the_program() {
        let text = help("/sbin/ipvsadm");
        assert!(text.contains("\n  /sbin/ipvsadm -S [-n]\n"));
        assert!(!text.contains("PROGRAM"));
    }
}
