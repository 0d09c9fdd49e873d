// SPDX-License-Identifier: MIT OR GPL-2.0

//! The names that the program goes by.

/// The name under which the program does more than ipvsadm.
pub(crate) const OWN_NAME: &str = "ipvsadm-rs";

/// What the name the program was called by stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calling {
    /// `ipvsadm`: do as the words say.
    Plain,
    /// `ipvsadm-save`: print the table as command lines.
    Save,
    /// `ipvsadm-restore`: replace the table by what the command lines of standard input make.
    Restore,
    /// `ipvsadm-rs`: do as the words say, and tell more than ipvsadm tells.
    Own,
}

impl Calling {
    /// The meaning of the first word of an argument vector.
    pub(crate) fn by(program: &str) -> Self {
        match program.rsplit('/').next() {
            Some("ipvsadm-save") => Calling::Save,
            Some("ipvsadm-restore") => Calling::Restore,
            Some(OWN_NAME) => Calling::Own,
            _ => Calling::Plain,
        }
    }
}
