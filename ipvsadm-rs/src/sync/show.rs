// SPDX-License-Identifier: MIT OR GPL-2.0

//! How synchronisation is, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::model::sync::BootId;
use crate::model::sync::SyncPeer;
use crate::model::sync::SyncStatus;

/// Changes when a field goes or changes its meaning.
const SCHEMA: u32 = 1;

/// For people.
pub(super) fn text(status: &SyncStatus) -> String {
    let mut out = String::new();
    let in_sync = if status.is_in_sync { "yes" } else { "no" };
    let seconds = seconds(status.since);
    let phase = status.phase;
    let entries = status.entries;
    let from = match status.donor {
        Some(donor) => format!(" from {donor}"),
        None => String::new(),
    };
    let signs = match status.sign_key {
        Some(id) => format!("signs with key {id}"),
        None => "signs nothing".to_owned(),
    };
    // Writing to a string doesn't fail.
    let _ = writeln!(
        out,
        "in sync: {in_sync} ({phase}{from}, for {seconds:.1} s), {entries} connections"
    );
    let _ = writeln!(out, "receives {}, {signs}", status.policy.name());
    for key in &status.keys {
        let _ = writeln!(
            out,
            "key {}{}",
            key.id,
            if key.signs { ", signs" } else { "" }
        );
    }
    for peer in &status.peers {
        let _ = writeln!(out, "peer {}", of_peer(peer));
    }
    for (name, value) in status.counters.iter().filter(|(_, value)| *value > 0) {
        let _ = writeln!(out, "{name} {value}");
    }
    out
}

fn of_peer(peer: &SyncPeer) -> String {
    let mut parts = Vec::new();
    parts.extend(peer.addr.map(|addr| match addr.port() {
        0 => addr.ip().to_string(),
        _ => addr.to_string(),
    }));
    let Some(boot) = peer.boot else {
        parts.push("not heard".to_owned());
        return parts.join(", ");
    };
    parts.push(boot.to_string());
    for (is_so, yes, no) in [
        (peer.is_in_sync, "in sync", "not in sync"),
        (peer.is_signed, "signed", "not signed"),
        (peer.has_same_rules, "", "other rules"),
    ] {
        let word = if is_so { yes } else { no };
        parts.extend((!word.is_empty()).then(|| word.to_owned()));
    }
    parts.push(format!("{} connections", peer.entries));
    parts.push(format!("heard {:.1} s ago", seconds(peer.silent)));
    parts.join(", ")
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    in_sync: bool,
    phase: String,
    phase_seconds: f64,
    boot_id: Option<String>,
    donor: Option<String>,
    connections: u32,
    receives: &'a str,
    signing_key: Option<u16>,
    keys: Vec<Key>,
    peers: Vec<Peer>,
    counters: BTreeMap<&'a str, u64>,
}

#[derive(Serialize)]
struct Key {
    id: u16,
    signs: bool,
}

#[derive(Serialize)]
struct Peer {
    address: Option<String>,
    port: Option<u16>,
    boot_id: Option<String>,
    in_sync: bool,
    signed: bool,
    same_rules: bool,
    connections: u32,
    silent_seconds: Option<f64>,
}

/// As JSON, with a newline.
pub(super) fn json(status: &SyncStatus) -> String {
    let text = |id: Option<BootId>| id.map(|id| id.to_string());
    let document = Document {
        schema: SCHEMA,
        in_sync: status.is_in_sync,
        phase: status.phase.to_string(),
        phase_seconds: seconds(status.since),
        boot_id: text(status.boot),
        donor: text(status.donor),
        connections: status.entries,
        receives: status.policy.name(),
        signing_key: status.sign_key,
        keys: status
            .keys
            .iter()
            .map(|key| Key {
                id: key.id,
                signs: key.signs,
            })
            .collect(),
        peers: status
            .peers
            .iter()
            .map(|peer| Peer {
                address: peer.addr.map(|addr| addr.ip().to_string()),
                port: peer.addr.map(|addr| addr.port()).filter(|port| *port != 0),
                boot_id: text(peer.boot),
                in_sync: peer.is_in_sync,
                signed: peer.is_signed,
                same_rules: peer.has_same_rules,
                connections: peer.entries,
                silent_seconds: peer.boot.map(|_| seconds(peer.silent)),
            })
            .collect(),
        counters: status
            .counters
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect(),
    };
    // Structs of numbers and strings always have a JSON form.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sync::Phase;
    use crate::model::sync::Policy;
    use crate::model::sync::SyncKey;

    fn sample() -> SyncStatus {
        SyncStatus {
            policy: Policy::Signed,
            sign_key: Some(3),
            boot: Some(BootId(0xabc)),
            phase: Phase(2),
            is_in_sync: false,
            since: 1500,
            donor: Some(BootId(0xdef)),
            entries: 7,
            counters: vec![("late".to_owned(), 4), ("own".to_owned(), 0)],
            keys: vec![SyncKey { id: 3, signs: true }],
            peers: vec![
                SyncPeer {
                    addr: "10.0.0.2:8848".parse().ok(),
                    ..SyncPeer::default()
                },
                SyncPeer {
                    boot: Some(BootId(0xdef)),
                    silent: 200,
                    is_signed: true,
                    is_in_sync: true,
                    entries: 9,
                    ..SyncPeer::default()
                },
            ],
        }
    }

    #[test]
    fn people_see_what_matters() {
        let expected = "\
in sync: no (filling from 0000000000000def, for 1.5 s), 7 connections
receives signed, signs with key 3
key 3, signs
peer 10.0.0.2:8848, not heard
peer 0000000000000def, in sync, signed, other rules, 9 connections, heard 0.2 s ago
late 4
";
        assert_eq!(text(&sample()), expected);
        let off = "in sync: no (off, for 0.0 s), 0 connections\nreceives any, signs nothing\n";
        assert_eq!(text(&SyncStatus::default()), off);
    }

    #[test]
    fn programs_see_all() {
        let value: serde_json::Value = serde_json::from_str(&json(&sample())).expect("JSON");
        assert_eq!(value["schema"], 1);
        assert_eq!(value["in_sync"], false);
        assert_eq!(value["phase"], "filling");
        assert_eq!(value["boot_id"], "0000000000000abc");
        assert_eq!(value["receives"], "signed");
        assert_eq!(value["keys"][0]["id"], 3);
        assert_eq!(value["peers"][0]["address"], "10.0.0.2");
        assert_eq!(value["peers"][0]["boot_id"], serde_json::Value::Null);
        assert_eq!(value["peers"][1]["silent_seconds"], 0.2);
        assert_eq!(value["counters"]["own"], 0);
    }
}
