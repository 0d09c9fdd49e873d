// SPDX-License-Identifier: MIT OR GPL-2.0

//! The IPVS control interface: numbers and layouts that kernel and userspace agree on.
//!
//! Nothing here has behaviour beyond trivial conversions. The crate is compiled twice: by cargo for
//! the command-line tool and the tests, and by Kbuild into the module. It therefore has no
//! dependency but zerocopy, which the kernel brings, allocates nothing and contains no `unsafe`.
//!
//! Byte order: fields are in the byte order of the host unless the documentation says
//! "network order". Addresses and ports are always in network order.

// Kbuild passes `no_std` itself and warns of a second one.
#![cfg_attr(not(any(test, CONFIG_RUST)), no_std)]
#![forbid(unsafe_code)]

pub mod drop_reason;
pub mod explain;
pub mod flags;
pub mod genl;
pub mod limits;
pub mod lvs;
pub mod sockopt;
pub mod summary;
pub mod xt_ipvs;
