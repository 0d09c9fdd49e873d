// SPDX-License-Identifier: MIT OR GPL-2.0

//! Walks an argument vector the way popt does, which is neither getopt's way nor clap's.
//!
//! - Options may stand after words, words are collected for later.
//! - `--name=value`, `-tvalue`, `-t=value` and `-t value` all give a value; `-Ln` is two options.
//! - Names aren't abbreviated.
//! - A value may begin with a dash, unless it is optional.
//! - `--` ends the options; a single `-` is a word.

use super::options;
use super::options::Arity;
use super::options::Spec;
use super::usage::WordError;

/// An option with its value, as it stands on the command line.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// Which option.
    pub spec: &'static Spec,
    /// Its value. Always there if the option demands one.
    pub value: Option<String>,
}

/// Walks the words of one command line, program name excluded.
#[derive(Debug)]
pub struct Lexer<'a> {
    words: &'a [String],
    next: usize,
    /// What is left of a word of short options.
    cluster: Option<&'a str>,
    /// Whether `--` was seen.
    options_ended: bool,
    rest: Vec<&'a str>,
}

impl<'a> Lexer<'a> {
    /// Starts before the first of the words.
    pub fn new(words: &'a [String]) -> Self {
        Lexer {
            words,
            next: 0,
            cluster: None,
            options_ended: false,
            rest: Vec::new(),
        }
    }

    /// The next option, or `None` after the last word.
    pub fn next_option(&mut self) -> Result<Option<Occurrence>, WordError> {
        if let Some(cluster) = self.cluster.take() {
            return self.short(cluster).map(Some);
        }
        while let Some(word) = self.words.get(self.next) {
            self.next += 1;
            if self.options_ended || !word.starts_with('-') || word == "-" {
                self.rest.push(word);
            } else if word == "--" {
                self.options_ended = true;
            } else if let Some(long) = word.strip_prefix("--") {
                return self.long(long).map(Some);
            } else {
                return self.short(&word[1..]).map(Some);
            }
        }
        Ok(None)
    }

    /// The word that was read last, for messages.
    pub fn current_word(&self) -> &'a str {
        match self.next.checked_sub(1) {
            Some(last) => &self.words[last],
            None => "",
        }
    }

    /// The words that are no options. Complete once [`Self::next_option`] gave `None`.
    pub fn rest(&self) -> &[&'a str] {
        &self.rest
    }

    fn long(&mut self, word: &'a str) -> Result<Occurrence, WordError> {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let spec = options::by_long(name).ok_or(WordError::Unknown)?;
        self.with_value(spec, attached)
    }

    fn short(&mut self, cluster: &'a str) -> Result<Occurrence, WordError> {
        let mut letters = cluster.chars();
        let letter = letters.next().ok_or(WordError::Unknown)?;
        let tail = letters.as_str();
        let spec = options::by_short(letter).ok_or(WordError::Unknown)?;
        match spec.arity() {
            Arity::None if tail.starts_with('=') => Err(WordError::UnwantedArgument),
            Arity::None => {
                self.cluster = (!tail.is_empty()).then_some(tail);
                Ok(Occurrence { spec, value: None })
            }
            Arity::One | Arity::Optional => {
                let attached = tail.strip_prefix('=').unwrap_or(tail);
                self.with_value(spec, (!tail.is_empty()).then_some(attached))
            }
        }
    }

    fn with_value(
        &mut self,
        spec: &'static Spec,
        attached: Option<&'a str>,
    ) -> Result<Occurrence, WordError> {
        let value = match (spec.arity(), attached) {
            (Arity::None, None) => None,
            (Arity::None, Some(_)) => return Err(WordError::UnwantedArgument),
            (_, Some(value)) => Some(value.to_owned()),
            (Arity::One, None) => Some(self.take_word().ok_or(WordError::MissingArgument)?),
            (Arity::Optional, None) => match self.words.get(self.next) {
                Some(word) if !word.starts_with('-') => self.take_word(),
                _ => None,
            },
        };
        Ok(Occurrence { spec, value })
    }

    fn take_word(&mut self) -> Option<String> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(word.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Options = Vec<(&'static str, Option<String>)>;

    /// Reads a whole line: the options with their values, then the words.
    fn read(line: &str) -> Result<(Options, Vec<String>), (WordError, String)> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut lexer = Lexer::new(&words);
        let mut options = Vec::new();
        loop {
            match lexer.next_option() {
                Ok(Some(o)) => options.push((o.spec.long, o.value)),
                Ok(None) => break,
                Err(error) => return Err((error, lexer.current_word().to_owned())),
            }
        }
        let rest = lexer.rest().iter().map(|&word| word.to_owned()).collect();
        Ok((options, rest))
    }

    fn options(line: &str) -> Options {
        read(line).expect("a legal line").0
    }

    fn value(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn values_are_attached_or_follow() {
        let expected = vec![("add-service", None), ("tcp-service", value("1.2.3.4:80"))];
        for line in [
            "-A -t 1.2.3.4:80",
            "-A -t1.2.3.4:80",
            "-A -t=1.2.3.4:80",
            "-At 1.2.3.4:80",
            "-At1.2.3.4:80",
            "--add-service --tcp-service 1.2.3.4:80",
            "-A --tcp-service=1.2.3.4:80",
        ] {
            assert_eq!(options(line), expected, "{line}");
        }
    }

    #[test]
    fn demanded_values_may_begin_with_a_dash() {
        assert_eq!(options("-w -1"), [("weight", value("-1"))]);
    }

    #[test]
    fn optional_values_may_not() {
        assert_eq!(options("-p -n"), [("persistent", None), ("numeric", None)]);
        assert_eq!(options("-p 5"), [("persistent", value("5"))]);
        assert_eq!(options("-p5"), [("persistent", value("5"))]);
        assert_eq!(options("--persistent="), [("persistent", value(""))]);
        assert_eq!(options("-p"), [("persistent", None)]);
    }

    #[test]
    fn words_are_kept_apart() {
        let (options, rest) = read("1 --set 2 - -n -- -3").expect("a legal line");
        assert_eq!(options, [("set", None), ("numeric", None)]);
        assert_eq!(rest, ["1", "2", "-", "-3"]);
    }

    #[test]
    fn errors_name_the_word() {
        for (line, error, word) in [
            ("-Lnz", WordError::Unknown, "-Lnz"),
            ("--tcp x", WordError::Unknown, "--tcp"),
            ("-A -t", WordError::MissingArgument, "-t"),
            ("--nosort=1", WordError::UnwantedArgument, "--nosort=1"),
            ("-nX=c", WordError::UnwantedArgument, "-nX=c"),
        ] {
            assert_eq!(read(line), Err((error, word.to_owned())), "{line}");
        }
    }
}
