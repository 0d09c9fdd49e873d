// SPDX-License-Identifier: MIT OR GPL-2.0

//! Carries commands out.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;

use lvs_uapi::limits::version_parts;
use lvs_uapi::limits::IP_VS_VERSION_CODE;

use crate::cli;
use crate::cli::address::Resolver;
use crate::cli::command::List;
use crate::cli::options::Definition;
use crate::cli::CliError;
use crate::cli::Command;
use crate::client::Client;
use crate::client::Order;
use crate::error::Error;
use crate::model::ServiceId;
use crate::modprobe;
use crate::render;
use crate::render::conn;
use crate::render::daemon;
use crate::render::help;
use crate::render::Format;
use crate::render::Names;
use crate::render::Numeric;
use crate::restore::CommandLines;
use crate::sys::names::System;

/// Exit status: all is well.
const SUCCESS: u8 = 0;
/// Exit status: a listing failed.
const LIST_FAILED: u8 = 1;
/// Exit status: the options make no sense, or there is no IPVS.
const USAGE: u8 = 2;
/// Exit status: the kernel refused, or the command line is unreadable.
const REFUSED: u8 = 255;
/// Exit status: nobody reads our output, as a shell reports a death by `SIGPIPE`.
const BROKEN_PIPE: u8 = 128 + 13;

/// The kernel's table of connections.
const CONNECTIONS: &str = "/proc/net/ip_vs_conn";

/// What the name the program was called by stands for.
enum Calling {
    /// `ipvsadm`: do as the words say.
    Plain,
    /// `ipvsadm-save`: print the table as command lines.
    Save,
    /// `ipvsadm-restore`: replace the table by what the command lines of standard input make.
    Restore,
}

impl Calling {
    fn by(program: &str) -> Self {
        match program.rsplit('/').next() {
            Some("ipvsadm-save") => Calling::Save,
            Some("ipvsadm-restore") => Calling::Restore,
            _ => Calling::Plain,
        }
    }
}

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
        Calling::Plain => words.to_vec(),
        Calling::Save => prefixed("-S", words),
        Calling::Restore => prefixed("-R", words),
    };
    let definition = Definition::new();
    // Help needs no kernel.
    if let Ok(command @ (Command::Help | Command::Version)) =
        cli::parse::parse(&definition, &words[..words.len().min(1)], &System)
    {
        return print(&help_text(&command, program));
    }
    let client = match open() {
        Ok(client) => client,
        Err(error) => {
            eprintln!(
                "Can't initialize ipvs: {error}\n\
                 Are you sure that IP Virtual Server is built in the kernel or as module?"
            );
            return USAGE;
        }
    };
    let mut app = App {
        program,
        definition,
        client,
        resolver: System,
    };
    app.warn_of_old_kernel();
    if words.is_empty() {
        return app.list(List::All, &Format::default());
    }
    let replaces = matches!(calling, Calling::Restore)
        && cli::parse::parse(&app.definition, &words, &System).is_ok();
    if replaces {
        if let Outcome::Status(status @ REFUSED) = app.execute(Command::Flush) {
            return status;
        }
    }
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

/// Opens the control interface, and loads the module if it isn't there.
fn open() -> Result<Client, Error> {
    Client::open().or_else(|error| {
        if modprobe::load() {
            Client::open()
        } else {
            Err(error)
        }
    })
}

struct App<'a> {
    program: &'a str,
    definition: Definition,
    client: Client,
    resolver: System,
}

impl App<'_> {
    fn warn_of_old_kernel(&self) {
        let version = self.client.info().version;
        if version < IP_VS_VERSION_CODE {
            let (major, minor, patch) = version_parts(version);
            let (own_major, own_minor, own_patch) = version_parts(IP_VS_VERSION_CODE);
            eprintln!(
                "Warning: IPVS version mismatch: \n  \
                 Kernel compiled with IPVS version {major}.{minor}.{patch}\n  \
                 ipvsadm-rs requires minimum IPVS version {own_major}.{own_minor}.{own_patch}\n"
            );
        }
    }

    /// Runs one command line. `-R` is for the outermost only.
    fn run_line(&mut self, words: &[String], outermost: bool) -> Outcome {
        let resolver: &dyn Resolver = &self.resolver;
        match cli::parse::parse(&self.definition, words, resolver) {
            Ok(Command::Restore) if !outermost => self.try_help(),
            Ok(command) => self.execute(command),
            Err(CliError::NoCommand) => self.try_help(),
            Err(error @ CliError::Word { .. }) => {
                eprintln!("{error}");
                Outcome::Status(REFUSED)
            }
            Err(CliError::Usage(error)) => {
                eprintln!("{error}");
                Outcome::Exit(USAGE)
            }
        }
    }

    fn try_help(&self) -> Outcome {
        eprint!("{}", help::hint(self.program));
        Outcome::Exit(REFUSED)
    }

    fn execute(&mut self, command: Command) -> Outcome {
        let control = self.client.control();
        let result = match command {
            Command::Help | Command::Version => {
                return Outcome::Exit(print(&help_text(&command, self.program)))
            }
            Command::List(what, format) => return continuing(self.list(what, &format)),
            Command::Save(format) => return continuing(self.save(&format)),
            Command::Restore => return self.restore(),
            Command::AddService(service) => control.add_service(&service),
            Command::EditService(service) => control.edit_service(&service),
            Command::DeleteService(id) => control.delete_service(&id),
            Command::Flush => control.flush(),
            Command::AddDest(id, dest) => control.add_dest(&id, &dest),
            Command::EditDest(id, dest) => control.edit_dest(&id, &dest),
            Command::DeleteDest(id, dest) => control.delete_dest(&id, &dest),
            Command::Zero(id) => control.zero(id.as_ref()),
            Command::SetTimeouts(timeouts) => control.set_timeouts(&timeouts),
            Command::StartDaemon(daemon) => control.start_daemon(&daemon),
            Command::StopDaemon(role) => control.stop_daemon(role),
        };
        match result {
            Ok(()) => Outcome::Status(SUCCESS),
            Err(error) => {
                eprintln!("{error}");
                Outcome::Status(REFUSED)
            }
        }
    }

    /// Runs the command lines of standard input. The status is that of the last.
    fn restore(&mut self) -> Outcome {
        let mut status = SUCCESS;
        for words in CommandLines::new(io::stdin().lock()) {
            let words = match words {
                Ok(words) => words,
                Err(error) => {
                    eprintln!("{error}");
                    return Outcome::Exit(REFUSED);
                }
            };
            match self.run_line(&words, false) {
                Outcome::Status(last) => status = last,
                exit @ Outcome::Exit(_) => return exit,
            }
        }
        Outcome::Status(status)
    }

    fn list(&mut self, what: List, format: &Format) -> u8 {
        let text = match what {
            List::All => self.table_text(format),
            List::Service(id) => self.service_text(&id, format),
            List::Connections => return self.list_connections(format),
            List::Timeouts => self
                .client
                .control()
                .timeouts()
                .map(|timeouts| daemon::timeouts(&timeouts)),
            List::Daemons => self
                .client
                .control()
                .daemons()
                .map(|daemons| daemon::daemons(&daemons)),
        };
        print_or_explain(text)
    }

    fn table_text(&mut self, format: &Format) -> Result<String, Error> {
        let entries = self.client.table(order(format))?;
        let banner = render::list::banner(self.client.info());
        let table = render::list::table(&entries, format, self.names(format));
        Ok(banner + &table)
    }

    fn service_text(&mut self, id: &ServiceId, format: &Format) -> Result<String, Error> {
        let entry = self.client.entry(id, order(format))?;
        Ok(render::list::table(&[entry], format, self.names(format)))
    }

    fn save(&mut self, format: &Format) -> u8 {
        let text = self
            .client
            .table(order(format))
            .map(|entries| render::save::table(&entries, self.names(format)));
        print_or_explain(text)
    }

    fn list_connections(&self, format: &Format) -> u8 {
        let Ok(file) = File::open(CONNECTIONS) else {
            eprintln!("cannot open file {CONNECTIONS}");
            return LIST_FAILED;
        };
        match copy_connections(BufReader::new(file), format, self.names(format)) {
            Ok(true) => SUCCESS,
            Ok(false) => {
                eprintln!("unexpected input from {CONNECTIONS}");
                LIST_FAILED
            }
            Err(error) => output_failed(&error),
        }
    }

    fn names(&self, format: &Format) -> &dyn Names {
        if format.numeric {
            &Numeric
        } else {
            &self.resolver
        }
    }
}

/// Prints the connections of the kernel's table, row by row: there may be millions. `false` if there
/// isn't even a title.
fn copy_connections(
    mut table: impl BufRead,
    format: &Format,
    names: &dyn Names,
) -> io::Result<bool> {
    let mut line = String::new();
    if table.read_line(&mut line)? == 0 {
        return Ok(false);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    out.write_all(conn::title(format).as_bytes())?;
    let mut text = String::new();
    loop {
        line.clear();
        if table.read_line(&mut line)? == 0 {
            break;
        }
        if let Some(conn) = conn::Conn::parse(&line) {
            text.clear();
            conn::row(&mut text, &conn, format, names);
            out.write_all(text.as_bytes())?;
        }
    }
    out.flush()?;
    Ok(true)
}

fn order(format: &Format) -> Order {
    if format.nosort {
        Order::Kernel
    } else {
        Order::Sorted
    }
}

/// A listing that fails ends everything.
fn continuing(status: u8) -> Outcome {
    match status {
        SUCCESS => Outcome::Status(SUCCESS),
        status => Outcome::Exit(status),
    }
}

fn help_text(command: &Command, program: &str) -> String {
    match command {
        Command::Version => help::version(),
        _ => help::help(program),
    }
}

fn print_or_explain(text: Result<String, Error>) -> u8 {
    match text {
        Ok(text) => print(&text),
        Err(error) => {
            eprintln!("{error}");
            LIST_FAILED
        }
    }
}

fn print(text: &str) -> u8 {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => SUCCESS,
        Err(error) => output_failed(&error),
    }
}

fn output_failed(error: &io::Error) -> u8 {
    if error.kind() == io::ErrorKind::BrokenPipe {
        BROKEN_PIPE
    } else {
        eprintln!("{error}");
        LIST_FAILED
    }
}
