// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command lines of `save-state` and `load-state`.

use clap::Arg;
use clap::ArgAction;
use clap::Command;
use clap::ValueHint;

/// Both as clap has them.
pub fn commands() -> [Command; 2] {
    let save = Command::new("save-state")
        .about("Keep connections, counters and drains in a file, while the module is replaced")
        .arg(file("file to write, - for standard output"));
    let load = Command::new("load-state")
        .about(
            "Take in what save-state kept, once the rules are there; exit with 1 if something \
             found no place",
        )
        .arg(file("file to read, - for standard input"))
        .arg(
            Arg::new("check")
                .long("check")
                .help("look at the file only, change nothing")
                .action(ArgAction::SetTrue),
        );
    [save, load]
}

fn file(help: &'static str) -> Arg {
    Arg::new("file")
        .value_name("FILE")
        .help(help)
        .required(true)
        .value_hint(ValueHint::FilePath)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_contradiction() {
        for command in commands() {
            command.debug_assert();
        }
    }
}
