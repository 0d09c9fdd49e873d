// SPDX-License-Identifier: GPL-2.0

//! A virtual service and the pool of servers it chooses from.

use core::num::NonZeroU32;
use core::sync::atomic::{
    fence,
    AtomicBool,
    AtomicU32,
    AtomicU64,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::{
    ServiceConfig,
    ServiceId, //
};
use lvs_engine::hash::HashKey;
use lvs_engine::sched::{
    self,
    locality,
    Algorithm,
    Facts,
    Identified,
    Key,
    Pair,
    Preference,
    Servers,
    Standing, //
};
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
    ReadSide, //
};
use crate::kernel_ext::task::lock::LockBh;
use crate::kernel_ext::task::time;

use super::dest::Dest;
use super::load_tree::LoadTree;
use super::stats::{
    Counters,
    FineRates,
    Stats,
    Tally, //
};

/// Protocol, address and port that came with a mark. Packets don't care; the socket options show
/// them, and change such a service only for clients that give the same protocol.
#[derive(Clone, Copy)]
pub(crate) struct MarkDetails {
    /// IP protocol.
    pub(crate) protocol: u16,
    /// Address.
    pub(crate) addr: Addr,
    /// Port, host order.
    pub(crate) port: u16,
}

/// A virtual service. Settings change under the namespace's rules lock and are read anywhere.
pub(crate) struct Service {
    id: ServiceId,
    mark_details: MarkDetails,
    instance: u64,
    flags: AtomicU32,
    timeout: AtomicU32,
    netmask: AtomicU32,
    sip: AtomicBool,
    /// The second until which whoever goes on with an ended connection is told.
    tells_until: AtomicU32,
    pool: RcuCell<Pool>,
    locality: RcuCell<Locality>,
    /// What the scheduler remembers between two picks.
    cursor: AtomicU64,
    /// What servers counted that are gone.
    removed: Tally,
    /// What listings leave out: the counters at the last reset.
    reset_at: Tally,
}

/// The servers of a service at one time, newest first, and what their scheduler computed of them.
/// Never changed: a change of the rules makes another one.
pub(crate) struct Pool {
    scheduler: Option<Algorithm>,
    dests: GrowVec<RcuArc<Dest>>,
    facts: Facts,
    /// Which server each hash value maps to, for the algorithms that hash.
    table: GrowVec<u16>,
    /// Load tree, for pools too big to scan.
    load_tree: Option<RcuArc<LoadTree>>,
}

/// What the locality-based algorithms remember: a bounded number of addresses and their servers.
pub(crate) struct Locality {
    /// The lock guards these alone. Picks take it, in softirq.
    entries: LockBh<GrowVec<locality::Assignment>>,
    key: HashKey,
}

impl Locality {
    /// Addresses remembered at most.
    const ENTRIES: usize = 1024 * locality::ROW_LEN;

    /// An empty memory if `scheduler` needs one. Sleeps. Fails with `ENOMEM`.
    pub(crate) fn of(scheduler: Option<Algorithm>) -> Result<Option<RcuBox<Self>>> {
        if !scheduler.is_some_and(is_locality_based) {
            return Ok(None);
        }
        let entries = GrowVec::filled(Self::ENTRIES, locality::Assignment::default())?;
        Ok(Some(RcuBox::new(Self {
            entries: LockBh::new(entries)?,
            key: (time::random_u64(), time::random_u64()),
        })?))
    }
}

const fn is_locality_based(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::LocalityLeastConnection | Algorithm::LocalityReplication
    )
}

impl Pool {
    /// The servers, newest first.
    pub(crate) fn dests(&self) -> &[RcuArc<Dest>] {
        &self.dests
    }

    /// The scheduling algorithm.
    pub(crate) fn scheduler(&self) -> Option<Algorithm> {
        self.scheduler
    }

    /// Has the servers note changes of their loads in the pool's load tree, before packets see
    /// that. Rules lock held.
    fn tell_servers(&self) {
        for (position, dest) in self.dests.iter().enumerate() {
            dest.set_load_tree(self.load_tree.as_ref(), position as u32);
        }
        // Pairs with the sequentially consistent change of a load (see `LoadTree`).
        fence(Ordering::SeqCst);
    }
}

impl Servers for Pool {
    #[inline]
    fn len(&self) -> usize {
        self.dests.len()
    }

    #[inline]
    fn weight(&self, index: usize) -> u32 {
        self.dests.get(index).map_or(0, |dest| dest.weight())
    }

    #[inline]
    fn active(&self, index: usize) -> u32 {
        self.dests.get(index).map_or(0, |dest| dest.active())
    }

    #[inline]
    fn inactive(&self, index: usize) -> u32 {
        self.dests.get(index).map_or(0, |dest| dest.inactive())
    }

    #[inline]
    fn overloaded(&self, index: usize) -> bool {
        self.dests
            .get(index)
            .is_none_or(|dest| dest.is_overloaded())
    }

    #[inline]
    fn table(&self) -> &[u16] {
        &self.table
    }

    #[inline]
    fn standing(&self) -> Option<Standing> {
        let load_tree = self.load_tree.as_ref()?;
        load_tree.standing(self.scheduler?, self)
    }

    #[inline]
    fn drawn(&self, random: u64) -> Option<Pair> {
        self.load_tree.as_ref()?.drawn(self, random)
    }
}

impl Identified for Pool {
    fn id(&self, index: usize) -> Option<NonZeroU32> {
        Some(self.dests.get(index)?.number())
    }

    fn addr(&self, index: usize) -> Addr {
        self.dests
            .get(index)
            .map_or(Addr::ANY, |dest| dest.id().addr)
    }

    fn port(&self, index: usize) -> u16 {
        self.dests.get(index).map_or(0, |dest| dest.id().port)
    }

    fn last_weight(&self, index: usize) -> u32 {
        self.dests.get(index).map_or(0, |dest| dest.last_weight())
    }
}

member!(Service, buckets: 1 << table_size::SERVICES.min_bits);

impl Service {
    /// A service without servers. Process context. Fails with `ENOMEM`.
    pub(crate) fn new(
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
            tells_until: AtomicU32::new(0),
            pool: RcuCell::empty(),
            locality: RcuCell::empty(),
            cursor: AtomicU64::new(0),
            removed: Tally::default(),
            reset_at: Tally::default(),
        };
        service.configure(config);
        let pool = Self::make_pool(id.family, config.flags, config.scheduler, GrowVec::new())?;
        service.remember_localities(Locality::of(config.scheduler)?);
        rcu::read(|read| service.publish(read, pool, sched::Change::Replaced));
        Ok(service)
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
        }
    }

    /// Takes all settings but the scheduler. Rules lock held.
    pub(crate) fn configure(&self, config: &ServiceConfig) {
        self.flags.store(config.flags, Ordering::Relaxed);
        self.timeout.store(config.timeout, Ordering::Relaxed);
        self.netmask.store(config.netmask, Ordering::Relaxed);
        self.sip.store(config.sip, Ordering::Relaxed);
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
    pub(crate) fn pool<'a>(&'a self, read: ReadSide<'a>) -> Option<&'a Pool> {
        self.pool.load(read)
    }

    /// The present servers, newest first.
    #[inline]
    pub(crate) fn dests<'a>(&'a self, read: ReadSide<'a>) -> &'a [RcuArc<Dest>] {
        self.pool(read).map_or(&[][..], Pool::dests)
    }

    /// Makes what [`Service::publish`] publishes: servers, newest first, and their scheduler, of a
    /// service with these flags. Sleeps. Fails with `ENOMEM` or with what the scheduler objects to.
    pub(crate) fn make_pool(
        family: Family,
        flags: u32,
        scheduler: Option<Algorithm>,
        dests: GrowVec<RcuArc<Dest>>,
    ) -> Result<RcuBox<Pool>> {
        let mut pool = Pool {
            scheduler,
            dests,
            facts: Facts::default(),
            table: GrowVec::new(),
            load_tree: None,
        };
        if let Some(algorithm) = scheduler {
            pool.facts = Facts::of(algorithm, &pool);
            let mut table = GrowVec::filled(algorithm.table_len(), 0)?;
            let mut scratch =
                GrowVec::filled(algorithm.scratch_len(pool.len()), Preference::default())?;
            sched::fill_table(algorithm, family, flags, &pool, &mut table, &mut scratch)
                .map_err(|_| EINVAL)?;
            pool.table = table;
            pool.load_tree = LoadTree::of(algorithm, pool.len())?;
        }
        RcuBox::new(pool)
    }

    /// Replaces what the locality-based algorithms remember. Rules lock held.
    pub(crate) fn remember_localities(&self, locality: Option<RcuBox<Locality>>) {
        self.locality.replace(locality);
    }

    /// Packets see this set of servers from now on; `change` is what became of the former one.
    /// Rules lock held.
    pub(crate) fn publish(&self, read: ReadSide<'_>, pool: RcuBox<Pool>, change: sched::Change) {
        pool.tell_servers();
        self.pool.replace(Some(pool));
        if let Some(pool) = self.pool(read) {
            self.note_change(pool, change);
        }
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

    #[cold]
    fn schedule_by_locality<'a>(
        &'a self,
        read: ReadSide<'a>,
        pool: &'a Pool,
        algorithm: Algorithm,
        key: &Key,
        expiration: u32,
    ) -> Option<&'a RcuArc<Dest>> {
        let clock = locality::Clock {
            now: time::now(),
            expiration,
        };
        let find = |entries: &mut [locality::Assignment], memory_key| {
            let mut cache = locality::Cache::new(entries, memory_key);
            locality::pick(algorithm, &mut cache, pool, &key.virtual_addr, clock)
        };
        let index = match self.locality.load(read) {
            Some(memory) => find(&mut memory.entries.lock(), memory.key),
            // The service has just got another scheduler.
            None => find(&mut [], (0, 0)),
        }?;
        pool.dests.get(index)
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
        let algorithm = pool.scheduler?;
        if is_locality_based(algorithm) {
            return self.schedule_by_locality(read, pool, algorithm, key, expiration);
        }
        let mut state = self.cursor.load(Ordering::Relaxed);
        loop {
            let pick = sched::pick(algorithm, pool, &pool.facts, key, state);
            if pick.state != state {
                // Somebody else may have picked meanwhile: then pick again from there.
                if let Err(present) = self.cursor.compare_exchange(
                    state,
                    pick.state,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                ) {
                    state = present;
                    continue;
                }
            }
            return pool.dests.get(pick.index?);
        }
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
