// SPDX-License-Identifier: MIT OR GPL-2.0

//! Shows steps: as command lines, and as the lines of the saved table that come and go.

use crate::change::Change;
use crate::render::change::line;
use crate::render::save;
use crate::render::Numeric;

use super::plan::Step;

/// What a step takes away (`-`) and what it brings (`+`), in the format of `-S -n`.
pub fn show(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        let taken = step.undo.iter().map(|change| ('-', change));
        let brought = std::iter::once(('+', &step.change));
        for (sign, change) in taken.chain(brought) {
            if let Some(text) = saved(change) {
                out.push(sign);
                out.push_str(&text);
                out.push('\n');
            }
        }
    }
    out
}

/// What a change leaves in the saved table. What only deletes leaves nothing.
fn saved(change: &Change) -> Option<String> {
    Some(match change {
        Change::AddService(service) | Change::EditService(service) => {
            format!("-A {}", save::service(service, &Numeric))
        }
        Change::AddDest(id, dest) | Change::EditDest(id, dest) => {
            format!("-a {}", save::server(id, dest, &Numeric))
        }
        Change::SetTimeouts(_) | Change::StartDaemon(_) => line(change),
        _ => return None,
    })
}
