// SPDX-License-Identifier: MIT OR GPL-2.0

//! Draws the screen.

use ratatui::layout::Alignment;
use ratatui::layout::Constraint;
use ratatui::layout::Layout;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets;
use ratatui::widgets::Cell;
use ratatui::widgets::Paragraph;
use ratatui::widgets::Table;
use ratatui::Frame;

use super::dropped;
use super::dropped::Dropped;
use super::history;
use super::history::CELLS;
use super::number::short;
use super::rows;
use super::rows::Column;
use super::rows::Group;
use super::rows::Order;
use super::rows::Row;
use super::rows::Tone;
use super::view::View;

/// Width of a column of numbers at least.
const NUMBER: u16 = 6;
/// Width of schedulers and methods, and of servers' states.
const METHOD: u16 = 6;
const STATE: u16 = 12;
/// Width of spark lines.
const SPARK: u16 = CELLS as u16;
/// Least width of names.
const NAME: u16 = 22;
/// From this width on methods have a column of their own, beside states.
const WIDE: u16 = 100;

/// What stands on the screen.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// The line at the top.
    pub title: String,
    /// Services and servers.
    pub groups: Vec<Group>,
    /// Which of them are shown.
    pub order: Order,
    /// Dropped packets by reason, if the module tells.
    pub dropped: Option<Vec<Dropped>>,
    /// Why there is nothing new.
    pub trouble: Option<String>,
    /// Whether there may be colour.
    pub colour: bool,
}

/// Draws everything. Adapts the view to the size of the screen.
pub fn draw(frame: &mut Frame<'_>, view: &mut View, screen: &Screen) {
    let dropped = dropped::line(screen.dropped.as_deref());
    let [top, below, middle, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(dropped.is_some().into()),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(screen.title.as_str()), top);
    let line = cut(&dropped.unwrap_or_default(), below.width);
    frame.render_widget(Paragraph::new(line), below);
    // One line is for the titles.
    let height = usize::from(middle.height.saturating_sub(1));
    if view.reasons {
        let all = dropped::ranked(screen.dropped.as_deref().unwrap_or_default());
        view.fit(height, all.len());
        draw_reasons(frame, middle, &all[view.top..]);
    } else {
        view.fit(height, screen.order.len());
        draw_rows(frame, middle, view, screen);
    }
    frame.render_widget(Paragraph::new(status(view, screen)), bottom);
}

/// Which columns of a table there are.
struct Shape {
    /// Whether methods have one of their own.
    is_wide: bool,
    /// The columns of numbers.
    columns: Vec<Column>,
    /// Width of names.
    name: u16,
}

fn width(column: Column) -> u16 {
    NUMBER.max(column.title().len() as u16)
}

/// What fits this width. The column that rows are sorted by is always there.
fn shape(total: u16, view: &View) -> Shape {
    let is_wide = total >= WIDE;
    let mut room = total.saturating_sub(NAME + 1 + STATE + 1 + SPARK);
    if is_wide {
        room = room.saturating_sub(METHOD + 1);
    }
    let mut columns = Vec::new();
    let sorted = view.selection.sort;
    let first = sorted.filter(|column| !fits(room, *column));
    if let Some(column) = first {
        room = room.saturating_sub(width(column) + 1);
    }
    for column in Column::ALL {
        if Some(column) == first || room < width(column) + 1 {
            continue;
        }
        room -= width(column) + 1;
        columns.push(column);
    }
    columns.extend(first);
    Shape {
        is_wide,
        columns,
        name: NAME + room,
    }
}

/// Whether a column is among those that come first within this room.
fn fits(mut room: u16, wanted: Column) -> bool {
    for column in Column::ALL {
        let Some(rest) = room.checked_sub(width(column) + 1) else {
            return false;
        };
        room = rest;
        if column == wanted {
            return true;
        }
    }
    false
}

/// The rate whose last minute is shown: the one that rows are sorted by, or packets from clients.
fn spark_of(view: &View) -> (Column, usize) {
    let sorted = view.selection.sort;
    sorted
        .and_then(|column| Some((column, column.rate()?)))
        .unwrap_or((Column::InPackets, 1))
}

fn draw_rows(frame: &mut Frame<'_>, area: Rect, view: &View, screen: &Screen) {
    let shape = shape(area.width, view);
    let mut widths = vec![Constraint::Length(shape.name)];
    if shape.is_wide {
        widths.push(Constraint::Length(METHOD));
    }
    widths.extend([Constraint::Length(STATE), Constraint::Length(SPARK)]);
    widths.extend(shape.columns.iter().map(|c| Constraint::Length(width(*c))));
    let visible = screen.order.iter().skip(view.top).take(view.height);
    let visible = visible.filter_map(|place| rows::at(&screen.groups, place));
    let lines = visible.map(|row| line(row, &shape, view, screen.colour));
    let table = Table::new(lines, widths).header(titles(&shape, view));
    frame.render_widget(table, area);
}

fn right(text: String) -> Cell<'static> {
    Cell::from(Line::from(text).alignment(Alignment::Right))
}

fn titles(shape: &Shape, view: &View) -> widgets::Row<'static> {
    let mut cells = vec![Cell::from("Service / server")];
    if shape.is_wide {
        cells.push(Cell::from("Method"));
    }
    let (rate, _) = spark_of(view);
    cells.push(Cell::from("State"));
    cells.push(Cell::from(format!("{} 60s", rate.title())));
    for column in &shape.columns {
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

fn line(row: &Row, shape: &Shape, view: &View, colour: bool) -> widgets::Row<'static> {
    let mut cells = vec![Cell::from(cut(&row.name, shape.name))];
    if shape.is_wide {
        cells.push(Cell::from(row.method.clone()));
        cells.push(Cell::from(row.state.clone()));
    } else {
        // Who does something special says so instead.
        let text = if row.state.is_empty() {
            &row.method
        } else {
            &row.state
        };
        cells.push(Cell::from(text.clone()));
    }
    let (_, rate) = spark_of(view);
    cells.push(Cell::from(history::text(&row.sparks[rate])));
    for column in &shape.columns {
        let place = Column::ALL.iter().position(|c| c == column);
        cells.push(right(short(row.numbers[place.unwrap_or_default()])));
    }
    widgets::Row::new(cells).style(style(row.tone, colour))
}

fn style(tone: Tone, colour: bool) -> Style {
    let style = Style::new();
    match (tone, colour) {
        (Tone::Service, true) => style.fg(Color::Cyan).add_modifier(Modifier::BOLD),
        (Tone::Service, false) => style.add_modifier(Modifier::BOLD),
        (Tone::Starting, true) => style.fg(Color::Green),
        (Tone::Quiet, true) => style.fg(Color::Yellow),
        (Tone::Quiet, false) => style.add_modifier(Modifier::DIM),
        (Tone::Plain | Tone::Starting, _) => style,
    }
}

fn draw_reasons(frame: &mut Frame<'_>, area: Rect, dropped: &[Dropped]) {
    let widths = [16, SPARK, 8, 12].map(Constraint::Length);
    let titles = [
        Cell::from("Dropped because"),
        Cell::from("Pkt/s 60s"),
        right("Pkt/s".to_owned()),
        right("Packets".to_owned()),
    ];
    let header = widgets::Row::new(titles).style(Style::new().add_modifier(Modifier::REVERSED));
    let lines = dropped.iter().map(|dropped| {
        widgets::Row::new([
            Cell::from(dropped.reason.name()),
            Cell::from(history::text(&dropped.spark)),
            right(short(dropped.rate)),
            right(dropped.total.to_string()),
        ])
    });
    frame.render_widget(Table::new(lines, widths).header(header), area);
}

/// As much of a text as fits, with a sign of what is missing.
fn cut(text: &str, width: u16) -> String {
    let width = usize::from(width);
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(['…']).take(width).collect()
}

fn status(view: &View, screen: &Screen) -> String {
    if view.typing {
        return format!("/{}_", view.selection.filter);
    }
    let mut text = String::new();
    if let Some(trouble) = &screen.trouble {
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
        "{first}-{last} of {}  q quit  / filter  ←→ sort  r reverse  s servers  d drops  p pause",
        view.total
    )
}

#[cfg(test)]
mod tests {
    use lvs_uapi::drop_reason::DropReason;
    use ratatui::backend::TestBackend;
    use ratatui::Terminal;

    use super::super::dropped::Drops;
    use super::super::rows::tests::sample;
    use super::*;

    fn dropped() -> Vec<Dropped> {
        let mut drops = Drops::default();
        let mut counts = [0; DropReason::COUNT];
        drops.take(&counts, 1.0);
        counts[DropReason::Ttl.number()] = 20;
        drops.take(&counts, 3.0)
    }

    fn shown(view: &mut View, width: u16, height: u16) -> String {
        let groups = sample();
        let screen = Screen {
            title: "title".to_owned(),
            order: rows::order(&groups, &view.selection),
            groups,
            dropped: Some(dropped()),
            ..Screen::default()
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen");
        terminal
            .draw(|frame| draw(frame, view, &screen))
            .expect("a drawing");
        terminal.backend().to_string()
    }

    #[test]
    fn a_wide_screen_has_every_column() {
        let text = shown(&mut View::default(), 130, 10);
        for part in [
            "title",
            "OutB/s",
            "InAct",
            "Method",
            "TCP 10.0.0.1:80",
            "  -> 10.0.0.4:0",
            "1-6 of 6",
            "Dropped: 20 (10/s): ttl 20 (10/s)",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn eighty_columns_have_what_matters() {
        let mut view = View::default();
        let text = shown(&mut view, 80, 24);
        for part in [
            "State",
            "InPkt/s 60s",
            "Weight",
            "Active",
            "Conn/s",
            "p pause",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        // What rows are sorted by is there, and so is its last minute.
        view.selection.sort = Some(Column::OutBytes);
        let text = shown(&mut view, 80, 24);
        assert!(
            text.contains("OutB/s 60s") && text.matches("OutB/s").count() == 2,
            "{text}"
        );
    }

    #[test]
    fn a_small_screen_has_what_fits() {
        let text = shown(&mut View::default(), 62, 6);
        assert!(
            text.contains("Weight") && !text.contains("OutB/s"),
            "{text}"
        );
        assert!(text.contains("1-2 of 6"), "{text}");
        for (width, height) in [(1, 1), (5, 2), (24, 3)] {
            shown(&mut View::default(), width, height);
        }
    }

    #[test]
    fn reasons_have_a_page_of_their_own() {
        let mut view = View {
            reasons: true,
            ..View::default()
        };
        let text = shown(&mut view, 80, 24);
        assert!(
            text.contains("Dropped because") && text.contains("1-1 of 1"),
            "{text}"
        );
    }

    #[test]
    fn what_is_too_long_ends_in_dots() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("abcd", 0), "");
    }
}
