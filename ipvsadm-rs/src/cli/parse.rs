// SPDX-License-Identifier: MIT OR GPL-2.0

//! Gives each option its meaning, in the order of the command line.

use crate::model::Dest;
use crate::model::Role;
use crate::model::ServiceId;

use super::address::Resolver;
use super::command::Command;
use super::draft::Draft;
use super::options::by_long;
use super::options::Meaning;
use super::popt_lexer::Lexer;
use super::popt_lexer::Occurrence;
use super::sched_flags::sched_flags;
use super::usage::CliError;
use super::usage::UsageError;
use super::validate;
use super::verb::Verb;

/// Reads the words of a command line, program name excluded.
pub fn parse(words: &[String], resolver: &dyn Resolver) -> Result<Command, CliError> {
    let mut lexer = Lexer::new(words);
    let first = match lexer.next_option() {
        Ok(Some(first)) => first,
        Ok(None) | Err(_) => return Err(CliError::NoCommand),
    };
    let mut draft = match first.spec.meaning {
        Meaning::Command(Verb::Help) => return Ok(Command::Help),
        Meaning::Command(Verb::Version) => return Ok(Command::Version),
        Meaning::Command(verb) => Draft::new(verb, Role::Master, resolver),
        Meaning::DaemonCommand(verb) => Draft::new(verb, role(verb, &first)?, resolver),
        _ => return Err(CliError::NoCommand),
    };
    loop {
        match lexer.next_option() {
            Ok(Some(occurrence)) => take(&mut draft, occurrence, lexer.current_word())?,
            Ok(None) => break,
            Err(error) => {
                let word = lexer.current_word().to_owned();
                return Err(CliError::Word { word, error });
            }
        }
    }
    draft.take_words(lexer.rest())?;
    draft.flags |= sched_flags(&draft.scheduler, &draft.sched_flags)?;
    Ok(validate::finish(draft)?)
}

/// What an unfinished command line says so far: the command, and the service it is about. What
/// can't be read doesn't matter.
pub fn unfinished(words: &[String], resolver: &dyn Resolver) -> (Option<Verb>, Option<ServiceId>) {
    let mut lexer = Lexer::new(words);
    let mut draft = Draft::new(Verb::List, Role::Master, resolver);
    let mut command = None;
    while let Ok(Some(option)) = lexer.next_option() {
        match option.spec.meaning {
            Meaning::Command(verb) | Meaning::DaemonCommand(verb) => {
                command.get_or_insert(verb);
            }
            _ => {
                let _ = take(&mut draft, option, lexer.current_word());
            }
        }
    }
    (command, draft.service)
}

/// The service that the value of an option names, `tcp-service` for one.
pub fn service(
    option: &str,
    text: &str,
    is_ipv6: bool,
    resolver: &dyn Resolver,
) -> Result<ServiceId, UsageError> {
    let mut draft = Draft::new(Verb::List, Role::Master, resolver);
    if let Some(Meaning::Value(_, does)) = by_long(option).map(|spec| spec.meaning) {
        does(&mut draft, text)?;
    }
    if is_ipv6 {
        draft.mark_is_ipv6()?;
    }
    draft.service.ok_or(UsageError::ServiceAddress)
}

/// The service that the value of an option names, `tcp-service` for one, and a server of it. What
/// isn't said of the server is as by default.
pub fn server(
    service: (&str, &str),
    server: &str,
    is_ipv6: bool,
    resolver: &dyn Resolver,
) -> Result<(ServiceId, Dest), UsageError> {
    let mut draft = Draft::new(Verb::List, Role::Master, resolver);
    for (option, text) in [service, ("real-server", server)] {
        if let Some(Meaning::Value(_, does)) = by_long(option).map(|spec| spec.meaning) {
            does(&mut draft, text)?;
        }
    }
    if is_ipv6 {
        draft.mark_is_ipv6()?;
    }
    let id = draft.service.ok_or(UsageError::ServiceAddress)?;
    Ok((id, draft.dest))
}

/// The role that a command about daemons names.
fn role(verb: Verb, first: &Occurrence) -> Result<Role, UsageError> {
    match (first.value.as_deref(), verb) {
        (Some("master"), _) => Ok(Role::Master),
        (Some("backup"), _) => Ok(Role::Backup),
        (_, Verb::StopDaemon) => Err(UsageError::StopDaemon),
        _ => Err(UsageError::StartDaemon),
    }
}

/// Takes an option into the draft. `word` is what it was read from.
fn take(draft: &mut Draft<'_>, option: Occurrence, word: &str) -> Result<(), UsageError> {
    if let Some(class) = &option.spec.class {
        draft.given.insert(class)?;
    }
    let text = option.value.as_deref();
    match option.spec.meaning {
        Meaning::Command(_) | Meaning::DaemonCommand(_) => {
            return Err(UsageError::SecondCommand(word.to_owned()))
        }
        Meaning::Flag(does) => does(draft),
        Meaning::Checked(does) => does(draft)?,
        Meaning::Value(_, does) => does(draft, text.unwrap_or_default())?,
        Meaning::Optional(_, does) => does(draft, text)?,
    }
    Ok(())
}
