// SPDX-License-Identifier: GPL-2.0

//! What a transaction changed, for listeners: each change, or only how many there were.

use lvs_engine::config::{
    DestId,
    ServiceId, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;

use super::super::super::events::{
    DestEvent,
    Event,
    ServiceEvent,
    Summary, //
};
use super::super::guard::RulesGuard;
use super::plan::{
    Addition,
    Arrival,
    Edit,
    Plan, //
};

/// Most changes of a transaction that listeners are told of one by one: as many as a socket's
/// buffer takes by default, and a few milliseconds' work.
const MOST: usize = 128;

/// What a transaction changed.
pub(super) struct Report {
    summary: Summary,
    events: GrowVec<Event>,
}

impl Report {
    /// Nothing yet. Sleeps. Without memory only how many changes there were is told.
    pub(super) fn new() -> Self {
        let room = GrowVec::with_capacity(MOST);
        Self {
            summary: Summary {
                is_told: room.is_ok(),
                ..Summary::default()
            },
            events: room.unwrap_or_default(),
        }
    }

    /// One more change. Any context.
    fn note(&mut self, event: Event) {
        let Summary {
            services_added,
            services_changed: _,
            services_removed,
            dests_added,
            dests_changed,
            dests_removed,
            is_told,
        } = &mut self.summary;
        let count = match event {
            Event::Service(ServiceEvent::Added, _) => Some(services_added),
            Event::Service(ServiceEvent::Removed, _) => Some(services_removed),
            Event::Dest(DestEvent::Added, ..) => Some(dests_added),
            Event::Dest(DestEvent::Changed, ..) => Some(dests_changed),
            Event::Dest(DestEvent::Removed, ..) => Some(dests_removed),
            _ => None,
        };
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
        *is_told = *is_told && self.events.push_reserved(event).is_ok();
    }

    fn note_arrivals(&mut self, service: &ServiceId, arrivals: &[Arrival]) {
        // The newest one comes last, as when they are added one by one.
        for arrival in arrivals.iter().rev() {
            self.note(Event::Dest(DestEvent::Added, *service, *arrival.dest.id()));
        }
    }

    /// A service was changed, and maybe its own settings. Any context.
    pub(super) fn note_edit(&mut self, edit: &Edit, is_other: bool) {
        self.summary.services_changed = self.summary.services_changed.saturating_add(1);
        if is_other {
            self.note(Event::Service(ServiceEvent::Changed, edit.id));
        }
        for dest in edit.departures.iter() {
            self.note(Event::Dest(DestEvent::Removed, edit.id, *dest.id()));
        }
        self.note_arrivals(&edit.id, &edit.arrivals);
    }

    /// A server has other settings. Any context.
    pub(super) fn note_dest(&mut self, service: &ServiceId, id: &DestId) {
        self.note(Event::Dest(DestEvent::Changed, *service, *id));
    }

    /// A service comes.
    pub(super) fn note_addition(&mut self, addition: &Addition) {
        self.note(Event::Service(ServiceEvent::Added, addition.id));
        self.note_arrivals(&addition.id, &addition.arrivals);
    }

    /// Services went.
    pub(super) fn note_removals(&mut self, plan: &Plan) {
        for id in plan.removals.iter() {
            self.note(Event::Service(ServiceEvent::Removed, *id));
        }
    }
}

impl RulesGuard<'_> {
    /// Tells listeners what a transaction changed. Process context, outside any read side.
    pub(super) fn announce_report(&mut self, report: &Report) {
        if report.summary.is_told {
            for event in report.events.iter() {
                self.announce(event);
            }
        }
        self.announce(&Event::Committed(report.summary));
    }
}
