// SPDX-License-Identifier: MIT OR GPL-2.0

//! What ipvsadm doesn't have: words instead of options.
//!
//! ipvsadm refuses every command line that starts with a word, so no command line changes its
//! meaning.

use std::fs;
use std::io;
use std::io::Read;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::ArgMatches;

use crate::apply;
use crate::apply::run::Applied;
use crate::apply::State;
use crate::candidates;
use crate::check;
use crate::check::Demand;
use crate::cli::parse;
use crate::completions;
use crate::definition;
use crate::definition::SERVICE_OPTIONS;
use crate::drain;
use crate::exit::DIFFERENT;
use crate::exit::REFUSED;
use crate::exit::SUCCESS;
use crate::exit::USAGE;
use crate::explain;
use crate::manual;
use crate::metrics;
use crate::metrics::Scope;
use crate::monitor;
use crate::open::open;
use crate::program::OWN_NAME;
use crate::state;
use crate::stdio::complain;
use crate::stdio::finished;
use crate::stdio::print;
use crate::stdio::to_stderr;
use crate::sync;
use crate::sys::names::System;
use crate::trace;
use crate::watch;
use crate::xdp;

/// Runs a subcommand, if the first word is one. Gives the exit status.
pub fn run(words: &[String]) -> Option<u8> {
    let name = words.first()?;
    let definition = definition::subcommands()
        .into_iter()
        .find(|definition| {
            let mut names = definition.get_name_and_visible_aliases().into_iter();
            names.any(|known| known == name)
        })?
        .bin_name(format!("{OWN_NAME} {name}"));
    let name = definition.get_name().to_owned();
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
        "drain" => drain::drain(&matches),
        "undrain" => drain::undrain(&matches),
        "monitor" => monitor::run(matches.get_flag("json")),
        "explain" => explain::run(&matches),
        "save-state" => state::save(&matches),
        "load-state" => state::load(&matches),
        "sync" => sync::run(&matches),
        "trace" => trace::run(&matches),
        "xdp" => xdp::run(&matches),
        "check" => check(&matches),
        "metrics" => metrics::run(&scope(&matches)),
        "exporter" => metrics::exporter::run(&text_of(&matches, "listen"), &scope(&matches)),
        "completions" => print(&completions::script(&text_of(&matches, "shell"))),
        "man" => print(&manual::page()),
        "candidates" => match open() {
            Ok(mut client) => {
                let words = matches.get_many::<String>("words").unwrap_or_default();
                let words: Vec<String> = words.cloned().collect();
                let kind = text_of(&matches, "kind");
                print(&candidates::list(&mut client, &kind, &words))
            }
            Err(status) => status,
        },
        _ => USAGE,
    })
}

fn text_of(matches: &ArgMatches, id: &str) -> String {
    matches.get_one::<String>(id).cloned().unwrap_or_default()
}

/// What there are metrics of.
fn scope(matches: &ArgMatches) -> Scope {
    let services = matches.get_many("service").unwrap_or_default();
    Scope {
        per_server: matches.get_flag("per-server"),
        services: services.copied().collect(),
    }
}

fn check(matches: &ArgMatches) -> u8 {
    let given = |option: &&str| matches.contains_id(option);
    // Clap makes sure that there is one.
    let option = SERVICE_OPTIONS.into_iter().find(given).unwrap_or_default();
    let text = text_of(matches, option);
    let number = |id| matches.get_one(id).copied().unwrap_or_default();
    match parse::service(option, &text, matches.get_flag("ipv6"), &System) {
        Ok(id) => check::run(
            &id,
            Demand {
                servers: number("min-servers"),
                weight: number("min-weight"),
            },
            matches.get_flag("json"),
        ),
        Err(error) => {
            complain!("{error}");
            USAGE
        }
    }
}

fn watch(matches: &ArgMatches) -> u8 {
    let interval = matches.get_one::<Duration>("interval").copied();
    match open() {
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
    let mut client = match open() {
        Ok(client) => client,
        Err(status) => return status,
    };
    let Applied { steps, result } = match apply::run::apply(&mut client, wanted, dry_run) {
        Ok(applied) => applied,
        Err(error) => {
            complain!("{error}");
            return REFUSED;
        }
    };
    // A closed stdout doesn't stop the change.
    let shown = print(&apply::diff::show(&steps));
    match result {
        Ok(()) if dry_run && shown == SUCCESS && !steps.is_empty() => DIFFERENT,
        Ok(()) => shown,
        Err(failure) => {
            match &failure.line {
                Some(line) => complain!("{OWN_NAME}: {line}: {}", failure.error),
                None => complain!("{OWN_NAME}: {}", failure.error),
            }
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
