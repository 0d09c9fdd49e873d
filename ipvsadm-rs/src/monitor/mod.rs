// SPDX-License-Identifier: MIT OR GPL-2.0

//! `monitor`: what happens, a line each, as it comes.
//!
//! [`ledger`] finds out what was lost, [`json`] and [`text`] make lines, [`clock`] writes times.
//! Here is the loop.

use std::io;

use crate::error::Error;
use crate::exit::REFUSED;
use crate::exit::SUCCESS;
use crate::exit::USAGE;
use crate::model::event::Event;
use crate::netlink::listener::Heard;
use crate::netlink::listener::Listener;
use crate::program::OWN_NAME;
use crate::signals::end_by_signals;
use crate::stdio::complain;
use crate::stdio::finished;
use crate::stdio::write_now;

use self::ledger::Ledger;

pub(crate) mod clock;
mod json;
mod ledger;
mod text;

/// A line of the output.
enum Line<'a> {
    /// From here on it is told of events: the rules are of this generation, and this was the number
    /// of the last event.
    Listening { generation: u32, last: u64 },
    /// Something happened.
    Event(&'a Event),
    /// So many events were lost.
    Lost(u64),
}

/// Why it ends.
enum End {
    /// Standard output takes nothing more.
    Output(io::Error),
    /// The kernel said something else than expected.
    Kernel(Error),
    /// The module was unloaded.
    Unloaded,
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        End::Kernel(error)
    }
}

/// Prints events, as JSON if wanted so, until a signal ends it. Gives the exit status.
pub fn run(is_json: bool) -> u8 {
    if let Err(error) = end_by_signals(|| {}) {
        complain!("{OWN_NAME}: {error}");
        return REFUSED;
    }
    let listener = match Listener::open() {
        Ok(listener) => listener,
        Err(error) => {
            complain!("{OWN_NAME}: can't listen to events, which only lvs tells: {error}");
            return USAGE;
        }
    };
    match Monitor::new(listener, is_json).and_then(|mut monitor| monitor.run()) {
        Ok(()) => SUCCESS,
        Err(End::Output(error)) => finished(Err(error)),
        Err(End::Kernel(error)) => {
            complain!("{error}");
            REFUSED
        }
        Err(End::Unloaded) => {
            complain!("{OWN_NAME}: lvs was unloaded");
            REFUSED
        }
    }
}

struct Monitor {
    listener: Listener,
    ledger: Ledger,
    is_json: bool,
}

impl Monitor {
    fn new(mut listener: Listener, is_json: bool) -> Result<Self, End> {
        let (generation, last) = listener.state()?;
        let monitor = Monitor {
            listener,
            ledger: Ledger::new(last),
            is_json,
        };
        monitor.print(&Line::Listening { generation, last })?;
        Ok(monitor)
    }

    fn run(&mut self) -> Result<(), End> {
        loop {
            let heard = self.listener.hear(true)?;
            if self.take(heard)? {
                self.find_loss()?;
            }
        }
    }

    /// Prints what was heard. Tells whether events were lost.
    fn take(&mut self, heard: Heard) -> Result<bool, End> {
        match heard {
            Heard::Events(events) => {
                for event in &events {
                    self.print_loss(self.ledger.missing_before(event.sequence))?;
                    self.ledger.note(event.sequence);
                    self.print(&Line::Event(event))?;
                }
                Ok(false)
            }
            Heard::Loss => Ok(true),
            Heard::Nothing => Ok(false),
            Heard::End => Err(End::Unloaded),
        }
    }

    /// Events were lost, maybe the last ones, which no later one tells of.
    fn find_loss(&mut self) -> Result<(), End> {
        loop {
            // What was told before this answer has come by then, or is lost.
            let (_, last) = self.listener.state()?;
            let mut is_lossy = false;
            loop {
                match self.listener.hear(false)? {
                    Heard::Nothing => break,
                    heard => is_lossy |= self.take(heard)?,
                }
            }
            self.print_loss(self.ledger.missing_before(last.saturating_add(1)))?;
            self.ledger.note(last);
            if !is_lossy {
                return Ok(());
            }
        }
    }

    fn print_loss(&self, count: u64) -> Result<(), End> {
        match count {
            0 => Ok(()),
            count => self.print(&Line::Lost(count)),
        }
    }

    fn print(&self, line: &Line<'_>) -> Result<(), End> {
        let line = match self.is_json {
            true => json::line(line, clock::now()),
            false => text::line(line, clock::now()),
        };
        write_now(&format!("{line}\n")).map_err(End::Output)
    }
}
