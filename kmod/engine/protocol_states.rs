// SPDX-License-Identifier: GPL-2.0

//! What the states of all protocols have in common.

/// Declares a protocol's states in the order of their numbers, each with the name that listings
/// show.
macro_rules! protocol_states {
    (
        $(#[$about:meta])*
        $State:ident {
            $($(#[$meaning:meta])* $state:ident = $name:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum $State {
            $($(#[$meaning])* $state,)+
        }

        impl $State {
            /// All states in the order of their numbers.
            const ALL: &'static [Self] = &[$(Self::$state,)+];

            /// Number of states.
            pub const COUNT: usize = Self::ALL.len();

            /// The state's number.
            #[inline]
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The state with this number.
            #[inline]
            pub fn from_number(number: u8) -> Option<Self> {
                Self::ALL.get(usize::from(number)).copied()
            }

            /// The name listings show.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$state => $name,)+
                }
            }
        }
    };
}

pub(crate) use protocol_states;
