// SPDX-License-Identifier: GPL-2.0

//! Changes of the rules: services and servers come, change and go.
//!
//! Everything here runs in process context under the namespace's control lock. What packets see is
//! replaced in one step each time; a change that fails leaves all as it was.

mod hooks;
mod totals;
pub(super) mod trash;
pub(crate) mod walk;

use core::num::NonZeroU32;
use core::sync::atomic::Ordering;

use kernel::prelude::*;
use kernel::sync::lock::mutex::MutexBackend;
use kernel::sync::lock::Guard;

use lvs_engine::addr::Family;
use lvs_engine::config::{
    DestConfig,
    DestId,
    Forwarding,
    ServiceConfig,
    ServiceId,
    Target,
    Timeouts, //
};
use lvs_engine::hash;
use lvs_engine::sched::{
    Algorithm, //
    Change,
};
use lvs_engine::table_size;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::memory::{
    Entry,
    EntryBox, //
};
use crate::kernel_ext::mem::percpu;
use crate::kernel_ext::mem::rcu::{
    self,
    RcuArc,
    ReadSide, //
};
use crate::kernel_ext::mem::rcu_table::Neighbour;
use crate::kernel_ext::task::time;

use super::dest::{
    Dest,
    DEST_SLAB, //
};
use super::netns_state::{
    NetnsState,
    ServiceCounts,
    Tables, //
};
use super::service::{
    Locality,
    Pool,
    Service,
    Stated, //
};
use super::stats::Counters;

use walk::Item;

/// Rules of a namespace beside the tables that packets see.
#[derive(Default)]
pub(crate) struct Rules {
    hooks: hooks::Registered,
    /// Removed servers that connections still go to, or did a short time ago.
    trash: trash::Trash,
    /// What removed services counted, by CPU.
    removed: GrowVec<Counters>,
    reset_at: Counters,
    /// Changes made so far.
    generation: u32,
    /// Services made so far: tells one from its successor of the same name.
    instances: u64,
    /// The number of the last server made.
    dests: u32,
    /// The load factor that the services' table was fitted to.
    service_factor: i32,
    /// Services of each family, and servers of it for services of the other: IPv4's first.
    users: [u32; 2],
    /// Services of IPv4.
    services_v4: u32,
}

impl Rules {
    fn users_of(&mut self, family: Family) -> &mut u32 {
        let [v4, v6] = &mut self.users;
        match family {
            Family::V4 => v4,
            Family::V6 => v6,
        }
    }
}

/// Whether a server's packets are of another family than its service's.
fn is_mixed(service: &ServiceId, dest: &DestId) -> bool {
    service.family != dest.family
}

/// Access to the rules of a namespace; holds its control lock.
pub(crate) struct Control<'a> {
    state: &'a NetnsState,
    rules: Guard<'a, Rules, MutexBackend>,
}

/// Hash of what names a service.
#[inline]
pub(crate) fn hash_service(key: (u64, u64), id: &ServiceId) -> u32 {
    let family = u64::from(id.family.number());
    match &id.target {
        Target::Mark(mark) => hash::hash_own(key, u64::from(*mark), family),
        Target::Address {
            protocol,
            addr,
            port,
        } => {
            let ports = (u64::from(*port) << 8) | u64::from(*protocol as u8);
            match id.family {
                Family::V4 => {
                    hash::hash_own(key, (u64::from(addr.v4_word()) << 24) | ports, family)
                }
                Family::V6 => {
                    let [a, b, c, d] = addr.0.map(u64::from);
                    let address = hash::hash_own(key, (b << 32) | a, (d << 32) | c);
                    hash::hash_own(key, (u64::from(address) << 24) | ports, family)
                }
            }
        }
    }
}

impl Tables {
    /// The service with this name.
    #[inline]
    pub(crate) fn service<'a>(
        &self,
        read: ReadSide<'a>,
        id: &ServiceId,
    ) -> Option<&'a Entry<Service>> {
        let hash = hash_service(self.service_key, id);
        self.services.find(read, hash, |service| service.id() == id)
    }
}

impl<'a> Control<'a> {
    pub(super) fn new(state: &'a NetnsState, rules: Guard<'a, Rules, MutexBackend>) -> Self {
        Self { state, rules }
    }

    /// Tells states of the rules apart, as long as there are fewer than 2^31 changes between them.
    pub(crate) fn generation(&self) -> u32 {
        self.rules.generation
    }

    /// The rules are different from now on.
    fn note_change(&mut self) {
        self.rules.generation = self.rules.generation.wrapping_add(1);
    }

    /// Runs `f` with the service named `id`. Fails with `ESRCH` when there is none.
    pub(crate) fn with_service<R>(
        &self,
        id: &ServiceId,
        f: impl for<'r> FnOnce(ReadSide<'r>, &'r Service) -> R,
    ) -> Result<R> {
        let tables = self.state.tables().ok_or(ESRCH)?;
        rcu::read(|read| {
            let service = tables.service(read, id).ok_or(ESRCH)?;
            Ok(f(read, service))
        })
    }

    /// How many services of IPv4 there are, all that socket options show.
    pub(crate) fn services_v4(&self) -> u32 {
        self.rules.services_v4
    }

    // -- Services ----------------------------------------------------------------------------------

    /// Adds a service. Fails with `EEXIST`, `ENOMEM`, or with what registering the hooks fails with.
    pub(crate) fn add_service(
        &mut self,
        id: &ServiceId,
        stated: Stated,
        config: &ServiceConfig,
    ) -> Result {
        if self.state.is_stopped() {
            return Err(ENOPROTOOPT);
        }
        let tables = self.state.make_tables()?;
        if rcu::read(|read| tables.service(read, id).is_some()) {
            return Err(EEXIST);
        }
        self.rules.instances = self.rules.instances.wrapping_add(1);
        let service = Service::new(id, stated, config, self.rules.instances)?;
        let entry = EntryBox::new(hash_service(tables.service_key, id), service)?;
        self.hook(id.family)?;
        rcu::read(|read| {
            tables
                .services
                .insert(read, entry, |_| Neighbour::Other)
                .map(|_| ())
                .map_err(|_| EEXIST)
        })?;
        // Replies that aren't rewritten come from the virtual address, if they come this way.
        if let Target::Address { addr, .. } = &id.target {
            self.state.reply_sources().insert(addr);
        }
        self.state.counts().note(id, 1);
        self.note_user(id.family);
        if id.family == Family::V4 {
            self.rules.services_v4 = self.rules.services_v4.wrapping_add(1);
        }
        self.state.counts().note_engine(config.sip, 1);
        self.note_change();
        // As ip_vs, which makes the table with its first service and the least size.
        if self.service_count() > 1 {
            self.fit_services();
        }
        Ok(())
    }

    /// Changes a service. Fails with `ESRCH`, `ENOMEM`.
    pub(crate) fn edit_service(&mut self, id: &ServiceId, config: &ServiceConfig) -> Result {
        let dests = self.dests_of(id)?;
        let (former, was_sip) = self.with_service(id, |read, service| {
            (scheduler_of(read, service), service.is_sip())
        })?;
        let pool = if former == config.scheduler {
            None
        } else {
            Some(Service::make_pool(id.family, config.scheduler, dests)?)
        };
        let locality = match pool {
            Some(_) => Locality::of(config.scheduler)?,
            None => None,
        };
        self.with_service(id, |read, service| {
            if let Some(pool) = pool {
                service.remember_localities(locality);
                service.publish(read, pool, Change::Replaced);
            }
            service.configure(config);
        })?;
        let counts = self.state.counts();
        counts.note_engine(was_sip, ServiceCounts::ONE_LESS);
        counts.note_engine(config.sip, 1);
        self.note_change();
        Ok(())
    }

    /// Deletes a service; its connections stay, without a server. Fails with `ESRCH`, `ENOMEM`.
    pub(crate) fn delete_service(&mut self, id: &ServiceId) -> Result {
        self.reserve_counters()?;
        let tables = self.state.tables().ok_or(ESRCH)?;
        let service = rcu::read(|read| {
            let entry = tables.service(read, id)?;
            tables.services.remove(read, entry)
        });
        self.discard_service(service.ok_or(ESRCH)?);
        self.fit_services();
        Ok(())
    }

    /// Deletes all services. Fails with `ENOMEM` before anything has changed.
    pub(crate) fn flush(&mut self) -> Result {
        self.reserve_counters()?;
        let Some(tables) = self.state.tables() else {
            return Ok(());
        };
        let services = &tables.services;
        let mut bucket = 0_usize;
        loop {
            let service = rcu::read(|read| {
                bucket = services.skip_empty(read, bucket);
                services.pop(read, bucket)
            });
            match service {
                Some(service) => self.discard_service(service),
                None if bucket >= services.buckets() => break,
                None => bucket = bucket.wrapping_add(1),
            }
            time::yield_now();
        }
        self.fit_services();
        Ok(())
    }

    /// Keeps what is remembered of a service that the table doesn't hold any more, after room was made
    /// for its counters. The table keeps its size.
    fn discard_service(&mut self, service: EntryBox<Service>) {
        let id = service.id();
        let mut strangers = 0_u32;
        rcu::read(|read| {
            for dest in service.pool(read).map_or(&[][..], Pool::dests) {
                let counted = self.keep_counters(dest);
                strangers = strangers.wrapping_add(u32::from(is_mixed(id, dest.id())));
                self.discard_dest(dest.clone(), counted);
            }
        });
        if let Some(kept) = self.rules.removed.first_mut() {
            *kept = kept.plus(service.removed_counters());
        }
        let counts = self.state.counts();
        counts.note_engine(service.is_sip(), ServiceCounts::ONE_LESS);
        counts.note(id, ServiceCounts::ONE_LESS);
        self.note_change();
        self.forget_users(id.family, 1);
        self.forget_users(id.family.other(), strangers);
        if id.family == Family::V4 {
            self.rules.services_v4 = self.rules.services_v4.wrapping_sub(1);
        }
    }

    /// Resets the statistics of a service and its servers, or all of them. Fails with `ESRCH`.
    pub(crate) fn zero(&mut self, id: Option<&ServiceId>) -> Result {
        if let Some(id) = id {
            return self.with_service(id, |read, service| service.reset_stats(read));
        }
        self.walk_all(|read, item| {
            if let Item::Service(service) = item {
                service.reset_stats(read);
            }
        });
        self.rules.reset_at = self.raw_totals().0;
        Ok(())
    }

    fn service_count(&self) -> u32 {
        let counts = self.state.counts();
        counts
            .by_address
            .load(Ordering::Relaxed)
            .wrapping_add(counts.by_mark.load(Ordering::Relaxed))
    }

    /// Lets the services' table grow and shrink with them, and with the setting `svc_lfactor`.
    /// Without memory it stays as it is. Sleeps.
    pub(crate) fn fit_services(&mut self) {
        let Some(tables) = self.state.tables() else {
            return;
        };
        let count = self.service_count();
        let factor = self.state.sysctls().svc_lfactor();
        let is_new = factor != self.rules.service_factor;
        let present = tables.services.buckets() as u32;
        let wanted = table_size::SERVICES.resize(present, count, factor, is_new);
        if wanted == present || tables.services.resize(wanted as usize).is_ok() {
            self.rules.service_factor = factor;
        }
    }

    /// The servers of a service, newest first. Fails with `ESRCH`, `ENOMEM`.
    fn dests_of(&self, id: &ServiceId) -> Result<GrowVec<RcuArc<Dest>>> {
        let count = self.with_service(id, |read, service| {
            service.pool(read).map_or(0, |pool| pool.dests().len())
        })?;
        // Room is made before the service is looked at again: that may sleep, and under the control
        // lock the number stays what it is.
        let mut dests = GrowVec::with_capacity(count)?;
        self.with_service(id, |read, service| service.append_dests(read, &mut dests))?;
        Ok(dests)
    }

    // -- Servers -----------------------------------------------------------------------------------

    /// Adds a server in front of the others. Fails with `ESRCH`, `EEXIST`, `ENOMEM`.
    pub(crate) fn add_dest(
        &mut self,
        service: &ServiceId,
        id: &DestId,
        config: &DestConfig,
    ) -> Result {
        let (count, is_there) = self.with_service(service, |read, service| {
            let dests = service.pool(read).map_or(&[][..], Pool::dests);
            (dests.len(), dests.iter().any(|dest| dest.id() == id))
        })?;
        if is_there {
            return Err(EEXIST);
        }
        self.rules.trash.prepare()?;
        let trashed = self.rules.trash.find(service, id);
        let revived = trashed.is_some();
        let dest = match trashed {
            Some(found) => found,
            None => {
                let number = self.next_dest_number();
                let slab = DEST_SLAB.get().ok_or(ENOMEM)?;
                let dest = RcuArc::new_in(&slab, Dest::new(number, service, id, config)?)?;
                self.with_service(service, |_, service| dest.set_instance(service.instance()))?;
                dest
            }
        };
        let mut longer = GrowVec::with_capacity(count.saturating_add(1))?;
        longer.push(dest.clone())?;
        self.with_service(service, |read, service| {
            service.append_dests(read, &mut longer)
        })?;
        let tables = self.state.tables().ok_or(ESRCH)?;
        let backend = tables.backends.reserve(&dest)?;
        dest.configure(config);
        self.note_reply_source(id, config);
        if is_mixed(service, id) {
            // Errors about the tunnel's packets come in as the server's family.
            self.hook(id.family)?;
            self.note_user(id.family);
        }
        // Before packets find it.
        dest.set_available();
        if let Err(error) = self.publish(service, longer, Change::Inserted) {
            dest.set_unavailable();
            if is_mixed(service, id) {
                self.forget_users(id.family, 1);
            }
            return Err(error);
        }
        tables.backends.insert(backend);
        if revived {
            self.rules.trash.remove(service, id);
            self.take_back_counters(service, &dest)?;
        }
        Ok(())
    }

    fn next_dest_number(&mut self) -> NonZeroU32 {
        let number = NonZeroU32::new(self.rules.dests.wrapping_add(1)).unwrap_or(NonZeroU32::MIN);
        self.rules.dests = number.get();
        number
    }

    /// A server is back from the trash: what it had counted isn't counted among the removed any more.
    fn take_back_counters(&mut self, service: &ServiceId, dest: &Dest) -> Result {
        let counted = dest.handed_over();
        let same_service =
            self.with_service(service, |_, service| service.instance() == dest.instance())?;
        if same_service {
            return self.with_service(service, |_, service| service.return_counters(counted));
        }
        // The service was deleted and made anew meanwhile: its statistics begin at zero.
        for (cpu, kept) in self.rules.removed.iter_mut().enumerate() {
            *kept = kept.minus(dest.counters.of_cpu(cpu as u32));
        }
        self.with_service(service, |_, service| {
            dest.set_instance(service.instance());
            dest.reset_stats();
            service.skip_counters(dest.raw_counters());
        })
    }

    /// Changes a server. Fails with `ESRCH`, `ENOENT`, `ENOMEM`.
    pub(crate) fn edit_dest(
        &mut self,
        service: &ServiceId,
        id: &DestId,
        config: &DestConfig,
    ) -> Result {
        let dests = self.dests_of(service)?;
        let index = dests
            .iter()
            .position(|dest| dest.id() == id)
            .ok_or(ENOENT)?;
        let dest = dests.get(index).ok_or(ENOENT)?.clone();
        let former = dest.config();
        self.note_reply_source(id, config);
        dest.configure(config);
        let published = self.publish(service, dests, Change::Edited(index));
        if published.is_err() {
            dest.configure(&former);
        }
        published
    }

    /// Removes a server; its connections stay, without a server. Fails with `ESRCH`, `ENOENT`,
    /// `ENOMEM`.
    pub(crate) fn delete_dest(&mut self, service: &ServiceId, id: &DestId) -> Result {
        let mut dests = self.dests_of(service)?;
        let index = dests
            .iter()
            .position(|dest| dest.id() == id)
            .ok_or(ENOENT)?;
        let dest = dests.remove(index).ok_or(ENOENT)?;
        self.publish(service, dests, Change::Removed(index))?;
        let counted = dest.raw_counters();
        self.with_service(service, |_, service| service.keep_counters(counted))?;
        self.discard_dest(dest, counted);
        if is_mixed(service, id) {
            self.forget_users(id.family, 1);
        }
        Ok(())
    }

    fn publish(&mut self, id: &ServiceId, dests: GrowVec<RcuArc<Dest>>, change: Change) -> Result {
        // The pool is made before the service is looked at: that may sleep.
        let algorithm = self.with_service(id, scheduler_of)?;
        let pool = Service::make_pool(id.family, algorithm, dests)?;
        self.note_change();
        self.with_service(id, |read, service| service.publish(read, pool, change))
    }

    /// Replies from servers behind NAT are looked for from now on.
    fn note_reply_source(&self, id: &DestId, config: &DestConfig) {
        if Forwarding::from_flags(config.flags) == Forwarding::Masquerade {
            self.state.reply_sources().insert(&id.addr);
        }
    }

    /// Makes room for what the servers of removed services counted.
    fn reserve_counters(&mut self) -> Result {
        while self.rules.removed.len() < percpu::cpu_limit() as usize {
            self.rules.removed.push(Counters::default())?;
        }
        Ok(())
    }

    /// A server is in no service any more, and what it had `counted` is kept elsewhere: its
    /// connections may keep it alive.
    fn discard_dest(&mut self, dest: RcuArc<Dest>, counted: Counters) {
        dest.set_standings(None, 0);
        dest.set_unavailable();
        if let Some(tables) = self.state.tables() {
            tables.backends.remove();
        }
        dest.hand_over(counted);
        self.rules.trash.put(dest);
        if self.state.sysctls().expire_nodest_conn() {
            self.state.expire_orphans();
        }
    }

    /// Forgets removed servers that nothing has gone to for a while.
    pub(super) fn empty_trash(&mut self) {
        if let Some(tables) = self.state.tables() {
            tables.backends.prune();
        }
        self.tend_trash();
    }

    // -- Settings ----------------------------------------------------------------------------------

    /// Timeouts in force, in seconds.
    pub(crate) fn timeouts(&self) -> Timeouts {
        self.state.timeouts().settings()
    }

    /// Changes timeouts; 0 keeps the present one.
    pub(crate) fn set_timeouts(&mut self, timeouts: &Timeouts) {
        self.state.timeouts().set(timeouts);
    }

    /// The namespace goes away: no packet comes in after this.
    pub(super) fn shut_down(&mut self) {
        self.unhook();
    }
}

/// The scheduler of a service.
fn scheduler_of(read: ReadSide<'_>, service: &Service) -> Option<Algorithm> {
    service.pool(read).and_then(Pool::scheduler)
}
