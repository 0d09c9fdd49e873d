// SPDX-License-Identifier: MIT OR GPL-2.0

//! What the tests across crates share: readers of fixtures.

use std::fs;
use std::path::Path;

/// Who sent a captured message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The program.
    Tool,
    /// The kernel.
    Kernel,
}

/// A captured message: what follows the netlink header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Who sent it.
    pub sender: Sender,
    /// Generic netlink header and attributes.
    pub bytes: Vec<u8>,
}

/// Reads the captured messages of a file in `fixtures`: `netlink.txt` of the family `IPVS`,
/// `table.txt` of `LVS`.
///
/// # Panics
///
/// If the file isn't as it should be.
pub fn captured_messages(file: &str) -> Vec<Captured> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let text = fs::read_to_string(fixtures.join(file)).expect("the fixture");
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (sender, hex) = line.split_once(' ').expect("two fields");
            let sender = match sender {
                "request" => Sender::Tool,
                _ => Sender::Kernel,
            };
            let bytes = unhex(hex);
            Captured { sender, bytes }
        })
        .collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|digits| {
            let digits = std::str::from_utf8(digits).expect("digits");
            u8::from_str_radix(digits, 16).expect("hexadecimal digits")
        })
        .collect()
}
