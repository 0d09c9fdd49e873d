// SPDX-License-Identifier: MIT OR GPL-2.0

//! A key's secret, from a file or standard input: on a command line everybody could read it.

use std::fs::File;
use std::io;
use std::io::Read;

/// How many bytes a secret has.
const LENGTH: std::ops::RangeInclusive<usize> = 16..=64;

/// Reads a secret from the file at `path`, `-` for standard input; tells why it can't.
pub(super) fn read(path: &str) -> Result<Vec<u8>, String> {
    let bytes = match path {
        "-" => bounded(io::stdin().lock()),
        path => File::open(path).and_then(bounded),
    };
    let bytes = bytes.map_err(|error| format!("{path}: {error}"))?;
    checked(bytes).map_err(|text| format!("{path}: {text}"))
}

/// As much as a secret can have, and what shows that there is more.
fn bounded(input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(LENGTH.end() + 2);
    let limit = u64::try_from(LENGTH.end() + 2).unwrap_or(u64::MAX);
    input.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes without the newline of a text file, if they are as many as a key has.
fn checked(mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if LENGTH.contains(&bytes.len()) {
        return Ok(bytes);
    }
    let (least, most) = (LENGTH.start(), LENGTH.end());
    Err(format!("a key has {least} to {most} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(bytes: &[u8]) -> Option<usize> {
        let bytes = bounded(bytes).expect("bytes");
        checked(bytes).ok().map(|bytes| bytes.len())
    }

    #[test]
    fn a_newline_is_not_part_of_it() {
        assert_eq!(secret(b"0123456789abcdef"), Some(16));
        assert_eq!(secret(b"0123456789abcdef\n"), Some(16));
        assert_eq!(secret(&[b'\n'; 17]), Some(16));
    }

    #[test]
    fn its_length_is_bounded() {
        assert_eq!(secret(b""), None);
        assert_eq!(secret(b"0123456789abcde\n"), None);
        assert_eq!(secret(&[7; 64]), Some(64));
        assert_eq!(secret(&[7; 65]), None);
        assert_eq!(secret(&[7; 1000]), None);
        let mut text = [b'a'; 65];
        text[64] = b'\n';
        assert_eq!(secret(&text), Some(64));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read("/nonexistent/key").expect_err("no file");
        assert!(error.starts_with("/nonexistent/key: "), "{error}");
    }
}
