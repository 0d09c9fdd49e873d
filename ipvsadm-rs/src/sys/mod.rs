// SPDX-License-Identifier: MIT OR GPL-2.0

//! What the C library knows and Rust's doesn't. All `unsafe` code of the crate is below.

pub mod bpf;
pub mod names;
pub mod sockopt;
