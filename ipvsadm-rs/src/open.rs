// SPDX-License-Identifier: MIT OR GPL-2.0

//! Opens the control interface for a command line.

use crate::client::Client;
use crate::error::Error;
use crate::exit::USAGE;
use crate::modprobe;
use crate::stdio::complain;

/// Opens the control interface, and loads the module if it isn't there. Explains why it can't, and
/// gives the exit status.
pub(crate) fn open() -> Result<Client, u8> {
    let client = Client::open().or_else(|error| {
        if modprobe::load() {
            Client::open()
        } else {
            Err(error)
        }
    });
    client.map_err(|error: Error| {
        complain!(
            "Can't initialize ipvs: {error}\n\
             Are you sure that IP Virtual Server is built in the kernel or as module?"
        );
        USAGE
    })
}
