// SPDX-License-Identifier: GPL-2.0

//! The connections of a namespace: one table, one node a connection, keyed by the client.
//!
//! The key is `<family, protocol, client address, client port>`: a client's packet has it in its
//! source, a server's reply in its destination. The rest of the tuple is compared in the entry.

mod adopt;
mod client_hash;
mod collect;
mod create;
mod new_conn;
mod room;
mod size;
mod store;

pub(crate) use client_hash::ClientHash;
pub(crate) use create::OneShot;
pub(crate) use new_conn::{
    ConnSettings,
    NewConn,
    Purpose, //
};
pub(crate) use room::NoRoom;
pub(crate) use store::ConnTable;
