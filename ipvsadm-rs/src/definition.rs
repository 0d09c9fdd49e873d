// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command line as clap knows it, for people: what completions and the manual are made from.

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::Arg;
use clap::ArgAction;
use clap::ValueHint;

use crate::candidates;
use crate::cli::options;
use crate::cli::options::Arity;
use crate::cli::options::Spec;
use crate::program::OWN_NAME;
use crate::sync;

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
                .help("show the difference, change nothing; exit with 1 if there is one")
                .action(ArgAction::SetTrue),
        );
    let watch = clap::Command::new("watch")
        .about("Show rates and connections as they change")
        .arg(
            Arg::new("interval")
                .long("interval")
                .value_name("SECONDS")
                .help("time between readings; the kernel has new rates every 2 seconds")
                .value_parser(seconds)
                .default_value("2"),
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
    vec![
        apply,
        watch,
        sync::arguments::command(),
        completions,
        man,
        candidates,
    ]
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

    #[test]
    fn clap_finds_no_contradiction() {
        whole().debug_assert();
    }
}
