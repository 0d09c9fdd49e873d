// SPDX-License-Identifier: GPL-2.0

//! The position of a rotation in a list of servers that changes.

use super::servers::Change;

/// Where a rotation stands: before the first server (0), or on server `n - 1`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cursor(u32);

impl Cursor {
    /// Before the first server.
    pub(super) const START: Self = Self(0);

    /// The cursor that [`Cursor::number`] gave out.
    #[inline]
    pub(super) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The cursor as a number.
    #[inline]
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    /// On server `index`.
    #[inline]
    pub(super) fn on(index: usize) -> Self {
        Self(u32::try_from(index).map_or(0, |index| index.wrapping_add(1)))
    }

    /// Index of the server behind the cursor in a list of `len`: `len` when it is on the last one,
    /// or was left behind by a list that shrank.
    #[inline]
    pub(super) fn next(self, len: usize) -> usize {
        usize::try_from(self.0).map_or(len, |next| next.min(len))
    }

    /// The cursor of the same rotation after `change`. When its server went, it stands on the one
    /// before, so that none is skipped.
    pub(super) fn after(self, change: Change) -> Self {
        match change {
            Change::Inserted if self != Self::START => Self(self.0.saturating_add(1)),
            Change::Removed(index) if self.next(usize::MAX) > index => Self(self.0.wrapping_sub(1)),
            Change::Replaced => Self::START,
            _ => self,
        }
    }
}
