// SPDX-License-Identifier: MIT OR GPL-2.0

//! Administration of IP virtual servers.
//!
//! The crate reads top to bottom: [`cli`] turns an argument vector into a checked [`cli::Command`],
//! [`app`] carries it out through a [`client::Client`], which speaks [`netlink`] to the kernel, and
//! [`render`] turns what comes back into text. [`model`] has the values all of them share.
//!
//! As a library it is for programs that look at or change the table:
//!
//! ```no_run
//! use ipvsadm::change::Change;
//! use ipvsadm::client::{Client, Order};
//! use ipvsadm::model::{Dest, Family, Forward, Netmask, Protocol, Service, ServiceId, Tunnel};
//!
//! # fn main() -> Result<(), ipvsadm::error::Error> {
//! let mut client = Client::open()?;
//! let id = ServiceId::Address {
//!     protocol: Protocol::TCP,
//!     addr: [192, 0, 2, 1].into(),
//!     port: 80,
//! };
//! client.control().make(&Change::AddService(Service {
//!     id,
//!     scheduler: "wlc".to_owned(),
//!     flags: 0,
//!     timeout: 0,
//!     netmask: Netmask::host(Family::V4),
//!     pe: None,
//!     extras: Default::default(),
//! }))?;
//! client.control().make(&Change::AddDest(id, Dest {
//!     addr: [10, 0, 0, 2].into(),
//!     port: 8080,
//!     forward: Forward::Masq,
//!     tunnel: Tunnel::default(),
//!     weight: 1,
//!     u_threshold: 0,
//!     l_threshold: 0,
//! }))?;
//! for item in client.table(Order::Sorted)? {
//!     println!("{:?}: {} connections", item.entry.service.id, item.entry.stats.conns);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Text, messages and exit codes are those of ipvsadm 1.31. The README lists where they differ on
//! purpose.

#![deny(unsafe_code)]

pub mod app;
pub mod apply;
pub mod candidates;
pub mod change;
pub mod check;
pub mod cli;
pub mod client;
pub mod completions;
pub mod control;
pub mod definition;
pub mod document;
pub mod drain;
pub mod error;
pub(crate) mod exit;
pub mod explain;
mod listing;
pub mod manual;
pub mod metrics;
pub mod model;
pub mod modprobe;
pub mod monitor;
pub mod netlink;
pub(crate) mod open;
pub(crate) mod program;
pub mod render;
pub mod restore;
pub(crate) mod signals;
pub mod sockopt;
pub mod sort;
pub mod state;
pub(crate) mod stdio;
pub mod subcommand;
pub mod sync;
pub mod sys;
pub mod trace;
pub mod transaction;
pub mod watch;
pub mod xdp;
