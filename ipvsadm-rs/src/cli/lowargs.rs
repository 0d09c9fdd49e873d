// SPDX-License-Identifier: MIT OR GPL-2.0

//! Walks an argument vector the way popt does, which is neither getopt's way nor clap's.
//!
//! - Options may stand after words, words are collected for later.
//! - `--name=value`, `-tvalue`, `-t=value` and `-t value` all give a value; `-Ln` is two options.
//! - Names aren't abbreviated.
//! - A value may begin with a dash, unless it is optional.
//! - `--` ends the options; a single `-` is a word.

use super::options::Arity;
use super::options::Definition;
use super::options::Opt;

/// An option with its value, as it stands on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Which option.
    pub opt: Opt,
    /// Its value. Always there if the option demands one.
    pub value: Option<String>,
}

/// Why a word can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No such option.
    #[error("unknown option")]
    Unknown,
    /// The value is missing.
    #[error("missing argument")]
    MissingArgument,
    /// There is a value, but the option takes none.
    #[error("option does not take an argument")]
    UnwantedArgument,
}

/// Walks the words of one command line, program name excluded.
#[derive(Debug)]
pub struct Lexer<'a> {
    definition: &'a Definition,
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
    pub fn new(definition: &'a Definition, words: &'a [String]) -> Self {
        Lexer {
            definition,
            words,
            next: 0,
            cluster: None,
            options_ended: false,
            rest: Vec::new(),
        }
    }

    /// The next option, or `None` after the last word.
    pub fn next_option(&mut self) -> Result<Option<Occurrence>, Problem> {
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

    fn long(&mut self, word: &'a str) -> Result<Occurrence, Problem> {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let (opt, arity) = self.definition.by_long(name).ok_or(Problem::Unknown)?;
        self.with_value(opt, arity, attached)
    }

    fn short(&mut self, cluster: &'a str) -> Result<Occurrence, Problem> {
        let mut letters = cluster.chars();
        let letter = letters.next().ok_or(Problem::Unknown)?;
        let tail = letters.as_str();
        let (opt, arity) = self.definition.by_short(letter).ok_or(Problem::Unknown)?;
        match arity {
            Arity::None if tail.starts_with('=') => Err(Problem::UnwantedArgument),
            Arity::None => {
                self.cluster = (!tail.is_empty()).then_some(tail);
                Ok(Occurrence { opt, value: None })
            }
            Arity::One | Arity::Optional => {
                let attached = tail.strip_prefix('=').unwrap_or(tail);
                self.with_value(opt, arity, (!tail.is_empty()).then_some(attached))
            }
        }
    }

    fn with_value(
        &mut self,
        opt: Opt,
        arity: Arity,
        attached: Option<&'a str>,
    ) -> Result<Occurrence, Problem> {
        let value = match (arity, attached) {
            (Arity::None, None) => None,
            (Arity::None, Some(_)) => return Err(Problem::UnwantedArgument),
            (_, Some(value)) => Some(value.to_owned()),
            (Arity::One, None) => Some(self.take_word().ok_or(Problem::MissingArgument)?),
            (Arity::Optional, None) => match self.words.get(self.next) {
                Some(word) if !word.starts_with('-') => self.take_word(),
                _ => None,
            },
        };
        Ok(Occurrence { opt, value })
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

    type Options = Vec<(Opt, Option<String>)>;

    /// Reads a whole line: the options with their values, then the words.
    fn read(line: &str) -> Result<(Options, Vec<String>), (Problem, String)> {
        let definition = Definition::new();
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut lexer = Lexer::new(&definition, &words);
        let mut options = Vec::new();
        loop {
            match lexer.next_option() {
                Ok(Some(o)) => options.push((o.opt, o.value)),
                Ok(None) => break,
                Err(problem) => return Err((problem, lexer.current_word().to_owned())),
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
        let expected = vec![
            (Opt::AddService, None),
            (Opt::TcpService, value("1.2.3.4:80")),
        ];
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
        assert_eq!(options("-w -1"), [(Opt::Weight, value("-1"))]);
    }

    #[test]
    fn optional_values_may_not() {
        assert_eq!(
            options("-p -n"),
            [(Opt::Persistent, None), (Opt::Numeric, None)]
        );
        assert_eq!(options("-p 5"), [(Opt::Persistent, value("5"))]);
        assert_eq!(options("-p5"), [(Opt::Persistent, value("5"))]);
        assert_eq!(options("--persistent="), [(Opt::Persistent, value(""))]);
        assert_eq!(options("-p"), [(Opt::Persistent, None)]);
    }

    #[test]
    fn words_are_kept_apart() {
        let (options, rest) = read("1 --set 2 - -n -- -3").expect("a legal line");
        assert_eq!(options, [(Opt::Set, None), (Opt::Numeric, None)]);
        assert_eq!(rest, ["1", "2", "-", "-3"]);
    }

    #[test]
    fn problems_name_the_word() {
        for (line, problem, word) in [
            ("-Lnz", Problem::Unknown, "-Lnz"),
            ("--tcp x", Problem::Unknown, "--tcp"),
            ("-A -t", Problem::MissingArgument, "-t"),
            ("--nosort=1", Problem::UnwantedArgument, "--nosort=1"),
            ("-nX=c", Problem::UnwantedArgument, "-nX=c"),
        ] {
            assert_eq!(read(line), Err((problem, word.to_owned())), "{line}");
        }
    }
}
