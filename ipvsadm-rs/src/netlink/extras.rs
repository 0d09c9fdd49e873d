// SPDX-License-Identifier: MIT OR GPL-2.0

//! What services of lvs have beyond those of ip_vs: attributes and messages of the family `LVS`.

use netlink_packet_core::DecodeError;

use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::extras_attr;
use lvs_uapi::lvs::ramp_attr;

use crate::change::Change;
use crate::model::extras::Extras;
use crate::model::extras::OnExpiry;
use crate::model::extras::Ramp;
use crate::model::ServiceEntry;

use super::attr::attributes;
use super::drain::RulesAttr;
use super::drain::RulesMessage;
use super::service;

attributes! {
    /// An attribute of what a service has beyond ip_vs's.
    pub enum ExtrasAttr {
        /// Life of idle TCP connections, seconds.
        TcpTimeout(u32) = extras_attr::TCP_TIMEOUT, u32;
        /// Of those in FIN_WAIT.
        TcpFinTimeout(u32) = extras_attr::TCP_FIN_TIMEOUT, u32;
        /// Of UDP.
        UdpTimeout(u32) = extras_attr::UDP_TIMEOUT, u32;
        /// Of SCTP.
        SctpTimeout(u32) = extras_attr::SCTP_TIMEOUT, u32;
        /// What becomes of a segment of a connection that was forgotten.
        OnExpiry(u8) = extras_attr::ON_EXPIRY, u8;
        /// How long servers climb to their weight, seconds.
        SlowStart(u32) = extras_attr::SLOW_START, u32;
    }
}

attributes! {
    /// An attribute of how a server climbs to its weight.
    pub enum RampAttr {
        /// Seconds that are left.
        Seconds(u32) = ramp_attr::SECONDS, u32;
        /// Percent that it has.
        Percent(u8) = ramp_attr::PERCENT, u8;
    }
}

/// How a server climbs to its weight.
pub fn ramp(attrs: &[RampAttr]) -> Ramp {
    let mut ramp = Ramp::default();
    for attr in attrs {
        match attr {
            RampAttr::Seconds(seconds) => ramp.seconds = *seconds,
            RampAttr::Percent(percent) => ramp.percent = *percent,
            RampAttr::Other(_) => {}
        }
    }
    ramp
}

/// The attributes of all that is said.
pub fn attrs(extras: &Extras) -> Vec<ExtrasAttr> {
    [
        extras.tcp_timeout.map(ExtrasAttr::TcpTimeout),
        extras.tcp_fin_timeout.map(ExtrasAttr::TcpFinTimeout),
        extras.udp_timeout.map(ExtrasAttr::UdpTimeout),
        extras.sctp_timeout.map(ExtrasAttr::SctpTimeout),
        extras
            .on_expiry
            .map(|what| ExtrasAttr::OnExpiry(what.number())),
        extras.slow_start.map(ExtrasAttr::SlowStart),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What such attributes say.
pub fn from_attrs(attrs: &[ExtrasAttr]) -> Result<Extras, DecodeError> {
    let mut extras = Extras::default();
    for attr in attrs {
        match attr {
            ExtrasAttr::TcpTimeout(seconds) => extras.tcp_timeout = Some(*seconds),
            ExtrasAttr::TcpFinTimeout(seconds) => extras.tcp_fin_timeout = Some(*seconds),
            ExtrasAttr::UdpTimeout(seconds) => extras.udp_timeout = Some(*seconds),
            ExtrasAttr::SctpTimeout(seconds) => extras.sctp_timeout = Some(*seconds),
            ExtrasAttr::OnExpiry(number) => {
                let what = OnExpiry::from_number(*number);
                let unknown = || DecodeError::from("service with an unknown on_expiry");
                extras.on_expiry = Some(what.ok_or_else(unknown)?);
            }
            ExtrasAttr::SlowStart(seconds) => extras.slow_start = Some(*seconds),
            ExtrasAttr::Other(_) => {}
        }
    }
    Ok(extras)
}

/// Reads a service with what it has beyond ip_vs's; `None` if the message has none.
pub fn service_of(message: &RulesMessage) -> Result<Option<ServiceEntry>, DecodeError> {
    let mut entry = None;
    let mut extras = Extras::default();
    for attr in &message.attrs {
        match attr {
            RulesAttr::Service(nest) => entry = Some(service::from_attrs(nest)?),
            RulesAttr::Extras(nest) => extras = from_attrs(nest)?,
            RulesAttr::Dest(_)
            | RulesAttr::Drain(_)
            | RulesAttr::Position(_)
            | RulesAttr::Ramp(_)
            | RulesAttr::Other(_) => {}
        }
    }
    if let Some(entry) = &mut entry {
        entry.service.extras = extras;
    }
    Ok(entry)
}

/// The request of a change that only lvs can make; `None` of others.
pub fn request(change: &Change) -> Option<RulesMessage> {
    let (cmd, service) = match change {
        Change::AddService(service) => (cmd::NEW_SERVICE, service),
        Change::EditService(service) => (cmd::SET_SERVICE, service),
        _ => return None,
    };
    service.extras.is_any().then(|| RulesMessage {
        cmd,
        attrs: vec![
            RulesAttr::Service(service::full_attrs(service)),
            RulesAttr::Extras(attrs(&service.extras)),
        ],
    })
}
