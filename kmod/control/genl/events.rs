// SPDX-License-Identifier: GPL-2.0

//! Events as messages of the family `LVS`.

use kernel::prelude::*;
use lvs_engine::config::{
    DestId,
    ServiceId, //
};
use lvs_uapi::genl::dest_attr;
use lvs_uapi::lvs::{
    attr,
    cmd,
    drain_outcome,
    event_attr,
    event_kind,
    sync_attr,
    sync_phase, //
};

use super::lvs_family::FAMILY;
use super::stats::Widths;
use super::{
    drain,
    extras,
    service, //
};
use crate::kernel_ext::mem::rcu;
use crate::kernel_ext::task::time;
use crate::kernel_ext::user::nla::Writer;
use crate::table::events::{
    DestEvent,
    Event,
    Outcome,
    ServiceEvent,
    Summary, //
};
use crate::table::rules::announce::Announcer;
use crate::table::NetnsState;

/// Number of the alignment padding, which no attribute of an event has.
const PAD: u16 = 0;

impl Announcer for NetnsState {
    fn is_heard(&self) -> bool {
        !self.net().is_stopping() && FAMILY.has_listeners(self.net())
    }

    fn announce(&self, number: u64, generation: u32, event: &Event) {
        // Who lost it is told so.
        let _ = FAMILY.multicast(self.net(), cmd::EVENT, |message| {
            message.nest(attr::EVENT, |nest| {
                nest.u8(event_attr::KIND, kind(event))?;
                nest.u64(event_attr::SEQUENCE, number, PAD)?;
                nest.u64(event_attr::TIME, time::clock_milliseconds(), PAD)?;
                nest.u32(event_attr::GENERATION, generation)?;
                fill_details(nest, event)
            })?;
            fill_subject(message, self, event)
        });
    }
}

const fn kind(event: &Event) -> u8 {
    match event {
        Event::Service(ServiceEvent::Added, _) => event_kind::SERVICE_ADDED,
        Event::Service(ServiceEvent::Changed, _) => event_kind::SERVICE_CHANGED,
        Event::Service(ServiceEvent::Removed, _) => event_kind::SERVICE_REMOVED,
        Event::Dest(DestEvent::Added, ..) => event_kind::SERVER_ADDED,
        Event::Dest(DestEvent::Changed, ..) => event_kind::SERVER_CHANGED,
        Event::Dest(DestEvent::Removed, ..) => event_kind::SERVER_REMOVED,
        Event::Dest(DestEvent::Drained, ..) => event_kind::DRAINED,
        Event::Dest(DestEvent::Undrained, ..) => event_kind::UNDRAINED,
        Event::Dest(DestEvent::DrainEnded(_), ..) => event_kind::DRAIN_ENDED,
        Event::Dest(DestEvent::Overloaded, ..) => event_kind::OVERLOADED,
        Event::Dest(DestEvent::Available, ..) => event_kind::AVAILABLE,
        Event::Cleared(_) => event_kind::CLEARED,
        Event::Committed(_) => event_kind::COMMITTED,
        Event::Sync(_) => event_kind::SYNCHRONISATION,
    }
}

fn fill_details(nest: &mut Writer<'_>, event: &Event) -> Result {
    match event {
        Event::Dest(DestEvent::DrainEnded(outcome), ..) => {
            let outcome = match outcome {
                Outcome::Empty => drain_outcome::EMPTY,
                Outcome::Kept => drain_outcome::KEPT,
                Outcome::Reset => drain_outcome::RESET,
                Outcome::Forgotten => drain_outcome::FORGOTTEN,
            };
            nest.u8(event_attr::OUTCOME, outcome)
        }
        Event::Cleared(count) => nest.u32(event_attr::SERVICES_REMOVED, *count),
        Event::Committed(summary) => fill_summary(nest, summary),
        Event::Service(..) | Event::Dest(..) | Event::Sync(_) => Ok(()),
    }
}

fn fill_summary(nest: &mut Writer<'_>, summary: &Summary) -> Result {
    nest.u32(event_attr::SERVICES_ADDED, summary.services_added)?;
    nest.u32(event_attr::SERVICES_CHANGED, summary.services_changed)?;
    nest.u32(event_attr::SERVICES_REMOVED, summary.services_removed)?;
    nest.u32(event_attr::SERVERS_ADDED, summary.dests_added)?;
    nest.u32(event_attr::SERVERS_CHANGED, summary.dests_changed)?;
    nest.u32(event_attr::SERVERS_REMOVED, summary.dests_removed)?;
    nest.u8(event_attr::IS_TOLD, summary.is_told.into())
}

/// Appends what the event happened to, as it is by now.
fn fill_subject(message: &mut Writer<'_>, state: &NetnsState, event: &Event) -> Result {
    match event {
        Event::Service(ServiceEvent::Removed, id) => name_service(message, id),
        Event::Service(_, id) => fill_service(message, state, id),
        Event::Dest(event, service, id) => {
            name_service(message, service)?;
            match event {
                DestEvent::Removed => name_dest(message, id),
                _ => fill_dest(message, state, service, id),
            }
        }
        Event::Sync(sync) => message.nest(attr::SYNC, |nest| {
            let phase = sync.phase.map_or(sync_phase::OFF, |phase| phase.number());
            nest.u8(sync_attr::PHASE, phase)?;
            nest.u8(sync_attr::IN_SYNC, sync.is_in_sync.into())
        }),
        Event::Cleared(_) | Event::Committed(_) => Ok(()),
    }
}

fn name_service(message: &mut Writer<'_>, id: &ServiceId) -> Result {
    message.nest(attr::SERVICE, |nest| service::fill_name(nest, id))
}

fn name_dest(message: &mut Writer<'_>, id: &DestId) -> Result {
    message.nest(attr::DEST, |nest| {
        nest.bytes(dest_attr::ADDR, &id.addr.octets())?;
        nest.be16(dest_attr::PORT, id.port)?;
        nest.u16(dest_attr::ADDR_FAMILY, id.family.number())
    })
}

fn fill_service(message: &mut Writer<'_>, state: &NetnsState, id: &ServiceId) -> Result {
    rcu::read(|read| {
        let found = state.tables().and_then(|tables| tables.service(read, id));
        match found {
            Some(found) => extras::fill(message, read, found, Widths::None),
            None => name_service(message, id),
        }
    })
}

fn fill_dest(
    message: &mut Writer<'_>,
    state: &NetnsState,
    service: &ServiceId,
    id: &DestId,
) -> Result {
    rcu::read(|read| {
        let service = state
            .tables()
            .and_then(|tables| tables.service(read, service));
        let mut dests = service.into_iter().flat_map(|found| found.dests(read));
        match dests.find(|dest| dest.id() == id) {
            Some(dest) => drain::fill(message, dest, Widths::None),
            None => name_dest(message, id),
        }
    })
}
