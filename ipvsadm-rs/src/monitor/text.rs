// SPDX-License-Identifier: MIT OR GPL-2.0

//! Lines for people: time, what happened, and to what, in the options of the command line.

use crate::model::event::Event;
use crate::model::event::Kind;
use crate::model::event::Subject;
use crate::model::event::Summary;
use crate::model::DestEntry;
use crate::model::ServiceId;
use crate::render::save;
use crate::render::Numeric;

use super::clock;
use super::Line;

/// A line; what isn't an event has the time `now`.
pub(super) fn line(line: &Line<'_>, now: u64) -> String {
    let time = match line {
        Line::Event(event) => event.time,
        _ => now,
    };
    let told = match line {
        Line::Listening { generation, .. } => format!("listening: generation {generation}"),
        Line::Lost(1) => "lost: 1 event lost".to_owned(),
        Line::Lost(count) => format!("lost: {count} events lost"),
        Line::Event(event) => of_event(event),
    };
    format!("{} {told}", clock::written(time))
}

fn of_event(event: &Event) -> String {
    let word = event.kind.word();
    let subject = subject(event).map(|subject| format!(" {subject}"));
    let details = details(event).map(|details| format!(": {details}"));
    format!(
        "{word}{}{}",
        subject.unwrap_or_default(),
        details.unwrap_or_default()
    )
}

/// What it happened to.
fn subject(event: &Event) -> Option<String> {
    let id = match event.service.as_ref()? {
        Subject::Name(id) => *id,
        Subject::Whole(service) if event.server.is_none() => {
            return Some(save::service(service, &Numeric));
        }
        Subject::Whole(service) => service.id,
    };
    Some(match &event.server {
        None => save::service_option(&id, &Numeric),
        Some(Subject::Name(entry)) => named(&id, entry),
        Some(Subject::Whole(entry)) => match event.kind {
            Kind::ServerAdded | Kind::ServerChanged => save::server(&id, &entry.dest, &Numeric),
            _ => named(&id, entry),
        },
    })
}

fn named(id: &ServiceId, entry: &DestEntry) -> String {
    let service = save::service_option(id, &Numeric);
    let server = save::server_option(id, &entry.dest, &Numeric);
    format!("{service} {server}")
}

/// What else is told of it.
fn details(event: &Event) -> Option<String> {
    let entry = match &event.server {
        Some(Subject::Whole(entry)) => Some(entry),
        _ => None,
    };
    match event.kind {
        Kind::Drained => {
            let drain = entry?.drain?;
            let deadline = match drain.asked.seconds {
                Some(seconds) => format!("for {seconds} s, then {}, ", drain.asked.then.word()),
                None => String::new(),
            };
            Some(format!("{deadline}returns with weight {}", drain.weight))
        }
        Kind::DrainEnded => Some(event.outcome?.word()),
        Kind::Undrained => Some(format!("weight {}", entry?.dest.weight)),
        Kind::Overloaded | Kind::Available => {
            let entry = entry?;
            let count = entry.active.saturating_add(entry.inactive);
            let limit = entry.dest.u_threshold;
            Some(format!("{count} connections, upper threshold {limit}"))
        }
        Kind::Cleared => Some(format!("{} services", event.summary.services_removed)),
        Kind::Committed => Some(of_summary(event.generation, &event.summary)),
        Kind::Synchronisation => event.sync.map(|(phase, is_in_sync)| {
            let verdict = if is_in_sync { "complete" } else { "incomplete" };
            format!("{phase}, {verdict}")
        }),
        _ => None,
    }
}

fn of_summary(generation: u32, summary: &Summary) -> String {
    let Summary {
        services_added,
        services_changed,
        services_removed,
        servers_added,
        servers_changed,
        servers_removed,
        is_told,
    } = summary;
    let rest = if *is_told {
        ""
    } else {
        ", not told one by one"
    };
    format!(
        "generation {generation}, \
         services: {services_added} added, {services_changed} changed, {services_removed} removed, \
         servers: {servers_added} added, {servers_changed} changed, {servers_removed} removed{rest}"
    )
}

#[cfg(test)]
mod tests {
    use super::super::json::samples;
    use super::*;

    #[test]
    fn lines_read_like_command_lines() {
        let lines: Vec<String> = samples::lines()
            .iter()
            .map(|sample| line(sample, samples::NOW))
            .collect();
        assert_eq!(lines.join("\n") + "\n", include_str!("expected.txt"));
    }
}
