// SPDX-License-Identifier: MIT OR GPL-2.0

//! The text: for each metric what it is, then a line for each series of it.

use std::io;
use std::io::Write;

use lvs_uapi::drop_reason::DropReason;

use super::families::Family;
use super::families::BEYOND;
use super::families::DROPPED;
use super::families::INFO;
use super::families::NAMESPACE;
use super::families::SERVER;
use super::families::SERVICE;
use super::families::SYNC;
use super::labels::Labels;
use super::Scope;
use super::Snapshot;

/// The media type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes the metrics.
pub fn write(out: &mut impl Write, snapshot: &Snapshot, scope: &Scope) -> io::Result<()> {
    let about = Labels::default()
        .with("module", snapshot.module)
        .with("version", &snapshot.version);
    family(out, &INFO, [(&about, snapshot)])?;
    let none = Labels::default();
    for row in NAMESPACE {
        family(out, row, [(&none, snapshot)])?;
    }
    if let Some(drops) = &snapshot.drops {
        let reasons = DropReason::ALL.iter();
        let labels: Vec<Labels> = reasons
            .map(|reason| Labels::default().with("reason", reason.name()))
            .collect();
        family(out, &DROPPED, labels.iter().zip(drops))?;
    }
    for row in BEYOND {
        family(out, row, [(&none, snapshot)])?;
    }
    if let Some(sync) = &snapshot.sync {
        let counters = sync.counters.iter();
        let labels: Vec<Labels> = counters
            .map(|(name, _)| Labels::default().with("event", name))
            .collect();
        let counts = sync.counters.iter().map(|(_, count)| count);
        family(out, &SYNC, labels.iter().zip(counts))?;
    }
    let labels: Vec<Labels> = snapshot
        .services
        .iter()
        .map(|item| Labels::of_service(&item.entry.service.id))
        .collect();
    for row in SERVICE {
        family(out, row, labels.iter().zip(&snapshot.services))?;
    }
    if !scope.per_server {
        return Ok(());
    }
    let servers: Vec<_> = labels
        .into_iter()
        .zip(&snapshot.services)
        .flat_map(|(service, item)| {
            let dests = item.dests.iter();
            dests.map(move |entry| (service.of_server(&entry.dest), entry))
        })
        .collect();
    for row in SERVER {
        family(
            out,
            row,
            servers.iter().map(|(labels, entry)| (labels, *entry)),
        )?;
    }
    Ok(())
}

/// Writes a metric, unless nothing is known of it.
fn family<'a, T: 'a>(
    out: &mut impl Write,
    family: &Family<T>,
    series: impl IntoIterator<Item = (&'a Labels, &'a T)>,
) -> io::Result<()> {
    let name = family.name;
    let mut is_first = true;
    for (labels, item) in series {
        let Some(value) = (family.value)(item) else {
            continue;
        };
        if is_first {
            let kind = family.kind.name();
            writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", family.help)?;
            is_first = false;
        }
        match labels.as_str() {
            "" => writeln!(out, "{name} {value}")?,
            labels => writeln!(out, "{name}{{{labels}}} {value}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::procfs::ConnTable;
    use super::super::snapshot::tests::item;
    use super::*;
    use crate::model::drain::Drain;
    use crate::model::extras::Ramp;
    use crate::model::summary::Summary;
    use crate::model::sync::SyncStatus;
    use crate::model::Family as AddressFamily;
    use crate::model::ServiceId;
    use crate::render::list::tests::service;

    /// What is written of the sample, byte for byte.
    const EXPECTED: &str = include_str!("expected.prom");

    /// A server twice under different services, and two servers of one service.
    fn sample() -> Snapshot {
        let mark = |family| ServiceId::Mark { mark: 10, family };
        let mut web = item(
            service("10.0.0.1:80").id,
            100,
            &[("10.0.0.2:80", 10), ("10.0.0.3:80", 20)],
        );
        web.dests[0].drain = Some(Drain::default());
        web.dests[1].ramp = Some(Ramp {
            seconds: 9,
            percent: 40,
        });
        Snapshot {
            module: "lvs",
            version: "1.2.1".to_owned(),
            totals: Some(item(mark(AddressFamily::V4), 1000, &[]).entry.stats),
            table: ConnTable {
                entries: Some(11),
                buckets: Some(256),
                longest: Some(2),
                bytes: Some(3544),
            },
            drops: Some(std::array::from_fn(|place| place as u64)),
            summary: Some(Summary {
                early: 12,
                xdp: 13,
                ..Summary::default()
            }),
            sync: Some(SyncStatus {
                is_in_sync: true,
                counters: vec![("sent".to_owned(), 14), ("told".to_owned(), 15)],
                ..SyncStatus::default()
            }),
            services: vec![
                web,
                item(service("[2001:db8::1]:80").id, 200, &[("10.0.0.2:80", 30)]),
                item(mark(AddressFamily::V4), 300, &[("10.0.0.2:0", 40)]),
                item(mark(AddressFamily::V6), u64::MAX - 4, &[]),
            ],
        }
    }

    fn text(snapshot: &Snapshot, per_server: bool) -> String {
        let scope = Scope {
            per_server,
            services: Vec::new(),
        };
        let mut bytes = Vec::new();
        write(&mut bytes, snapshot, &scope).expect("memory takes everything");
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn the_text_byte_for_byte() {
        assert_eq!(text(&sample(), true), EXPECTED);
        let (of_services, _) = EXPECTED
            .split_once("# HELP lvs_server_")
            .expect("metrics of servers");
        assert_eq!(text(&sample(), false), of_services);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let snapshot = Snapshot {
            totals: None,
            drops: None,
            summary: None,
            sync: None,
            table: ConnTable {
                buckets: Some(4096),
                ..ConnTable::default()
            },
            module: "ip_vs",
            services: Vec::new(),
            ..sample()
        };
        assert_eq!(
            text(&snapshot, true),
            "# HELP lvs_info Which module it is, and IPVS's version.\n\
             # TYPE lvs_info gauge\n\
             lvs_info{module=\"ip_vs\",version=\"1.2.1\"} 1\n\
             # HELP lvs_connection_table_buckets Buckets of the connection table.\n\
             # TYPE lvs_connection_table_buckets gauge\n\
             lvs_connection_table_buckets 4096\n"
        );
    }

    /// Reads a name, and gives the rest.
    fn name(text: &str) -> (&str, &str) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        assert!(!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()));
        (name, rest)
    }

    /// Reads `{name="value",...}`, and gives the rest.
    fn labels(text: &str) -> &str {
        let Some(mut rest) = text.strip_prefix('{') else {
            return text;
        };
        let mut seen = HashSet::new();
        loop {
            let (label, after) = name(rest);
            assert!(seen.insert(label), "{label} twice in {text}");
            let mut chars = after.strip_prefix("=\"").expect("a value").chars();
            loop {
                match chars.next().expect("the end of the value") {
                    '"' => break,
                    '\\' => assert!(matches!(chars.next(), Some('\\' | '"' | 'n')), "{text}"),
                    c => assert_ne!(c, '\n'),
                }
            }
            match chars.next() {
                Some(',') => rest = chars.as_str(),
                Some('}') => return chars.as_str(),
                other => panic!("{other:?} in {text}"),
            }
        }
    }

    /// The grammar of the format, and what its readers demand of it beside that.
    #[test]
    fn the_text_follows_the_formats_grammar() {
        let mut snapshot = sample();
        snapshot.version = "a \"b\" \\ {}\n,c=\"d\"".to_owned();
        let text = text(&snapshot, true);
        assert!(text.ends_with('\n'));
        let mut series = HashSet::new();
        let mut families = HashSet::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let (family, help) = name(line.strip_prefix("# HELP ").expect("help comes first"));
            assert!(families.insert(family), "{family} is in two places");
            assert!(help.len() > 1 && help.starts_with(' '), "{line}");
            let (typed, kind) = name(
                lines
                    .next()
                    .and_then(|line| line.strip_prefix("# TYPE "))
                    .expect("then the type"),
            );
            assert_eq!(typed, family);
            assert!([" counter", " gauge"].contains(&kind), "{kind}");
            let mut count = 0;
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                let (sample, rest) = name(line);
                assert_eq!(sample, family);
                let value = labels(rest).strip_prefix(' ').expect("a value");
                value.parse::<u64>().expect("a number");
                let identity = line.len() - value.len();
                assert!(series.insert(&line[..identity]), "twice: {line}");
                count += 1;
            }
            assert_ne!(count, 0, "{family} has no series");
        }
    }
}
