// SPDX-License-Identifier: MIT OR GPL-2.0

//! What there is in the kernel to complete a word with.

use std::collections::BTreeSet;

use crate::client::Client;
use crate::client::Order;
use crate::model::Protocol;
use crate::model::ServiceId;
use crate::render::address::host_port;
use crate::render::Numeric;

/// What the shells ask for.
pub const KINDS: [&str; 5] = ["tcp", "udp", "sctp", "fwmark", "server"];

/// Services or servers, one a line.
pub fn list(client: &mut Client, kind: &str) -> String {
    let wanted = match kind {
        "tcp" => Some(Protocol::TCP),
        "udp" => Some(Protocol::UDP),
        "sctp" => Some(Protocol::SCTP),
        _ => None,
    };
    let mut found = BTreeSet::new();
    if kind == "server" {
        for item in client.table(Order::Kernel).unwrap_or_default() {
            for dest in item.dests {
                found.insert(host_port(&Numeric, dest.dest.addr, dest.dest.port, None));
            }
        }
    } else {
        for entry in client.control().services().unwrap_or_default() {
            match entry.service.id {
                ServiceId::Address {
                    protocol,
                    addr,
                    port,
                } if wanted == Some(protocol) => {
                    found.insert(host_port(&Numeric, addr, port, None));
                }
                ServiceId::Mark { mark, .. } if kind == "fwmark" => {
                    found.insert(mark.to_string());
                }
                _ => {}
            }
        }
    }
    found.into_iter().map(|text| text + "\n").collect()
}
