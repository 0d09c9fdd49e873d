// SPDX-License-Identifier: MIT OR GPL-2.0

//! Numbers as the C library reads them.

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

/// Longest timeout the command line admits: 31 days, in seconds.
pub const MAX_TIMEOUT: u64 = 31 * 24 * 60 * 60;

/// White space as `isspace` has it.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

/// Reads a decimal number like `strtol`: leading blanks and a plus sign are fine, trailing text
/// isn't.
fn decimal(text: &str) -> Option<u64> {
    let text = text.trim_start_matches(is_space);
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        // A minus sign is left to fail here: no range admits a negative number.
        return digits.strip_prefix('-').and_then(negative_zero);
    }
    digits.parse().ok()
}

/// The one negative number that is in a range that starts at 0.
fn negative_zero(digits: &str) -> Option<u64> {
    (!digits.is_empty() && digits.bytes().all(|b| b == b'0')).then_some(0)
}

/// Reads a decimal number of a range.
pub fn in_range(text: &str, range: RangeInclusive<u64>) -> Option<u64> {
    decimal(text).filter(|number| range.contains(number))
}

/// Reads a decimal number of a range that fits 32 bits.
pub fn u32_in(text: &str, range: RangeInclusive<u32>) -> Option<u32> {
    let wide = u64::from(*range.start())..=u64::from(*range.end());
    in_range(text, wide).and_then(|number| u32::try_from(number).ok())
}

/// Reads a decimal number of a range that fits 16 bits.
pub fn u16_in(text: &str, range: RangeInclusive<u16>) -> Option<u16> {
    let wide = u64::from(*range.start())..=u64::from(*range.end());
    in_range(text, wide).and_then(|number| u16::try_from(number).ok())
}

/// Reads a time of whole seconds, with a unit of `s`, `m` or `h` or without one; at most
/// [`MAX_TIMEOUT`].
pub fn seconds(text: &str) -> Option<u32> {
    const UNITS: [(char, u64); 3] = [('s', 1), ('m', 60), ('h', 3600)];
    let unit = UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)));
    let (number, unit) = unit.unwrap_or((text, 1));
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    let seconds = Some(seconds).filter(|seconds| *seconds <= MAX_TIMEOUT)?;
    u32::try_from(seconds).ok()
}

/// Reads a prefix length like `atoi`: trailing text doesn't matter, no number at all counts as 0.
pub fn leading_number(text: &str) -> u32 {
    let text = text.trim_start_matches(is_space);
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    match &text[..end] {
        "" => 0,
        digits => digits.parse().unwrap_or(u32::MAX),
    }
}

/// Reads an IPv4 address like `inet_aton`: one to four parts, each decimal, octal or hexadecimal,
/// the last of which fills the remaining bytes. What follows a blank doesn't matter.
pub fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let text = text.split(is_space).next()?;
    let parts: Vec<u64> = text.split('.').map(c_number).collect::<Option<_>>()?;
    let (&last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|&part| part > 0xff) {
        return None;
    }
    let last_bits = 32 - 8 * u32::try_from(leading.len()).ok()?;
    if last >> last_bits != 0 {
        return None;
    }
    let high = leading
        .iter()
        .zip([24, 16, 8])
        .fold(0, |sum, (&part, shift)| sum | (part << shift));
    u32::try_from(high | last).ok().map(Ipv4Addr::from)
}

/// Reads a number with C's prefixes for its base.
fn c_number(text: &str) -> Option<u64> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).ok().map(u64::from);
    }
    let base = if text.len() > 1 && text.starts_with('0') {
        8
    } else {
        10
    };
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    u32::from_str_radix(text, base).ok().map(u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_tolerate_what_strtol_tolerates() {
        for (text, number) in [
            ("0", Some(0)),
            (" 5", Some(5)),
            ("+5", Some(5)),
            ("010", Some(10)),
            ("-0", Some(0)),
            ("-1", None),
            ("", None),
            (" ", None),
            ("5x", None),
            ("5 ", None),
            ("0x10", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(in_range(text, 0..=u64::MAX), number, "{text:?}");
        }
        assert_eq!(u32_in("2147483648", 0..=i32::MAX as u32), None);
        assert_eq!(u16_in("65535", 1..=65535), Some(65535));
        assert_eq!(u16_in("0", 1..=65535), None);
    }

    #[test]
    fn times_are_whole_seconds() {
        for (text, number) in [
            ("0", Some(0)),
            ("30s", Some(30)),
            ("5m", Some(300)),
            ("2h", Some(7200)),
            ("2678400", Some(2_678_400)),
            ("2678401", None),
            ("745h", None),
            ("1.5s", None),
            ("500ms", None),
            ("-1", None),
            ("+1", None),
            ("s", None),
            ("", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(seconds(text), number, "{text:?}");
        }
    }

    #[test]
    fn prefix_lengths_ignore_what_follows() {
        assert_eq!(leading_number("64x"), 64);
        assert_eq!(leading_number("x"), 0);
        assert_eq!(leading_number(""), 0);
        assert_eq!(leading_number("-1"), 0);
    }

    #[test]
    fn addresses_come_in_all_of_inet_atons_shapes() {
        for (text, bytes) in [
            ("1.2.3.4", Some([1, 2, 3, 4])),
            ("127.1", Some([127, 0, 0, 1])),
            ("1.2.3", Some([1, 2, 0, 3])),
            ("1234", Some([0, 0, 4, 210])),
            ("0x7f000001", Some([127, 0, 0, 1])),
            ("01.02.03.010", Some([1, 2, 3, 8])),
            ("1.2.3.4 trailing", Some([1, 2, 3, 4])),
            ("4294967295", Some([255, 255, 255, 255])),
            ("4294967296", None),
            ("300.1.1.1", None),
            ("1.2.65536", None),
            ("1.2.3.4.5", None),
            ("1..2", None),
            ("1.2.3.", None),
            ("1.2.3.4x", None),
            (" 1.2.3.4", None),
            ("08", None),
            ("", None),
        ] {
            assert_eq!(ipv4(text), bytes.map(Ipv4Addr::from), "{text:?}");
        }
    }
}
