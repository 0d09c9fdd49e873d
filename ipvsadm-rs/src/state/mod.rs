// SPDX-License-Identifier: MIT OR GPL-2.0

//! The subcommands `save-state` and `load-state`: connections and counters outlive the module.

pub mod arguments;
pub mod file;

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use clap::ArgMatches;

use crate::error::Error;
use crate::exit::DIFFERENT;
use crate::exit::REFUSED;
use crate::exit::SUCCESS;
use crate::exit::USAGE;
use crate::metrics::procfs;
use crate::model::drain::DrainRequest;
use crate::model::state::Loaded;
use crate::model::state::Placed;
use crate::model::state::State;
use crate::model::Dest;
use crate::model::ServiceId;
use crate::netlink::state_control::placed;
use crate::netlink::state_control::MoreCounted;
use crate::netlink::state_control::StateNetlink;
use crate::program::OWN_NAME;
use crate::stdio::complain;
use crate::stdio::print;

use file::Moment;

/// The present moment.
fn now() -> io::Result<Moment> {
    let strange = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let boot = u128::from_str_radix(&digits, 16)
        .map_err(|_| strange("boot_id isn't a number"))?
        .to_be_bytes();
    let uptime = fs::read_to_string("/proc/uptime")?;
    let seconds: f64 = uptime
        .split(' ')
        .next()
        .and_then(|seconds| seconds.parse().ok())
        .ok_or_else(|| strange("uptime isn't a number"))?;
    let clock = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_| strange("the clock stands before 1970"))?;
    Ok(Moment {
        boot,
        clock: u64::try_from(clock.as_millis()).unwrap_or(u64::MAX),
        uptime: (seconds * 1000.0) as u64,
    })
}

fn path_of(matches: &ArgMatches) -> String {
    matches
        .get_one::<String>("file")
        .cloned()
        .unwrap_or_default()
}

fn open() -> Result<StateNetlink, u8> {
    if !procfs::is_lvs() {
        complain!("{OWN_NAME}: only lvs knows this, and it isn't loaded");
        return Err(USAGE);
    }
    StateNetlink::open().map_err(|error| {
        complain!("{OWN_NAME}: {error}");
        USAGE
    })
}

/// Keeps connections and counters in a file. Gives the exit status.
pub fn save(matches: &ArgMatches) -> u8 {
    let mut control = match open() {
        Ok(control) => control,
        Err(status) => return status,
    };
    let saved = (|| -> Result<Vec<u8>, Error> {
        // Time goes on while the lists are fetched.
        let moment =
            now().map_err(|error| Error::from_io(crate::error::Operation::GetState, &error))?;
        let records = control.records()?;
        let table = control.table()?;
        let totals = procfs::totals().unwrap_or_default();
        Ok(file::bytes(&moment, &totals, &table, &records))
    })();
    let bytes = match saved {
        Ok(bytes) => bytes,
        Err(error) => {
            complain!("{OWN_NAME}: {error}");
            return REFUSED;
        }
    };
    let path = path_of(matches);
    match write(&path, &bytes) {
        Ok(()) => SUCCESS,
        Err(error) => {
            complain!("{OWN_NAME}: {path}: {error}");
            REFUSED
        }
    }
}

/// Writes a file that is whole or isn't there, and that its owner alone reads.
fn write(path: &str, bytes: &[u8]) -> io::Result<()> {
    if path == "-" {
        let mut out = io::stdout().lock();
        return out.write_all(bytes).and_then(|()| out.flush());
    }
    let new = format!("{path}.new");
    let written = (|| {
        // Who could write here could have put a link there.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file: File = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(bytes)?;
        fs::rename(&new, path)
    })();
    if written.is_err() {
        // It may not be there.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Takes in what a file keeps. Gives the exit status.
pub fn load(matches: &ArgMatches) -> u8 {
    let path = path_of(matches);
    let complain_of = |error: &dyn std::fmt::Display| {
        complain!("{OWN_NAME}: {path}: {error}");
        USAGE
    };
    let bytes = match path.as_str() {
        "-" => {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        }
        path => fs::read(path),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => return complain_of(&error),
    };
    let (made, state) = match file::read(&bytes) {
        Ok(read) => read,
        Err(wrong) => return complain_of(&wrong),
    };
    let age = match now() {
        Ok(present) => made.until(&present),
        Err(error) => return complain_of(&error),
    };
    if age.is_none() {
        return complain_of(&"is from the future: the clock was set back");
    }
    if matches.get_flag("check") {
        return SUCCESS;
    }
    let mut control = match open() {
        Ok(control) => control,
        Err(status) => return status,
    };
    match take_in(&mut control, &made, &state) {
        Ok(result) => report(&result),
        Err(error) => {
            complain!("{OWN_NAME}: {error}");
            REFUSED
        }
    }
}

/// What came of a file.
#[derive(Debug, Default)]
struct Outcome {
    loaded: Loaded,
    /// Services and servers of it that aren't here.
    missing: usize,
}

fn take_in(control: &mut StateNetlink, made: &Moment, state: &State) -> Result<Outcome, Error> {
    let present = placed(&control.table()?)?;
    let plan = Plan::of(state, &present);
    control.add_totals(&state.totals)?;
    for result in control.add_counters(&plan.counters) {
        result?;
    }
    let elapsed = || {
        let age = now().ok().and_then(|now| made.until(&now));
        age.map_or(0, |age| u32::try_from(age).unwrap_or(u32::MAX))
    };
    let loaded = control.load(&state.records, elapsed)?;
    // A drain looks how many connections there are.
    for result in control.drain(&plan.drains) {
        result?;
    }
    Ok(Outcome {
        loaded,
        missing: plan.missing,
    })
}

/// What of a file goes where.
#[derive(Debug, Default)]
struct Plan {
    counters: Vec<MoreCounted>,
    drains: Vec<(ServiceId, Dest, DrainRequest)>,
    missing: usize,
}

impl Plan {
    fn of(state: &State, present: &[Placed]) -> Self {
        let mut plan = Plan::default();
        let places: std::collections::HashMap<ServiceId, &Placed> = present
            .iter()
            .map(|placed| (placed.entry.entry.service.id, placed))
            .collect();
        for kept in &state.services {
            let service = &kept.entry.entry.service;
            let Some(here) = places.get(&service.id) else {
                plan.missing += 1;
                continue;
            };
            let position = kept.position.filter(|_| goes_on(kept, here));
            plan.counters
                .push((service.id, None, kept.entry.entry.stats, position));
            plan.of_dests(kept, here);
        }
        plan
    }

    fn of_dests(&mut self, kept: &Placed, here: &Placed) {
        let id = kept.entry.entry.service.id;
        let present: std::collections::HashSet<_> = here.entry.dests.iter().map(name).collect();
        for entry in &kept.entry.dests {
            if !present.contains(&name(entry)) {
                self.missing += 1;
                continue;
            }
            self.counters
                .push((id, Some(entry.dest), entry.stats, None));
            if let Some(drain) = entry.drain {
                let asked = DrainRequest {
                    // One that is over is over again at once.
                    seconds: match drain.asked.seconds {
                        Some(seconds) => Some(seconds.max(1)),
                        None => drain.is_over.then_some(1),
                    },
                    ..drain.asked
                };
                self.drains.push((id, entry.dest, asked));
            }
        }
    }
}

fn name(entry: &crate::model::DestEntry) -> (std::net::IpAddr, u16) {
    (entry.dest.addr, entry.dest.port)
}

/// Whether a scheduler's position means here what it meant.
fn goes_on(kept: &Placed, here: &Placed) -> bool {
    let servers = |placed: &Placed| placed.entry.dests.iter().map(name).collect::<Vec<_>>();
    kept.entry.entry.service.scheduler == here.entry.entry.service.scheduler
        && servers(kept) == servers(here)
}

/// Says what came of it. Gives the exit status.
fn report(outcome: &Outcome) -> u8 {
    let Outcome { loaded, missing } = outcome;
    let mut text = format!("{} connections loaded", loaded.made);
    for (count, what) in [
        (loaded.present, "were there"),
        (loaded.over, "were over"),
        (loaded.refused, "were refused"),
        (loaded.no_room, "found no room"),
    ] {
        if count > 0 {
            text += &format!(", {count} {what}");
        }
    }
    if *missing > 0 {
        text += &format!("; {missing} services or servers of the file aren't here");
    }
    let shown = print(&(text + "\n"));
    if loaded.refused > 0 || loaded.no_room > 0 || *missing > 0 {
        DIFFERENT
    } else {
        shown
    }
}
