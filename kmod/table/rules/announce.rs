// SPDX-License-Identifier: GPL-2.0

//! Listeners are told of what happens, in its order and with numbers that tell them what they
//! missed. Nobody waits for them, and what they don't read in time is lost to them.
//!
//! What happens to rules is told when it has happened. What happens with packets, a server that is
//! overloaded or available again, leaves a count, and the namespace's chore tells of it.

use kernel::prelude::*;

use lvs_engine::config::{
    DestId,
    ServiceId, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::task::time;

use super::super::events::{
    DestEvent,
    Event,
    SyncState, //
};
use super::super::netns_state::NetnsState;
use super::super::overload;
use super::guard::RulesGuard;
use super::walk::{
    Item,
    WalkPosition,
    SLICE, //
};

/// How events get to listeners.
pub(crate) trait Announcer {
    /// Whether somebody may listen: then it is worth telling. Any context.
    fn is_heard(&self) -> bool;

    /// Tells listeners of an event, the `number`th of the namespace, after which the rules are of
    /// this `generation`. Process context, rules lock held, outside any read side.
    fn announce(&self, number: u64, generation: u32, event: &Event);
}

/// A server, and what has become of its overload since listeners were told.
struct Load {
    service: ServiceId,
    dest: DestId,
    is_overloaded: bool,
    /// It was otherwise meanwhile, and is as it was told.
    is_back: bool,
}

impl RulesGuard<'_> {
    /// The number of the last event that listeners were told of.
    pub(crate) fn last_event(&self) -> u64 {
        self.rules.told.number
    }

    /// Whether somebody may listen.
    pub(super) fn is_heard(&self) -> bool {
        self.state.is_heard()
    }

    /// Tells listeners of `event`, if there are any. Process context, outside any read side.
    pub(super) fn announce(&mut self, event: &Event) {
        if self.is_heard() {
            self.rules.told.number = self.rules.told.number.wrapping_add(1);
            let number = self.rules.told.number;
            self.state.announce(number, self.generation(), event);
        }
    }

    /// The same of what happened to a server.
    pub(super) fn announce_dest(&mut self, event: DestEvent, service: &ServiceId, id: &DestId) {
        self.announce(&Event::Dest(event, *service, *id));
    }

    /// Tells of servers that became overloaded or available, and of synchronisation, as far as
    /// that is otherwise than it was at the last look. Sleeps.
    fn announce_states(&mut self) {
        let was_heard = self.rules.told.was_heard;
        self.rules.told.was_heard = self.is_heard();
        if !self.rules.told.was_heard {
            return;
        }
        self.announce_sync();
        let changes = overload::changes();
        if was_heard && changes == self.rules.told.overload_changes {
            return;
        }
        if self.announce_loads(was_heard).is_ok() {
            self.rules.told.overload_changes = changes;
        }
    }

    fn announce_sync(&mut self) {
        let summary = self.state.sync().knowledge().summary();
        let present = SyncState {
            phase: summary.phase,
            is_in_sync: summary.is_in_sync,
        };
        if present != self.rules.told.sync {
            self.rules.told.sync = present;
            self.announce(&Event::Sync(present));
        }
    }

    /// Fails with `ENOMEM`; then servers are left that nothing was told of.
    fn announce_loads(&mut self, was_heard: bool) -> Result {
        let mut loads = GrowVec::with_capacity(SLICE as usize)?;
        let mut cursor = Some(WalkPosition::default());
        while let Some(from) = cursor {
            cursor = self.walk_slice(from, |_, item| {
                let Item::Dest(dest) = item else {
                    return;
                };
                let changes = dest.take_overload_changes();
                // What happened while nobody listened is told only if it is still so.
                let (is_told, is_back) = match was_heard {
                    true => (changes.count != 0, changes.count & 1 == 0),
                    false => (changes.is_overloaded, false),
                };
                if is_told {
                    // There is room for a slice.
                    let _ = loads.push_reserved(Load {
                        service: *dest.service(),
                        dest: *dest.id(),
                        is_overloaded: changes.is_overloaded,
                        is_back,
                    });
                }
            });
            while let Some(load) = loads.remove(0) {
                self.announce_load(&load);
            }
            time::yield_now();
        }
        Ok(())
    }

    fn announce_load(&mut self, load: &Load) {
        let event = |is_overloaded| match is_overloaded {
            true => DestEvent::Overloaded,
            false => DestEvent::Available,
        };
        if load.is_back {
            self.announce_dest(event(!load.is_overloaded), &load.service, &load.dest);
        }
        self.announce_dest(event(load.is_overloaded), &load.service, &load.dest);
    }
}

/// Tells listeners in the namespace of `state` what the chore has to tell. Process context.
pub(in crate::table) fn tend(state: &NetnsState) {
    RulesGuard::lock(state).announce_states();
}
