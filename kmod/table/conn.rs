// SPDX-License-Identifier: GPL-2.0

//! A connection ([`Conn`]): client and server, in which state, until when.
//!
//! An entry of the table is 128 bytes, link and hash included. All that a packet of an IPv4
//! connection touches lies in the first cache line:
//!
//! | bytes | what |
//! |--|--|
//! | 0–15 | chain link, hash, expiry tick (in [`Entry`]) |
//! | 16–39 | server, controlling entry, extension |
//! | 40–63 | state and flags, IPv4 addresses, ports, protocol, families |
//! | 64–111 | IPv6 addresses |
//! | 112–127 | deferred free |
//!
//! Words of addresses of the family that an entry doesn't have keep its times, and the told end.

mod client_side;
mod expiry;
mod facts;
pub(crate) mod flag;
mod layout;
mod links;
mod matching;
mod packets;
mod real_side;
mod received;
mod state;
mod tuple;

pub(crate) use expiry::{
    is_expired,
    live_for,
    refresh,
    refresh_used,
    seconds_left, //
};
pub(crate) use layout::{
    Conn,
    Extension,
    CONN_BYTES, //
};
pub(crate) use received::Received;
pub(crate) use state::News;
pub(crate) use tuple::Tuple;
