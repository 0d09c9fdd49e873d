// SPDX-License-Identifier: MIT OR GPL-2.0

//! Names the servers of weight 0, and tells which of them have no connection left and can be shut
//! down.
//!
//! `cargo run -p ipvsadm-rs --example drained`, as root.

use ipvsadm::client::Client;
use ipvsadm::client::Order;
use ipvsadm::error::Error;

fn main() -> Result<(), Error> {
    let mut client = Client::open()?;
    for item in client.table(Order::Sorted)? {
        for server in item.dests.iter().filter(|server| server.dest.weight == 0) {
            let open = server.active + server.inactive + server.persistent;
            println!(
                "{:?}: {} port {}: {}",
                item.entry.service.id,
                server.dest.addr,
                server.dest.port,
                match open {
                    0 => "drained".to_owned(),
                    _ => format!("{open} connections and persistent clients left"),
                }
            );
        }
    }
    Ok(())
}
