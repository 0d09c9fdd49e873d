// SPDX-License-Identifier: MIT OR GPL-2.0

//! Numbers of six characters at most.

/// A number, scaled by powers of ten so that it fits.
pub(super) fn short(number: u64) -> String {
    let mut number = number;
    let mut units = ["", "K", "M", "G", "T", "P"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while number >= if unit.is_empty() { 1_000_000 } else { 100_000 } {
        number /= 1_000;
        unit = units.next().unwrap_or("E");
    }
    format!("{number}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_characters_are_enough() {
        for (number, text) in [
            (0, "0"),
            (999_999, "999999"),
            (1_000_000, "1000K"),
            (99_999_999, "99999K"),
            (100_000_000, "100M"),
            (u64::MAX, "18446P"),
        ] {
            assert_eq!(short(number), text);
        }
    }
}
