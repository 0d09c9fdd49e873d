// SPDX-License-Identifier: MIT OR GPL-2.0

//! Synchronisation between directors, as far as it is lvs's own.

use std::fmt;
use std::net::SocketAddr;

use lvs_uapi::lvs::sync_phase;
use lvs_uapi::lvs::sync_policy;

/// What a director takes of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Anything that isn't signed wrongly.
    #[default]
    Any,
    /// What is signed by a known key.
    Signed,
}

impl Policy {
    /// Its number in [`sync_policy`].
    pub fn number(self) -> u8 {
        match self {
            Policy::Any => sync_policy::ANY,
            Policy::Signed => sync_policy::SIGNED,
        }
    }

    /// The one with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            sync_policy::ANY => Some(Policy::Any),
            sync_policy::SIGNED => Some(Policy::Signed),
            _ => None,
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Any => "any",
            Policy::Signed => "signed",
        }
    }
}

/// How far a director is, by its number in [`sync_phase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase(pub u8);

impl Default for Phase {
    fn default() -> Self {
        Phase(sync_phase::OFF)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            sync_phase::STARTING => "starting",
            sync_phase::ASKING => "asking",
            sync_phase::FILLING => "filling",
            sync_phase::IN_SYNC => "in sync",
            sync_phase::ALONE => "alone",
            sync_phase::TRAFFIC => "by traffic",
            sync_phase::OFF => "off",
            number => return write!(f, "phase {number}"),
        })
    }
}

/// A boot id: whose datagrams are numbered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootId(pub u64);

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// How synchronisation is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncStatus {
    /// What is taken.
    pub policy: Policy,
    /// Id of the key that signs.
    pub sign_key: Option<u16>,
    /// The director's own; `None` where nothing runs.
    pub boot: Option<BootId>,
    /// How far it is.
    pub phase: Phase,
    /// It has all connections, as far as it knows.
    pub is_in_sync: bool,
    /// Milliseconds in this phase.
    pub since: u64,
    /// Whom it asked for all connections.
    pub donor: Option<BootId>,
    /// Connections and templates that it has.
    pub entries: u32,
    /// What was counted, by name.
    pub counters: Vec<(String, u64)>,
    /// The keys.
    pub keys: Vec<SyncKey>,
    /// Who else is there, or should be.
    pub peers: Vec<SyncPeer>,
}

/// A key, without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncKey {
    /// What datagrams call it.
    pub id: u16,
    /// It signs.
    pub signs: bool,
}

/// A peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncPeer {
    /// Where it is told, if it was added.
    pub addr: Option<SocketAddr>,
    /// Its boot id, if it is heard.
    pub boot: Option<BootId>,
    /// Milliseconds since it was heard.
    pub silent: u64,
    /// It signs by a known key, and is no recording.
    pub is_signed: bool,
    /// It says to be in sync.
    pub is_in_sync: bool,
    /// Connections it says it has.
    pub entries: u32,
    /// It says that its rules are the same.
    pub has_same_rules: bool,
}

/// A change of how synchronisation is.
#[derive(Clone, PartialEq, Eq)]
pub enum SyncChange {
    /// Takes this from now on.
    Receive(Policy),
    /// Signs with this key.
    Sign(u16),
    /// Adds a key.
    AddKey(u16, Vec<u8>),
    /// Removes a key.
    RemoveKey(u16),
    /// Adds a peer that is told by unicast; port 0: the daemon's.
    AddPeer(SocketAddr),
    /// Removes a peer.
    RemovePeer(SocketAddr),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_have_numbers_and_words() {
        for policy in [Policy::Any, Policy::Signed] {
            assert_eq!(Policy::from_number(policy.number()), Some(policy));
        }
        assert_eq!(Policy::from_number(2), None);
    }

    #[test]
    fn phases_that_are_not_known_have_a_number() {
        assert_eq!(Phase(sync_phase::TRAFFIC).to_string(), "by traffic");
        assert_eq!(Phase(77).to_string(), "phase 77");
        assert_eq!(Phase::default().to_string(), "off");
    }
}
