// SPDX-License-Identifier: MIT OR GPL-2.0

//! What is shown of the rows, and what keys do to it.

use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;

use super::rows::Column;
use super::rows::Selection;

/// The state of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Rows and their order.
    pub selection: Selection,
    /// The row at the top.
    pub top: usize,
    /// Rows that fit the screen.
    pub height: usize,
    /// Rows there are.
    pub total: usize,
    /// Whether the filter is being typed.
    pub typing: bool,
    /// Whether the table stands still.
    pub paused: bool,
    /// Whether reasons of drops are shown instead of services.
    pub reasons: bool,
}

/// What a key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Draw again.
    Redraw,
    /// The end.
    Quit,
}

impl View {
    /// Takes a key in.
    pub fn key(&mut self, key: KeyEvent) -> Action {
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Action::Quit;
        }
        if self.typing {
            self.type_key(key.code);
            return Action::Redraw;
        }
        match key.code {
            KeyCode::Char('q') => return Action::Quit,
            KeyCode::Esc if self.selection.filter.is_empty() => return Action::Quit,
            KeyCode::Esc => self.selection.filter.clear(),
            KeyCode::Up | KeyCode::Char('k') => self.scroll_to(self.top.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.scroll_to(self.top + 1),
            KeyCode::PageUp => self.scroll_to(self.top.saturating_sub(self.height)),
            KeyCode::PageDown => self.scroll_to(self.top + self.height),
            KeyCode::Home | KeyCode::Char('g') => self.scroll_to(0),
            KeyCode::End | KeyCode::Char('G') => self.scroll_to(self.total),
            KeyCode::Right => self.sort_by(1),
            KeyCode::Left => self.sort_by(Column::ALL.len()),
            KeyCode::Char('r') => self.selection.reverse = !self.selection.reverse,
            KeyCode::Char('s') => self.selection.services_only = !self.selection.services_only,
            KeyCode::Char('d') => {
                self.reasons = !self.reasons;
                self.top = 0;
            }
            KeyCode::Char('p' | ' ') => self.paused = !self.paused,
            KeyCode::Char('/') => self.typing = true,
            _ => {}
        }
        Action::Redraw
    }

    fn type_key(&mut self, key: KeyCode) {
        match key {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                self.selection.filter.clear();
            }
            KeyCode::Backspace => {
                self.selection.filter.pop();
            }
            KeyCode::Char(c) => self.selection.filter.push(c),
            _ => {}
        }
        self.top = 0;
    }

    /// Goes so many columns on; beside the last comes the order of listings.
    fn sort_by(&mut self, steps: usize) {
        let place = match self.selection.sort {
            None => 0,
            Some(column) => 1 + Column::ALL.iter().position(|c| *c == column).unwrap_or(0),
        };
        let place = (place + steps) % (Column::ALL.len() + 1);
        self.selection.sort = place.checked_sub(1).map(|place| Column::ALL[place]);
        self.top = 0;
    }

    /// Adapts to the size of screen and table.
    pub fn fit(&mut self, height: usize, total: usize) {
        self.height = height;
        self.total = total;
        self.scroll_to(self.top);
    }

    fn scroll_to(&mut self, top: usize) {
        self.top = top.min(self.total.saturating_sub(self.height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        View {
            height: 10,
            total: 100,
            ..View::default()
        }
    }

    fn press(view: &mut View, key: KeyCode) -> Action {
        view.key(KeyEvent::new(key, KeyModifiers::NONE))
    }

    #[test]
    fn scrolling_stays_within_the_table() {
        let mut view = view();
        for (key, top) in [
            (KeyCode::Up, 0),
            (KeyCode::Down, 1),
            (KeyCode::PageDown, 11),
            (KeyCode::End, 90),
            (KeyCode::PageDown, 90),
            (KeyCode::Char('g'), 0),
        ] {
            press(&mut view, key);
            assert_eq!(view.top, top, "{key:?}");
        }
        press(&mut view, KeyCode::End);
        view.fit(50, 60);
        assert_eq!(view.top, 10);
    }

    #[test]
    fn a_typed_filter_takes_letters_that_are_commands_otherwise() {
        let mut view = view();
        for key in "/qz".chars() {
            assert_eq!(press(&mut view, KeyCode::Char(key)), Action::Redraw);
        }
        press(&mut view, KeyCode::Backspace);
        press(&mut view, KeyCode::Enter);
        assert_eq!(view.selection.filter, "q");
        assert_eq!(press(&mut view, KeyCode::Esc), Action::Redraw);
        assert_eq!(view.selection.filter, "");
        assert_eq!(press(&mut view, KeyCode::Esc), Action::Quit);
    }

    #[test]
    fn sorting_goes_round() {
        let mut view = view();
        press(&mut view, KeyCode::Left);
        assert_eq!(view.selection.sort, Some(Column::Inactive));
        press(&mut view, KeyCode::Right);
        assert_eq!(view.selection.sort, None);
        press(&mut view, KeyCode::Right);
        assert_eq!(view.selection.sort, Some(Column::Weight));
    }
}
