// SPDX-License-Identifier: MIT OR GPL-2.0

//! The generic netlink family as typed messages.
//!
//! [`message`] is the outermost level, one file holds the attributes of each kind of object, and
//! [`socket`] sends requests and collects replies. Attribute numbers come from [`lvs_uapi`].

pub mod attr;
pub mod conns;
pub mod control;
pub mod daemon;
pub mod dest;
pub mod devices;
pub mod drain;
pub mod drain_control;
pub mod event;
pub mod explain;
pub mod extras;
pub mod listener;
pub mod lvs_message;
pub mod message;
pub mod near;
pub mod requests;
pub mod service;
pub mod socket;
pub mod state_control;
pub mod stats;
pub mod summary;
pub mod sync;
pub mod sync_control;
pub mod table;
pub mod transaction;
