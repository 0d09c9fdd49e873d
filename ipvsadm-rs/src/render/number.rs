// SPDX-License-Identifier: MIT OR GPL-2.0

//! Counters in columns nine wide.

/// A counter: scaled by powers of ten so that it fits its column, or in full.
pub fn large(number: u64, exact: bool) -> String {
    if exact {
        let digits = number.to_string();
        let width = if digits.len() <= 8 {
            9
        } else {
            digits.len() + 1
        };
        return format!("{digits:>width$}");
    }
    match number {
        0..100_000_000 => format!("{number:>9}"),
        100_000_000..1_000_000_000 => format!("{:>8}K", number / 1_000),
        1_000_000_000..100_000_000_000 => format!("{:>8}M", number / 1_000_000),
        100_000_000_000..100_000_000_000_000 => format!("{:>8}G", number / 1_000_000_000),
        _ => format!("{:>8}T", number / 1_000_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_at_the_right_places() {
        for (number, text) in [
            (0, "        0"),
            (99_999_999, " 99999999"),
            (100_000_000, "  100000K"),
            (999_999_999, "  999999K"),
            (1_000_000_000, "    1000M"),
            (99_999_999_999, "   99999M"),
            (100_000_000_000, "     100G"),
            (99_999_999_999_999, "   99999G"),
            (100_000_000_000_000, "     100T"),
            (u64::MAX, "18446744T"),
        ] {
            assert_eq!(large(number, false), text);
        }
    }

    #[test]
    fn exact_numbers_keep_a_blank_before_them() {
        assert_eq!(large(5, true), "        5");
        assert_eq!(large(12_345_678, true), " 12345678");
        assert_eq!(large(123_456_789, true), " 123456789");
        assert_eq!(large(u64::MAX, true), " 18446744073709551615");
    }
}
