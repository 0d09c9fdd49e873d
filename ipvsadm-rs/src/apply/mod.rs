// SPDX-License-Identifier: MIT OR GPL-2.0

//! `apply FILE`: makes the table equal to what a file says.
//!
//! [`file`] reads the file into a [`State`], [`plan`] compares it with the kernel's and says which
//! steps lead there, [`diff`] shows them, and [`run`] takes them, or takes them back if the kernel
//! refuses one.

pub mod diff;
pub mod file;
pub mod plan;
pub mod run;
pub mod state;

pub use state::State;
