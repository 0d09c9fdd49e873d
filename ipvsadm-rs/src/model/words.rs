// SPDX-License-Identifier: MIT OR GPL-2.0

//! Words that have numbers in the kernel's interface.

/// Defines words that have numbers in the kernel's interface.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$doc:meta])* $variant:ident = $number:path, $word:literal; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name {
            $( $(#[$doc])* $variant, )+
        }

        impl $name {
            /// The words, in the order of their numbers.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The one that is called so.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $( $word => Some(Self::$variant), )+
                    _ => None,
                }
            }

            /// What it is called.
            pub fn word(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )+
                }
            }

            /// Its number.
            pub fn number(self) -> u8 {
                match self {
                    $( Self::$variant => $number, )+
                }
            }

            /// The one with this number.
            pub fn from_number(number: u8) -> Option<Self> {
                match number {
                    $( $number => Some(Self::$variant), )+
                    _ => None,
                }
            }
        }
    };
}

pub(super) use words;
