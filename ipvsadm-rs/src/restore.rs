// SPDX-License-Identifier: MIT OR GPL-2.0

//! Command lines from a file: `-R`.

use std::io;
use std::io::BufRead;

/// A word that may stand before a command.
const PROGRAM: &str = "ipvsadm";

/// Command lines of a reader, split into words.
///
/// There is no quoting. Empty lines and lines that start with `#` are skipped, and so is the program's
/// name.
pub struct CommandLines<R> {
    reader: R,
    line: Vec<u8>,
}

impl<R: BufRead> CommandLines<R> {
    /// Starts before the first line.
    pub fn new(reader: R) -> Self {
        CommandLines {
            reader,
            line: Vec::new(),
        }
    }
}

impl<R: BufRead> Iterator for CommandLines<R> {
    type Item = io::Result<Vec<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line.clear();
            match self.reader.read_until(b'\n', &mut self.line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            let words = words(&String::from_utf8_lossy(&self.line));
            if !words.is_empty() {
                return Some(Ok(words));
            }
        }
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = line
        .split([' ', '\t', '\r', '\n'])
        .filter(|word| !word.is_empty() && *word != PROGRAM)
        .peekable();
    match words.peek() {
        Some(first) if first.starts_with('#') => Vec::new(),
        _ => words.map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Vec<String>> {
        CommandLines::new(text.as_bytes())
            .collect::<io::Result<_>>()
            .expect("no error from memory")
    }

    #[test]
    fn lines_become_words() {
        assert_eq!(
            read("-A -t 1.2.3.4:80\r\n\n  \n\t-a\t-t  1.2.3.4:80   -r 5.6.7.8"),
            [
                vec!["-A", "-t", "1.2.3.4:80"],
                vec!["-a", "-t", "1.2.3.4:80", "-r", "5.6.7.8"],
            ]
        );
    }

    #[test]
    fn the_programs_name_is_skipped() {
        assert_eq!(read("ipvsadm -C\nipvsadm\n"), [["-C"]]);
        assert_eq!(read("/sbin/ipvsadm -C\n"), [["/sbin/ipvsadm", "-C"]]);
    }

    #[test]
    fn comments_are_skipped_but_only_at_the_start() {
        assert_eq!(read("# saved today\n  #-C\n-Z\n"), [["-Z"]]);
        assert_eq!(read("-C #now\n"), [["-C", "#now"]]);
    }
}
