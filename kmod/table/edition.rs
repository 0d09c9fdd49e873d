// SPDX-License-Identifier: GPL-2.0

//! Which rules a packet goes by: those in force, or the next ones while a transaction replaces
//! them.
//!
//! A transaction may change thousands of services, and no packet may see some of them changed and
//! others not. So the next edition of the rules is put beside the present one, where no packet
//! looks yet: new services stand in the table for the next edition only, those that go for the
//! present one only, and one that changes has what it will be beside it
//! ([`super::staged::Staged`]). Then one store switches the namespace to the next edition. After a
//! grace period no packet goes by the old one, so that what is staged is put in the places of
//! ordinary rules, a service after the other, while all packets look at the staged; and when all is
//! done the namespace is switched back to the present edition, which is the same now.
//!
//! A packet that belongs to no connection asks once which edition it goes by
//! ([`super::netns_state::NetnsState::edition`]), and for everything after that looks at a service
//! through a [`super::service_view::ServiceView`]. Packets of known connections ask nothing: they
//! go to their server, whichever edition lists it.
//!
//! The next edition may be filled only when nobody can look at it any more: a grace period after
//! the namespace was switched back.

use core::sync::atomic::{
    AtomicU8,
    Ordering, //
};

/// The rules that a packet goes by.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Edition {
    /// Those in force.
    Present = 1,
    /// Those that a transaction is putting in force.
    Next = 2,
}

/// The editions that something belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Editions(u8);

impl Editions {
    /// It was removed.
    pub(crate) const NONE: Self = Self(0);
    /// It goes.
    pub(crate) const PRESENT: Self = Self(Edition::Present as u8);
    /// It comes.
    pub(crate) const NEXT: Self = Self(Edition::Next as u8);
    /// It stays.
    pub(crate) const BOTH: Self = Self(Edition::Present as u8 | Edition::Next as u8);

    /// Those of a number that [`Editions::bits`] gave out.
    #[inline]
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// They as a number; 0 for none.
    #[inline]
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Whether `edition` is one of them.
    #[inline]
    pub(crate) const fn contain(self, edition: Edition) -> bool {
        self.0 & edition as u8 != 0
    }
}

/// Which edition packets of a namespace go by.
pub(crate) struct EditionSwitch(AtomicU8);

impl EditionSwitch {
    /// The present one.
    pub(super) const fn new() -> Self {
        Self(AtomicU8::new(Edition::Present as u8))
    }

    /// The edition for a packet that asks now.
    #[inline]
    pub(super) fn get(&self) -> Edition {
        // Acquire pairs with the release of `set`: who goes by an edition sees all of it.
        if self.0.load(Ordering::Acquire) == Edition::Present as u8 {
            Edition::Present
        } else {
            Edition::Next
        }
    }

    /// Packets that come from now on go by `edition`. Rules lock held.
    pub(super) fn set(&self, edition: Edition) {
        self.0.store(edition as u8, Ordering::Release);
    }
}
