// SPDX-License-Identifier: MIT OR GPL-2.0

//! Lines of the output, for people and as JSON: an object each, whose members come in one order.
//! A member that says nothing about an event is absent.

use std::net::IpAddr;
use std::net::SocketAddr;

use serde::Serialize;

use super::event::Event;
use super::event::Kind;

/// Changes when a member goes or changes its meaning, not when one is added.
const SCHEMA: u32 = 1;

/// A line of the output.
pub(super) enum Shown<'a> {
    /// From here on events are shown.
    Tracing,
    /// Something happened.
    Event(&'a Event),
    /// The kernel lost so many events, which came too fast.
    Lost(u64),
    /// So many lines were left out, since they would have been too many.
    LeftOut(u64),
}

/// A line for people, for what happened at this time.
pub(super) fn text(shown: &Shown<'_>, time: &str) -> String {
    match shown {
        Shown::Tracing => format!("{time} tracing"),
        Shown::Lost(count) => format!("{time} lost: {count} events came too fast for the kernel"),
        Shown::LeftOut(count) => format!("{time} left out: {count} lines (--rate shows more)"),
        Shown::Event(event) => {
            let Event {
                protocol,
                client,
                service,
                ..
            } = event;
            let name = event.kind.name();
            let details = details(event);
            let server = match (event.kind, event.server) {
                (Kind::Drop, _) => String::new(),
                (_, Some(server)) => format!(" -> {server}"),
                (_, None) => " -> no server".to_owned(),
            };
            format!("{time} {name} {protocol} {client} -> {service}{server}: {details}")
        }
    }
}

fn details(event: &Event) -> String {
    let detail = |name| event.detail(name);
    match event.kind {
        Kind::Schedule => match event.number("fwmark") {
            0 => format!("by {}", detail("by")),
            mark => format!("by {}, fwmark {mark}", detail("by")),
        },
        Kind::ConnNew => format!("{}, {}", detail("kind"), detail("method")),
        Kind::State => format!("{} -> {}", detail("from"), detail("to")),
        Kind::ConnEnd => format!(
            "{} in {} after {} s",
            detail("cause"),
            detail("state"),
            detail("age")
        ),
        Kind::Drop => format!("{}, {} bytes", detail("reason"), detail("len")),
    }
}

#[derive(Serialize)]
struct End {
    address: IpAddr,
    port: u16,
}

impl From<SocketAddr> for End {
    fn from(end: SocketAddr) -> Self {
        End {
            address: end.ip(),
            port: end.port(),
        }
    }
}

#[derive(Default, Serialize)]
struct Object<'a> {
    time: &'a str,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fwmark: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netns: Option<u32>,
}

/// The same as JSON.
pub(super) fn json(shown: &Shown<'_>, time: &str) -> String {
    let object = match shown {
        Shown::Tracing => Object {
            time,
            event: "tracing",
            schema: Some(SCHEMA),
            ..Object::default()
        },
        Shown::Lost(count) => Object {
            time,
            event: "lost",
            count: Some(*count),
            ..Object::default()
        },
        Shown::LeftOut(count) => Object {
            time,
            event: "left_out",
            count: Some(*count),
            ..Object::default()
        },
        Shown::Event(event) => of_event(event, time),
    };
    // Its keys are words and its values plain: this doesn't fail.
    serde_json::to_string(&object).unwrap_or_default()
}

fn of_event<'a>(event: &'a Event, time: &'a str) -> Object<'a> {
    let word = |name| Some(event.detail(name));
    let base = Object {
        time,
        event: event.kind.name(),
        protocol: Some(&event.protocol),
        netns: Some(event.netns),
        ..Object::default()
    };
    let of_conn = |base| Object {
        client: Some(event.client.into()),
        service: Some(event.service.into()),
        server: event.server.map(End::from),
        ..base
    };
    match event.kind {
        Kind::Drop => Object {
            source: Some(event.client.into()),
            destination: Some(event.service.into()),
            reason: word("reason"),
            bytes: Some(event.number("len")),
            ..base
        },
        Kind::Schedule => Object {
            by: word("by"),
            fwmark: Some(event.number("fwmark")).filter(|mark| *mark != 0),
            ..of_conn(base)
        },
        Kind::ConnNew => Object {
            kind: word("kind"),
            method: word("method"),
            ..of_conn(base)
        },
        Kind::State => Object {
            from: word("from"),
            to: word("to"),
            ..of_conn(base)
        },
        Kind::ConnEnd => Object {
            cause: word("cause"),
            state: word("state"),
            age: Some(event.number("age")),
            ..of_conn(base)
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::event;
    use super::super::event::Line;
    use super::*;

    const TIME: &str = "2025-11-30T09:00:00.000Z";

    fn lines(line: impl Fn(&Shown<'_>) -> String) -> String {
        let mut lines = vec![line(&Shown::Tracing)];
        for sample in event::tests::SAMPLES.lines() {
            match event::read(sample) {
                Line::Event(event) => lines.push(line(&Shown::Event(&event))),
                Line::Lost(count) => lines.push(line(&Shown::Lost(count))),
                Line::Other => lines.push(line(&Shown::LeftOut(3))),
            }
        }
        lines.join("\n") + "\n"
    }

    #[test]
    fn lines_are_these_bytes() {
        let shown = lines(|shown| text(shown, TIME));
        assert_eq!(shown, include_str!("expected.txt"));
        let shown = lines(|shown| json(shown, TIME));
        assert_eq!(shown, include_str!("expected.json"));
    }
}
