// SPDX-License-Identifier: MIT OR GPL-2.0

//! The specifications of the families, `uapi/ipvs.yaml` and `uapi/lvs.yaml`, and the constants say
//! the same: neither has a name or a number that the other lacks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lvs_uapi::genl;
use lvs_uapi::lvs;
use serde_yaml_ng::Value;

type Numbers = BTreeMap<String, u64>;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(path).expect("a file of the repository")
}

fn spec_of(family: &str) -> Value {
    serde_yaml_ng::from_str(&read(&format!("uapi/{family}.yaml"))).expect("YAML")
}

fn spec() -> Value {
    spec_of("ipvs")
}

/// The constants of every module of a source file, `MAX` aside.
fn constants(path: &str) -> BTreeMap<String, Numbers> {
    let mut modules: BTreeMap<String, Numbers> = BTreeMap::new();
    let mut module = String::new();
    for line in read(path).lines() {
        if let Some(name) = line.strip_prefix("pub mod ") {
            module = name.trim_end_matches(" {").to_owned();
        } else if let Some(constant) = line.trim_start().strip_prefix("pub const ") {
            let (name, rest) = constant.split_once(':').expect("a type");
            // Some go on on the next line; none of them is a plain number.
            let value = rest.split_once("= ").map_or("", |(_, value)| value);
            if let Ok(number) = value.trim_end_matches(';').parse() {
                let name = name.to_lowercase().replace('_', "-");
                modules
                    .entry(module.clone())
                    .or_default()
                    .insert(name, number);
            }
        }
    }
    modules
}

/// Those of the family `LVS`.
fn own_constants() -> BTreeMap<String, Numbers> {
    let mut modules = constants("uapi/src/lvs.rs");
    modules.extend(constants("uapi/src/explain.rs"));
    modules.extend(constants("uapi/src/summary.rs"));
    modules
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_sequence().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn attributes(spec: &Value, set: &str) -> Numbers {
    let sets = list(spec, "attribute-sets");
    let set = sets.iter().find(|value| text(value, "name") == set);
    list(set.expect("an attribute set"), "attributes")
        .iter()
        .map(|attr| {
            let number = attr["value"].as_u64().expect("a number");
            (text(attr, "name").to_owned(), number)
        })
        .collect()
}

#[test]
fn name_and_version() {
    for (file, name, version) in [
        ("ipvs", genl::FAMILY_NAME, genl::FAMILY_VERSION),
        ("lvs", lvs::FAMILY_NAME, lvs::FAMILY_VERSION),
    ] {
        let spec = spec_of(file);
        assert_eq!(text(&spec, "name"), name);
        assert_eq!(spec["version"].as_u64(), Some(version.into()));
    }
}

#[test]
fn the_table_has_the_attributes_of_ipvs() {
    let (spec, own) = (spec(), spec_of("lvs"));
    let modules = own_constants();
    assert_eq!(attributes(&own, "table-attrs"), modules["attr"]);
    for set in ["service-attrs", "dest-attrs", "stats64-attrs"] {
        let mut expected = attributes(&spec, set);
        expected.remove("stats");
        assert_eq!(attributes(&own, set), expected, "{set}");
    }
    assert_eq!(commands_of(&own), modules["cmd"]);
}

/// The commands of the family `LVS`: what is asked and what is answered, each by its name.
fn commands_of(spec: &Value) -> Numbers {
    let mut commands = Numbers::new();
    for operation in list(&spec["operations"], "list") {
        let name = text(operation, "name");
        let reply = match name {
            "get-table" => "service",
            "get-conns" => "conn",
            "load-conns" => "loaded",
            _ => name.trim_start_matches("get-"),
        };
        for (name, way) in [
            (name, &operation["do"]["request"]),
            (name, &operation["dump"]["request"]),
            (reply, &operation["do"]["reply"]),
            (reply, &operation["dump"]["reply"]),
            (name, &operation["event"]),
        ] {
            if let Some(number) = way["value"].as_u64() {
                commands.insert(name.to_owned(), number);
            }
        }
    }
    commands
}

#[test]
fn what_is_beyond_ipvs_has_its_numbers() {
    let (spec, modules) = (spec_of("lvs"), own_constants());
    for (set, module) in [
        ("loaded-attrs", "loaded_attr"),
        ("sync-attrs", "sync_attr"),
        ("sync-counter-attrs", "sync_counter_attr"),
        ("sync-key-attrs", "sync_key_attr"),
        ("sync-peer-attrs", "sync_peer_attr"),
        ("transaction-attrs", "transaction_attr"),
        ("event-attrs", "event_attr"),
        ("question-attrs", "question_attr"),
        ("explanation-attrs", "explanation_attr"),
        ("explain-near-attrs", "explain_near_attr"),
        ("summary-attrs", "summary_attr"),
        ("summary-drop-attrs", "summary_drop_attr"),
        ("explain-rule-attrs", "explain_rule_attr"),
        ("explain-conn-attrs", "explain_conn_attr"),
        ("explain-way-attrs", "explain_way_attr"),
    ] {
        assert_eq!(attributes(&spec, set), modules[module], "{set}");
    }
    assert_eq!(attributes(&spec, "drain-attrs"), modules["drain_attr"]);
    assert_eq!(attributes(&spec, "extras-attrs"), modules["extras_attr"]);
    assert_eq!(attributes(&spec, "ramp-attrs"), modules["ramp_attr"]);
    for (name, module) in [
        ("on-expiry", "on_expiry"),
        ("sync-policy", "sync_policy"),
        ("sync-phase", "sync_phase"),
        ("drain-then", "drain_then"),
        ("drain-persistent", "drain_persistent"),
        ("event-kind", "event_kind"),
        ("drain-outcome", "drain_outcome"),
        ("explain-outcome", "explain_outcome"),
        ("explain-by", "explain_by"),
        ("explain-rule", "explain_rule"),
        ("explain-answer", "explain_answer"),
        ("explain-early", "explain_early"),
        ("explain-near", "explain_near"),
        ("explain-verdict", "explain_verdict"),
    ] {
        let entries = entries(&spec, name);
        let numbers = entries.into_iter().zip(0..).collect::<Numbers>();
        assert_eq!(numbers, modules[module], "{name}");
    }
}

/// The names of an enumeration.
fn entries(spec: &Value, name: &str) -> Vec<String> {
    let all = list(spec, "definitions");
    let found = all.iter().find(|value| text(value, "name") == name);
    let entries = list(found.expect("a definition"), "entries").iter();
    entries
        .map(|entry| entry.as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn attributes_have_their_numbers() {
    let (spec, modules) = (spec(), constants("uapi/src/genl.rs"));
    for (set, module) in [
        ("cmd-attrs", "attr"),
        ("info-attrs", "info_attr"),
        ("service-attrs", "service_attr"),
        ("dest-attrs", "dest_attr"),
        ("stats-attrs", "stats_attr"),
        ("stats64-attrs", "stats_attr"),
        ("daemon-attrs", "daemon_attr"),
    ] {
        assert_eq!(attributes(&spec, set), modules[module], "{set}");
    }
}

/// How ipvsadm-rs encodes attributes: its lines `Variant(Type) = set::NAME, kind;`, by set and
/// name.
fn encodings() -> BTreeMap<(String, String), String> {
    let files = [
        "message",
        "service",
        "dest",
        "stats",
        "daemon",
        "drain",
        "event",
        "explain",
        "near",
        "summary",
        "sync",
        "transaction",
        "conns",
    ];
    files
        .into_iter()
        .flat_map(|file| {
            let source = read(&format!("ipvsadm-rs/src/netlink/{file}.rs"));
            let lines = source.lines().filter_map(|line| {
                let (_, definition) = line.trim().split_once(") = ")?;
                let (path, kind) = definition.strip_suffix(';')?.split_once(", ")?;
                let (set, name) = path.split_once("::")?;
                let name = name.to_lowercase().replace('_', "-");
                Some(((set.to_owned(), name), kind.to_owned()))
            });
            lines.collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn attributes_have_the_types_of_the_code() {
    let encodings = encodings();
    let mut looked_at = 0;
    for (file, set, module) in [
        ("ipvs", "cmd-attrs", "attr"),
        ("ipvs", "info-attrs", "info_attr"),
        ("ipvs", "service-attrs", "service_attr"),
        ("ipvs", "dest-attrs", "dest_attr"),
        ("ipvs", "stats-attrs", "stats_attr"),
        ("ipvs", "stats64-attrs", "stats_attr"),
        ("ipvs", "daemon-attrs", "daemon_attr"),
        ("lvs", "table-attrs", "attr"),
        ("lvs", "service-attrs", "service_attr"),
        ("lvs", "dest-attrs", "dest_attr"),
        ("lvs", "stats64-attrs", "stats_attr"),
        ("lvs", "drain-attrs", "drain_attr"),
        ("lvs", "event-attrs", "event_attr"),
        ("lvs", "loaded-attrs", "loaded_attr"),
        ("lvs", "sync-attrs", "sync_attr"),
        ("lvs", "sync-counter-attrs", "sync_counter_attr"),
        ("lvs", "sync-key-attrs", "sync_key_attr"),
        ("lvs", "sync-peer-attrs", "sync_peer_attr"),
        ("lvs", "transaction-attrs", "transaction_attr"),
        ("lvs", "question-attrs", "question_attr"),
        ("lvs", "explanation-attrs", "explanation_attr"),
        ("lvs", "explain-near-attrs", "explain_near_attr"),
        ("lvs", "summary-attrs", "summary_attr"),
        ("lvs", "summary-drop-attrs", "summary_drop_attr"),
        ("lvs", "explain-rule-attrs", "explain_rule_attr"),
        ("lvs", "explain-conn-attrs", "explain_conn_attr"),
        ("lvs", "explain-way-attrs", "explain_way_attr"),
    ] {
        let spec = spec_of(file);
        let sets = list(&spec, "attribute-sets");
        let found = sets.iter().find(|value| text(value, "name") == set);
        for attr in list(found.expect("an attribute set"), "attributes") {
            let name = text(attr, "name").to_owned();
            let encoding = encodings.get(&(module.to_owned(), name.clone()));
            let types: &[(&str, &str)] = match encoding.map(String::as_str) {
                Some("be16") => &[("u16", "big-endian")],
                Some("u8") => &[("u8", "")],
                Some("u16") => &[("u16", "")],
                Some("u32") => &[("u32", "")],
                Some("u64") => &[("u64", "")],
                Some("string") => &[("string", "")],
                Some("nest") => &[("nest", "")],
                Some("addr") => &[("binary", "")],
                Some("bytes") => &[("binary", ""), ("u32", "big-endian")],
                Some("blob") => &[("binary", "")],
                // Counters come in two widths.
                Some("value") => &[("u32", ""), ("u64", "")],
                None => &[("pad", "")],
                Some(other) => panic!("{set} {name}: encoded as {other}"),
            };
            let told = (text(attr, "type"), text(attr, "byte-order"));
            assert!(types.contains(&told), "{file}, {set}, {name}: {told:?}");
            looked_at += usize::from(encoding.is_some());
        }
    }
    assert!(
        looked_at > encodings.len(),
        "attributes of the code are missing"
    );
}

#[test]
fn commands_have_their_numbers() {
    let (spec, modules) = (spec(), constants("uapi/src/genl.rs"));
    let commands = &modules["cmd"];
    let mut requests = Numbers::new();
    for operation in list(&spec["operations"], "list") {
        let name = text(operation, "name");
        for kind in ["do", "dump"] {
            let way = &operation[kind];
            if let Some(number) = way["request"]["value"].as_u64() {
                requests.insert(name.to_owned(), number);
            }
            // A reply has the command that would make what it tells of.
            if let Some(number) = way["reply"]["value"].as_u64() {
                let counterpart = match name {
                    "get-config" | "get-info" => name.replace("get", "set"),
                    _ => name.replace("get", "new"),
                };
                assert_eq!(Some(&number), commands.get(&counterpart), "{name}");
            }
        }
    }
    let mut expected = commands.clone();
    // Only a reply.
    expected.remove("set-info");
    assert_eq!(requests, expected);
}

#[test]
fn every_attribute_that_is_named_is_there() {
    for spec in [spec(), spec_of("lvs")] {
        for operation in list(&spec["operations"], "list") {
            let known = attributes(&spec, text(operation, "attribute-set"));
            let ways = ["do", "dump"].map(|kind| &operation[kind]);
            let messages = ways
                .iter()
                .flat_map(|way| ["request", "reply"].map(|direction| &way[direction]))
                .chain([&operation["event"]]);
            for name in messages.flat_map(|message| list(message, "attributes")) {
                let name = name.as_str().expect("a name");
                assert!(known.contains_key(name), "{name}");
            }
        }
    }
}

#[test]
fn enumerations_have_their_values() {
    let (spec, modules) = (spec(), constants("uapi/src/flags.rs"));
    for (i, name) in (0u64..).zip(entries(&spec, "fwd-method")) {
        assert_eq!(modules["fwd"].get(&name), Some(&i), "{name}");
    }
    for (i, name) in (0u64..).zip(entries(&spec, "tun-type")) {
        assert_eq!(modules["tunnel"].get(&format!("type-{name}")), Some(&i));
    }
    for (i, name) in (0u32..).zip(entries(&spec, "sync-state")) {
        assert_eq!(
            modules["sync"].get(&format!("state-{name}")),
            Some(&(1 << i))
        );
    }
}
