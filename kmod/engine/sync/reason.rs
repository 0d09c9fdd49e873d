// SPDX-License-Identifier: GPL-2.0

//! Why a message, or an entry of it, isn't taken.

/// Why a whole datagram is ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Ignored {
    /// Shorter than a header.
    Short,
    /// Its size field isn't its length.
    Size,
    /// Of another synchronisation group.
    OtherId,
}

/// Why an entry isn't taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Refused {
    /// The message ends before the entry does. The rest of the message is lost, too.
    Cut,
    /// An entry's version that isn't 0. The rest is lost.
    Version,
    /// A type with unknown bits and without that of IPv6. The rest is lost.
    Type,
    /// A size without room for the fields. The rest is lost.
    Size,
    /// An option without a length, or of one that is wrong. The rest is lost.
    Option,
    /// An option that is there twice or is too long or short for its type. The rest is lost.
    OptionValue,
    /// An option that must not be overlooked and isn't known.
    UnknownOption,
    /// Flags that don't go together.
    Flags,
    /// A protocol that isn't balanced.
    Protocol,
    /// A state that the protocol or a template doesn't have.
    State,
    /// A persistence engine's data without a known engine's name.
    Engine,
}

use Refused as R;

impl Ignored {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Ignored::Short, Ignored::Size, Ignored::OtherId];

    /// Its place among counters.
    #[inline]
    pub const fn number(self) -> usize {
        self as usize
    }

    /// What its counter is called.
    pub const fn name(self) -> &'static str {
        match self {
            Ignored::Short => "short",
            Ignored::Size => "size",
            Ignored::OtherId => "other_id",
        }
    }
}

impl Refused {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        R::Cut,
        R::Version,
        R::Type,
        R::Size,
        R::Option,
        R::OptionValue,
        R::UnknownOption,
        R::Flags,
        R::Protocol,
        R::State,
        R::Engine,
    ];

    /// Its place among counters.
    #[inline]
    pub const fn number(self) -> usize {
        self as usize
    }

    /// Whether what follows in the message can't be read either.
    #[inline]
    pub const fn ends_message(self) -> bool {
        matches!(
            self,
            R::Cut | R::Version | R::Type | R::Size | R::Option | R::OptionValue
        )
    }

    /// What its counter is called.
    pub const fn name(self) -> &'static str {
        match self {
            R::Cut => "cut",
            R::Version => "entry_version",
            R::Type => "entry_type",
            R::Size => "entry_size",
            R::Option => "option",
            R::OptionValue => "option_value",
            R::UnknownOption => "unknown_option",
            R::Flags => "flags",
            R::Protocol => "protocol",
            R::State => "state",
            R::Engine => "engine",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_place() {
        for (number, reason) in Refused::ALL.iter().enumerate() {
            assert_eq!(reason.number(), number);
        }
        for (number, reason) in Ignored::ALL.iter().enumerate() {
            assert_eq!(reason.number(), number);
        }
    }
}
