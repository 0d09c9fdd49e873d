// SPDX-License-Identifier: MIT OR GPL-2.0

//! What lvs traces, as the kernel writes it: a line of `trace_pipe` an event.

use std::net::SocketAddr;

/// What kind of event it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Schedule,
    ConnNew,
    State,
    ConnEnd,
    Drop,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [
        Kind::Schedule,
        Kind::ConnNew,
        Kind::State,
        Kind::ConnEnd,
        Kind::Drop,
    ];

    /// What the kernel calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Schedule => "schedule",
            Kind::ConnNew => "conn_new",
            Kind::State => "state",
            Kind::ConnEnd => "conn_end",
            Kind::Drop => "drop",
        }
    }

    /// The one with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Event {
    /// Microseconds since the machine was started.
    pub(super) time: u64,
    pub(super) kind: Kind,
    /// Of what protocol, in lower case.
    pub(super) protocol: String,
    /// The client; of a dropped packet its source.
    pub(super) client: SocketAddr,
    /// The virtual address; of a dropped packet its destination.
    pub(super) service: SocketAddr,
    /// The server, if there is one.
    pub(super) server: Option<SocketAddr>,
    /// What else the event has, in its order, as the kernel writes it.
    pub(super) details: Vec<(String, String)>,
    /// The network namespace's number.
    pub(super) netns: u32,
}

impl Event {
    /// What it says about `name`.
    pub(super) fn detail(&self, name: &str) -> &str {
        let mut details = self.details.iter();
        details
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// The same as a number.
    pub(super) fn number(&self, name: &str) -> u64 {
        self.detail(name).parse().unwrap_or_default()
    }
}

/// A line of `trace_pipe`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Line {
    Event(Event),
    /// So many events of one processor were overwritten before they were read.
    Lost(u64),
    /// Something else.
    Other,
}

/// Reads a line.
pub(super) fn read(line: &str) -> Line {
    if let Some(lost) = lost(line) {
        return Line::Lost(lost);
    }
    event(line).map_or(Line::Other, Line::Event)
}

/// As in `CPU:1 [LOST 17 EVENTS]`, where the number may be unknown.
fn lost(line: &str) -> Option<u64> {
    let (_, rest) = line.strip_prefix("CPU:")?.split_once("[LOST ")?;
    let number = rest.strip_suffix("EVENTS]")?.trim();
    Some(number.parse().unwrap_or(1))
}

/// As in `    curl-12 [000] ..s1. 12.345678: drop: TCP source=…`: the name of the task may be
/// anything, so it is read from behind.
fn event(line: &str) -> Option<Event> {
    let (head, told) = line.rsplit_once(": ")?;
    let (head, name) = head.rsplit_once(": ")?;
    let kind = Kind::named(name)?;
    let (seconds, micros) = head.rsplit_once(' ')?.1.split_once('.')?;
    let (seconds, micros): (u64, u64) = (seconds.parse().ok()?, micros.parse().ok()?);
    let mut words = told.split(' ');
    let protocol = words.next()?.to_ascii_lowercase();
    let pairs = words.map(|word| word.split_once('='));
    let mut details = Vec::new();
    let (mut client, mut service, mut server, mut netns) = (None, None, None, None);
    for pair in pairs {
        let (name, value) = pair?;
        match name {
            "client" | "source" => client = Some(value.parse().ok()?),
            "service" | "destination" => service = Some(value.parse().ok()?),
            "server" => server = Some(value.parse::<SocketAddr>().ok()?),
            "netns" => netns = Some(value.parse().ok()?),
            _ => details.push((name.to_owned(), value.to_owned())),
        }
    }
    Some(Event {
        time: seconds.checked_mul(1_000_000)?.checked_add(micros)?,
        kind,
        protocol,
        client: client?,
        service: service?,
        server: server.filter(|server| !server.ip().is_unspecified()),
        details,
        netns: netns?,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What the kernel writes.
    pub(in crate::trace) const SAMPLES: &str = include_str!("sample.pipe");

    #[test]
    fn each_kind_is_read() {
        let kinds: Vec<Kind> = SAMPLES
            .lines()
            .filter_map(|line| match read(line) {
                Line::Event(event) => Some(event.kind),
                _ => None,
            })
            .collect();
        for kind in Kind::ALL {
            assert!(kinds.contains(&kind), "{kind:?}");
        }
        assert_eq!(kinds.len(), SAMPLES.lines().count() - 2);
    }

    #[test]
    fn an_event_is_what_the_kernel_wrote() {
        let line = "  a: b [x]-12 [001] b.s3. 7.000120: state: TCP client=10.0.1.2:4000 \
                    service=10.0.1.100:80 server=[2001:db8::7]:80 from=SYN_RECV to=ESTABLISHED \
                    netns=4026531840";
        let expected = Event {
            time: 7_000_120,
            kind: Kind::State,
            protocol: "tcp".to_owned(),
            client: "10.0.1.2:4000".parse().expect("an address"),
            service: "10.0.1.100:80".parse().expect("an address"),
            server: "[2001:db8::7]:80".parse().ok(),
            details: vec![
                ("from".to_owned(), "SYN_RECV".to_owned()),
                ("to".to_owned(), "ESTABLISHED".to_owned()),
            ],
            netns: 4_026_531_840,
        };
        assert_eq!(read(line), Line::Event(expected));
    }

    #[test]
    fn losses_are_counted() {
        assert_eq!(read("CPU:1 [LOST 17 EVENTS]"), Line::Lost(17));
        assert_eq!(read("CPU:0 [LOST EVENTS]"), Line::Lost(1));
    }

    #[test]
    fn what_is_cut_off_is_no_event() {
        for line in SAMPLES.lines() {
            for end in 0..line.len() {
                let Some(part) = line.get(..end) else {
                    continue;
                };
                if let Line::Event(event) = read(part) {
                    // A number may be shorter.
                    assert!(part.contains(" netns="), "{part}: {event:?}");
                }
            }
        }
    }
}
