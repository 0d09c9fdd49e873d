// SPDX-License-Identifier: MIT OR GPL-2.0

//! The module's scheduling algorithms, wherever else they are listed by name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ipvsadm::cli::options::SCHEDULERS;
use lvs_engine::sched::Algorithm;

/// The names that the module knows.
fn names() -> BTreeSet<&'static str> {
    Algorithm::ALL.into_iter().map(Algorithm::name).collect()
}

#[test]
fn the_command_names_those_of_the_module() {
    assert_eq!(SCHEDULERS.iter().copied().collect::<BTreeSet<_>>(), names());
}

/// `modprobe ip_vs_NAME`, which the kernel's own programs do, loads lvs.
#[test]
fn each_has_the_alias_of_ip_vs_s_module() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/lvs.conf");
    let text = fs::read_to_string(path).expect("modprobe's configuration");
    let aliases: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("alias ip_vs_")?.strip_suffix(" lvs"))
        .filter(|name| *name != "ftp")
        .collect();
    assert_eq!(aliases, names());
}
