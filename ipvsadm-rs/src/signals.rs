// SPDX-License-Identifier: MIT OR GPL-2.0

//! Signals that end what prints until it is told to stop.

use std::io;
use std::process;
use std::thread;

use signal_hook::consts::SIGHUP;
use signal_hook::consts::TERM_SIGNALS;
use signal_hook::iterator::Signals;

use crate::exit::SUCCESS;

/// Ends the program by any signal that asks for it, also while nobody reads what it prints; `last`
/// is done before. A line is printed at once or not at all, so none is cut off.
pub(crate) fn end_by_signals(last: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new(TERM_SIGNALS.iter().chain([&SIGHUP]))?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            last();
            process::exit(SUCCESS.into());
        }
    });
    Ok(())
}
