// SPDX-License-Identifier: MIT OR GPL-2.0

//! `watch`: a live table of rates and connections.
//!
//! [`rows`] makes rows of the kernel's table, [`view`] holds what keys change, and [`draw`] draws.
//! Here is the loop, and the terminal's way there and back.

use std::io;
use std::io::IsTerminal;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use ratatui::crossterm::event;
use ratatui::crossterm::event::Event;
use ratatui::crossterm::event::KeyEventKind;
use ratatui::DefaultTerminal;
use signal_hook::consts::TERM_SIGNALS;

use crate::client::Client;
use crate::client::Order;
use crate::model::TableEntry;

use self::draw::Surroundings;
use self::view::Action;
use self::view::View;

pub mod draw;
pub mod rows;
pub mod view;

/// Longest wait for a key, so that signals are seen.
const PATIENCE: Duration = Duration::from_millis(200);
/// Reading the table may take one part in so many of the time.
const SHARE: u32 = 5;

/// Shows the table until a key or a signal ends it.
pub fn run(client: Client, interval: Duration) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        return Err(io::Error::other("watch needs a terminal"));
    }
    let ended = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS.iter().chain([&signal_hook::consts::SIGHUP]) {
        signal_hook::flag::register(*signal, Arc::clone(&ended))?;
    }
    // Restores the terminal on a panic, too.
    let terminal = ratatui::try_init()?;
    let result = Watch::new(client, interval).run(terminal, &ended);
    let restored = ratatui::try_restore();
    result.and(restored)
}

struct Watch {
    client: Client,
    interval: Duration,
    view: View,
    entries: Vec<TableEntry>,
    around: Surroundings,
}

impl Watch {
    fn new(client: Client, interval: Duration) -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Watch {
            client,
            interval,
            view: View::default(),
            entries: Vec::new(),
            around: Surroundings {
                colour,
                ..Surroundings::default()
            },
        }
    }

    fn run(&mut self, mut terminal: DefaultTerminal, ended: &AtomicBool) -> io::Result<()> {
        let mut due = Instant::now();
        let mut changed = true;
        while !ended.load(Ordering::Relaxed) {
            let now = Instant::now();
            if now >= due && !self.view.paused {
                self.read();
                due = now + self.interval.max(now.elapsed() * SHARE);
                changed = true;
            }
            if changed {
                let rows = rows::rows(&self.entries, &self.view.selection);
                terminal.draw(|frame| draw::draw(frame, &mut self.view, &rows, &self.around))?;
            }
            let wait = due.saturating_duration_since(Instant::now());
            changed = false;
            match next_event(if self.view.paused {
                PATIENCE
            } else {
                wait.min(PATIENCE)
            })? {
                Some(Event::Key(key)) if key.kind != KeyEventKind::Release => {
                    if self.view.key(key) == Action::Quit {
                        break;
                    }
                    changed = true;
                }
                Some(Event::Resize(..)) => changed = true,
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads the table. What was read before stays on the screen if that fails.
    fn read(&mut self) {
        match self.client.table(Order::Sorted) {
            Ok(entries) => {
                self.entries = entries;
                self.around.trouble = None;
            }
            Err(error) => {
                self.around.trouble = Some(error.to_string());
                // The module may have gone and come back.
                if let Ok(client) = Client::open() {
                    self.client = client;
                }
            }
        }
        let servers: usize = self.entries.iter().map(|entry| entry.dests.len()).sum();
        let cps: u64 = self.entries.iter().map(|item| item.entry.stats.cps).sum();
        self.around.title = format!(
            "IP Virtual Server: {} services, {servers} servers, {cps} connections/s, every {} s",
            self.entries.len(),
            self.interval.as_secs_f64()
        );
    }
}

/// The next event, if there is one in time.
fn next_event(patience: Duration) -> io::Result<Option<Event>> {
    let event = event::poll(patience).and_then(|there| there.then(event::read).transpose());
    match event {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        event => event,
    }
}
