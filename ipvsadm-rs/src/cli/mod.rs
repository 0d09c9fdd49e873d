// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command line: from an argument vector to a checked [`Command`].
//!
//! Each step is a file. [`options`] has every option, with what it does to a [`draft`].
//! [`popt_lexer`] walks the words the way popt does. [`parse`] takes each option into the draft, in
//! the order given, because later options may depend on earlier ones. [`legality`] says which
//! options a command admits, and [`validate`] makes the checks that need the whole line. [`help`]
//! is made from [`options`], too.

pub mod address;
pub mod class;
pub mod command;
pub mod draft;
pub mod help;
pub mod legality;
pub mod numbers;
pub mod options;
pub mod parse;
pub mod popt_lexer;
pub(crate) mod sched_flags;
pub mod usage;
pub mod validate;
pub mod verb;

pub use command::Command;
pub use usage::CliError;
