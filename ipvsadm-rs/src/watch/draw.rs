// SPDX-License-Identifier: MIT OR GPL-2.0

//! Draws the screen.

use ratatui::layout::Alignment;
use ratatui::layout::Constraint;
use ratatui::layout::Layout;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets;
use ratatui::widgets::Cell;
use ratatui::widgets::Paragraph;
use ratatui::widgets::Table;
use ratatui::Frame;

use crate::render::number::large;

use super::rows::Column;
use super::rows::Row;
use super::view::View;

/// Width of a column of numbers.
const NUMBER: u16 = 8;
/// Least width of schedulers and methods, and most: with what a server does, and for how long.
const DETAIL: [usize; 2] = [7, 31];
/// Least width of names.
const NAME: u16 = 24;

/// What stands on the screen besides the rows.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The line at the top.
    pub title: String,
    /// Why there is nothing new.
    pub trouble: Option<String>,
    /// Whether there may be colour.
    pub colour: bool,
}

/// Draws everything. Adapts the view to the size of the screen.
pub fn draw(frame: &mut Frame<'_>, view: &mut View, rows: &[Row], around: &Surroundings) {
    let [top, middle, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    // One line is for the titles.
    view.fit(usize::from(middle.height.saturating_sub(1)), rows.len());
    frame.render_widget(Paragraph::new(around.title.as_str()), top);

    let detail = rows.iter().map(|row| row.detail.len()).max();
    let detail = detail.unwrap_or(0).clamp(DETAIL[0], DETAIL[1]) as u16;
    let room = middle.width.saturating_sub(NAME + 1 + detail);
    let shown = usize::from(room / (NUMBER + 1)).min(Column::ALL.len());
    let mut widths = vec![Constraint::Fill(1), Constraint::Length(detail)];
    widths.resize(2 + shown, Constraint::Length(NUMBER));
    let visible = rows.iter().skip(view.top).take(view.height);
    let table = Table::new(visible.map(|row| line(row, shown, around.colour)), widths)
        .header(titles(view, shown));
    frame.render_widget(table, middle);
    frame.render_widget(Paragraph::new(status(view, around)), bottom);
}

fn right(text: String) -> Cell<'static> {
    Cell::from(Line::from(text).alignment(Alignment::Right))
}

fn titles(view: &View, shown: usize) -> widgets::Row<'static> {
    let mut cells = vec![Cell::from("Service / server"), Cell::from("Method")];
    for column in &Column::ALL[..shown] {
        let sorted = view.selection.sort == Some(*column);
        let cell = right(column.title().to_owned());
        cells.push(if sorted {
            cell.style(Style::new().add_modifier(Modifier::UNDERLINED | Modifier::BOLD))
        } else {
            cell
        });
    }
    widgets::Row::new(cells).style(Style::new().add_modifier(Modifier::REVERSED))
}

fn line(row: &Row, shown: usize, colour: bool) -> widgets::Row<'static> {
    let mut cells = vec![Cell::from(row.name.clone()), Cell::from(row.detail.clone())];
    for number in &row.numbers[..shown] {
        cells.push(right(large(*number, false).trim_start().to_owned()));
    }
    let style = Style::new();
    let quiesced = row.server && row.numbers[0] == 0;
    widgets::Row::new(cells).style(match (row.server, quiesced) {
        (true, true) if colour => style.fg(Color::Yellow),
        (true, true) => style.add_modifier(Modifier::DIM),
        (true, false) => style,
        (false, _) if colour => style.fg(Color::Cyan).add_modifier(Modifier::BOLD),
        (false, _) => style.add_modifier(Modifier::BOLD),
    })
}

fn status(view: &View, around: &Surroundings) -> String {
    if view.typing {
        return format!("/{}_", view.selection.filter);
    }
    let mut text = String::new();
    if let Some(trouble) = &around.trouble {
        text = format!("{trouble}  ");
    }
    if view.paused {
        text.push_str("paused  ");
    }
    if !view.selection.filter.is_empty() {
        text.push_str(&format!("filter: {}  ", view.selection.filter));
    }
    let last = (view.top + view.height).min(view.total);
    let first = (view.top + 1).min(last);
    text + &format!(
        "{first}-{last} of {}  q quit  / filter  \u{2190}\u{2192} sort  r reverse  s services  p pause",
        view.total
    )
}

#[cfg(test)]
mod tests {
    use ratatui::backend::TestBackend;
    use ratatui::Terminal;

    use super::super::rows::rows;
    use super::super::rows::tests::entries;
    use super::*;
    use crate::model::drain::Drain;
    use crate::model::drain::DrainRequest;
    use crate::model::TableEntry;

    fn screen(width: u16, height: u16) -> String {
        screen_of(&entries(), width, height)
    }

    fn screen_of(entries: &[TableEntry], width: u16, height: u16) -> String {
        let mut view = View::default();
        let rows = rows(entries, &view.selection);
        let around = Surroundings {
            title: "title".to_owned(),
            ..Surroundings::default()
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen");
        terminal
            .draw(|frame| draw(frame, &mut view, &rows, &around))
            .expect("a drawing");
        terminal.backend().to_string()
    }

    #[test]
    fn a_wide_screen_has_every_column() {
        let text = screen(120, 10);
        for part in [
            "title",
            "OutB/s",
            "TCP 10.0.0.1:80",
            "  -> 10.0.0.4:0",
            "1-6 of 6",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn there_is_room_for_what_a_server_does() {
        let mut entries = entries();
        let asked = DrainRequest {
            seconds: Some(3600),
            ..DrainRequest::default()
        };
        entries[1].dests[1].drain = Some(Drain {
            asked,
            ..Drain::default()
        });
        let text = screen_of(&entries, 80, 10);
        assert!(text.contains("Tunnel, draining for 3600 s "), "{text}");
    }

    #[test]
    fn a_small_screen_has_what_fits() {
        let text = screen(52, 5);
        assert!(
            text.contains("Active") && !text.contains("OutB/s"),
            "{text}"
        );
        assert!(text.contains("1-2 of 6"), "{text}");
        for (width, height) in [(1, 1), (5, 2), (24, 3)] {
            screen(width, height);
        }
    }
}
