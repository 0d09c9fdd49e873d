// SPDX-License-Identifier: GPL-2.0

//! Directors that are told by unicast, besides the group, and heard: where there is no multicast.

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};

/// Most of them.
const MOST: usize = 16;

/// One of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unicast {
    pub(crate) family: Family,
    pub(crate) addr: Addr,
    /// 0 for the daemon's.
    pub(crate) port: u16,
}

/// All of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Unicasts([Option<Unicast>; MOST]);

impl Unicasts {
    /// Adds one. Fails with `EEXIST` if it is there, `ENOSPC` if there are too many.
    pub(crate) fn add(&mut self, new: Unicast) -> Result {
        if self.iter().any(|known| known == new) {
            return Err(EEXIST);
        }
        let place = self.0.iter_mut().find(|place| place.is_none());
        *place.ok_or(ENOSPC)? = Some(new);
        Ok(())
    }

    /// Removes one. Fails with `ENOENT` if it isn't there.
    pub(crate) fn remove(&mut self, old: Unicast) -> Result {
        let place = self.0.iter_mut().find(|place| **place == Some(old));
        *place.ok_or(ENOENT)? = None;
        Ok(())
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Unicast> + '_ {
        self.0.iter().flatten().copied()
    }

    /// Those of a family.
    pub(super) fn of(&self, family: Family) -> impl Iterator<Item = Unicast> + '_ {
        self.iter().filter(move |one| one.family == family)
    }
}
