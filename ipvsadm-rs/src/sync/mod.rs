// SPDX-License-Identifier: MIT OR GPL-2.0

//! The subcommand `sync`: what lvs has beyond ip_vs's synchronisation.

pub mod arguments;
mod secret;
mod show;
mod wait;

use std::net::SocketAddr;
use std::time::Duration;

use clap::ArgMatches;

use crate::error::Error;
use crate::exit::DIFFERENT;
use crate::exit::REFUSED;
use crate::exit::SUCCESS;
use crate::exit::USAGE;
use crate::model::sync::Policy;
use crate::model::sync::SyncChange;
use crate::netlink::sync_control::SyncControl;
use crate::netlink::sync_control::SyncNetlink;
use crate::program::OWN_NAME;
use crate::stdio::complain;
use crate::stdio::print;

/// Runs it. Gives the exit status.
pub fn run(matches: &ArgMatches) -> u8 {
    let change = match change(matches) {
        Ok(change) => change,
        Err(text) => {
            complain!("{OWN_NAME}: {text}");
            return USAGE;
        }
    };
    let mut control = match SyncNetlink::open() {
        Ok(control) => control,
        Err(error) => {
            complain!("{OWN_NAME}: only lvs knows this, and it isn't loaded: {error}");
            return USAGE;
        }
    };
    if let Some(change) = change {
        return status_of(control.make(&change).map(|()| SUCCESS));
    }
    match matches.subcommand() {
        Some(("wait", matches)) => {
            let timeout = matches.get_one::<Duration>("timeout").copied();
            let in_sync = wait::until_in_sync(&mut control, &mut wait::Steady::new(timeout));
            status_of(in_sync.map(|yes| if yes { SUCCESS } else { DIFFERENT }))
        }
        Some((_, matches)) => {
            let shown = control.status().map(|status| {
                print(&match matches.get_flag("json") {
                    true => show::json(&status),
                    false => show::text(&status),
                })
            });
            status_of(shown)
        }
        None => USAGE,
    }
}

/// The exit status of what was asked of the kernel. Explains why it refused.
fn status_of(result: Result<u8, Error>) -> u8 {
    result.unwrap_or_else(|error| {
        complain!("{error}");
        REFUSED
    })
}

/// The change that is wanted, if one is, or why it can't be.
fn change(matches: &ArgMatches) -> Result<Option<SyncChange>, String> {
    let id = |matches: &ArgMatches| matches.get_one::<u16>("id").copied().unwrap_or_default();
    let addr = |matches: &ArgMatches| {
        let addr = matches.get_one::<SocketAddr>("address").copied();
        addr.ok_or_else(|| "no address".to_owned())
    };
    Ok(Some(match matches.subcommand() {
        Some(("receive", matches)) => {
            let word = matches.get_one::<String>("what").map(String::as_str);
            SyncChange::Receive(match word {
                Some("signed") => Policy::Signed,
                _ => Policy::Any,
            })
        }
        Some(("key", matches)) => match matches.subcommand() {
            Some(("add", matches)) => {
                let path = matches.get_one::<String>("file").map(String::as_str);
                SyncChange::AddKey(id(matches), secret::read(path.unwrap_or("-"))?)
            }
            Some(("remove", matches)) => SyncChange::RemoveKey(id(matches)),
            Some(("use", matches)) => SyncChange::Sign(id(matches)),
            _ => return Ok(None),
        },
        Some(("peer", matches)) => match matches.subcommand() {
            Some(("add", matches)) => SyncChange::AddPeer(addr(matches)?),
            Some(("remove", matches)) => SyncChange::RemovePeer(addr(matches)?),
            _ => return Ok(None),
        },
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<ArgMatches, clap::Error> {
        arguments::command().try_get_matches_from(line.split(' '))
    }

    fn wanted(line: &str) -> Option<SyncChange> {
        change(&parsed(line).expect("a command line")).expect("a change")
    }

    #[test]
    fn words_are_changes() {
        let v4: SocketAddr = "10.0.0.2:0".parse().expect("an address");
        let v6: SocketAddr = "[fd00::2]:8849".parse().expect("an address");
        for (line, expected) in [
            ("sync receive signed", SyncChange::Receive(Policy::Signed)),
            ("sync receive any", SyncChange::Receive(Policy::Any)),
            ("sync key use 4", SyncChange::Sign(4)),
            ("sync key remove 4", SyncChange::RemoveKey(4)),
            ("sync peer add 10.0.0.2", SyncChange::AddPeer(v4)),
            (
                "sync peer remove [fd00::2]:8849",
                SyncChange::RemovePeer(v6),
            ),
        ] {
            assert!(wanted(line) == Some(expected), "{line}");
        }
        for line in [
            "sync status --json",
            "sync wait --timeout 90s",
            "sync status",
        ] {
            assert!(wanted(line).is_none(), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "sync",
            "sync key",
            "sync key add",
            "sync key add 0",
            "sync key add 65536",
            "sync key remove",
            "sync peer add",
            "sync peer add localhost",
            "sync peer add 224.0.0.81",
            "sync peer add [fd00::2",
            "sync receive nothing",
            "sync wait --timeout 0",
            "sync wait --timeout 5x",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
