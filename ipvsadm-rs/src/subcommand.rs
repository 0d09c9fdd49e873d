// SPDX-License-Identifier: MIT OR GPL-2.0

//! What ipvsadm doesn't have: words instead of options.
//!
//! ipvsadm refuses every command line that starts with a word, so these are in nobody's way.

use std::fs;
use std::io;
use std::io::Read;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::Arg;
use clap::ArgAction;
use clap::ArgMatches;
use clap::ValueHint;

use crate::app;
use crate::app::OWN_NAME;
use crate::app::REFUSED;
use crate::app::SUCCESS;
use crate::app::USAGE;
use crate::apply;
use crate::apply::State;
use crate::completions;
use crate::manual;
use crate::stdio::complain;
use crate::stdio::finished;
use crate::stdio::print;
use crate::stdio::to_stderr;
use crate::watch;

/// Exit status of `apply --dry-run`: something differs.
const DIFFERENT: u8 = 1;

/// The subcommands as clap has them.
pub fn definitions() -> Vec<clap::Command> {
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
                .value_parser(completions::KINDS),
        );
    vec![apply, watch, completions, man, candidates]
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("has to be 0.1 to 3600".to_owned()),
    }
}

/// Runs a subcommand, if the first word is one. Gives the exit status.
pub fn run(words: &[String]) -> Option<u8> {
    let name = words.first()?;
    let definition = definitions()
        .into_iter()
        .find(|definition| definition.get_name() == name)?
        .bin_name(format!("{OWN_NAME} {name}"));
    let matches = match definition.try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) => {
            let text = error.render().to_string();
            return Some(match error.kind() {
                ErrorKind::DisplayHelp => print(&text),
                _ => {
                    to_stderr(format_args!("{text}"));
                    USAGE
                }
            });
        }
    };
    Some(match name.as_str() {
        "apply" => apply(&matches),
        "watch" => watch(&matches),
        "completions" => print(&completions::script(&text_of(&matches, "shell"))),
        "man" => print(&manual::page()),
        "candidates" => match app::open() {
            Ok(mut client) => print(&completions::candidates(
                &mut client,
                &text_of(&matches, "kind"),
            )),
            Err(status) => status,
        },
        _ => USAGE,
    })
}

fn text_of(matches: &ArgMatches, id: &str) -> String {
    matches.get_one::<String>(id).cloned().unwrap_or_default()
}

fn watch(matches: &ArgMatches) -> u8 {
    let interval = matches.get_one::<Duration>("interval").copied();
    match app::open() {
        Ok(client) => finished(watch::run(
            client,
            interval.unwrap_or(Duration::from_secs(2)),
        )),
        Err(status) => status,
    }
}

fn apply(matches: &ArgMatches) -> u8 {
    let path = text_of(matches, "file");
    let text = match path.as_str() {
        "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        }
        path => fs::read_to_string(path),
    };
    let wanted = match text {
        Ok(text) => apply::file::read(&text).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match wanted {
        Ok(wanted) => apply_state(&wanted, matches.get_flag("dry-run")),
        Err(error) => {
            complain!("{OWN_NAME}: {path}: {error}");
            USAGE
        }
    }
}

fn apply_state(wanted: &State, dry_run: bool) -> u8 {
    let mut client = match app::open() {
        Ok(client) => client,
        Err(status) => return status,
    };
    let there = match State::of_kernel(&mut client, wanted) {
        Ok(there) => there,
        Err(error) => {
            complain!("{error}");
            return REFUSED;
        }
    };
    let steps = apply::plan::plan(&there, wanted);
    // Who doesn't read the difference still wants it applied.
    let shown = print(&apply::diff::show(&steps));
    if dry_run {
        return match shown {
            SUCCESS if !steps.is_empty() => DIFFERENT,
            status => status,
        };
    }
    match apply::run::take(client.control(), &steps) {
        Ok(()) => shown,
        Err(failure) => {
            complain!("{OWN_NAME}: {}: {}", failure.line, failure.error);
            for (line, error) in &failure.left {
                complain!("{OWN_NAME}: can't take back: {line}: {error}");
            }
            if failure.left.is_empty() {
                complain!("{OWN_NAME}: nothing was changed");
            }
            REFUSED
        }
    }
}
