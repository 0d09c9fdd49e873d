// SPDX-License-Identifier: MIT OR GPL-2.0

//! Printing that doesn't mind if nobody reads.

use std::fmt;
use std::io;
use std::io::Write;

use crate::exit::BROKEN_PIPE;
use crate::exit::LIST_FAILED;
use crate::exit::SUCCESS;

/// Writes to standard error. What can't be written there can't be reported anywhere.
pub(crate) fn to_stderr(text: fmt::Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// Writes a line to standard error.
macro_rules! complain {
    ($($text:tt)*) => {
        $crate::stdio::to_stderr(format_args!("{}\n", format_args!($($text)*)))
    };
}

pub(crate) use complain;

/// Writes to standard output at once.
pub(crate) fn write_now(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Writes to standard output. Gives the exit status.
pub(crate) fn print(text: &str) -> u8 {
    finished(write_now(text))
}

/// The exit status of a listing.
pub(crate) fn finished(result: io::Result<()>) -> u8 {
    match result {
        Ok(()) => SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => BROKEN_PIPE,
        Err(error) => {
            complain!("{error}");
            LIST_FAILED
        }
    }
}
