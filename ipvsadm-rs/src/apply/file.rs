// SPDX-License-Identifier: MIT OR GPL-2.0

//! Reads what a file asks for: saved command lines, JSON or TOML.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::change::Change;
use crate::cli::parse::parse;
use crate::cli::Command;
use crate::document::into_model;
use crate::document::schema;
use crate::document::Document;
use crate::render::change::line;
use crate::restore::CommandLines;
use crate::sys::names::System;

use super::state::Entry;
use super::State;

/// Why a file can't be applied.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A command line is wrong.
    #[error("line {0}: {1}")]
    Line(usize, String),
    /// Not JSON, or not of the schema.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Not TOML, or not of the schema.
    #[error("{}", .0.to_string().trim_end())]
    Toml(#[from] toml::de::Error),
    /// A value is wrong.
    #[error(transparent)]
    Value(#[from] into_model::DocumentError),
    /// A schema of the future.
    #[error("schema {0} is unknown, this program reads {known}", known = schema::VERSION)]
    Schema(u32),
    /// Something is there twice.
    #[error("{0} is there twice")]
    Twice(String),
    /// Nothing to apply.
    #[error("has neither services nor timeouts nor daemons")]
    Nothing,
}

/// Reads a file's text. Its content tells the format: JSON starts with a brace, command lines with
/// a dash.
pub fn read(text: &str) -> Result<State, FileError> {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .unwrap_or_default();
    let state = if first.starts_with('{') {
        of_document(&serde_json::from_str(text)?)?
    } else if first.is_empty() || first.starts_with('-') || first.starts_with("ipvsadm") {
        rules(text)?
    } else {
        of_document(&toml::from_str(text)?)?
    };
    unique(&state)?;
    Ok(state.normal())
}

fn of_document(document: &Document) -> Result<State, FileError> {
    if document.schema != schema::VERSION {
        return Err(FileError::Schema(document.schema));
    }
    let entry = |(service, dests)| Entry { service, dests };
    let state = State {
        services: document
            .services()?
            .map(|services| services.into_iter().map(entry).collect()),
        timeouts: document.timeouts.map(schema::Timeouts::model),
        daemons: document.daemons(),
    };
    if state == State::default() {
        return Err(FileError::Nothing);
    }
    Ok(state)
}

/// Reads saved command lines. `-C` is what an empty table starts from anyway; what edits or deletes
/// has no place in a description.
pub fn rules(text: &str) -> Result<State, FileError> {
    let mut services: Vec<Entry> = Vec::new();
    let mut places = HashMap::new();
    let mut state = State::default();
    let mut table = false;
    for line in CommandLines::new(text.as_bytes()) {
        // Reading from memory doesn't fail.
        let Ok(line) = line else { break };
        let wrong = |text: &str| FileError::Line(line.number, text.to_owned());
        let command = parse(&line.words, &System).map_err(|error| wrong(&error.to_string()))?;
        match command {
            Command::Change(Change::Flush) if services.is_empty() => table = true,
            Command::Change(Change::AddService(service)) => {
                table = true;
                if places.insert(service.id, services.len()).is_some() {
                    return Err(wrong("Service already exists"));
                }
                let dests = Vec::new();
                services.push(Entry { service, dests });
            }
            Command::Change(Change::AddDest(id, dest)) => {
                let &place = places
                    .get(&id)
                    .ok_or_else(|| wrong("Service not defined"))?;
                let dests = &mut services[place].dests;
                dests.push(dest);
            }
            Command::Change(Change::SetTimeouts(timeouts)) => state.timeouts = Some(timeouts),
            Command::Change(Change::StartDaemon(daemon)) => {
                state.daemons.get_or_insert_default().push(daemon);
            }
            _ => {
                return Err(wrong(
                    "only -A, -a, --set, --start-daemon and a first -C describe a table",
                ))
            }
        }
    }
    // An empty file is rather an accident than a wish for an empty table.
    state.services = table.then_some(services);
    if state == State::default() {
        return Err(FileError::Nothing);
    }
    Ok(state)
}

/// Makes sure that nothing is there twice.
fn unique(state: &State) -> Result<(), FileError> {
    let mut ids = HashSet::new();
    for entry in state.services.iter().flatten() {
        let service = &entry.service;
        let text = || line(&Change::DeleteService(service.id))[3..].to_owned();
        if !ids.insert(service.id) {
            return Err(FileError::Twice(format!("service {}", text())));
        }
        let mut servers = HashSet::new();
        for dest in &entry.dests {
            if !servers.insert((dest.addr, dest.port)) {
                let text = line(&Change::DeleteDest(service.id, *dest));
                return Err(FileError::Twice(format!("server {}", &text[3..])));
            }
        }
    }
    let mut roles = HashSet::new();
    for daemon in state.daemons.iter().flatten() {
        if !roles.insert(daemon.role.name()) {
            let text = format!("{} daemon", daemon.role.name());
            return Err(FileError::Twice(text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_formats_say_the_same() {
        let rules = read(
            "# web\n-A -t 10.0.0.1:80 -s rr -p 60\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 3\n",
        )
        .expect("rules");
        let json = read(
            r#"{"schema": 1, "services": [{"protocol": "tcp", "address": "10.0.0.1", "port": 80,
                "scheduler": "rr", "persistent": 60,
                "servers": [{"address": "10.0.0.2", "forward": "masq", "weight": 3}]}]}"#,
        )
        .expect("JSON");
        let toml = read(
            "schema = 1\n[[services]]\nprotocol = 'tcp'\naddress = '10.0.0.1'\nport = 80\n\
             scheduler = 'rr'\npersistent = 60\n\
             [[services.servers]]\naddress = '10.0.0.2'\nforward = 'masq'\nweight = 3\n",
        )
        .expect("TOML");
        assert_eq!(rules, json);
        assert_eq!(rules, toml);
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, message) in [
            ("-A -f 1\n-A -f 1\n", "line 2: Service already exists"),
            ("\n-a -f 1 -r 10.0.0.1\n", "line 2: Service not defined"),
            (
                "-A -f 1\n-D -f 1\n",
                "line 2: only -A, -a, --set, --start-daemon and a first -C describe a table",
            ),
            (
                "-A -f 1\n-a -f 1 -r 10.0.0.1\n-a -f 1 -r 10.0.0.1\n",
                "server -f 1 -r 10.0.0.1:0 is there twice",
            ),
            (
                "{\"schema\": 2}",
                "schema 2 is unknown, this program reads 1",
            ),
            ("", "has neither services nor timeouts nor daemons"),
            (
                "schema = 1",
                "has neither services nor timeouts nor daemons",
            ),
        ] {
            let error = read(text).expect_err("a mistake");
            assert_eq!(error.to_string(), message, "{text}");
        }
    }
}
