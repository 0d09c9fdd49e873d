// SPDX-License-Identifier: MIT OR GPL-2.0

//! Dropped packets by reason, as the live table shows them.

use lvs_uapi::drop_reason::DropReason;

use super::history::Heights;
use super::history::History;
use super::number::short;

/// What is known of one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The reason.
    pub reason: DropReason,
    /// Packets so far.
    pub total: u64,
    /// Packets a second since the last reading.
    pub rate: u64,
    /// The last minute.
    pub spark: Heights,
}

/// The last counts, and the last minute of each; at first nothing is known.
#[derive(Default)]
pub struct Drops {
    history: History<usize, 1>,
    last: Option<([u64; DropReason::COUNT], f64)>,
}

impl Drops {
    /// Takes in what was counted at this time, in seconds. Gives all reasons, in their order.
    pub fn take(&mut self, counts: &[u64; DropReason::COUNT], now: f64) -> Vec<Dropped> {
        self.history.begin(now);
        let (before, then) = self.last.unwrap_or((*counts, now));
        let period = now - then;
        let dropped = DropReason::ALL.iter().zip(counts).enumerate();
        let dropped = dropped
            .map(|(place, (reason, total))| {
                let [spark] = self.history.take(place, [*total]);
                // A module that was loaded anew begins at 0.
                let counted = total.checked_sub(before[place]).unwrap_or(*total);
                let rate = match period > 0.0 {
                    true => (counted as f64 / period).round() as u64,
                    false => 0,
                };
                Dropped {
                    reason: *reason,
                    total: *total,
                    rate,
                    spark,
                }
            })
            .collect();
        self.last = Some((*counts, now));
        dropped
    }
}

/// Those that there are, most of now first.
pub fn ranked(dropped: &[Dropped]) -> Vec<Dropped> {
    let mut ranked: Vec<Dropped> = dropped.iter().filter(|d| d.total != 0).copied().collect();
    ranked.sort_by_key(|d| std::cmp::Reverse((d.rate, d.total)));
    ranked
}

/// One line about them; `None` if the module doesn't tell.
pub fn line(dropped: Option<&[Dropped]>) -> Option<String> {
    let dropped = dropped?;
    let sum = |number: fn(&Dropped) -> u64| dropped.iter().map(number).sum::<u64>();
    let (total, rate) = (sum(|d| d.total), sum(|d| d.rate));
    if total == 0 {
        return Some("Dropped: nothing".to_owned());
    }
    let mut text = format!("Dropped: {} ({}/s)", short(total), short(rate));
    for (place, reason) in ranked(dropped).iter().enumerate() {
        let comma = if place == 0 { ":" } else { "," };
        text.push_str(&format!(
            "{comma} {} {}",
            reason.reason.name(),
            short(reason.total)
        ));
        if reason.rate != 0 {
            text.push_str(&format!(" ({}/s)", short(reason.rate)));
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_most_comes_first() {
        let mut drops = Drops::default();
        let mut counts = [0; DropReason::COUNT];
        assert_eq!(
            line(Some(&drops.take(&counts, 1.0))).as_deref(),
            Some("Dropped: nothing")
        );
        counts[DropReason::TooBig.number()] = 1000;
        drops.take(&counts, 2.0);
        counts[DropReason::Ttl.number()] = 20;
        let dropped = drops.take(&counts, 4.0);
        assert_eq!(
            line(Some(&dropped)).as_deref(),
            Some("Dropped: 1020 (10/s): ttl 20 (10/s), too_big 1000")
        );
        assert_eq!(line(None), None);
    }
}
