// SPDX-License-Identifier: MIT OR GPL-2.0

//! Administration of IP virtual servers.
//!
//! The crate reads top to bottom: [`cli`] turns an argument vector into a checked [`cli::Command`],
//! [`app`] carries it out through a [`client::Client`], which speaks [`netlink`] to the kernel, and
//! [`render`] turns what comes back into text. [`model`] has the values all of them share.
//!
//! Text, messages and exit codes are those of ipvsadm 1.31. The README lists where they differ on
//! purpose.

#![deny(unsafe_code)]

pub mod app;
pub mod apply;
pub mod change;
pub mod cli;
pub mod client;
pub mod document;
pub mod error;
mod listing;
pub mod model;
pub mod modprobe;
pub mod netlink;
pub mod render;
pub mod restore;
pub mod sockopt;
pub(crate) mod stdio;
pub mod subcommand;
pub mod sys;
