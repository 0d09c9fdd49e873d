// SPDX-License-Identifier: MIT OR GPL-2.0

//! Events: messages of the family `LVS` that nobody asked for.

use netlink_packet_core::DecodeError;

use lvs_uapi::lvs::attr;
use lvs_uapi::lvs::event_attr;

use crate::model::event::Event;
use crate::model::event::Kind;
use crate::model::event::Outcome;
use crate::model::event::Subject;
use crate::model::event::Summary;
use crate::model::extras::Extras;
use crate::model::sync::Phase;
use crate::model::Family;

use super::attr::attributes;
use super::dest;
use super::dest::DestAttr;
use super::drain;
use super::drain::DrainAttr;
use super::extras;
use super::extras::ExtrasAttr;
use super::extras::RampAttr;
use super::lvs_message::LvsMessage;
use super::service;
use super::service::ServiceAttr;
use super::sync::SyncAttr;

attributes! {
    /// An attribute of the outermost level.
    pub enum EventPart {
        /// What happened.
        Event(Vec<EventAttr>) = attr::EVENT, nest;
        /// To which service.
        Service(Vec<ServiceAttr>) = attr::SERVICE, nest;
        /// To which server.
        Dest(Vec<DestAttr>) = attr::DEST, nest;
        /// How that is drained.
        Drain(Vec<DrainAttr>) = attr::DRAIN, nest;
        /// How the server climbs to its weight.
        Ramp(Vec<RampAttr>) = attr::RAMP, nest;
        /// What the service has beyond ip_vs's.
        Extras(Vec<ExtrasAttr>) = attr::EXTRAS, nest;
        /// How synchronisation is.
        Sync(Vec<SyncAttr>) = attr::SYNC, nest;
    }
}

attributes! {
    /// An attribute of what happened.
    pub enum EventAttr {
        /// What kind of event.
        Kind(u8) = event_attr::KIND, u8;
        /// Its number.
        Sequence(u64) = event_attr::SEQUENCE, u64;
        /// When.
        Time(u64) = event_attr::TIME, u64;
        /// The rules' generation.
        Generation(u32) = event_attr::GENERATION, u32;
        /// How a drain ended.
        Outcome(u8) = event_attr::OUTCOME, u8;
        /// Services that were added.
        ServicesAdded(u32) = event_attr::SERVICES_ADDED, u32;
        /// Services that were changed.
        ServicesChanged(u32) = event_attr::SERVICES_CHANGED, u32;
        /// Services that were removed.
        ServicesRemoved(u32) = event_attr::SERVICES_REMOVED, u32;
        /// Servers that were added.
        ServersAdded(u32) = event_attr::SERVERS_ADDED, u32;
        /// Servers that were changed.
        ServersChanged(u32) = event_attr::SERVERS_CHANGED, u32;
        /// Servers that were removed.
        ServersRemoved(u32) = event_attr::SERVERS_REMOVED, u32;
        /// Whether each change was told.
        IsTold(u8) = event_attr::IS_TOLD, u8;
    }
}

/// A message about an event.
pub type EventMessage = LvsMessage<EventPart>;

/// Reads an event.
pub fn from_message(message: &EventMessage) -> Result<Event, DecodeError> {
    let mut event = Event {
        kind: Kind::Other(u8::MAX),
        sequence: 0,
        time: 0,
        generation: 0,
        service: None,
        server: None,
        outcome: None,
        summary: Summary::default(),
        sync: None,
    };
    let mut is_event = false;
    let mut drained = None;
    let mut dest = None;
    let mut extras = Extras::default();
    let mut ramp = None;
    for part in &message.attrs {
        match part {
            EventPart::Event(attrs) => {
                is_event = true;
                take_details(&mut event, attrs);
            }
            EventPart::Service(attrs) => {
                let whole = service::from_attrs(attrs)?.service;
                let is_whole = attrs
                    .iter()
                    .any(|attr| matches!(attr, ServiceAttr::SchedName(_)));
                event.service = Some(match is_whole {
                    true => Subject::Whole(whole),
                    false => Subject::Name(whole.id),
                });
            }
            EventPart::Dest(attrs) => dest = Some(attrs),
            EventPart::Drain(attrs) => drained = Some(drain::from_attrs(attrs)?),
            EventPart::Ramp(attrs) => ramp = Some(extras::ramp(attrs)),
            EventPart::Extras(attrs) => extras = extras::from_attrs(attrs)?,
            EventPart::Sync(attrs) => event.sync = Some(sync_of(attrs)),
            EventPart::Other(_) => {}
        }
    }
    if let Some(Subject::Whole(service)) = &mut event.service {
        service.extras = extras;
    }
    if let Some(attrs) = dest {
        let family = match &event.service {
            Some(Subject::Name(id)) => id.family(),
            Some(Subject::Whole(service)) => service.id.family(),
            None => Family::V4,
        };
        let mut entry = dest::from_attrs(attrs, family)?;
        entry.drain = drained;
        entry.ramp = ramp;
        let is_whole = attrs
            .iter()
            .any(|attr| matches!(attr, DestAttr::FwdMethod(_)));
        event.server = Some(match is_whole {
            true => Subject::Whole(entry),
            false => Subject::Name(entry),
        });
    }
    is_event
        .then_some(event)
        .ok_or_else(|| DecodeError::from("event of no kind"))
}

fn take_details(event: &mut Event, attrs: &[EventAttr]) {
    let summary = &mut event.summary;
    for attr in attrs {
        match attr {
            EventAttr::Kind(number) => event.kind = Kind::from_number(*number),
            EventAttr::Sequence(number) => event.sequence = *number,
            EventAttr::Time(time) => event.time = *time,
            EventAttr::Generation(generation) => event.generation = *generation,
            EventAttr::Outcome(number) => event.outcome = Some(Outcome::from_number(*number)),
            EventAttr::ServicesAdded(count) => summary.services_added = *count,
            EventAttr::ServicesChanged(count) => summary.services_changed = *count,
            EventAttr::ServicesRemoved(count) => summary.services_removed = *count,
            EventAttr::ServersAdded(count) => summary.servers_added = *count,
            EventAttr::ServersChanged(count) => summary.servers_changed = *count,
            EventAttr::ServersRemoved(count) => summary.servers_removed = *count,
            EventAttr::IsTold(is_told) => summary.is_told = *is_told != 0,
            EventAttr::Other(_) => {}
        }
    }
}

fn sync_of(attrs: &[SyncAttr]) -> (Phase, bool) {
    let mut sync = (Phase::default(), false);
    for attr in attrs {
        match attr {
            SyncAttr::Phase(number) => sync.0 = Phase(*number),
            SyncAttr::InSync(is_in_sync) => sync.1 = *is_in_sync != 0,
            _ => {}
        }
    }
    sync
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use lvs_uapi::lvs::cmd;
    use lvs_uapi::lvs::sync_phase;

    use super::*;
    use crate::model::DestEntry;
    use crate::model::ServiceId;

    fn read(attrs: Vec<EventPart>) -> Result<Event, DecodeError> {
        let cmd = cmd::EVENT;
        from_message(&EventMessage { cmd, attrs }.received())
    }

    fn details(kind: Kind) -> EventPart {
        EventPart::Event(vec![
            EventAttr::Kind(kind.number()),
            EventAttr::Sequence(1 << 40),
            EventAttr::Time(1_700_000_000_123),
            EventAttr::Generation(7),
        ])
    }

    fn name() -> EventPart {
        EventPart::Service(vec![ServiceAttr::Af(10), ServiceAttr::Fwmark(5)])
    }

    #[test]
    fn what_was_removed_has_only_its_name() {
        let addr: IpAddr = "2001:db8::2".parse().expect("an address");
        let dest = EventPart::Dest(vec![DestAttr::Addr(addr.into()), DestAttr::Port(80)]);
        let event = read(vec![details(Kind::ServerRemoved), name(), dest]).expect("an event");
        assert_eq!(event.kind, Kind::ServerRemoved);
        assert_eq!(
            (event.sequence, event.time, event.generation),
            (1 << 40, 1_700_000_000_123, 7)
        );
        let id = ServiceId::Mark {
            mark: 5,
            family: Family::V6,
        };
        assert_eq!(event.service, Some(Subject::Name(id)));
        let Some(Subject::Name(DestEntry { dest, .. })) = event.server else {
            panic!("{:?}", event.server);
        };
        assert_eq!((dest.addr, dest.port), (addr, 80));
    }

    #[test]
    fn a_server_is_told_with_its_drain() {
        let addr = IpAddr::from([10, 0, 0, 2]);
        let dest = EventPart::Dest(vec![
            DestAttr::Addr(addr.into()),
            DestAttr::FwdMethod(0),
            DestAttr::Weight(0),
        ]);
        let drain = EventPart::Drain(vec![DrainAttr::Weight(3)]);
        let mut attrs = details(Kind::DrainEnded);
        if let EventPart::Event(attrs) = &mut attrs {
            attrs.push(EventAttr::Outcome(Outcome::Reset.number()));
        }
        // In any order.
        let event = read(vec![drain, dest, name(), attrs]).expect("an event");
        assert_eq!(event.outcome, Some(Outcome::Reset));
        let Some(Subject::Whole(entry)) = event.server else {
            panic!("{:?}", event.server);
        };
        assert_eq!(entry.configured().weight, 3);
    }

    #[test]
    fn transactions_and_synchronisation_are_read() {
        let attrs = vec![
            EventAttr::Kind(Kind::Committed.number()),
            EventAttr::ServicesAdded(1),
            EventAttr::ServicesChanged(2),
            EventAttr::ServicesRemoved(3),
            EventAttr::ServersAdded(4),
            EventAttr::ServersChanged(5),
            EventAttr::ServersRemoved(6),
            EventAttr::IsTold(1),
        ];
        let summary = Summary {
            services_added: 1,
            services_changed: 2,
            services_removed: 3,
            servers_added: 4,
            servers_changed: 5,
            servers_removed: 6,
            is_told: true,
        };
        let event = read(vec![EventPart::Event(attrs)]).expect("an event");
        assert_eq!(event.summary, summary);
        let sync = EventPart::Sync(vec![
            SyncAttr::Phase(sync_phase::IN_SYNC),
            SyncAttr::InSync(1),
        ]);
        let event = read(vec![details(Kind::Synchronisation), sync]).expect("an event");
        assert_eq!(event.sync, Some((Phase(sync_phase::IN_SYNC), true)));
    }

    #[test]
    fn what_says_nothing_is_malformed() {
        assert!(read(Vec::new()).is_err());
        assert!(read(vec![name()]).is_err());
        let nameless = EventPart::Dest(vec![DestAttr::Port(80)]);
        assert!(read(vec![details(Kind::ServerAdded), nameless]).is_err());
        assert!(read(vec![details(Kind::Other(77))]).is_ok());
    }
}
