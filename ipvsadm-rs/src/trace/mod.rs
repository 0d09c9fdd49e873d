// SPDX-License-Identifier: MIT OR GPL-2.0

//! `trace`: what lvs does with connections and packets, a line each, as it happens.
//!
//! [`tracefs`] has the kernel write lines of what a [`filter`] wants, [`event`] reads them,
//! [`pace`] limits how many are shown, [`show`] makes lines of ours. Here is the loop.

use std::fs;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use clap::ArgMatches;

use crate::exit::REFUSED;
use crate::exit::SUCCESS;
use crate::exit::USAGE;
use crate::monitor::clock;
use crate::program::OWN_NAME;
use crate::signals::end_by_signals;
use crate::stdio::complain;
use crate::stdio::finished;
use crate::stdio::write_now;
use crate::sys::names::System;

use self::event::Line;
use self::filter::Filter;
use self::pace::Pace;
use self::show::Shown;
use self::tracefs::Failure;
use self::tracefs::Instance;

pub mod arguments;
mod event;
mod filter;
mod pace;
mod show;
mod tracefs;

/// Why it ends.
enum End {
    /// A signal asked for it.
    Signal,
    Output(io::Error),
    Kernel(Failure),
    /// lvs was unloaded.
    Unloaded,
}

/// What is shared with the thread that waits for signals.
#[derive(Default)]
struct Shared {
    /// There while it traces.
    instance: Mutex<Option<Instance>>,
    /// A signal came.
    ends: AtomicBool,
}

impl Shared {
    /// Calls `f` with the instance, unless a signal came.
    fn with<R>(&self, f: impl FnOnce(&mut Instance) -> R) -> Result<R, End> {
        if self.ends.load(Ordering::SeqCst) {
            return Err(End::Signal);
        }
        let mut instance = self.instance.lock().unwrap_or_else(PoisonError::into_inner);
        instance.as_mut().map(f).ok_or(End::Signal)
    }

    /// Begins tracing, unless a signal came. One that comes meanwhile waits.
    fn begin(&self, filter: &Filter) -> Result<(), End> {
        let mut instance = self.instance.lock().unwrap_or_else(PoisonError::into_inner);
        if self.ends.load(Ordering::SeqCst) {
            return Err(End::Signal);
        }
        *instance = Some(Instance::new(filter).map_err(End::Kernel)?);
        Ok(())
    }

    /// Ends tracing.
    fn end(&self) {
        let mut instance = self.instance.lock().unwrap_or_else(PoisonError::into_inner);
        drop(instance.take());
    }
}

/// Prints events until a signal ends it. Gives the exit status.
pub fn run(matches: &ArgMatches) -> u8 {
    let netns = match (matches.get_flag("all-namespaces"), own_namespace()) {
        (true, _) => None,
        (false, Some(netns)) => Some(netns),
        (false, None) => {
            complain!("{OWN_NAME}: can't tell this network namespace: is /proc mounted?");
            return REFUSED;
        }
    };
    let filter = match arguments::filter(matches, netns, &System) {
        Ok(filter) => filter,
        Err(error) => {
            complain!("{OWN_NAME}: {error}");
            return USAGE;
        }
    };
    let shared = Arc::new(Shared::default());
    let ending = Arc::clone(&shared);
    let leave_nothing = move || {
        ending.ends.store(true, Ordering::SeqCst);
        ending.end();
    };
    if let Err(error) = end_by_signals(leave_nothing) {
        complain!("{OWN_NAME}: {error}");
        return REFUSED;
    }
    let tracer = Tracer {
        shared: &shared,
        filter: &filter,
        is_json: matches.get_flag("json"),
        pace: Pace::new(matches.get_one("rate").copied().unwrap_or_default()),
    };
    let Err(end) = tracer.run();
    shared.end();
    match end {
        End::Signal => SUCCESS,
        End::Output(error) => finished(Err(error)),
        End::Kernel(error) => {
            complain!("{OWN_NAME}: can't trace: {error}");
            USAGE
        }
        End::Unloaded => {
            complain!("{OWN_NAME}: lvs was unloaded");
            REFUSED
        }
    }
}

/// The number of this network namespace.
fn own_namespace() -> Option<u32> {
    let link = fs::read_link("/proc/self/ns/net").ok()?;
    let number = link.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?;
    number.parse().ok()
}

/// What never comes.
enum Never {}

struct Tracer<'a> {
    shared: &'a Shared,
    filter: &'a Filter,
    is_json: bool,
    pace: Pace,
}

impl Tracer<'_> {
    fn run(mut self) -> Result<Never, End> {
        self.shared.begin(self.filter)?;
        self.print_now(&Shown::Tracing)?;
        loop {
            let lines = self.shared.with(Instance::read)?.map_err(End::Kernel)?;
            self.report_left_out()?;
            if lines.is_empty() && !self.shared.with(|instance| instance.has_events())? {
                return Err(End::Unloaded);
            }
            for line in &lines {
                self.take(line)?;
            }
        }
    }

    fn take(&mut self, line: &str) -> Result<(), End> {
        match event::read(line) {
            Line::Event(event) if self.filter.wants(&event) => {
                self.report_left_out()?;
                if self.pace.admits(Instant::now()) {
                    let time = self
                        .shared
                        .with(|instance| instance.milliseconds(event.time))?;
                    self.print(&Shown::Event(&event), time)?;
                }
                Ok(())
            }
            Line::Lost(count) => self.print_now(&Shown::Lost(count)),
            Line::Event(_) | Line::Other => Ok(()),
        }
    }

    fn report_left_out(&mut self) -> Result<(), End> {
        match self.pace.report(Instant::now()) {
            Some(count) => self.print_now(&Shown::LeftOut(count)),
            None => Ok(()),
        }
    }

    fn print_now(&self, shown: &Shown<'_>) -> Result<(), End> {
        self.print(shown, clock::now())
    }

    fn print(&self, shown: &Shown<'_>, milliseconds: u64) -> Result<(), End> {
        let time = clock::written(milliseconds);
        let line = match self.is_json {
            true => show::json(shown, &time),
            false => show::text(shown, &time),
        };
        write_now(&format!("{line}\n")).map_err(End::Output)
    }
}
