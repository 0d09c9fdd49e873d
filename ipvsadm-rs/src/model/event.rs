// SPDX-License-Identifier: MIT OR GPL-2.0

//! What happened in a network namespace, as lvs tells it.

use lvs_uapi::lvs::drain_outcome;
use lvs_uapi::lvs::event_kind;

use super::sync::Phase;
use super::DestEntry;
use super::Service;
use super::ServiceId;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// Its number among the namespace's events.
    pub sequence: u64,
    /// When, in milliseconds since 1970 began.
    pub time: u64,
    /// The rules' generation after it.
    pub generation: u32,
    /// The service that it happened to, or the server's.
    pub service: Option<Subject<ServiceId, Service>>,
    /// The server that it happened to.
    pub server: Option<Subject<DestEntry, DestEntry>>,
    /// How a drain ended.
    pub outcome: Option<Outcome>,
    /// What a transaction changed, or how many services were removed.
    pub summary: Summary,
    /// How synchronisation is: its phase, and whether the director has all connections.
    pub sync: Option<(Phase, bool)>,
}

/// What an event happened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject<N, T> {
    /// Only its name is told; of what else there is in the value nothing.
    Name(N),
    /// All is told.
    Whole(T),
}

/// How many services and servers were changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Services that were added.
    pub services_added: u32,
    /// Services whose settings or servers changed.
    pub services_changed: u32,
    /// Services that were removed.
    pub services_removed: u32,
    /// Servers that were added.
    pub servers_added: u32,
    /// Servers whose settings changed.
    pub servers_changed: u32,
    /// Servers that were removed from services that are still there.
    pub servers_removed: u32,
    /// Whether each of these changes was told before.
    pub is_told: bool,
}

/// Words that have numbers in the kernel's interface; a newer kernel may have more.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$doc:meta])* $variant:ident = $number:path, $word:literal; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $( $(#[$doc])* $variant, )+
            /// One that this version doesn't know.
            Other(u8),
        }

        impl $name {
            /// The one with this number.
            pub fn from_number(number: u8) -> Self {
                match number {
                    $( $number => Self::$variant, )+
                    number => Self::Other(number),
                }
            }

            /// Its number.
            pub fn number(self) -> u8 {
                match self {
                    $( Self::$variant => $number, )+
                    Self::Other(number) => number,
                }
            }

            /// What it is called.
            pub fn word(self) -> String {
                match self {
                    $( Self::$variant => $word.to_owned(), )+
                    Self::Other(number) => format!("other-{number}"),
                }
            }
        }
    };
}

words! {
    /// What happened.
    pub enum Kind {
        /// A service was added.
        ServiceAdded = event_kind::SERVICE_ADDED, "service-added";
        /// A service was set anew.
        ServiceChanged = event_kind::SERVICE_CHANGED, "service-changed";
        /// A service was removed, with its servers.
        ServiceRemoved = event_kind::SERVICE_REMOVED, "service-removed";
        /// A server was added.
        ServerAdded = event_kind::SERVER_ADDED, "server-added";
        /// A server was set anew.
        ServerChanged = event_kind::SERVER_CHANGED, "server-changed";
        /// A server was removed.
        ServerRemoved = event_kind::SERVER_REMOVED, "server-removed";
        /// A server is drained.
        Drained = event_kind::DRAINED, "drained";
        /// A server returned from its drain.
        Undrained = event_kind::UNDRAINED, "undrained";
        /// A drain is over.
        DrainEnded = event_kind::DRAIN_ENDED, "drain-ended";
        /// A server reached its upper threshold.
        Overloaded = event_kind::OVERLOADED, "overloaded";
        /// It takes connections again.
        Available = event_kind::AVAILABLE, "available";
        /// All services were removed.
        Cleared = event_kind::CLEARED, "cleared";
        /// A transaction was put in force.
        Committed = event_kind::COMMITTED, "committed";
        /// Synchronisation is otherwise than before.
        Synchronisation = event_kind::SYNCHRONISATION, "synchronisation";
    }
}

words! {
    /// How a drain ended.
    pub enum Outcome {
        /// No connection was left.
        Empty = drain_outcome::EMPTY, "empty";
        /// What was left goes on.
        Kept = drain_outcome::KEPT, "kept";
        /// What was left was ended, and who goes on with it is answered with a reset.
        Reset = drain_outcome::RESET, "reset";
        /// What was left was ended.
        Forgotten = drain_outcome::FORGOTTEN, "forgotten";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_words_of_their_own() {
        let mut words: Vec<String> = (0..=u8::MAX)
            .map(|number| {
                let kind = Kind::from_number(number);
                assert_eq!(kind.number(), number);
                assert_eq!(Outcome::from_number(number).number(), number);
                kind.word()
            })
            .collect();
        assert_eq!(words[usize::from(event_kind::COMMITTED)], "committed");
        assert_eq!(words[77], "other-77");
        words.sort();
        words.dedup();
        assert_eq!(words.len(), 256);
    }
}
