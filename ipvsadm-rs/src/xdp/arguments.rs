// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command lines of `xdp`.

use clap::Arg;
use clap::ArgAction;
use clap::Command;

/// `xdp` as clap has it.
pub fn command() -> Command {
    let devices = || {
        Arg::new("device")
            .value_name("DEVICE")
            .help("network device")
            .num_args(1..)
    };
    let all = |help| {
        Arg::new("all")
            .long("all")
            .help(help)
            .action(ArgAction::SetTrue)
    };
    let attach = Command::new("attach")
        .about("Have established connections' frames leave before a packet is made of them")
        .arg(devices().required(true));
    let detach = Command::new("detach")
        .about("Give the frames of devices back to the stack")
        .arg(
            devices()
                .required_unless_present("all")
                .conflicts_with("all"),
        )
        .arg(all(
            "all devices of all network namespaces: then the module can be unloaded",
        ));
    let list = Command::new("list")
        .about("Show to which devices it is attached")
        .arg(all("those of all network namespaces"))
        .arg(
            Arg::new("json")
                .long("json")
                .help("print a JSON document")
                .action(ArgAction::SetTrue),
        );
    let check = Command::new("check")
        .about("Tell whether it can be attached, and why not; exit with 1 if not")
        .arg(devices().help("network device; without any all that aren't loopback"));
    Command::new("xdp")
        .about("The way in front of the stack")
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommand(attach)
        .subcommand(detach)
        .subcommand(list)
        .subcommand(check)
}
