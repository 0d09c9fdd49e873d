// SPDX-License-Identifier: GPL-2.0

//! Synchronisation: a master tells the directors of a group which connections it has, a backup
//! keeps what it is told, so that it can take over.
//!
//! What changes makes its entry dirty ([`dirty`]); a thread of the master collects the dirty ones
//! and sends them ([`sender`]). A thread of the backup receives messages ([`receiver`]) and makes
//! entries of them. No event is queued: memory doesn't grow with what happens.

mod apply;
mod counts;
mod crews;
mod daemon;
mod daemons;
mod describe;
mod director;
mod dirty;
mod give;
mod judge;
mod kept;
mod keys;
mod link;
mod outlet;
mod receiver;
mod rules_digest;
mod running;
mod sender;
mod sockets;
mod sweep;
mod tell;
mod tools;
mod unicast;
mod worker;

pub(super) use crews::Crews;
pub(crate) use daemon::{
    Daemon,
    DaemonRequest,
    DeviceName,
    Group,
    Role, //
};
pub(crate) use director::Director;
pub(super) use running::Daemons;
pub(crate) use unicast::Unicast;
