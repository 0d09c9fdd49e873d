// SPDX-License-Identifier: GPL-2.0

//! What a service will be in the next edition of the rules.

use core::num::NonZeroU32;
use core::sync::atomic::{
    AtomicU64, //
};

use lvs_engine::addr::Addr;
use lvs_engine::config::{
    DestConfig,
    ServiceConfig, //
};
use lvs_engine::sched::{
    Identified,
    Servers, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::RcuArc;

use super::dest::Dest;
use super::locality::Locality;
use super::pool::Pool;

/// A service of the next edition that is in the present one, too, but otherwise. Packets of the
/// next edition look at it instead of the service until that has become the same.
pub(crate) struct Staged {
    /// Its settings.
    pub(super) config: ServiceConfig,
    /// Its servers.
    pub(super) pool: RcuArc<Pool>,
    /// Their settings, in the same order.
    pub(super) settings: GrowVec<DestConfig>,
    /// What the locality-based algorithms remember, if it has got another scheduler.
    pub(super) locality: Option<RcuArc<Locality>>,
    /// What the scheduler remembers.
    pub(super) cursor: AtomicU64,
}

impl Staged {
    /// Its servers as a scheduler sees them.
    pub(super) fn servers(&self) -> StagedServers<'_> {
        StagedServers {
            pool: &self.pool,
            settings: &self.settings,
        }
    }

    /// What `dest`, to which a packet goes, will be; `None` if it won't be there.
    #[cold]
    #[inline(never)]
    pub(super) fn known(&self, dest: &RcuArc<Dest>) -> Option<&DestConfig> {
        let mut all = self.pool.dests().iter().zip(self.settings.iter());
        let settings =
            all.find_map(|(own, settings)| (own.number() == dest.number()).then_some(settings))?;
        dest.wrap_as(settings.tunnel);
        Some(settings)
    }
}

/// Servers with settings that aren't in force yet.
pub(super) struct StagedServers<'a> {
    pub(super) pool: &'a Pool,
    /// One for each server.
    pub(super) settings: &'a [DestConfig],
}

impl StagedServers<'_> {
    fn server(&self, index: usize) -> Option<(&Dest, &DestConfig)> {
        Some((self.pool.dests().get(index)?, self.settings.get(index)?))
    }
}

impl Servers for StagedServers<'_> {
    fn len(&self) -> usize {
        self.pool.len()
    }

    fn weight(&self, index: usize) -> u32 {
        self.server(index)
            .map_or(0, |(dest, settings)| dest.weight_by(settings))
    }

    fn active(&self, index: usize) -> u32 {
        self.pool.active(index)
    }

    fn inactive(&self, index: usize) -> u32 {
        self.pool.inactive(index)
    }

    fn overloaded(&self, index: usize) -> bool {
        self.server(index)
            .is_none_or(|(dest, settings)| dest.is_overloaded_by(settings))
    }

    fn table(&self) -> &[u16] {
        self.pool.table()
    }
}

impl Identified for StagedServers<'_> {
    fn id(&self, index: usize) -> Option<NonZeroU32> {
        self.pool.id(index)
    }

    fn addr(&self, index: usize) -> Addr {
        self.pool.addr(index)
    }

    fn port(&self, index: usize) -> u16 {
        self.pool.port(index)
    }

    fn last_weight(&self, index: usize) -> u32 {
        match self.weight(index) {
            0 => self.pool.last_weight(index),
            weight => weight,
        }
    }
}
