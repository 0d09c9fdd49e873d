// SPDX-License-Identifier: GPL-2.0

//! Servers of a service come, change and go.

use core::num::NonZeroU32;

use kernel::prelude::*;

use lvs_engine::config::{
    DestConfig,
    DestId,
    Forwarding,
    ServiceId, //
};
use lvs_engine::sched::Change;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::{
    self,
    RcuArc, //
};

use super::super::dest::{
    Dest,
    DEST_SLAB, //
};
use super::super::events::DestEvent;
use super::super::service::Service;
use super::super::stats::Counters;
use super::guard::RulesGuard;

impl RulesGuard<'_> {
    /// Adds a server in front of the others. Fails with `ESRCH`, `EEXIST`, `ENOMEM`.
    pub(crate) fn add_dest(
        &mut self,
        service: &ServiceId,
        id: &DestId,
        config: &DestConfig,
    ) -> Result {
        let (count, is_there) = self.with_service(service, |read, service| {
            let dests = service.dests(read);
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
                let instance = self.with_service(service, |_, service| service.instance())?;
                self.make_dest(service, instance, id, config)?
            }
        };
        let mut longer = GrowVec::with_capacity(count.saturating_add(1))?;
        longer.push(dest.clone())?;
        self.with_service(service, |read, service| {
            service.append_dests(read, &mut longer)
        })?;
        let tables = self.state.tables().ok_or(ESRCH)?;
        let reservation = tables.dest_index.reserve(&dest)?;
        dest.configure(config);
        let start = self.start_of(service)?;
        self.start(&dest, start.filter(|_| config.weight > 0));
        self.note_reply_source(id, config);
        if service.family != id.family {
            // Errors about the tunnel's packets come in as the server's family.
            self.hook(id.family)?;
            self.note_user(id.family);
        }
        // Before packets find it.
        dest.set_available();
        if let Err(error) = self.publish(service, longer, Change::Inserted) {
            dest.set_unavailable();
            if service.family != id.family {
                self.forget_users(id.family, 1);
            }
            return Err(error);
        }
        if service.family != id.family {
            self.rules.strangers = self.rules.strangers.wrapping_add(1);
        }
        tables.dest_index.insert(reservation);
        if revived {
            self.rules.trash.remove(service, id);
            rcu::read(|read| {
                if let Some(service) = tables.service(read, service) {
                    self.take_back_counters(service, &dest);
                }
            });
        }
        self.announce_dest(DestEvent::Added, service, id);
        Ok(())
    }

    /// A new server for this instance of a service, which doesn't list it yet. Sleeps. Fails with
    /// `ENOMEM`.
    pub(super) fn make_dest(
        &mut self,
        service: &ServiceId,
        instance: u64,
        id: &DestId,
        config: &DestConfig,
    ) -> Result<RcuArc<Dest>> {
        let number = self.next_dest_number();
        let slab = DEST_SLAB.get().ok_or(ENOMEM)?;
        let dest = RcuArc::new_in(&slab, Dest::new(number, service, id, config)?)?;
        dest.set_instance(instance);
        Ok(dest)
    }

    fn next_dest_number(&mut self) -> NonZeroU32 {
        let number = NonZeroU32::new(self.rules.dests.wrapping_add(1)).unwrap_or(NonZeroU32::MIN);
        self.rules.dests = number.get();
        number
    }

    /// A server is back from the trash: what it had counted isn't counted among the removed any
    /// more.
    pub(super) fn take_back_counters(&mut self, service: &Service, dest: &Dest) {
        let handed_over = dest.handed_over();
        if service.instance() == dest.instance() {
            service.return_counters(handed_over);
            return;
        }
        // The service was deleted and made anew meanwhile: its statistics begin at zero.
        let late = dest.raw_counters().minus(handed_over);
        for (cpu, kept) in self.rules.removed.iter_mut().enumerate() {
            *kept = kept.minus(dest.counters.of_cpu(cpu as u32));
        }
        if let Some(kept) = self.rules.removed.first_mut() {
            *kept = kept.plus(late);
        }
        dest.set_instance(service.instance());
        dest.reset_stats();
        service.skip_counters(dest.raw_counters());
    }

    /// Changes a server. Fails with `ESRCH`, `ENOENT`, `ENOMEM`.
    pub(crate) fn edit_dest(
        &mut self,
        service: &ServiceId,
        id: &DestId,
        config: &DestConfig,
    ) -> Result {
        let start = self.start_of(service)?;
        let change = |rules: &mut Self, dest: &RcuArc<Dest>| {
            let former = dest.configured();
            rules.note_reply_source(id, config);
            let was_serving = dest.weight() != 0;
            dest.configure(config);
            let serves = dest.weight() != 0;
            if was_serving != serves {
                rules.start(dest, start.filter(|_| serves));
            }
            former
        };
        self.change_dest(service, id, change, |dest, former| dest.configure(&former))?;
        self.announce_dest(DestEvent::Changed, service, id);
        Ok(())
    }

    /// Has a server changed by `change`, whose result `undo` gets when packets can't be told. Fails
    /// with `ESRCH`, `ENOENT`, `ENOMEM`.
    pub(super) fn change_dest<T>(
        &mut self,
        service: &ServiceId,
        id: &DestId,
        change: impl FnOnce(&mut Self, &RcuArc<Dest>) -> T,
        undo: impl FnOnce(&Dest, T),
    ) -> Result {
        let dests = self.dests_of(service)?;
        let index = place_of(&dests, id)?;
        let dest = dests.get(index).ok_or(ENOENT)?.clone();
        let former = change(self, &dest);
        let published = self.publish(service, dests, Change::Edited(index));
        if published.is_err() {
            undo(&dest, former);
        }
        published
    }

    /// Removes a server; its connections stay, without a server. Fails with `ESRCH`, `ENOENT`,
    /// `ENOMEM`.
    pub(crate) fn delete_dest(&mut self, service: &ServiceId, id: &DestId) -> Result {
        let mut dests = self.dests_of(service)?;
        let index = place_of(&dests, id)?;
        let dest = dests.remove(index).ok_or(ENOENT)?;
        self.publish(service, dests, Change::Removed(index))?;
        self.dismiss_dest(service, dest)?;
        self.announce_dest(DestEvent::Removed, service, id);
        Ok(())
    }

    /// A service that is there doesn't list a server any more, and keeps what that had counted.
    pub(super) fn dismiss_dest(&mut self, service: &ServiceId, dest: RcuArc<Dest>) -> Result {
        let family = dest.id().family;
        let counted = dest.raw_counters();
        self.with_service(service, |_, service| service.keep_counters(counted))?;
        self.discard_dest(dest, counted);
        if service.family != family {
            self.rules.strangers = self.rules.strangers.wrapping_sub(1);
            self.forget_users(family, 1);
        }
        Ok(())
    }

    pub(super) fn publish(
        &mut self,
        id: &ServiceId,
        dests: GrowVec<RcuArc<Dest>>,
        change: Change,
    ) -> Result {
        // The pool is made before the service is looked at: that may sleep.
        let (algorithm, flags) = self.with_service(id, |read, service| {
            (service.scheduler(read), service.flags())
        })?;
        let pool = Service::make_pool(id.family, flags, algorithm, dests, None)?;
        self.note_change();
        self.with_service(id, |read, service| service.publish(read, pool, change))
    }

    /// Replies from servers behind NAT are looked for from now on.
    pub(super) fn note_reply_source(&self, id: &DestId, config: &DestConfig) {
        if Forwarding::from_flags(config.flags) == Forwarding::Masquerade {
            self.state.reply_sources().insert(&id.addr);
        }
    }

    /// A server is in no service any more, and what it had `counted` is kept elsewhere: its
    /// connections may keep it alive.
    pub(super) fn discard_dest(&mut self, dest: RcuArc<Dest>, counted: Counters) {
        dest.set_load_tree(None, 0);
        dest.set_unavailable();
        // One that is added again is as new.
        dest.set_drain(None);
        dest.slow_start.set(None);
        if let Some(tables) = self.state.tables() {
            tables.dest_index.remove();
        }
        dest.hand_over(counted);
        self.rules.trash.put(dest);
        if self.state.settings().expire_nodest_conn() {
            self.state.expire_orphans();
        }
    }

    /// Forgets removed servers that nothing has gone to for a while.
    pub(in crate::table) fn empty_trash(&mut self) {
        if let Some(tables) = self.state.tables() {
            tables.dest_index.prune();
        }
        self.tend_trash();
    }
}

/// Where the server `id` is in a list. Fails with `ENOENT`.
pub(super) fn place_of(dests: &[RcuArc<Dest>], id: &DestId) -> Result<usize> {
    let place = dests.iter().position(|dest| dest.id() == id);
    place.ok_or(ENOENT)
}
