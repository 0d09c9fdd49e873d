// SPDX-License-Identifier: MIT OR GPL-2.0

//! The subcommands `drain` and `undrain`: a server goes, and returns, without losing a connection.

pub mod arguments;

use std::thread;
use std::time::Duration;

use clap::ArgMatches;

use crate::cli::parse;
use crate::definition::SERVICE_OPTIONS;
use crate::error::Error;
use crate::exit::DIFFERENT;
use crate::exit::REFUSED;
use crate::exit::SUCCESS;
use crate::exit::USAGE;
use crate::model::drain::DrainRequest;
use crate::model::drain::Persistent;
use crate::model::drain::Then;
use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::ServiceId;
use crate::netlink::drain_control::DrainControl;
use crate::netlink::drain_control::DrainNetlink;
use crate::program::OWN_NAME;
use crate::stdio::complain;
use crate::sys::names::System;

/// Time between two questions how far a drain is.
const PAUSE: Duration = Duration::from_millis(200);

/// What a command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    /// To drain, and maybe to wait until that is over.
    Drain(DrainRequest, bool),
    /// To have the server return.
    Undrain,
}

/// Drains a server. Gives the exit status.
pub fn drain(matches: &ArgMatches) -> u8 {
    let word = |id| matches.get_one::<String>(id).map(String::as_str);
    let asked = DrainRequest {
        seconds: matches.get_one("for").copied(),
        // Clap takes no other words.
        then: word("then").and_then(Then::from_word).unwrap_or_default(),
        persistent: word("persistent")
            .and_then(Persistent::from_word)
            .unwrap_or_default(),
    };
    run(matches, &Task::Drain(asked, matches.get_flag("wait")))
}

/// Has a server return. Gives the exit status.
pub fn undrain(matches: &ArgMatches) -> u8 {
    run(matches, &Task::Undrain)
}

fn run(matches: &ArgMatches, task: &Task) -> u8 {
    let (id, dest) = match named(matches) {
        Ok(named) => named,
        Err(text) => {
            complain!("{text}");
            return USAGE;
        }
    };
    let mut control = match DrainNetlink::open() {
        Ok(control) => control,
        Err(error) => {
            complain!("{OWN_NAME}: only lvs knows this, and it isn't loaded: {error}");
            return USAGE;
        }
    };
    take(&mut control, &id, &dest, task).unwrap_or_else(|error| {
        complain!("{error}");
        REFUSED
    })
}

fn take(
    control: &mut dyn DrainControl,
    id: &ServiceId,
    dest: &Dest,
    task: &Task,
) -> Result<u8, Error> {
    match task {
        Task::Undrain => control.undrain(id, dest).map(|()| SUCCESS),
        Task::Drain(asked, is_awaited) => {
            control.drain(id, dest, asked)?;
            if !is_awaited {
                return Ok(SUCCESS);
            }
            loop {
                let entry = control.dest(id, dest)?;
                if let Some(status) = verdict(&entry) {
                    return Ok(status);
                }
                thread::sleep(PAUSE);
            }
        }
    }
}

/// The exit status once a drain is over; somebody may have ended it meanwhile.
fn verdict(entry: &DestEntry) -> Option<u8> {
    match entry.drain {
        Some(drain) if !drain.is_over => None,
        Some(drain) if !drain.has_left => Some(SUCCESS),
        _ => Some(DIFFERENT),
    }
}

/// The service and the server that a command line names.
fn named(matches: &ArgMatches) -> Result<(ServiceId, Dest), String> {
    let given = |option: &&str| matches.contains_id(option);
    let text = |id: &str| matches.get_one::<String>(id).cloned().unwrap_or_default();
    // Clap makes sure that there is one.
    let option = SERVICE_OPTIONS.into_iter().find(given).unwrap_or_default();
    let service = (option, text(option));
    parse::server(
        (service.0, &service.1),
        &text("real-server"),
        matches.get_flag("ipv6"),
        &System,
    )
    .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::Drain;
    use crate::model::Forward;
    use crate::model::Stats;
    use crate::model::Tunnel;

    fn entry(is_over: Option<bool>, has_left: bool) -> DestEntry {
        DestEntry {
            dest: Dest {
                addr: [10, 0, 0, 2].into(),
                port: 80,
                forward: Forward::Masq,
                tunnel: Tunnel::default(),
                weight: 0,
                u_threshold: 0,
                l_threshold: 0,
            },
            active: 0,
            // What is over is still counted.
            inactive: 3,
            persistent: 0,
            drain: is_over.map(|is_over| Drain {
                is_over,
                has_left,
                ..Drain::default()
            }),
            ramp: None,
            stats: Stats::default(),
        }
    }

    /// A server that is drained after so many questions.
    struct Server(u32);

    impl DrainControl for Server {
        fn drain(&mut self, _: &ServiceId, _: &Dest, _: &DrainRequest) -> Result<(), Error> {
            Ok(())
        }

        fn undrain(&mut self, _: &ServiceId, _: &Dest) -> Result<(), Error> {
            Ok(())
        }

        fn dest(&mut self, _: &ServiceId, _: &Dest) -> Result<DestEntry, Error> {
            self.0 = self.0.saturating_sub(1);
            Ok(entry(Some(self.0 == 0), false))
        }
    }

    #[test]
    fn waiting_ends_with_the_drain() {
        let matches = arguments::commands()[0]
            .clone()
            .try_get_matches_from(["drain", "-t", "10.0.0.1:80", "-r", "10.0.0.2"])
            .expect("a command line");
        let (id, dest) = named(&matches).expect("a server");
        assert_eq!(dest.port, 80);
        let task = Task::Drain(DrainRequest::default(), true);
        let status = take(&mut Server(2), &id, &dest, &task);
        assert_eq!(status.ok(), Some(SUCCESS));
    }

    #[test]
    fn what_is_left_is_told_by_the_status() {
        assert_eq!(verdict(&entry(Some(false), false)), None);
        assert_eq!(verdict(&entry(Some(true), false)), Some(SUCCESS));
        assert_eq!(verdict(&entry(Some(true), true)), Some(DIFFERENT));
        assert_eq!(verdict(&entry(None, false)), Some(DIFFERENT));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let [drain, undrain] = arguments::commands();
        for line in [
            "drain",
            "drain -t 10.0.0.1:80",
            "drain -t 10.0.0.1:80 -u 10.0.0.1:80 -r 10.0.0.2",
            "drain -t 10.0.0.1:80 -r 10.0.0.2 --then reset",
            "drain -t 10.0.0.1:80 -r 10.0.0.2 --for 5s --then explode",
            "drain -t 10.0.0.1:80 -r 10.0.0.2 --persistent stay",
            "undrain -t 10.0.0.1:80 -r 10.0.0.2 --wait",
        ] {
            let command = if line.starts_with('d') {
                drain.clone()
            } else {
                undrain.clone()
            };
            assert!(
                command.try_get_matches_from(line.split(' ')).is_err(),
                "{line}"
            );
        }
    }
}
