// SPDX-License-Identifier: GPL-2.0

//! Whether a datagram is believed: policy, signature, and why not.

use lvs_uapi::lvs::sync_policy;

use super::trailer::{
    Sealed,
    Tag, //
};

/// What a receiver takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// Anything that isn't signed wrongly: nothing is secured.
    #[default]
    Any,
    /// Only what is signed by a known key, of a sender that proved to be there now.
    Signed,
}

impl Policy {
    /// Its number in the interface.
    pub const fn number(self) -> u8 {
        match self {
            Policy::Any => sync_policy::ANY,
            Policy::Signed => sync_policy::SIGNED,
        }
    }

    /// The one with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            sync_policy::ANY => Some(Policy::Any),
            sync_policy::SIGNED => Some(Policy::Signed),
            _ => None,
        }
    }
}

/// Ids of the keys that a receiver knows, up to two, so that one can replace another; 0: no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KeyIds(pub [u16; 2]);

impl KeyIds {
    /// Which of the keys has this id.
    pub fn place(&self, id: u16) -> Option<usize> {
        let mut ids = self.0.iter();
        ids.position(|known| id != 0 && *known == id)
    }
}

/// What a datagram's signature is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signature {
    /// It has none.
    None,
    /// Of a key that isn't known.
    UnknownKey,
    /// Of a known key, and right.
    Good,
    /// Of a known key, and wrong.
    Wrong,
}

impl Signature {
    /// That of `sealed`. `sign` signs bytes by the key in this place.
    pub fn of(sealed: &Sealed<'_>, keys: &KeyIds, sign: impl FnOnce(usize, &[u8]) -> Tag) -> Self {
        match (sealed.trailer.key, keys.place(sealed.trailer.key)) {
            (0, _) => Signature::None,
            (_, None) => Signature::UnknownKey,
            (_, Some(place)) if sealed.has_tag(&sign(place, sealed.signed)) => Signature::Good,
            _ => Signature::Wrong,
        }
    }
}

/// Why a datagram isn't taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Disbelief {
    /// Not signed, and only signed ones are taken.
    Unsigned,
    /// Signed by a key that isn't known, and only signed ones are taken.
    UnknownKey,
    /// The signature is wrong.
    WrongTag,
    /// The receiver's own, come back.
    Own,
    /// Its sender hasn't proved to be there now: it may be a recording.
    Unproven,
    /// It came before.
    Duplicate,
    /// It came behind later ones, which it must not undo; it is asked for again.
    Late,
    /// There are too many senders.
    Crowded,
    /// A signal that isn't understood.
    Signal,
}

use Disbelief as D;

impl Disbelief {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        D::Unsigned,
        D::UnknownKey,
        D::WrongTag,
        D::Own,
        D::Unproven,
        D::Duplicate,
        D::Late,
        D::Crowded,
        D::Signal,
    ];

    /// Its place among counters.
    #[inline]
    pub const fn number(self) -> usize {
        self as usize
    }

    /// What its counter is called.
    pub const fn name(self) -> &'static str {
        match self {
            D::Unsigned => "unsigned",
            D::UnknownKey => "unknown_key",
            D::WrongTag => "wrong_signature",
            D::Own => "own",
            D::Unproven => "unproven",
            D::Duplicate => "duplicate",
            D::Late => "late",
            D::Crowded => "too_many_senders",
            D::Signal => "signal",
        }
    }
}

/// Whether what is signed so may be looked at under `policy`; tells whether its sender is known to
/// have a key.
pub(super) fn is_signed(policy: Policy, signature: Signature) -> Result<bool, Disbelief> {
    match (signature, policy) {
        (Signature::Wrong, _) => Err(D::WrongTag),
        (Signature::None, Policy::Signed) => Err(D::Unsigned),
        (Signature::UnknownKey, Policy::Signed) => Err(D::UnknownKey),
        (Signature::None | Signature::UnknownKey, Policy::Any) => Ok(false),
        (Signature::Good, _) => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_place() {
        for (number, reason) in Disbelief::ALL.iter().enumerate() {
            assert_eq!(reason.number(), number);
        }
    }

    #[test]
    fn keys_are_found_by_their_ids() {
        let keys = KeyIds([0, 7]);
        assert_eq!([0, 7, 8].map(|id| keys.place(id)), [None, Some(1), None]);
    }

    #[test]
    fn a_wrong_signature_is_never_taken() {
        for policy in [Policy::Any, Policy::Signed] {
            assert_eq!(is_signed(policy, Signature::Wrong), Err(D::WrongTag));
            assert_eq!(is_signed(policy, Signature::Good), Ok(true));
        }
        assert_eq!(is_signed(Policy::Any, Signature::None), Ok(false));
        assert_eq!(is_signed(Policy::Any, Signature::UnknownKey), Ok(false));
        assert_eq!(is_signed(Policy::Signed, Signature::None), Err(D::Unsigned));
    }
}
