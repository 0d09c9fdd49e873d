// SPDX-License-Identifier: GPL-2.0

//! What a transaction changes, and all that is needed for it. Nothing that packets see is touched.

use core::num::NonZeroU32;
use core::sync::atomic::AtomicU64;

use kernel::prelude::*;

use lvs_engine::config::{
    DestConfig,
    DestId,
    ServiceConfig,
    ServiceId, //
};
use lvs_engine::sched::Change;
use lvs_uapi::flags::service as flag;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::memory::EntryBox;
use crate::kernel_ext::mem::rcu::{
    RcuArc,
    RcuBox, //
};
use crate::kernel_ext::task::time;

use super::super::super::dest::Dest;
use super::super::super::dest_index::Reservation;
use super::super::super::locality::Locality;
use super::super::super::pool::Pool;
use super::super::super::service::Service;
use super::super::super::staged::Staged;
use super::super::super::tables;
use super::super::super::transactions::{
    Transaction,
    WantedService, //
};
use super::super::guard::RulesGuard;
use super::super::walk::Item;

/// A server that a service gets.
pub(super) struct Arrival {
    pub(super) dest: RcuArc<Dest>,
    /// Its room in the table of servers by address, until that is used.
    pub(super) reservation: Reservation,
    /// Of one that was removed a while ago and comes back: its settings from then on.
    pub(super) revived: Option<KBox<DestConfig>>,
}

/// A service that comes.
pub(super) struct Addition {
    pub(super) id: ServiceId,
    /// Until the table has it.
    pub(super) entry: Option<EntryBox<Service>>,
    pub(super) pool: RcuArc<Pool>,
    /// Its servers, until the table has them; those that come back until the end.
    pub(super) arrivals: GrowVec<Arrival>,
}

/// A service that changes.
pub(super) struct Edit {
    pub(super) id: ServiceId,
    /// What it will be, until the service has it.
    pub(super) staged: Option<RcuBox<Staged>>,
    /// Servers that it gets.
    pub(super) arrivals: GrowVec<Arrival>,
    /// Servers that it loses.
    pub(super) departures: GrowVec<RcuArc<Dest>>,
    /// What becomes of its servers, for the scheduler.
    pub(super) changes: GrowVec<Change>,
}

/// What a transaction changes.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) additions: GrowVec<Addition>,
    pub(super) edits: GrowVec<Edit>,
    pub(super) removals: GrowVec<ServiceId>,
}

impl Plan {
    /// Whether it changes anything.
    pub(super) fn is_empty(&self) -> bool {
        self.additions.is_empty() && self.edits.is_empty() && self.removals.is_empty()
    }
}

/// The servers of a service as they are to be.
struct Servers {
    dests: GrowVec<RcuArc<Dest>>,
    settings: GrowVec<DestConfig>,
}

impl Servers {
    fn with_capacity(count: usize) -> Result<Self> {
        Ok(Self {
            dests: GrowVec::with_capacity(count)?,
            settings: GrowVec::with_capacity(count)?,
        })
    }

    fn push(&mut self, dest: &RcuArc<Dest>, config: &DestConfig) -> Result {
        self.dests.push(dest.clone())?;
        self.settings.push(*config)
    }
}

impl RulesGuard<'_> {
    /// Plans a transaction. Sleeps. Fails as [`RulesGuard::commit`] says.
    pub(super) fn plan(&mut self, mut transaction: Transaction) -> Result<Plan> {
        self.state.make_tables()?;
        self.rules.trash.prepare()?;
        self.reserve_counters()?;
        let mut plan = Plan::default();
        if transaction.is_whole() {
            self.plan_removals(&transaction, &mut plan)?;
        }
        self.make_room(&mut transaction, &mut plan)?;
        for wish in transaction.wishes() {
            // What isn't needed any more is freed at once, for it is as much as the rules.
            let exists = self.with_service(&wish.id, |_, _| ()).is_ok();
            match wish.wanted.take() {
                Some(wanted) if exists => self.plan_edit(&wish.id, &wanted, &mut plan)?,
                Some(wanted) => self.plan_addition(&wish.id, &wanted, &mut plan)?,
                None if exists => plan.removals.push(wish.id)?,
                None => return Err(ESRCH),
            }
            time::yield_now();
        }
        Ok(plan)
    }

    /// Room for the services that come, for those that may change, and for no more, which would be
    /// as much again.
    fn make_room(&self, transaction: &mut Transaction, plan: &mut Plan) -> Result {
        let (mut additions, mut edits) = (0_usize, 0_usize);
        for wish in transaction.wishes() {
            if wish.wanted.is_some() {
                let exists = self.with_service(&wish.id, |_, _| ()).is_ok();
                let count = if exists { &mut edits } else { &mut additions };
                *count = count.saturating_add(1);
            }
            time::yield_now();
        }
        plan.additions.reserve(additions)?;
        plan.edits.reserve(edits)
    }

    /// Services that a whole transaction doesn't speak of go.
    fn plan_removals(&mut self, transaction: &Transaction, plan: &mut Plan) -> Result {
        plan.removals
            .reserve(self.state.counts().total() as usize)?;
        self.walk_all(|_, item| {
            if let Item::Service(service) = item {
                if !transaction.speaks_of(service.id()) {
                    // There is room for all.
                    let _ = plan.removals.push_reserved(*service.id());
                }
            }
        });
        Ok(())
    }

    fn plan_addition(&mut self, id: &ServiceId, wanted: &WantedService, plan: &mut Plan) -> Result {
        let tables = self.state.tables().ok_or(ENOMEM)?;
        self.hook(id.family)?;
        self.rules.instances = self.rules.instances.wrapping_add(1);
        let instance = self.rules.instances;
        let service = Service::bare(id, wanted.mark_details, &wanted.config, instance)?;
        let hash = tables::hash_service(tables.service_key, id);
        let entry = EntryBox::new(hash, service)?;
        let mut servers = Servers::with_capacity(wanted.dests.len())?;
        let mut arrivals = GrowVec::with_capacity(wanted.dests.len())?;
        for (dest_id, config) in wanted.dests.iter() {
            let arrival = self.plan_arrival(id, instance, dest_id, config)?;
            servers.push(&arrival.dest, config)?;
            arrivals.push(arrival)?;
        }
        let Servers { dests, settings } = servers;
        let scheduler = wanted.config.scheduler;
        let flags = wanted.config.flags;
        let pool = Service::make_pool(id.family, flags, scheduler, dests, Some(&settings))?;
        plan.additions.push(Addition {
            id: *id,
            entry: Some(entry),
            pool,
            arrivals,
        })
    }

    fn plan_arrival(
        &mut self,
        service: &ServiceId,
        instance: u64,
        id: &DestId,
        config: &DestConfig,
    ) -> Result<Arrival> {
        if service.family != id.family {
            if self.is_synchronised() {
                return Err(EINVAL);
            }
            self.hook(id.family)?;
        }
        let tables = self.state.tables().ok_or(ENOMEM)?;
        let trashed = self.rules.trash.find(service, id);
        let (dest, revived) = match trashed {
            Some(dest) => (dest, Some(KBox::new(*config, GFP_KERNEL)?)),
            None => (self.make_dest(service, instance, id, config)?, None),
        };
        let reservation = tables.dest_index.reserve(&dest)?;
        Ok(Arrival {
            dest,
            reservation,
            revived,
        })
    }

    /// Has a server ramp that takes no connections yet. Fails with `ENOMEM`.
    fn plan_start(&mut self, dest: &RcuArc<Dest>, ticks: Option<NonZeroU32>) -> Result {
        self.make_room_for_start()?;
        self.start(dest, ticks);
        Ok(())
    }

    fn plan_edit(&mut self, id: &ServiceId, wanted: &WantedService, plan: &mut Plan) -> Result {
        let present = self.dests_of(id)?;
        let (former, instance) = self.with_service(id, |read, service| {
            (service.config(read), service.instance())
        })?;
        let start = self.start_of(id)?;
        let start = start.filter(|_| wanted.config.extras.slow_start != 0);
        let mut servers = Servers::with_capacity(wanted.dests.len())?;
        let mut arrivals = GrowVec::new();
        let mut departures = GrowVec::new();
        let mut changes = GrowVec::new();

        // Those that stay keep their order, and those that come are in front of them.
        let (kept, stays) = match_up(&present, &wanted.dests)?;
        for ((dest_id, config), stays) in wanted.dests.iter().zip(stays.iter()) {
            if !stays {
                let arrival = self.plan_arrival(id, instance, dest_id, config)?;
                // Nobody looks at that yet.
                self.plan_start(&arrival.dest, start.filter(|_| config.weight > 0))?;
                servers.push(&arrival.dest, config)?;
                arrivals.push(arrival)?;
            }
        }
        // The last one first: then the others keep their places.
        for index in (0..present.len()).rev() {
            if let (Some(dest), Some(None)) = (present.get(index), kept.get(index)) {
                changes.push(Change::Removed(index))?;
                departures.push(dest.clone())?;
            }
        }
        for _ in 0..arrivals.len() {
            changes.push(Change::Inserted)?;
        }
        for (dest, found) in present.iter().zip(kept.iter()) {
            let Some((_, config)) = found.and_then(|index| wanted.dests.get(index)) else {
                continue;
            };
            if dest.weight() == 0 && dest.weight_by(config) != 0 {
                self.plan_start(dest, start)?;
            }
            if dest.configured() != *config {
                changes.push(Change::Edited(servers.dests.len()))?;
            }
            servers.push(dest, config)?;
        }

        let scheduler = wanted.config.scheduler;
        let mut locality = None;
        if former.scheduler != scheduler {
            changes = GrowVec::new();
            changes.push(Change::Replaced)?;
            locality = Locality::of(scheduler)?;
        }
        if changes.is_empty() && is_same(&former, &wanted.config) {
            return Ok(());
        }
        let Servers { dests, settings } = servers;
        let flags = wanted.config.flags;
        let pool = Service::make_pool(id.family, flags, scheduler, dests, Some(&settings))?;
        let staged = RcuBox::new(Staged {
            config: wanted.config,
            pool,
            settings,
            locality,
            cursor: AtomicU64::new(0),
        })?;
        plan.edits.push(Edit {
            id: *id,
            staged: Some(staged),
            arrivals,
            departures,
            changes,
        })
    }
}

/// Whether a service's settings are as wanted.
pub(super) fn is_same(present: &ServiceConfig, wanted: &ServiceConfig) -> bool {
    let plain = |config: &ServiceConfig| ServiceConfig {
        flags: config.flags & !flag::HASHED,
        ..*config
    };
    plain(present) == plain(wanted)
}

/// Where each present server is in the list, and which of the list are present. Mostly both have
/// the same order.
fn match_up(
    present: &[RcuArc<Dest>],
    wanted: &[(DestId, DestConfig)],
) -> Result<(GrowVec<Option<usize>>, GrowVec<bool>)> {
    let mut kept = GrowVec::with_capacity(present.len())?;
    let mut stays = GrowVec::filled(wanted.len(), false)?;
    let mut hint = 0_usize;
    for dest in present {
        let found = position_of(dest.id(), wanted, hint);
        kept.push(found)?;
        if let Some(stay) = found.and_then(|index| stays.get_mut(index)) {
            *stay = true;
        }
        hint = found.map_or(hint, |index| index.wrapping_add(1));
    }
    Ok((kept, stays))
}

/// Where the server `id` is in the list, which is probably at `hint`.
fn position_of(id: &DestId, list: &[(DestId, DestConfig)], hint: usize) -> Option<usize> {
    match list.get(hint) {
        Some((at_hint, _)) if at_hint == id => Some(hint),
        _ => list.iter().position(|(other, _)| other == id),
    }
}
