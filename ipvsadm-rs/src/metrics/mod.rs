// SPDX-License-Identifier: MIT OR GPL-2.0

//! Metrics as Prometheus reads them, version 0.0.4 of its text format.
//!
//! A [`snapshot::Snapshot`] is what was read of the kernel, [`families`] says which metrics are
//! made of it, and [`exposition`] writes them. Values only count up or tell a state; rates are for
//! those who read them.

use std::io;
use std::io::BufWriter;
use std::io::Write;

use crate::exit::LIST_FAILED;
use crate::open::open;
use crate::stdio::complain;
use crate::stdio::finished;

pub(crate) mod exporter;
pub mod exposition;
pub mod families;
pub mod labels;
pub mod procfs;
pub mod snapshot;

pub use snapshot::Scope;
pub use snapshot::Snapshot;

/// Prints the metrics. Gives the exit status.
pub(crate) fn run(scope: &Scope) -> u8 {
    let mut client = match open() {
        Ok(client) => client,
        Err(status) => return status,
    };
    match Snapshot::read(&mut client, scope) {
        Ok(snapshot) => {
            let mut out = BufWriter::new(io::stdout().lock());
            finished(exposition::write(&mut out, &snapshot, scope).and_then(|()| out.flush()))
        }
        Err(error) => {
            complain!("{error}");
            LIST_FAILED
        }
    }
}
