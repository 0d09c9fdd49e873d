// SPDX-License-Identifier: GPL-2.0

//! Synchronisation of connections between directors, as ip_vs does it.
//!
//! A datagram is one [`Message`] with up to 255 entries; each says all that there is to say of a
//! connection or a template, so that the last word holds and a lost one is mended by the next.
//! Versions 1 and 0 of the protocol are read, whatever is sent: [`Message::read`], [`Writer`].
//! What is kept while the module isn't there is made of the same entries: [`Record`].
//! `due` says when a connection is told, `receive` what becomes of what was told.
//!
//! | version | message | entry |
//! |--|--|--|
//! | 1 | 0, id, be16 size, count, 1, be16 0 | 36 bytes (IPv6: 72) and options, aligned to 4 |
//! | 0 | count, id, be16 size | 24 bytes of IPv4, 48 with sequence numbers |

pub mod action;
mod bytes;
pub mod due;
mod entry;
pub mod ext;
mod overflow;
#[cfg(test)]
mod properties;
mod read;
mod reason;
mod record;
pub mod state;
mod v0;
mod v1;
#[cfg(test)]
mod vectors;
pub mod wire;
mod write;

pub use entry::{
    Endpoint,
    Engine,
    Entry,
    SequenceShift,
    Sequences,
    UPDATE_MASK, //
};
pub use read::{
    Entries,
    Message,
    Version, //
};
pub use reason::{
    Ignored,
    Refused, //
};
pub use record::{
    Rank,
    Record,
    Records, //
};
pub use write::{
    Unwritten,
    Writer, //
};
