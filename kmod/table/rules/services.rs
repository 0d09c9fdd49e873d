// SPDX-License-Identifier: GPL-2.0

//! Services come, change and go.

use core::sync::atomic::Ordering;

use kernel::prelude::*;

use lvs_engine::addr::Family;
use lvs_engine::config::{
    ServiceConfig,
    ServiceId,
    Target, //
};
use lvs_engine::extras::{
    Extras,
    OnExpiry, //
};
use lvs_engine::sched::{
    Algorithm,
    Change, //
};
use lvs_engine::table_size;

use crate::kernel_ext::compat::errno::ENOPROTOOPT;
use crate::kernel_ext::mem::memory::EntryBox;
use crate::kernel_ext::mem::percpu;
use crate::kernel_ext::mem::rcu;
use crate::kernel_ext::mem::rcu_table::Neighbour;
use crate::kernel_ext::task::time;

use super::super::events::{
    Event,
    ServiceEvent, //
};
use super::super::locality::Locality;
use super::super::service::{
    MarkDetails, //
    Service,
};
use super::super::stats::Counters;
use super::super::tables;
use super::guard::RulesGuard;
use super::walk::Item;

impl RulesGuard<'_> {
    /// Adds a service. Fails with `EEXIST`, `ENOMEM`, or with what registering the hooks fails
    /// with.
    pub(crate) fn add_service(
        &mut self,
        id: &ServiceId,
        mark_details: MarkDetails,
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
        let service = Service::new(id, mark_details, config, self.rules.instances)?;
        self.note_extras(&Extras::default(), &config.extras);
        let entry = EntryBox::new(tables::hash_service(tables.service_key, id), service)?;
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
        self.state.counts().add(id, config.sip);
        self.note_user(id.family);
        if id.family == Family::V4 {
            self.rules.services_v4 = self.rules.services_v4.wrapping_add(1);
        }
        self.note_change();
        // The first service makes the table with the least size, as in ip_vs.
        if self.state.counts().total() > 1 {
            self.fit_services();
        }
        self.announce(&Event::Service(ServiceEvent::Added, *id));
        Ok(())
    }

    /// Changes a service. Fails with `ESRCH`, `ENOMEM`.
    pub(crate) fn edit_service(&mut self, id: &ServiceId, config: &ServiceConfig) -> Result {
        let dests = self.dests_of(id)?;
        let (former, flags, was_sip) = self.with_service(id, |read, service| {
            (service.scheduler(read), service.flags(), service.is_sip())
        })?;
        let is_other = former != config.scheduler;
        let ends_starts =
            config.extras.slow_start == 0 || config.scheduler.is_some_and(Algorithm::hashes);
        let of_table = config.scheduler.map_or(0, Algorithm::table_flags);
        let pool = if is_other || (flags ^ config.flags) & of_table != 0 {
            let flags = config.flags;
            Some(Service::make_pool(
                id.family,
                flags,
                config.scheduler,
                dests,
                None,
            )?)
        } else {
            None
        };
        let locality = match pool {
            Some(_) => Locality::of(config.scheduler)?,
            None => None,
        };
        let extras = self.with_service(id, |read, service| {
            let extras = service.extras();
            service.configure(config);
            match pool {
                Some(pool) => {
                    service.remember_localities(locality);
                    service.publish(read, pool, Change::Replaced);
                }
                None if extras != config.extras => service.tell_servers(read),
                None => {}
            }
            extras
        })?;
        if ends_starts {
            self.end_starts(id);
        }
        self.note_extras(&extras, &config.extras);
        match (was_sip, config.sip) {
            (false, true) => self.state.counts().add_sip(),
            (true, false) => self.state.counts().remove_sip(),
            _ => {}
        }
        self.note_change();
        self.announce(&Event::Service(ServiceEvent::Changed, *id));
        Ok(())
    }

    /// A service has other extras from now on.
    pub(super) fn note_extras(&self, former: &Extras, new: &Extras) {
        if new.on_expiry != OnExpiry::Inherit {
            self.state.judges_strays.store(true, Ordering::Relaxed);
        }
        if former.timeouts != new.timeouts {
            let timeouts = self.state.timeouts();
            timeouts.unsettle(timeouts.longest(&former.timeouts));
        }
        if new.timeouts.is_any() && !former.timeouts.is_any() {
            self.state.has_new_timeouts.store(true, Ordering::Relaxed);
            self.state.wake_chore();
        }
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
        self.announce(&Event::Service(ServiceEvent::Removed, *id));
        Ok(())
    }

    /// Deletes all services. Fails with `ENOMEM` before anything has changed.
    pub(crate) fn flush(&mut self) -> Result {
        self.reserve_counters()?;
        let Some(tables) = self.state.tables() else {
            return Ok(());
        };
        let services = &tables.services;
        let count = self.state.counts().total();
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
        self.announce(&Event::Cleared(count));
        Ok(())
    }

    /// Keeps what is remembered of a service that the table doesn't hold any more, after room was
    /// made for its counters. The table keeps its size.
    pub(super) fn discard_service(&mut self, service: EntryBox<Service>) {
        let id = service.id();
        let mut strangers = 0_u32;
        rcu::read(|read| {
            for dest in service.dests(read) {
                let counted = self.keep_counters(dest);
                strangers = strangers.wrapping_add(u32::from(dest.id().family != id.family));
                self.discard_dest(dest.clone(), counted);
            }
        });
        if let Some(kept) = self.rules.removed.first_mut() {
            *kept = kept.plus(service.removed_counters());
        }
        self.state.counts().remove(id, service.is_sip());
        self.note_change();
        self.forget_users(id.family, 1);
        self.forget_users(id.family.other(), strangers);
        self.rules.strangers = self.rules.strangers.wrapping_sub(strangers);
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

    /// Lets the services' table grow and shrink with them, and with the setting `svc_lfactor`.
    /// Without memory it stays as it is. Sleeps.
    pub(crate) fn fit_services(&mut self) {
        self.fit_services_to(self.state.counts().total());
    }

    /// The same, as if there were `count` services.
    pub(super) fn fit_services_to(&mut self, count: u32) {
        let Some(tables) = self.state.tables() else {
            return;
        };
        let factor = self.state.settings().svc_lfactor();
        let is_new = factor != self.rules.service_factor;
        let present = tables.services.buckets() as u32;
        let wanted = table_size::SERVICES.resize(present, count, factor, is_new);
        if wanted == present || tables.services.resize(wanted as usize).is_ok() {
            self.rules.service_factor = factor;
        }
    }

    /// Makes room for what the servers of removed services counted.
    pub(super) fn reserve_counters(&mut self) -> Result {
        while self.rules.removed.len() < percpu::cpu_limit() as usize {
            self.rules.removed.push(Counters::default())?;
        }
        Ok(())
    }
}
