// SPDX-License-Identifier: GPL-2.0

//! Transactions: what services and servers are to be, collected until all of it is put in force in
//! one step ([`super::rules::transaction`]).
//!
//! Until then nothing of it is in any table. A transaction belongs to the netlink socket that began
//! it, and goes with that.

use kernel::prelude::*;

use lvs_engine::config::{
    DestConfig,
    DestId,
    ServiceConfig,
    ServiceId, //
};
use lvs_engine::hash::HashKey;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::task::time;

use super::service::MarkDetails;
use super::tables;

/// What a service is to be.
pub(super) struct WantedService {
    pub(super) mark_details: MarkDetails,
    pub(super) config: ServiceConfig,
    /// Its servers, newest first.
    pub(super) dests: GrowVec<(DestId, DestConfig)>,
}

/// What is to become of a service.
pub(super) struct Wish {
    pub(super) id: ServiceId,
    /// What it is to be; `None` if it is to go. A transaction has thousands, which go one by one.
    pub(super) wanted: Option<KBox<WantedService>>,
}

/// What is to become of services.
pub(crate) struct Transaction {
    generation: Option<u32>,
    is_whole: bool,
    is_broken: bool,
    wishes: GrowVec<Wish>,
    /// Where each wish is, by the hash of its service's name: its number from 1 on, in a power of
    /// two of places of which half are free.
    places: GrowVec<u32>,
    key: HashKey,
}

impl Transaction {
    /// Fewest places.
    const FEW: usize = 64;

    /// One of no wishes. With a `generation` it can be committed only as long as that is the
    /// rules'; if it `is_whole`, services that it doesn't speak of are to go. Sleeps. Fails with
    /// `ENOMEM`.
    pub(crate) fn new(generation: Option<u32>, is_whole: bool) -> Result<Self> {
        Ok(Self {
            generation,
            is_whole,
            is_broken: false,
            wishes: GrowVec::new(),
            places: GrowVec::filled(Self::FEW, 0)?,
            key: (time::random_u64(), time::random_u64()),
        })
    }

    /// The generation of the rules that it is for.
    pub(super) fn generation(&self) -> Option<u32> {
        self.generation
    }

    /// Whether services that it doesn't speak of are to go.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether something that was to be a part of it isn't.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Something that was to be a part of it isn't: it can't be committed any more.
    pub(crate) fn spoil(&mut self) {
        self.is_broken = true;
    }

    /// The place of a service's wish, or a free one for it, and what is there.
    fn place(&self, id: &ServiceId) -> Option<(usize, u32)> {
        let mask = self.places.len().wrapping_sub(1);
        let mut place = tables::hash_service(self.key, id) as usize & mask;
        loop {
            let number = *self.places.get(place)?;
            let known = number
                .checked_sub(1)
                .and_then(|index| self.wishes.get(index as usize));
            match known {
                Some(wish) if wish.id != *id => place = place.wrapping_add(1) & mask,
                _ => return Some((place, number)),
            }
        }
    }

    /// Whether it speaks of a service.
    pub(super) fn speaks_of(&self, id: &ServiceId) -> bool {
        matches!(self.place(id), Some((_, number)) if number != 0)
    }

    fn note(&mut self, index: usize) {
        let Some(id) = self.wishes.get(index).map(|wish| wish.id) else {
            return;
        };
        if let Some((place, _)) = self.place(&id) {
            if let Some(number) = self.places.get_mut(place) {
                *number = (index as u32).wrapping_add(1);
            }
        }
    }

    fn wish(&mut self, wish: Wish) -> Result {
        if self.speaks_of(&wish.id) {
            return Err(EEXIST);
        }
        let count = self.wishes.len();
        if u32::try_from(count).map_or(true, |count| count == u32::MAX) {
            return Err(ENOSPC);
        }
        if count.saturating_mul(2) >= self.places.len() {
            let places = self.places.len().saturating_mul(4);
            self.places = GrowVec::filled(places, 0)?;
            for index in 0..count {
                self.note(index);
            }
        }
        self.wishes.push(wish)?;
        self.note(count);
        Ok(())
    }

    /// A service is to be so, with the servers that [`Transaction::put_dest`] is called for next.
    /// Sleeps. Fails with `EEXIST` if it was spoken of before, `ENOSPC`, `ENOMEM`.
    pub(crate) fn put_service(
        &mut self,
        id: &ServiceId,
        mark_details: MarkDetails,
        config: &ServiceConfig,
    ) -> Result {
        let wanted = WantedService {
            mark_details,
            config: *config,
            dests: GrowVec::new(),
        };
        self.wish(Wish {
            id: *id,
            wanted: Some(KBox::new(wanted, GFP_KERNEL)?),
        })
    }

    /// A service is to go. Sleeps. Fails with `EEXIST` if it was spoken of before, `ENOSPC`,
    /// `ENOMEM`.
    pub(crate) fn remove_service(&mut self, id: &ServiceId) -> Result {
        self.wish(Wish {
            id: *id,
            wanted: None,
        })
    }

    /// The service that a server would belong to that is put next.
    pub(crate) fn last_service(&self) -> Option<ServiceId> {
        let wish = self.wishes.last()?;
        wish.wanted.as_ref().map(|_| wish.id)
    }

    /// The last service is to have this server, behind those that were put before. Sleeps. Fails
    /// with `ESRCH` without a service, `EEXIST` if it has the server, `ENOMEM`.
    pub(crate) fn put_dest(&mut self, id: &DestId, config: &DestConfig) -> Result {
        let wish = self.wishes.last_mut().ok_or(ESRCH)?;
        let wanted = wish.wanted.as_mut().ok_or(ESRCH)?;
        if wanted.dests.iter().any(|(present, _)| present == id) {
            return Err(EEXIST);
        }
        wanted.dests.push((*id, *config))
    }

    /// The wishes, to be fulfilled.
    pub(super) fn wishes(&mut self) -> &mut [Wish] {
        &mut self.wishes
    }
}

/// A transaction and the socket that it belongs to.
pub(super) struct Open {
    pub(super) owner: u32,
    pub(super) transaction: Transaction,
}

/// The open transactions of a namespace.
#[derive(Default)]
pub(crate) struct Transactions(pub(super) GrowVec<Open>);

impl Transactions {
    /// Where the transaction of the socket `owner` is.
    pub(super) fn position(&self, owner: u32) -> Option<usize> {
        self.0.iter().position(|open| open.owner == owner)
    }
}
