// SPDX-License-Identifier: MIT OR GPL-2.0

//! Command lines from a file: `-R`.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;

/// A word that may stand before a command.
const PROGRAM: &str = "ipvsadm";

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// Its words.
    pub words: Vec<String>,
}

/// Command lines of a reader, split into words.
///
/// There is no quoting. Empty lines and lines that start with `#` are skipped, and so is the
/// program's name.
pub struct CommandLines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    number: usize,
}

impl<R: Read> CommandLines<R> {
    /// Starts before the first line.
    pub fn new(reader: R) -> Self {
        CommandLines {
            reader: BufReader::with_capacity(CHUNK, reader),
            line: Vec::new(),
            number: 0,
        }
    }

    /// Whether the next line is at hand, so that reading it won't wait.
    pub fn ready(&self) -> bool {
        self.reader.buffer().contains(&b'\n')
    }
}

impl<R: Read> Iterator for CommandLines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line.clear();
            match self.reader.read_until(b'\n', &mut self.line) {
                Ok(0) => return None,
                Ok(_) => self.number += 1,
                Err(error) => return Some(Err(error)),
            }
            let words = words(&String::from_utf8_lossy(&self.line));
            if !words.is_empty() {
                let number = self.number;
                return Some(Ok(Line { number, words }));
            }
        }
    }
}

/// How the lines of `-R` fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines that were run.
    pub run: usize,
    /// Numbers of those that failed.
    pub failed: Vec<usize>,
    /// The line at which everything stopped.
    pub stopped: Option<usize>,
}

impl Tally {
    /// Counts a line.
    pub fn count(&mut self, number: usize, succeeded: bool) {
        self.run += 1;
        if !succeeded {
            self.failed.push(number);
        }
    }

    /// One line that names those that failed, if any did.
    pub fn summary(&self) -> Option<String> {
        let (first, rest) = self.failed.split_first()?;
        let mut text = format!(
            "{} of {} command lines failed: line {first}",
            self.failed.len(),
            self.run
        );
        for number in rest {
            text.push_str(&format!(", {number}"));
        }
        if let Some(number) = self.stopped {
            text.push_str(&format!("; stopped at line {number}"));
        }
        Some(text)
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
            .map(|line| line.expect("no error from memory").words)
            .collect()
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

    #[test]
    fn lines_keep_the_numbers_of_the_file() {
        let numbers: Vec<usize> = CommandLines::new("-C\n\n# x\n-Z\n".as_bytes())
            .map(|line| line.expect("no error from memory").number)
            .collect();
        assert_eq!(numbers, [1, 4]);
    }

    #[test]
    fn the_summary_names_what_failed() {
        let mut tally = Tally::default();
        tally.count(1, true);
        assert_eq!(tally.summary(), None);
        tally.count(3, false);
        tally.count(9, false);
        let text = "2 of 3 command lines failed: line 3, 9";
        assert_eq!(tally.summary().as_deref(), Some(text));
        tally.stopped = Some(9);
        let text = format!("{text}; stopped at line 9");
        assert_eq!(tally.summary(), Some(text));
    }
}
