// SPDX-License-Identifier: MIT OR GPL-2.0

//! Carries commands out.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::AsFd;

use lvs_uapi::limits::version_parts;
use lvs_uapi::limits::IP_VS_VERSION_CODE;

use crate::change::Change;
use crate::cli;
use crate::cli::address::Resolver;
use crate::cli::command::List;
use crate::cli::help;
use crate::cli::CliError;
use crate::cli::Command;
use crate::client::Client;
use crate::error::Error;
use crate::exit::REFUSED;
use crate::exit::SUCCESS;
use crate::exit::USAGE;
use crate::listing;
use crate::model::ServiceId;
use crate::open::open;
use crate::program::Calling;
use crate::program::OWN_NAME;
use crate::render::Format;
use crate::render::Names;
use crate::render::Numeric;
use crate::restore::CommandLines;
use crate::restore::Tally;
use crate::stdio::complain;
use crate::stdio::print;
use crate::subcommand;
use crate::sys::names::System;
use crate::transaction;
use crate::transaction::Wish;

/// Changes that `-R` collects at most before it makes them.
const BATCH: usize = 4096;

/// How a command ended.
enum Outcome {
    /// With this status; more commands may follow.
    Status(u8),
    /// With this status, at once.
    Exit(u8),
}

/// Runs the program. Gives the exit status.
pub fn run(argv: &[String]) -> u8 {
    let (program, words) = match argv.split_first() {
        Some((program, words)) => (program.as_str(), words),
        None => ("ipvsadm", argv),
    };
    let calling = Calling::by(program);
    let words: Vec<String> = match calling {
        Calling::Plain | Calling::Own => words.to_vec(),
        Calling::Save => prefixed("-S", words),
        Calling::Restore => prefixed("-R", words),
    };
    if let Some(status) = subcommand::run(&words) {
        return status;
    }
    // Help needs no kernel.
    if let Ok(command @ (Command::Help | Command::Version)) =
        cli::parse::parse(&words[..words.len().min(1)], &System)
    {
        return print(&help_text(&command, program, calling));
    }
    let client = match open() {
        Ok(client) => client,
        Err(status) => return status,
    };
    let mut app = App {
        program,
        calling,
        replaces: false,
        client,
        resolver: System,
    };
    app.warn_of_old_kernel();
    if words.is_empty() {
        return app.list(List::All, &Format::default());
    }
    app.replaces = calling == Calling::Restore && cli::parse::parse(&words, &System).is_ok();
    match app.run_line(&words, true) {
        Outcome::Status(status) | Outcome::Exit(status) => status,
    }
}

/// The words with a command before them.
fn prefixed(command: &str, words: &[String]) -> Vec<String> {
    let mut all = vec![command.to_owned()];
    all.extend_from_slice(words);
    all
}

struct App<'a> {
    program: &'a str,
    calling: Calling,
    /// Whether what is restored takes the place of all there is.
    replaces: bool,
    client: Client,
    resolver: System,
}

impl App<'_> {
    fn warn_of_old_kernel(&self) {
        let version = self.client.info().version;
        if version < IP_VS_VERSION_CODE {
            let (major, minor, patch) = version_parts(version);
            let (own_major, own_minor, own_patch) = version_parts(IP_VS_VERSION_CODE);
            complain!(
                "Warning: IPVS version mismatch: \n  \
                 Kernel compiled with IPVS version {major}.{minor}.{patch}\n  \
                 ipvsadm-rs requires minimum IPVS version {own_major}.{own_minor}.{own_patch}\n"
            );
        }
    }

    /// Runs one command line. `-R` is for the outermost only.
    fn run_line(&mut self, words: &[String], outermost: bool) -> Outcome {
        match self.parse(words) {
            Ok(Command::Restore) if !outermost => self.try_help(),
            Ok(command) => self.execute(command),
            Err(error) => self.explain(&error),
        }
    }

    fn parse(&self, words: &[String]) -> Result<Command, CliError> {
        let resolver: &dyn Resolver = &self.resolver;
        cli::parse::parse(words, resolver)
    }

    fn explain(&self, error: &CliError) -> Outcome {
        match error {
            CliError::NoCommand => self.try_help(),
            CliError::Word { .. } => {
                complain!("{error}");
                Outcome::Status(REFUSED)
            }
            CliError::Usage(error) => {
                complain!("{error}");
                Outcome::Exit(USAGE)
            }
        }
    }

    fn try_help(&self) -> Outcome {
        crate::stdio::to_stderr(format_args!("{}", help::hint(self.program)));
        Outcome::Exit(REFUSED)
    }

    fn execute(&mut self, command: Command) -> Outcome {
        match command {
            Command::Help | Command::Version => {
                Outcome::Exit(print(&help_text(&command, self.program, self.calling)))
            }
            Command::Change(change) => Outcome::Status(accept(self.client.control().make(&change))),
            Command::List(what, format) => continuing(self.list(what, &format)),
            Command::Save(format) => {
                let names = names(&self.resolver, &format);
                continuing(listing::save(&mut self.client, &format, names))
            }
            Command::Restore => self.restore(),
        }
    }

    fn list(&mut self, what: List, format: &Format) -> u8 {
        let names = names(&self.resolver, format);
        listing::list(&mut self.client, what, format, names)
    }

    /// Runs the command lines of standard input. The status is that of the last.
    fn restore(&mut self) -> Outcome {
        let mut tally = Tally::default();
        let outcome = match io::stdin().as_fd().try_clone_to_owned() {
            Ok(input) => self.restore_from(File::from(input), &mut tally),
            Err(error) => {
                complain!("{error}");
                Outcome::Exit(REFUSED)
            }
        };
        if self.calling == Calling::Own {
            if let Some(summary) = tally.summary() {
                complain!("{OWN_NAME}: {summary}");
            }
        }
        outcome
    }

    /// Restores what is in `input`. A file that only adds is put in force in one step, where the
    /// kernel can do that; if it won't, it is to say which line it refuses.
    fn restore_from(&mut self, mut input: File, tally: &mut Tally) -> Outcome {
        let mut bytes = Vec::new();
        let is_file = input.metadata().is_ok_and(|metadata| metadata.is_file());
        if is_file && self.client.control().generation().is_some() {
            if let Err(error) = input.read_to_end(&mut bytes) {
                complain!("{error}");
                return Outcome::Exit(REFUSED);
            }
            if let Some(numbers) = self.restore_at_once(&bytes) {
                numbers.iter().for_each(|number| tally.count(*number, true));
                return Outcome::Status(SUCCESS);
            }
        }
        if self.replaces {
            if let Outcome::Status(status @ REFUSED) = self.execute(Change::Flush.into()) {
                return Outcome::Exit(status);
            }
        }
        // What was read, or what is there to be read.
        self.run_lines(CommandLines::new(bytes.as_slice().chain(input)), tally)
    }

    /// Puts the command lines in force in one step, if they add services that aren't there and
    /// their servers, and the kernel takes them. Gives their numbers.
    fn restore_at_once(&mut self, bytes: &[u8]) -> Option<Vec<usize>> {
        let mut numbers = Vec::new();
        let mut changes = Vec::new();
        if self.replaces {
            changes.push(Change::Flush);
        }
        for line in CommandLines::new(bytes) {
            let line = line.ok()?;
            match self.parse(&line.words) {
                Ok(Command::Change(change)) => changes.push(change),
                _ => return None,
            }
            numbers.push(line.number);
        }
        // Nothing to do isn't a transaction, which has the kernel make its tables.
        if changes.is_empty() {
            return None;
        }
        let mut transaction = transaction::of_changes(&changes)?;
        if !transaction.whole {
            // Those that are there are told apart before they could be replaced.
            transaction.generation = Some(self.client.control().generation()?);
            let there = self.client.control().services().ok()?;
            let there: HashSet<ServiceId> = there.iter().map(|entry| entry.service.id).collect();
            let is_there = |wish: &Wish| match wish {
                Wish::Put(service, _) => there.contains(&service.id),
                Wish::Remove(_) => false,
            };
            if transaction.wishes.iter().any(is_there) {
                return None;
            }
        }
        let taken = self.client.control().transact(&transaction);
        taken.is_ok().then_some(numbers)
    }

    /// Runs command lines. Changes are collected as long as the next line is at hand.
    fn run_lines(&mut self, mut lines: CommandLines<impl Read>, tally: &mut Tally) -> Outcome {
        let mut status = SUCCESS;
        let mut batch = Batch::default();
        while let Some(line) = lines.next() {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    batch.make(&mut self.client, tally);
                    complain!("{error}");
                    return Outcome::Exit(REFUSED);
                }
            };
            let parsed = self.parse(&line.words);
            if let Ok(Command::Change(change)) = parsed {
                batch.changes.push(change);
                batch.lines.push(line.number);
                if batch.changes.len() >= BATCH || !lines.ready() {
                    status = batch.make(&mut self.client, tally).unwrap_or(status);
                }
                continue;
            }
            batch.make(&mut self.client, tally);
            let outcome = match parsed {
                Ok(Command::Restore) => self.try_help(),
                Ok(command) => self.execute(command),
                Err(error) => self.explain(&error),
            };
            match outcome {
                Outcome::Status(last) => {
                    tally.count(line.number, last == SUCCESS);
                    status = last;
                }
                Outcome::Exit(last) => {
                    tally.count(line.number, last == SUCCESS);
                    tally.stopped = Some(line.number);
                    return outcome;
                }
            }
        }
        let last = batch.make(&mut self.client, tally);
        Outcome::Status(last.unwrap_or(status))
    }
}

/// Changes to make together.
#[derive(Default)]
struct Batch {
    changes: Vec<Change>,
    lines: Vec<usize>,
}

impl Batch {
    /// Makes the changes. Gives the status of the last, if there was one.
    fn make(&mut self, client: &mut Client, tally: &mut Tally) -> Option<u8> {
        let results = client.control().submit(&self.changes);
        self.changes.clear();
        let mut last = None;
        for (number, result) in self.lines.drain(..).zip(results) {
            let status = accept(result);
            tally.count(number, status == SUCCESS);
            last = Some(status);
        }
        last
    }
}

/// The status of a change. Explains why it wasn't made.
fn accept(result: Result<(), Error>) -> u8 {
    match result {
        Ok(()) => SUCCESS,
        Err(error) => {
            complain!("{error}");
            REFUSED
        }
    }
}

fn names<'a>(resolver: &'a System, format: &Format) -> &'a dyn Names {
    if format.numeric {
        &Numeric
    } else {
        resolver
    }
}

/// A listing that fails ends everything.
fn continuing(status: u8) -> Outcome {
    match status {
        SUCCESS => Outcome::Status(SUCCESS),
        status => Outcome::Exit(status),
    }
}

fn help_text(command: &Command, program: &str, calling: Calling) -> String {
    match command {
        Command::Version => help::version(),
        _ if calling == Calling::Own => help::help(program) + &help::additions(program),
        _ => help::help(program),
    }
}
