// SPDX-License-Identifier: GPL-2.0

//! Servers are drained and return. A drained server has the weight 0, so that packets pay nothing
//! for it; what comes at its deadline is done by the namespace's chore, which goes through the
//! table once.

use core::sync::atomic::Ordering;

use kernel::prelude::*;

use lvs_engine::config::{
    DestId,
    ServiceId, //
};
use lvs_engine::drain::{
    Begun,
    Drain,
    Phase,
    Step,
    Then, //
};

use crate::kernel_ext::mem::rcu::{
    RcuArc,
    RcuBox, //
};
use crate::kernel_ext::task::time;

use super::super::dest::Dest;
use super::super::ended::Ended;
use super::super::events::{
    DestEvent,
    Outcome, //
};
use super::super::netns_state::NetnsState;
use super::super::tables::Tables;
use super::dests::place_of;
use super::guard::RulesGuard;

/// What has to be done with the connections of drained servers.
#[derive(Clone, Copy, Default)]
struct Work {
    /// Some have to be ended.
    ends: bool,
    /// There are some that may be over.
    looks: bool,
}

impl RulesGuard<'_> {
    /// Drains a server; one that is drained already is from now on as `drain` says. Fails with
    /// `ESRCH`, `ENOENT`, `ENOMEM`.
    pub(crate) fn drain_dest(&mut self, service: &ServiceId, id: &DestId, drain: &Drain) -> Result {
        let dest = self.dest(service, id)?;
        self.rules.drains.dests.reserve(1)?;
        self.change_drain(service, id, Some(Begun::new(drain, time::seconds())))?;
        if !self.rules.drains.contains(&dest) {
            // There is room for it.
            drop(self.rules.drains.dests.push_reserved(dest));
        }
        self.announce_dest(DestEvent::Drained, service, id);
        Ok(())
    }

    /// Has a server take connections again, as its weight says. Nothing happens to one that isn't
    /// drained. Fails with `ESRCH`, `ENOENT`, `ENOMEM`.
    pub(crate) fn undrain_dest(&mut self, service: &ServiceId, id: &DestId) -> Result {
        if self.dest(service, id)?.drain().is_none() {
            return Ok(());
        }
        self.change_drain(service, id, None)?;
        self.announce_dest(DestEvent::Undrained, service, id);
        Ok(())
    }

    fn dest(&self, service: &ServiceId, id: &DestId) -> Result<RcuArc<Dest>> {
        let dests = self.dests_of(service)?;
        let dest = dests.get(place_of(&dests, id)?);
        dest.cloned().ok_or(ENOENT)
    }

    fn change_drain(&mut self, service: &ServiceId, id: &DestId, drain: Option<Begun>) -> Result {
        fn set(dest: &Dest, drain: Option<Begun>) {
            dest.set_drain(drain);
            dest.configure(&dest.configured());
        }
        let start = self.start_of(service)?;
        let change = |rules: &mut Self, dest: &RcuArc<Dest>| {
            let former = dest.drain();
            set(dest, drain);
            rules.start(dest, start.filter(|_| dest.weight() != 0));
            former
        };
        self.change_dest(service, id, change, set)
    }

    /// Looks at each server that is drained. Returns what has to be done with the connections.
    fn judge_drains(&mut self) -> Work {
        let now = time::seconds();
        let mut work = Work::default();
        let mut index = 0_usize;
        while let Some(dest) = self.rules.drains.dests.get(index).cloned() {
            let drain = dest.drain().filter(|_| dest.is_available());
            let is_over = drain.is_none_or(|drain| drain.phase == Phase::Over);
            if is_over && (drain.is_none() || now >= self.rules.drains.told_until) {
                dest.ended.replace(None);
                drop(self.rules.drains.dests.remove(index));
                continue;
            }
            index = index.wrapping_add(1);
            let Some(drain) = drain.filter(|_| !is_over) else {
                continue;
            };
            let connections = dest.active().saturating_add(dest.inactive());
            match drain.step(now, connections, dest.persistent()) {
                Step::Wait => {
                    // Entries of connections that are over count as well.
                    work.looks |= dest.active() == 0 && connections != 0;
                    dest.drain_state
                        .set_busy(dest.active() != 0 || connections == 0);
                }
                Step::Finish => {
                    let drain = Begun {
                        leaves: connections != 0,
                        ..drain
                    };
                    self.finish_drain(&dest, drain);
                }
                Step::End => {
                    work.ends = true;
                    self.begin_to_end(&dest, drain);
                }
            }
        }
        work
    }

    /// The connections that are left of `dest` end from now on.
    fn begin_to_end(&mut self, dest: &Dest, drain: Begun) {
        if drain.then == Then::Reset {
            // As long as the client may still believe that there is a connection.
            let seconds = self.timeouts().tcp;
            let until = time::seconds().wrapping_add(seconds);
            self.rules.drains.told_until = self.rules.drains.told_until.max(until);
            let connections = dest.active().saturating_add(dest.inactive());
            // Without memory the server isn't told.
            let ended = Ended::with_room_for(connections as usize).and_then(RcuBox::new);
            dest.ended.replace(ended.ok());
            // A service that is gone tells nobody.
            let _ = self.with_service(dest.service(), |_, service| service.tell_for(seconds));
            self.state.tells_of_ends.store(true, Ordering::Relaxed);
        }
        self.set_phase(dest, drain, Phase::Ending);
    }

    fn set_phase(&mut self, dest: &Dest, drain: Begun, phase: Phase) {
        dest.set_drain(Some(Begun { phase, ..drain }));
    }

    fn finish_drain(&mut self, dest: &Dest, drain: Begun) {
        self.set_phase(dest, drain, Phase::Over);
        let event = DestEvent::DrainEnded(Outcome::of(&drain));
        self.announce_dest(event, dest.service(), dest.id());
    }

    /// The connections of servers whose deadline came have been ended, and those of others were
    /// looked at.
    fn finish_work(&mut self, work: Work) {
        let mut index = 0_usize;
        while let Some(dest) = self.rules.drains.dests.get(index).cloned() {
            index = index.wrapping_add(1);
            let Some(drain) = dest.drain() else {
                continue;
            };
            let is_done = match drain.phase {
                Phase::Waiting => {
                    let templates = dest.persistent();
                    let step = drain.step(time::seconds(), 0, templates);
                    work.looks && !dest.drain_state.is_busy() && step == Step::Finish
                }
                Phase::Ending => work.ends,
                Phase::Over => false,
            };
            if is_done {
                self.finish_drain(&dest, drain);
            }
        }
    }
}

/// Goes on with what is drained in the namespace of `state`, whose tables these are. Process
/// context; the rules lock is free while the table of connections is gone through.
pub(in crate::table) fn tend(state: &NetnsState, tables: &Tables) {
    let work = RulesGuard::lock(state).judge_drains();
    if work.ends {
        tables.conns.remove_drained();
    }
    if work.looks {
        tables.conns.look_for_busy();
    }
    if work.ends || work.looks {
        RulesGuard::lock(state).finish_work(work);
    }
}
