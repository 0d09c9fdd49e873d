// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command lines of `drain` and `undrain`.

use std::time::Duration;

use clap::Arg;
use clap::ArgAction;
use clap::ArgGroup;
use clap::Command;

use crate::definition::own;
use crate::definition::SERVICE_OPTIONS;
use crate::model::drain::Persistent;
use crate::model::drain::Then;
use crate::sync::arguments::time;

/// Longest time to a deadline, in seconds.
const LONGEST: u64 = i32::MAX as u64;

/// Both as clap has them.
pub fn commands() -> [Command; 2] {
    let drain = about_a_server(
        "drain",
        "Give a server no new connections, and wait for those it has",
    )
    .arg(
        Arg::new("for")
            .long("for")
            .value_name("TIME")
            .help("until this deadline at most, as 300s or 5m; without it as long as it takes")
            .value_parser(deadline),
    )
    .arg(
        word("then", "WHAT", Then::WORDS)
            .help("what becomes of connections that are left at the deadline")
            .requires("for"),
    )
    .arg(word("persistent", "WHERE", Persistent::WORDS).help(
        "whether clients that persistence holds go to another server or stay until their \
         templates end",
    ))
    .arg(
        Arg::new("wait")
            .long("wait")
            .help("return when the drain is over; exit with 1 if connections are left")
            .action(ArgAction::SetTrue),
    );
    let undrain = about_a_server("undrain", "Give a drained server connections again");
    [drain, undrain]
}

/// The first of the words is the default.
fn word(name: &'static str, value: &'static str, words: &'static [&'static str]) -> Arg {
    let arg = Arg::new(name).long(name).value_name(value);
    let arg = arg.value_parser(words.to_vec());
    match words.first() {
        Some(first) => arg.default_value(*first),
        None => arg,
    }
}

fn about_a_server(name: &'static str, about: &'static str) -> Command {
    let options = SERVICE_OPTIONS.into_iter().chain(["ipv6"]);
    Command::new(name)
        .about(about)
        .args(options.filter_map(own))
        .args(own("real-server").map(|arg| arg.required(true)))
        .group(
            ArgGroup::new("service")
                .args(SERVICE_OPTIONS)
                .required(true),
        )
}

/// A time of whole seconds, 1 at least.
fn deadline(text: &str) -> Result<u32, String> {
    let time: Duration = time(text)?;
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(seconds.min(LONGEST)).map_err(|error| error.to_string())
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

    #[test]
    fn deadlines_are_whole_seconds() {
        for (text, seconds) in [("300s", 300), ("5m", 300), ("500ms", 1), ("7", 7)] {
            assert_eq!(deadline(text), Ok(seconds));
        }
        assert!(deadline("0").is_err() && deadline("soon").is_err());
    }
}
