// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command line as clap knows it, for people: what completions and the manual are made from.

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::value_parser;
use clap::Arg;
use clap::ArgAction;
use clap::ArgGroup;
use clap::ValueHint;

use crate::candidates;
use crate::cli::options;
use crate::cli::options::Arity;
use crate::cli::options::Spec;
use crate::cli::parse;
use crate::drain;
use crate::explain;
use crate::model::ServiceId;
use crate::program::OWN_NAME;
use crate::state;
use crate::sync;
use crate::sys::names::System;
use crate::trace;
use crate::xdp;

/// Options and subcommands, but not those that only shells use.
pub fn whole() -> clap::Command {
    let visible = subcommands().into_iter();
    clap::Command::new(OWN_NAME)
        .about("Administration of IP virtual servers")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .args(options::all().map(arg))
        .subcommands(visible.filter(|command| !command.is_hide_set()))
}

/// Options that name a service.
pub const SERVICE_OPTIONS: [&str; 4] = [
    "tcp-service",
    "udp-service",
    "sctp-service",
    "fwmark-service",
];

/// An option as clap has it.
fn arg(spec: &Spec) -> Arg {
    let mut arg = Arg::new(spec.long).long(spec.long).help(spec.help);
    if let Some(letter) = spec.short {
        arg = arg.short(letter);
    }
    if let Some(letter) = spec.alias {
        arg = arg.visible_short_alias(letter);
    }
    if !spec.values.is_empty() {
        arg = arg.value_parser(PossibleValuesParser::new(spec.values.to_vec()));
    }
    match spec.arity() {
        Arity::None => arg.action(ArgAction::SetTrue),
        Arity::One => arg.action(ArgAction::Set).value_name(spec.value_name()),
        Arity::Optional => arg
            .action(ArgAction::Set)
            .value_name(spec.value_name())
            .num_args(0..=1),
    }
}

/// The subcommands as clap has them.
pub fn subcommands() -> Vec<clap::Command> {
    let apply = clap::Command::new("apply")
        .about("Make the table equal to a file's: saved rules, JSON or TOML")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .help("file to apply, - for standard input")
                .required(true)
                .value_hint(ValueHint::FilePath),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .help("show the difference, change nothing; exit with 1 if there is one, with 255 if lvs would refuse it")
                .action(ArgAction::SetTrue),
        );
    let watch = clap::Command::new("watch")
        .visible_alias("top")
        .about("Show rates, their last minute, states and drops as they change")
        .arg(
            Arg::new("interval")
                .long("interval")
                .value_name("SECONDS")
                .help("time between readings; the kernel has new rates every 2 seconds")
                .value_parser(seconds)
                .default_value("2"),
        );
    let monitor = clap::Command::new("monitor")
        .about("Print what happens to services and servers, as lvs tells it, until a signal comes")
        .arg(
            Arg::new("json")
                .long("json")
                .help("an object of JSON a line")
                .action(ArgAction::SetTrue),
        );
    let completions = clap::Command::new("completions")
        .about("Print the completions of a shell")
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(["bash", "zsh", "fish"]),
        );
    let man = clap::Command::new("man").about("Print the manual page");
    let candidates = clap::Command::new("candidates")
        .about("Print services or servers to complete with")
        .hide(true)
        .arg(
            Arg::new("kind")
                .required(true)
                .value_parser(candidates::KINDS),
        )
        .arg(Arg::new("words").num_args(0..).last(true));
    let [drain, undrain] = drain::arguments::commands();
    let [save_state, load_state] = state::arguments::commands();
    vec![
        apply,
        watch,
        monitor,
        drain,
        undrain,
        explain::arguments::command(),
        save_state,
        load_state,
        sync::arguments::command(),
        trace::arguments::command(service),
        xdp::arguments::command(),
        check(),
        metrics(),
        exporter(),
        completions,
        man,
        candidates,
    ]
}

/// Whether a service has servers.
fn check() -> clap::Command {
    clap::Command::new("check")
        .about("Tell whether a service has servers; exit with 1 if it hasn't")
        .args(SERVICE_OPTIONS.into_iter().chain(["ipv6"]).filter_map(own))
        .group(
            ArgGroup::new("service")
                .args(SERVICE_OPTIONS)
                .required(true),
        )
        .arg(
            Arg::new("min-servers")
                .long("min-servers")
                .value_name("N")
                .help("servers with a weight above 0 that it needs")
                .value_parser(value_parser!(u64))
                .default_value("1"),
        )
        .arg(
            Arg::new("min-weight")
                .long("min-weight")
                .value_name("W")
                .help("sum of its servers' weights that it needs")
                .value_parser(value_parser!(u64))
                .default_value("0"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .help("for programs, as JSON on one line")
                .action(ArgAction::SetTrue),
        )
}

/// Metrics as Prometheus reads them.
fn metrics() -> clap::Command {
    scoped(clap::Command::new("metrics").about("Print metrics as Prometheus reads them"))
}

/// Metrics over HTTP.
fn exporter() -> clap::Command {
    let command = clap::Command::new("exporter")
        .about("Serve metrics over HTTP, at /metrics")
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDR")
                .help("address:port to listen at")
                .required(true),
        );
    scoped(command)
}

/// With the options that say what there are metrics of.
fn scoped(command: clap::Command) -> clap::Command {
    command
        .arg(
            Arg::new("per-server")
                .long("per-server")
                .help("metrics of each server, too")
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("service")
                .long("service")
                .value_name("SERVICE")
                .help("only of this service and of others named so, as tcp:10.0.0.1:80 or fwmark:5")
                .value_parser(service)
                .action(ArgAction::Append),
        )
}

/// An option of the program's own as one of a subcommand.
pub fn own(long: &str) -> Option<Arg> {
    options::by_long(long).map(arg)
}

/// A service as one word: what its option is called, then the option's value.
fn service(text: &str) -> Result<ServiceId, String> {
    let (kind, value) = text.split_once(':').unwrap_or_default();
    let (option, is_ipv6) = match kind {
        "tcp" => ("tcp-service", false),
        "udp" => ("udp-service", false),
        "sctp" => ("sctp-service", false),
        "fwmark" => ("fwmark-service", false),
        "fwmark6" => ("fwmark-service", true),
        _ => return Err("has to begin with tcp:, udp:, sctp:, fwmark: or fwmark6:".to_owned()),
    };
    parse::service(option, value, is_ipv6, &System).map_err(|error| error.to_string())
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("has to be 0.1 to 3600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;
    use crate::model::Protocol;

    #[test]
    fn clap_finds_no_contradiction() {
        whole().debug_assert();
    }

    #[test]
    fn a_word_names_a_service() {
        let address = |protocol, addr: &str, port| {
            let addr = addr.parse().expect("an address");
            Ok(ServiceId::Address {
                protocol,
                addr,
                port,
            })
        };
        let mark = |family| Ok(ServiceId::Mark { mark: 5, family });
        for (text, expected) in [
            ("tcp:10.0.0.1:80", address(Protocol::TCP, "10.0.0.1", 80)),
            (
                "udp:[2001:db8::1]:53",
                address(Protocol::UDP, "2001:db8::1", 53),
            ),
            ("sctp:10.0.0.1:0", address(Protocol::SCTP, "10.0.0.1", 0)),
            ("fwmark:5", mark(Family::V4)),
            ("fwmark6:5", mark(Family::V6)),
        ] {
            assert_eq!(service(text), expected, "{text}");
        }
        for text in [
            "",
            "tcp",
            "tcp:",
            "10.0.0.1:80",
            "TCP:10.0.0.1:80",
            "fwmark:0",
            "tcp:1.2.3.4:x",
        ] {
            assert!(service(text).is_err(), "{text}");
        }
    }
}
