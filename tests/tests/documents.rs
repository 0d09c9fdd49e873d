// SPDX-License-Identifier: MIT OR GPL-2.0

//! What the documents say of the tree is there: links, files, tests, settings, fields and
//! schedulers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below a folder, from the root on.
fn files_below(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder of the repository") {
            let entry = entry.expect("an entry");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("a type").is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

/// The documents of the tree.
fn documents() -> Vec<String> {
    let mut documents: Vec<String> = files_below("docs")
        .into_iter()
        .filter(|path| path.ends_with(".md"))
        .collect();
    let others = [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "ipvsadm-rs/README.md",
        "tests/parity/README.md",
    ];
    documents.extend(others.map(str::to_owned));
    documents
}

/// A document's lines outside code blocks, and those inside.
fn prose_and_code(text: &str) -> (String, String) {
    let mut is_code = false;
    let (mut prose, mut code) = (String::new(), String::new());
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
            continue;
        }
        let part = if is_code { &mut code } else { &mut prose };
        part.push_str(line);
        part.push('\n');
    }
    (prose, code)
}

/// A document's lines outside code blocks.
fn prose(text: &str) -> String {
    prose_and_code(text).0
}

/// What lies between `open` and the next `close`, everywhere.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    text.split(open)
        .skip(1)
        .filter_map(|rest| rest.split_once(close))
        .map(|(inside, _)| inside)
        .collect()
}

/// The places of a document that links may lead to: what a forge makes of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text)
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| {
            heading
                .chars()
                .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect::<BTreeSet<String>>();
    let named = between(text, "<a id=\"", "\"")
        .into_iter()
        .map(str::to_owned);
    headings.into_iter().chain(named).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut lost = Vec::new();
    for document in documents() {
        let text = read(&document);
        let folder = Path::new(&document).parent().expect("a folder").to_owned();
        for link in between(&prose(&text), "](", ")") {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                root().join(&document)
            } else {
                root().join(&folder).join(path)
            };
            let is_there = if anchor.is_empty() {
                target.exists()
            } else {
                fs::read_to_string(target).is_ok_and(|text| anchors(&text).contains(anchor))
            };
            if !is_there {
                lost.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn files_and_tests_that_are_named_exist() {
    const FOLDERS: [&str; 7] = [
        "docs/",
        "ipvsadm-rs/",
        "kmod/",
        "packaging/",
        "qemu/",
        "tests/",
        "uapi/",
    ];
    let files: Vec<String> = ["ipvsadm-rs", "kmod", "qemu", "tests", "uapi"]
        .into_iter()
        .flat_map(files_below)
        .collect();
    let is_file = |name: &str| files.iter().any(|file| file.ends_with(&format!("/{name}")));
    let is_there = |word: &str| {
        // A pattern, or a place for a name.
        let is_pattern = word.contains(['{', '*', '<', '$']);
        if is_pattern || word.contains("NAME") || word.contains("SUBJECT") {
            return true;
        }
        if FOLDERS.iter().any(|folder| word.starts_with(folder)) {
            return root().join(word).exists();
        }
        if word.starts_with("test-") && !word.contains('.') {
            return is_file(&format!("{word}.sh"));
        }
        !word.ends_with(".rs") || is_file(word)
    };
    let mut lost = Vec::new();
    for document in documents() {
        // What a change log tells of may be gone.
        if document == "CHANGELOG.md" {
            continue;
        }
        let (prose, code) = prose_and_code(&read(&document));
        let named = between(&prose, "`", "`")
            .into_iter()
            .filter(|named| !named.contains(' '))
            .chain(code.split_whitespace().filter(|word| word.contains('/')));
        for word in named.filter(|word| !is_there(word)) {
            lost.push(format!("{document}: {word}"));
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

/// Checks that a manual page names everything in `names`.
fn names_all<'a>(page: &str, names: impl IntoIterator<Item = &'a str>) {
    let text = read(page);
    let words: BTreeSet<&str> = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let missing: Vec<&str> = names
        .into_iter()
        .filter(|name| !words.contains(name))
        .collect();
    assert!(missing.is_empty(), "{page} lacks {missing:?}");
}

#[test]
fn the_module_s_page_has_every_setting() {
    let source = read("kmod/control/sysctls.rs");
    let names: Vec<&str> = between(&source, "c\"", "\"")
        .into_iter()
        .filter(|name| !name.contains('/'))
        .collect();
    assert!(names.len() > 30, "{names:?}");
    names_all("docs/man/lvs.4", names);
}

#[test]
fn the_rules_page_has_every_field() {
    let source = read("ipvsadm-rs/src/document/schema.rs");
    // Those of a connection are for who reads listings.
    let (rules, _) = source
        .split_once("pub struct Connection")
        .expect("it is there");
    let fields: Vec<&str> = between(rules, "    pub ", ":")
        .into_iter()
        .filter(|field| *field != "kind")
        .collect();
    assert!(fields.len() > 30, "{fields:?}");
    names_all("docs/man/lvs.rules.5", fields);
}

#[test]
fn every_scheduler_is_explained() {
    let aliases = read("packaging/lvs.conf");
    let names: Vec<&str> = between(&aliases, "ip_vs_", " ")
        .into_iter()
        .filter(|name| !matches!(*name, "ftp" | "pe_sip"))
        .collect();
    assert!(names.len() >= 14, "{names:?}");
    names_all("docs/schedulers.md", names);
}
