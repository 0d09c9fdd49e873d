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
    // `none` stands for a service without an algorithm.
    let listed: BTreeSet<_> = SCHEDULERS.iter().copied().collect();
    let mut known = names();
    known.insert("none");
    assert_eq!(listed, known);
}

/// What asks for the module of an algorithm of ip_vs gets lvs.
#[test]
fn lvs_stands_in_for_each_module_of_ip_vs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/lvs.conf");
    let text = fs::read_to_string(path).expect("modprobe's configuration");
    let modules: BTreeSet<_> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("install ip_vs_")?
                .split_once(" /sbin/modprobe -q lvs ")
        })
        .map(|(name, _)| name)
        // These are no schedulers.
        .filter(|name| !matches!(*name, "ftp" | "pe_sip"))
        .collect();
    assert_eq!(modules, names());
}
