// SPDX-License-Identifier: GPL-2.0

//! Synchronisation: a master tells the directors of a group which connections it has, a backup
//! keeps what it is told, so that it can take over.
//!
//! What changes makes its entry dirty ([`dirty_places`]); a thread of the master collects the dirty
//! ones and sends them ([`master_thread`]). A thread of the backup receives messages
//! ([`backup_thread`]) and makes entries of them. No event is queued: memory doesn't grow with what
//! happens.

mod answer_peers;
mod apply;
mod backup_thread;
mod counts;
mod crews;
mod daemon;
mod daemons;
pub(super) mod describe;
mod dirty_places;
mod employer;
mod keys;
mod link;
mod master_thread;
mod note_change;
mod peer_knowledge;
mod rules_digest;
mod running;
mod send_policy;
mod sent_history;
mod sockets;
mod sweep;
mod thread_setup;
pub(super) mod told;
mod transmit;
mod unicast;

pub(super) use crews::Crews;
pub(crate) use daemon::{
    Daemon,
    DaemonRequest,
    DeviceName,
    Group,
    Role, //
};
pub(crate) use peer_knowledge::PeerKnowledge;
pub(super) use peer_knowledge::OF_STOCK;
pub(super) use running::Daemons;
pub(crate) use unicast::Unicast;
