// SPDX-License-Identifier: MIT OR GPL-2.0

//! `watch`, or `top`: a live table of rates, states and connections.
//!
//! [`reader`] reads the kernel's table on a thread of its own, [`rows`] makes rows of it, with
//! what [`history`] knows of the last minute, and [`dropped`] counts what is dropped. [`view`]
//! holds what keys change, and [`draw`] draws. Here is the loop, and the terminal's way there and
//! back.

use std::io;
use std::io::IsTerminal;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use ratatui::crossterm::event;
use ratatui::crossterm::event::Event;
use ratatui::crossterm::event::KeyEventKind;
use ratatui::DefaultTerminal;
use signal_hook::consts::TERM_SIGNALS;

use crate::client::Client;

use self::draw::Screen;
use self::reader::Slot;
use self::rows::Selection;
use self::view::Action;
use self::view::View;

pub mod draw;
pub mod dropped;
pub mod history;
mod number;
mod reader;
pub mod rows;
pub mod view;

/// Longest wait for a key, so that signals and what was read are seen.
const PATIENCE: Duration = Duration::from_millis(100);

/// Shows the table until a key or a signal ends it.
pub fn run(client: Client, interval: Duration) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        return Err(io::Error::other("watch needs a terminal"));
    }
    let ended = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS.iter().chain([&signal_hook::consts::SIGHUP]) {
        signal_hook::flag::register(*signal, Arc::clone(&ended))?;
    }
    let slot = reader::start(client, interval)?;
    // Restores the terminal on a panic, too.
    let terminal = ratatui::try_init()?;
    let result = Watch::new(slot).run(terminal, &ended);
    let restored = ratatui::try_restore();
    result.and(restored)
}

struct Watch {
    slot: Slot,
    view: View,
    screen: Screen,
    /// What the screen's order was made by.
    sorted_by: Option<Selection>,
}

impl Watch {
    fn new(slot: Slot) -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Watch {
            slot,
            view: View::default(),
            screen: Screen {
                colour,
                ..Screen::default()
            },
            sorted_by: None,
        }
    }

    fn run(&mut self, mut terminal: DefaultTerminal, ended: &AtomicBool) -> io::Result<()> {
        let mut changed = true;
        while !ended.load(Ordering::Relaxed) {
            changed |= self.fetch();
            if changed {
                self.sort();
                let (view, screen) = (&mut self.view, &self.screen);
                terminal.draw(|frame| draw::draw(frame, view, screen))?;
            }
            changed = false;
            match next_event(PATIENCE)? {
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

    /// Takes in what was read, unless the screen is to stand still. Tells whether there is any.
    fn fetch(&mut self) -> bool {
        if self.view.paused {
            return false;
        }
        let Some(reading) = reader::take(&self.slot) else {
            return false;
        };
        if let Some(groups) = reading.groups {
            self.screen.groups = groups;
            self.sorted_by = None;
        }
        self.screen.title = reading.title;
        self.screen.dropped = reading.dropped;
        self.screen.trouble = reading.trouble;
        true
    }

    /// Puts the rows in order, if they or their order changed.
    fn sort(&mut self) {
        if self.sorted_by.as_ref() != Some(&self.view.selection) {
            self.screen.order = rows::order(&self.screen.groups, &self.view.selection);
            self.sorted_by = Some(self.view.selection.clone());
        }
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
