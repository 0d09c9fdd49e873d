// SPDX-License-Identifier: MIT OR GPL-2.0

//! What was counted in the last minute, for spark lines: a minute is so many cells, and what is
//! counted between two readings is spread over the cells that lie between them.

use std::collections::HashMap;
use std::hash::Hash;

/// Cells of a minute.
pub const CELLS: usize = 12;
/// Seconds of a cell.
const CELL: f64 = 60.0 / CELLS as f64;
/// A cell that is younger tells no rate.
const LEAST: f64 = 0.1;

/// Heights of a spark line: 0 is nothing known, 1 is nothing counted, 8 the most of the minute.
pub type Heights = [u8; CELLS];

/// What is known of one thing that has `N` counters.
#[derive(Clone, Copy, Debug)]
struct Track<const N: usize> {
    counters: [u64; N],
    cells: [[f32; CELLS]; N],
    /// When it was seen first.
    since: f64,
    /// The reading it was seen in last.
    reading: u64,
}

/// The last minute of many things.
#[derive(Debug)]
pub struct History<K, const N: usize> {
    tracks: HashMap<K, Track<N>>,
    reading: u64,
    /// When this reading and the one before were.
    now: f64,
    before: f64,
    /// Cells that have gone by since then.
    shift: usize,
    /// Which part of what was counted since then belongs to each cell.
    shares: [f32; CELLS],
}

impl<K, const N: usize> Default for History<K, N> {
    /// Nothing is known yet.
    fn default() -> Self {
        History {
            tracks: HashMap::new(),
            reading: 0,
            now: 0.0,
            before: 0.0,
            shift: 0,
            shares: [0.0; CELLS],
        }
    }
}

impl<K: Eq + Hash, const N: usize> History<K, N> {
    /// Begins a reading at this time, in seconds of a clock that doesn't go back.
    pub fn begin(&mut self, now: f64) {
        self.reading += 1;
        self.before = self.now;
        self.now = now.max(self.before);
        let gone = (self.now / CELL).floor() - (self.before / CELL).floor();
        self.shift = gone.min(CELLS as f64) as usize;
        let period = self.now - self.before;
        for (place, share) in self.shares.iter_mut().enumerate() {
            let (from, to) = span(self.now, place);
            let overlap = (to.min(self.now) - from.max(self.before)).max(0.0);
            *share = match period > 0.0 {
                true => (overlap / period) as f32,
                false if place == CELLS - 1 => 1.0,
                false => 0.0,
            };
        }
    }

    /// Takes in the counters of one thing, and gives a spark line for each.
    pub fn take(&mut self, key: K, counters: [u64; N]) -> [Heights; N] {
        let fresh = Track {
            counters,
            cells: [[0.0; CELLS]; N],
            since: self.now,
            reading: self.reading,
        };
        let track = self.tracks.entry(key).or_insert(fresh);
        if track.since < self.now {
            for (place, cells) in track.cells.iter_mut().enumerate() {
                cells.copy_within(self.shift.., 0);
                cells[CELLS - self.shift..].fill(0.0);
                // Who was set to 0, or is another one of the same name, begins again.
                let counted = counters[place]
                    .checked_sub(track.counters[place])
                    .unwrap_or(counters[place]);
                if counted != 0 {
                    for (cell, share) in cells.iter_mut().zip(&self.shares) {
                        *cell += counted as f32 * share;
                    }
                }
            }
        }
        track.counters = counters;
        track.reading = self.reading;
        let lengths = lengths(self.now, track.since);
        track.cells.map(|cells| heights(&cells, &lengths))
    }

    /// Ends a reading: what wasn't seen in it is forgotten.
    pub fn end(&mut self) {
        let reading = self.reading;
        self.tracks.retain(|_, track| track.reading == reading);
    }
}

/// When a cell begins and ends.
fn span(now: f64, place: usize) -> (f64, f64) {
    let number = (now / CELL).floor() - (CELLS - 1 - place) as f64;
    (number * CELL, (number + 1.0) * CELL)
}

/// For how many seconds each cell has counted.
fn lengths(now: f64, since: f64) -> [f64; CELLS] {
    std::array::from_fn(|place| {
        let (from, to) = span(now, place);
        to.min(now) - from.max(since)
    })
}

fn heights(cells: &[f32; CELLS], lengths: &[f64; CELLS]) -> Heights {
    let rate = |place: usize| {
        let length = lengths[place];
        (length >= LEAST).then(|| f64::from(cells[place]) / length)
    };
    let rates: [Option<f64>; CELLS] = std::array::from_fn(rate);
    let most = rates.iter().flatten().fold(0.0, |a: f64, b| a.max(*b));
    rates.map(|rate| match rate {
        None => 0,
        Some(rate) if rate <= 0.0 => 1,
        Some(rate) => 2 + (rate / most * 6.0).round() as u8,
    })
}

/// A spark line as text.
pub fn text(heights: &Heights) -> String {
    const BARS: [char; 9] = [' ', '▁', '▁', '▂', '▃', '▄', '▅', '▆', '█'];
    let bar = |height: &u8| match height {
        1 => '.',
        height => BARS.get(usize::from(*height)).copied().unwrap_or('█'),
    };
    heights.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line after the last of these readings: times and counters.
    fn line(readings: &[(f64, u64)]) -> String {
        let mut history = History::default();
        let mut last = String::new();
        for (now, counter) in readings {
            history.begin(*now);
            let [heights] = history.take((), [*counter]);
            last = text(&heights);
            history.end();
        }
        last
    }

    #[test]
    fn what_is_counted_steadily_is_a_level_line() {
        let readings: Vec<(f64, u64)> = (0..40)
            .map(|n| (f64::from(n) * 2.0 + 0.5, n as u64 * 10))
            .collect();
        assert_eq!(line(&readings), "████████████");
        assert_eq!(line(&readings[..5]), "          ██");
        assert_eq!(line(&readings[..1]), "            ");
    }

    #[test]
    fn what_stops_goes_to_the_left_and_out() {
        let mut readings: Vec<(f64, u64)> = (0..=5).map(|n| (f64::from(n), n as u64)).collect();
        for (seconds, expected) in [
            (12.0, "         █.."),
            (41.0, "   █........"),
            (81.0, "............"),
        ] {
            readings.push((seconds, 5));
            assert_eq!(line(&readings), expected, "{seconds}");
        }
    }

    #[test]
    fn long_gaps_are_filled_evenly() {
        assert_eq!(line(&[(0.0, 0), (30.0, 300)]), "     ██████ ");
        assert_eq!(
            line(&[(0.0, 0), (600.0, 300), (602.0, 301)]),
            "████████████"
        );
    }

    #[test]
    fn who_was_set_to_zero_begins_again() {
        let with = line(&[(0.0, 900), (4.0, 1000), (9.0, 50)]);
        assert_eq!(with, line(&[(0.0, 0), (4.0, 100), (9.0, 150)]));
    }

    #[test]
    fn what_is_not_seen_is_forgotten() {
        let mut history = History::default();
        history.begin(1.0);
        history.take("a", [1]);
        history.end();
        history.begin(2.0);
        history.take("b", [1]);
        history.end();
        assert_eq!(history.tracks.len(), 1);
    }
}
