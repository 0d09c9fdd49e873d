// SPDX-License-Identifier: MIT OR GPL-2.0

//! Entry point: everything happens in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let argv: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    ExitCode::from(ipvsadm::app::run(&argv))
}
