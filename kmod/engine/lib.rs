// SPDX-License-Identifier: GPL-2.0

//! The pure part of the balancer: what a packet says, what it does to a connection and which
//! server gets a new one.
//!
//! Nothing here knows the kernel, allocates or is unsafe: cargo tests it on the host and Kbuild
//! links the same files into `lvs.ko`. Functions of the packet path are `#[inline]`, since the
//! module calls them across a crate border. Errors are small enums; an errno appears only in the
//! module's `control/`.

#![cfg_attr(not(any(test, CONFIG_RUST)), no_std)]
#![cfg_attr(not(CONFIG_KUNIT), forbid(unsafe_code))]

pub mod addr;
pub mod checksum;
pub mod config;
pub mod drain;
pub mod extras;
pub mod ftp;
pub mod hash;
pub mod header;
pub mod hops;
pub mod nat;
pub mod near;
pub mod parse;
mod protocol_states;
pub mod refusal;
pub mod reuse;
pub mod sched;
pub mod sctp_state;
pub mod sip;
pub mod state_input;
pub mod sync;
pub mod table_size;
pub mod tcp_edit;
pub mod tcp_state;
pub mod tunnel;
pub mod udp_state;
pub mod xt_match;
