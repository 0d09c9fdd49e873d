// SPDX-License-Identifier: MIT OR GPL-2.0

//! Draining servers: messages of the family `LVS` about services, servers and drains.

use netlink_packet_core::DecodeError;

use lvs_uapi::lvs::attr;
use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::drain_attr;

use crate::model::drain::Drain;
use crate::model::drain::DrainRequest;
use crate::model::drain::Persistent;
use crate::model::drain::Then;
use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::Family;
use crate::model::ServiceId;

use super::attr::attributes;
use super::dest;
use super::dest::DestAttr;
use super::extras;
use super::extras::ExtrasAttr;
use super::extras::RampAttr;
use super::lvs_message::LvsMessage;
use super::service;
use super::service::ServiceAttr;

attributes! {
    /// An attribute of the outermost level.
    pub enum RulesAttr {
        /// A service.
        Service(Vec<ServiceAttr>) = attr::SERVICE, nest;
        /// A server.
        Dest(Vec<DestAttr>) = attr::DEST, nest;
        /// How it is drained.
        Drain(Vec<DrainAttr>) = attr::DRAIN, nest;
        /// Where the service's scheduler stands.
        Position(u64) = attr::POSITION, u64;
        /// How a server climbs to its weight.
        Ramp(Vec<RampAttr>) = attr::RAMP, nest;
        /// What the service has beyond ip_vs's.
        Extras(Vec<ExtrasAttr>) = attr::EXTRAS, nest;
    }
}

attributes! {
    /// An attribute of a drain.
    pub enum DrainAttr {
        /// Seconds to the deadline.
        Seconds(u32) = drain_attr::SECONDS, u32;
        /// What comes then.
        Then(u8) = drain_attr::THEN, u8;
        /// What persistent clients do.
        Persistent(u8) = drain_attr::PERSISTENT, u8;
        /// Whether it is over.
        Over(u8) = drain_attr::OVER, u8;
        /// The weight to return with.
        Weight(u32) = drain_attr::WEIGHT, u32;
        /// Whether connections were left.
        Left(u8) = drain_attr::LEFT, u8;
    }
}

/// A message about services and servers.
pub type RulesMessage = LvsMessage<RulesAttr>;

fn about(cmd: u8, id: &ServiceId, dest: &Dest) -> RulesMessage {
    RulesMessage {
        cmd,
        attrs: vec![
            RulesAttr::Service(service::id_attrs(id)),
            RulesAttr::Dest(dest::id_attrs(dest)),
        ],
    }
}

/// The request to drain a server.
pub fn drain(id: &ServiceId, dest: &Dest, asked: &DrainRequest) -> RulesMessage {
    let mut nest: Vec<DrainAttr> = asked.seconds.map(DrainAttr::Seconds).into_iter().collect();
    nest.push(DrainAttr::Then(asked.then.number()));
    nest.push(DrainAttr::Persistent(asked.persistent.number()));
    let mut message = about(cmd::DRAIN, id, dest);
    message.attrs.push(RulesAttr::Drain(nest));
    message
}

/// The request to have it return.
pub fn undrain(id: &ServiceId, dest: &Dest) -> RulesMessage {
    about(cmd::UNDRAIN, id, dest)
}

/// The question how a server is.
pub fn ask(id: &ServiceId, dest: &Dest) -> RulesMessage {
    about(cmd::GET_DEST, id, dest)
}

/// Reads a server of a service of this family, and how it is drained; `None` if the reply has none.
pub fn dest_of(reply: &RulesMessage, family: Family) -> Result<Option<DestEntry>, DecodeError> {
    let mut entry = None;
    let mut drain = None;
    let mut ramp = None;
    for attr in &reply.attrs {
        match attr {
            RulesAttr::Dest(nest) => entry = Some(dest::from_attrs(nest, family)?),
            RulesAttr::Drain(nest) => drain = Some(from_attrs(nest)?),
            RulesAttr::Ramp(nest) => ramp = Some(extras::ramp(nest)),
            RulesAttr::Service(_)
            | RulesAttr::Extras(_)
            | RulesAttr::Position(_)
            | RulesAttr::Other(_) => {}
        }
    }
    Ok(entry.map(|entry| DestEntry {
        drain,
        ramp,
        ..entry
    }))
}

/// Reads how a server is drained.
pub(super) fn from_attrs(attrs: &[DrainAttr]) -> Result<Drain, DecodeError> {
    let unknown = || DecodeError::from("drain of an unknown kind");
    let mut drain = Drain::default();
    for attr in attrs {
        match attr {
            DrainAttr::Seconds(seconds) => drain.asked.seconds = Some(*seconds),
            DrainAttr::Then(number) => {
                drain.asked.then = Then::from_number(*number).ok_or_else(unknown)?;
            }
            DrainAttr::Persistent(number) => {
                drain.asked.persistent = Persistent::from_number(*number).ok_or_else(unknown)?;
            }
            DrainAttr::Over(over) => drain.is_over = *over != 0,
            DrainAttr::Weight(weight) => drain.weight = *weight,
            DrainAttr::Left(left) => drain.has_left = *left != 0,
            DrainAttr::Other(_) => {}
        }
    }
    Ok(drain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_is_read_as_it_was_sent() {
        let nest = vec![
            DrainAttr::Seconds(30),
            DrainAttr::Then(Then::Reset.number()),
            DrainAttr::Persistent(Persistent::Keep.number()),
            DrainAttr::Over(1),
            DrainAttr::Weight(7),
            DrainAttr::Left(1),
        ];
        let addr = std::net::IpAddr::from([10, 0, 0, 2]);
        let reply = RulesMessage {
            cmd: cmd::DEST,
            attrs: vec![
                RulesAttr::Dest(vec![DestAttr::Addr(addr.into())]),
                RulesAttr::Drain(nest),
            ],
        };
        let entry = dest_of(&reply.received(), Family::V4).expect("a reply");
        let expected = Drain {
            asked: DrainRequest {
                seconds: Some(30),
                then: Then::Reset,
                persistent: Persistent::Keep,
            },
            is_over: true,
            weight: 7,
            has_left: true,
        };
        assert_eq!(entry.and_then(|entry| entry.drain), Some(expected));
    }

    #[test]
    fn what_a_new_module_says_beyond_is_an_error() {
        assert!(from_attrs(&[DrainAttr::Then(77)]).is_err());
        assert!(from_attrs(&[DrainAttr::Persistent(77)]).is_err());
    }
}
