// SPDX-License-Identifier: GPL-2.0

//! A virtual service.

use core::num::NonZeroU32;
use core::sync::atomic::{
    AtomicBool,
    AtomicU32,
    AtomicU64,
    AtomicU8,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::addr::Family;
pub(crate) use lvs_engine::config::MarkDetails;
use lvs_engine::config::{
    DestConfig,
    ServiceConfig,
    ServiceId, //
};
use lvs_engine::extras::{
    Extras,
    OnExpiry, //
};
use lvs_engine::sched::ramp::Present;
use lvs_engine::sched::{self, Algorithm, Facts, Foreseen, Identified, Key, Servers};
use lvs_engine::table_size;
use lvs_uapi::flags::service as flag;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::memory::{
    member,
    ControllerLink, //
    Member,
};
use crate::kernel_ext::mem::rcu::{
    self,
    RcuArc,
    RcuBox,
    RcuCell,
    RcuSlot,
    ReadSide, //
};
use crate::kernel_ext::task::time;

use super::dest::Dest;
use super::edition::{
    Edition,
    Editions, //
};
use super::extras_cell::ExtrasCell;
use super::load_tree::LoadTree;
use super::locality::{
    self,
    Locality, //
};
use super::pick::{
    pick_from,
    Memory, //
};
use super::pool::{
    self,
    Pool, //
};
use super::staged::{
    Staged,
    StagedServers, //
};
use super::stats::{
    Counters,
    FineRates,
    Stats,
    Tally, //
};

/// A virtual service. Settings change under the namespace's rules lock and are read anywhere.
pub(crate) struct Service {
    id: ServiceId,
    mark_details: MarkDetails,
    instance: u64,
    flags: AtomicU32,
    timeout: AtomicU32,
    netmask: AtomicU32,
    sip: AtomicBool,
    extras: ExtrasCell,
    /// The second until which whoever goes on with an ended connection is told.
    tells_until: AtomicU32,
    /// The second since which it has servers that take connections; 0: it has none.
    serves_since: AtomicU32,
    /// The editions of the rules that the service is in.
    editions: AtomicU8,
    pool: RcuSlot<Pool>,
    locality: RcuSlot<Locality>,
    /// What it will be, while a transaction changes it.
    staged: RcuCell<Staged>,
    /// What the scheduler remembers between two picks.
    pub(super) cursor: AtomicU64,
    /// What servers counted that are gone.
    removed: Tally,
    /// What listings leave out: the counters at the last reset.
    pub(super) reset_at: Tally,
}

member!(Service, buckets: 1 << table_size::SERVICES.min_bits);

impl Service {
    /// A service without servers, in force as soon as the table has it. Process context. Fails with
    /// `ENOMEM`.
    pub(crate) fn new(
        id: &ServiceId,
        mark_details: MarkDetails,
        config: &ServiceConfig,
        instance: u64,
    ) -> Result<Self> {
        let service = Self::bare(id, mark_details, config, instance)?;
        let pool = Self::make_pool(
            id.family,
            config.flags,
            config.scheduler,
            GrowVec::new(),
            None,
        )?;
        rcu::read(|read| service.publish(read, pool, sched::Change::Replaced));
        Ok(service)
    }

    /// A service that servers are still to be published of. Process context. Fails with `ENOMEM`.
    pub(super) fn bare(
        id: &ServiceId,
        mark_details: MarkDetails,
        config: &ServiceConfig,
        instance: u64,
    ) -> Result<Self> {
        let service = Self {
            id: *id,
            mark_details,
            instance,
            flags: AtomicU32::new(0),
            timeout: AtomicU32::new(0),
            netmask: AtomicU32::new(0),
            sip: AtomicBool::new(false),
            extras: ExtrasCell::default(),
            tells_until: AtomicU32::new(0),
            serves_since: AtomicU32::new(0),
            editions: AtomicU8::new(Editions::BOTH.bits()),
            pool: RcuSlot::new(None),
            locality: RcuSlot::new(Locality::of(config.scheduler)?),
            staged: RcuCell::empty(),
            cursor: AtomicU64::new(0),
            removed: Tally::default(),
            reset_at: Tally::default(),
        };
        service.configure(config);
        Ok(service)
    }

    /// Whether the service is a part of this edition of the rules.
    #[inline]
    pub(super) fn is_in(&self, edition: Edition) -> bool {
        Editions::from_bits(self.editions.load(Ordering::Relaxed)).contain(edition)
    }

    /// Whether the service is a part of the rules in force.
    pub(crate) fn is_in_force(&self) -> bool {
        self.is_in(Edition::Present)
    }

    /// Notes which editions the service is a part of. Rules lock held.
    pub(super) fn set_editions(&self, editions: Editions) {
        self.editions.store(editions.bits(), Ordering::Relaxed);
    }

    /// What the service will be, while a transaction changes it.
    pub(super) fn staged<'a>(&'a self, read: ReadSide<'a>) -> Option<&'a Staged> {
        self.staged.load(read)
    }

    /// Has packets of the next edition see `staged`, or what they see of the present one. Rules
    /// lock held.
    pub(super) fn stage(&self, staged: Option<RcuBox<Staged>>) {
        self.staged.replace(staged);
    }

    /// What names the service.
    #[inline]
    pub(crate) fn id(&self) -> &ServiceId {
        &self.id
    }

    /// Protocol, address and port as they were given.
    pub(crate) fn mark_details(&self) -> MarkDetails {
        self.mark_details
    }

    /// Tells the service from another one of the same name, earlier or later.
    pub(crate) fn instance(&self) -> u64 {
        self.instance
    }

    /// The present settings.
    pub(crate) fn config(&self, read: ReadSide<'_>) -> ServiceConfig {
        ServiceConfig {
            scheduler: self.pool(read).and_then(Pool::scheduler),
            flags: self.flags() | flag::HASHED,
            timeout: self.timeout(),
            netmask: self.netmask(),
            sip: self.sip.load(Ordering::Relaxed),
            extras: self.extras.get(),
        }
    }

    /// Takes all settings but the scheduler. Rules lock held.
    pub(crate) fn configure(&self, config: &ServiceConfig) {
        self.flags.store(config.flags, Ordering::Relaxed);
        self.timeout.store(config.timeout, Ordering::Relaxed);
        self.netmask.store(config.netmask, Ordering::Relaxed);
        self.sip.store(config.sip, Ordering::Relaxed);
        self.extras.set(&config.extras);
    }

    /// What ip_vs's services don't have.
    pub(crate) fn extras(&self) -> Extras {
        self.extras.get()
    }

    /// What ip_vs's services don't have, without what the scheduler makes nothing of.
    pub(crate) fn extras_in_effect(&self, read: ReadSide<'_>) -> Extras {
        let extras = self.extras();
        let hashes = self.scheduler(read).is_some_and(Algorithm::hashes);
        Extras {
            slow_start: if hashes { 0 } else { extras.slow_start },
            ..extras
        }
    }

    /// Has the servers take over what concerns them of the settings. Rules lock held.
    pub(super) fn tell_servers(&self, read: ReadSide<'_>) {
        let extras = self.extras();
        for dest in self.dests(read) {
            dest.set_extras(&extras);
        }
    }

    /// What becomes of a segment of a connection that was forgotten.
    pub(crate) fn on_expiry(&self) -> OnExpiry {
        self.extras.on_expiry()
    }

    /// Whether templates hold Call-IDs.
    #[inline]
    pub(crate) fn is_sip(&self) -> bool {
        self.sip.load(Ordering::Relaxed)
    }

    /// For so many seconds whoever goes on with an ended connection is told. Rules lock held.
    pub(super) fn tell_for(&self, seconds: u32) {
        self.tells_until
            .store(time::seconds().wrapping_add(seconds), Ordering::Relaxed);
    }

    /// Whether clients are told that a connection they go on with has ended.
    pub(crate) fn tells_of_ends(&self) -> bool {
        time::seconds() < self.tells_until.load(Ordering::Relaxed)
    }

    /// `lvs_uapi::flags::service` bits.
    #[inline]
    pub(crate) fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    /// Life of a persistence template after its last use, in seconds.
    pub(crate) fn timeout(&self) -> u32 {
        self.timeout.load(Ordering::Relaxed)
    }

    /// Granularity of persistence, as in [`ServiceConfig`].
    pub(crate) fn netmask(&self) -> u32 {
        self.netmask.load(Ordering::Relaxed)
    }

    /// The present scheduler.
    #[inline]
    pub(crate) fn scheduler(&self, read: ReadSide<'_>) -> Option<Algorithm> {
        self.pool(read)?.scheduler
    }

    /// Appends the servers, newest first, as long as there is room.
    pub(super) fn append_dests(&self, read: ReadSide<'_>, list: &mut GrowVec<RcuArc<Dest>>) {
        for dest in self.dests(read) {
            drop(list.push_reserved(dest.clone()));
        }
    }

    /// The present servers and scheduler.
    #[inline]
    pub(crate) fn pool<'a>(&self, read: ReadSide<'a>) -> Option<&'a Pool> {
        self.pool.load(read)
    }

    /// The present servers, newest first.
    #[inline]
    pub(crate) fn dests<'a>(&self, read: ReadSide<'a>) -> &'a [RcuArc<Dest>] {
        self.pool(read).map_or(&[][..], Pool::dests)
    }

    /// Makes what [`Service::publish`] publishes: servers, newest first, and their scheduler, of a
    /// service with these flags; for servers with these `settings`, in the same order, if they will
    /// get others. Sleeps. Fails with `ENOMEM` or with what the scheduler objects to.
    pub(crate) fn make_pool(
        family: Family,
        flags: u32,
        scheduler: Option<Algorithm>,
        dests: GrowVec<RcuArc<Dest>>,
        settings: Option<&[DestConfig]>,
    ) -> Result<RcuArc<Pool>> {
        let mut pool = Pool {
            scheduler,
            plain: None,
            ramping: GrowVec::new(),
            rest: 0,
            dests,
            facts: Facts::default(),
            table: GrowVec::new(),
            load_tree: None,
        };
        if let Some(algorithm) = scheduler {
            (pool.facts, pool.table) = match settings {
                None => pool::digest(algorithm, family, flags, &pool)?,
                Some(settings) => {
                    let pool = &pool;
                    pool::digest(algorithm, family, flags, &StagedServers { pool, settings })?
                }
            };
            pool.load_tree = LoadTree::of(algorithm, pool.len())?;
            pool.note_ramps(settings)?;
        }
        RcuArc::new(pool)
    }

    /// Replaces what the locality-based algorithms remember. Rules lock held.
    pub(crate) fn remember_localities(&self, locality: Option<RcuArc<Locality>>) {
        self.locality.replace(locality);
    }

    /// Packets see this set of servers from now on; `change` is what became of the former one.
    /// Rules lock held.
    pub(crate) fn publish(&self, read: ReadSide<'_>, pool: RcuArc<Pool>, change: sched::Change) {
        pool.tell_servers(&self.extras());
        self.note_service(&pool);
        self.pool.replace(Some(pool));
        if let Some(pool) = self.pool(read) {
            self.note_change(pool, change);
        }
    }

    /// Packets see the same servers in a pool that was made anew. Rules lock held.
    pub(super) fn republish(&self, pool: RcuArc<Pool>) {
        pool.tell_servers(&self.extras());
        self.pool.replace(Some(pool));
    }

    /// Notes since when there are servers that take connections. Rules lock held.
    fn note_service(&self, pool: &Pool) {
        let serves = pool.dests().iter().any(|dest| dest.weight() != 0);
        let since = match self.serves_since.load(Ordering::Relaxed) {
            _ if !serves => 0,
            0 => time::seconds().max(1),
            since => since,
        };
        self.serves_since.store(since, Ordering::Relaxed);
    }

    /// For how many ticks a server ramps that comes now: none does that comes to no others, or
    /// while those are as new as itself.
    pub(super) fn slow_start(&self, read: ReadSide<'_>) -> Option<NonZeroU32> {
        let seconds = self.extras.slow_start();
        let since = self.serves_since.load(Ordering::Relaxed);
        let is_warm = since != 0 && time::seconds().wrapping_sub(since) >= seconds;
        let ramps = self.scheduler(read).is_some_and(|one| !one.hashes());
        NonZeroU32::new(time::ticks(seconds)).filter(|_| is_warm && ramps)
    }

    /// Tells the scheduler's memory what happened to the list of servers.
    fn note_change(&self, pool: &Pool, change: sched::Change) {
        let Some(algorithm) = pool.scheduler else {
            return;
        };
        let mut state = self.cursor.load(Ordering::Relaxed);
        loop {
            let next = sched::after_change(algorithm, state, change, &pool.facts);
            match self
                .cursor
                .compare_exchange(state, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(present) => state = present,
            }
        }
    }

    /// What the scheduler's memory will be after `changes` of the servers to those of `pool`, in
    /// this order.
    pub(super) fn cursor_after(&self, pool: &Pool, changes: &[sched::Change]) -> u64 {
        let state = self.cursor.load(Ordering::Relaxed);
        let Some(algorithm) = pool.scheduler else {
            return state;
        };
        changes.iter().fold(state, |state, change| {
            sched::after_change(algorithm, state, *change, &pool.facts)
        })
    }

    /// Publishes what was staged: packets see it as the present set of servers from now on. Rules
    /// lock held.
    pub(super) fn adopt(&self, staged: &Staged) {
        if staged.locality.is_some() {
            self.remember_localities(staged.locality.clone());
        }
        staged.pool.tell_servers(&staged.config.extras);
        self.note_service(&staged.pool);
        self.pool.replace(Some(staged.pool.clone()));
        let cursor = staged.cursor.load(Ordering::Relaxed);
        self.cursor.store(cursor, Ordering::Relaxed);
        self.configure(&staged.config);
    }

    /// The server for a new connection; `None` when no server takes one. `expiration` is how long
    /// the locality-based algorithms remember, in ticks.
    #[inline]
    pub(crate) fn schedule<'a>(
        &'a self,
        read: ReadSide<'a>,
        key: &Key,
        expiration: u32,
    ) -> Option<&'a RcuArc<Dest>> {
        let pool = self.pool(read)?;
        let Some(algorithm) = pool.plain else {
            return self.schedule_ramping(read, pool, key, expiration);
        };
        if locality::is_used_by(algorithm) {
            let memory = self.locality.load(read);
            let index = locality::pick(memory, pool, algorithm, key, expiration)?;
            return pool.dests.get(index);
        }
        let index = pick_from(&self.cursor, algorithm, pool, &pool.facts, key)?;
        pool.dests.get(index)
    }

    /// What [`Service::schedule`] would find, with its place among the servers. Nothing is picked:
    /// neither the scheduler's memory nor a load tree changes.
    #[cold]
    pub(crate) fn foresee(&self, read: ReadSide<'_>, key: &Key, expiration: u32) -> Foreseen {
        let Some(pool) = self.pool(read) else {
            return Foreseen::Nobody;
        };
        let Some(algorithm) = pool.scheduler else {
            return Foreseen::Nobody;
        };
        if pool.plain.is_some() {
            return self.foresee_among(read, pool, pool, algorithm, key, expiration);
        }
        let now = time::now();
        let waits = |index| pool.waits(index, now);
        let present = Present::new(pool, &waits);
        self.foresee_among(read, pool, &present, algorithm, key, expiration)
    }

    /// What the scheduler would find among `servers`, which are those of `pool`.
    fn foresee_among(
        &self,
        read: ReadSide<'_>,
        pool: &Pool,
        servers: &impl Identified,
        algorithm: Algorithm,
        key: &Key,
        expiration: u32,
    ) -> Foreseen {
        if locality::is_used_by(algorithm) {
            let memory = self.locality.load(read);
            return locality::foresee(memory, servers, algorithm, key, expiration);
        }
        let state = self.cursor.load(Ordering::Relaxed);
        sched::foresee(algorithm, servers, &pool.facts, key, state)
    }

    /// [`Service::schedule`] where servers ramp, or without a scheduler.
    #[cold]
    #[inline(never)]
    fn schedule_ramping<'a>(
        &'a self,
        read: ReadSide<'a>,
        pool: &'a Pool,
        key: &Key,
        expiration: u32,
    ) -> Option<&'a RcuArc<Dest>> {
        let memory = Memory {
            cursor: &self.cursor,
            locality: self.locality.load(read),
            expiration,
        };
        pool.dests.get(memory.pick_ramping(pool, pool, key)?)
    }

    /// The place of the server that `staged` picks, whose scheduler remembers `memory` and
    /// `cursor`.
    #[cold]
    #[inline(never)]
    pub(super) fn pick_staged(
        &self,
        read: ReadSide<'_>,
        staged: &Staged,
        key: &Key,
        expiration: u32,
    ) -> Option<usize> {
        let algorithm = staged.config.scheduler?;
        let servers = &staged.servers();
        let locality = staged.locality.as_deref();
        let memory = Memory {
            cursor: &staged.cursor,
            locality: locality.or_else(|| self.locality.load(read)),
            expiration,
        };
        if staged.pool.plain.is_none() {
            return memory.pick_ramping(&staged.pool, servers, key);
        }
        memory.pick(algorithm, servers, &staged.pool.facts, key)
    }

    // -- Statistics ----------------------------------------------------------------------------

    /// Statistics since the last reset.
    pub(crate) fn stats(&self, read: ReadSide<'_>) -> Stats {
        Stats {
            counters: self.raw_counters(read).minus(self.reset_at.get()),
            rates: self.rates(read).rounded(),
        }
    }

    /// Counters that no reset touches.
    pub(crate) fn raw_counters(&self, read: ReadSide<'_>) -> Counters {
        let dests = self.dests(read);
        dests.iter().fold(self.removed.get(), |sum, dest| {
            sum.plus(dest.raw_counters())
        })
    }

    /// Rates that can be added up.
    pub(crate) fn rates(&self, read: ReadSide<'_>) -> FineRates {
        let dests = self.dests(read);
        dests
            .iter()
            .fold(FineRates::default(), |sum, dest| sum.plus(dest.rates()))
    }

    /// What servers counted that are gone.
    pub(crate) fn removed_counters(&self) -> Counters {
        self.removed.get()
    }

    /// Keeps what `counted` says of a server that leaves. Rules lock held.
    pub(crate) fn keep_counters(&self, counted: Counters) {
        self.removed.set(self.removed.get().plus(counted));
    }

    /// Gives back what [`Service::keep_counters`] kept of a server that returns. Rules lock held.
    pub(crate) fn return_counters(&self, counted: Counters) {
        self.removed.set(self.removed.get().minus(counted));
    }

    /// Leaves out `counted`, which a server counted before it came. Rules lock held.
    pub(crate) fn skip_counters(&self, counted: Counters) {
        self.reset_at.set(self.reset_at.get().plus(counted));
    }

    /// Starts statistics of the service and its servers anew. Rules lock held.
    pub(crate) fn reset_stats(&self, read: ReadSide<'_>) {
        for dest in self.dests(read) {
            dest.reset_stats();
        }
        self.reset_at.set(self.raw_counters(read));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.pool.take());
        drop(self.locality.take());
    }
}
