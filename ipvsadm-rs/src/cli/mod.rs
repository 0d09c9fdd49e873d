// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command line: from an argument vector to a checked [`Command`].
//!
//! Four steps, one file each. [`options`] defines every option. [`lowargs`] walks the words the way
//! popt does. [`parse`] gives each option its meaning, in the order given, because later options may
//! depend on earlier ones. [`legality`] says which options a command admits, and [`validate`] makes
//! the checks that need the whole line.

pub mod address;
pub mod command;
pub mod legality;
pub mod lowargs;
pub mod numbers;
pub mod options;
pub mod parse;
pub mod usage;
pub mod validate;

pub use command::Command;
pub use usage::CliError;
