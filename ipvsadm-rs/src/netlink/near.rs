// SPDX-License-Identifier: MIT OR GPL-2.0

//! Services that nearly take a packet: attributes of an explanation.

use netlink_packet_core::DecodeError;

use lvs_uapi::lvs::explain_near_attr;

use crate::model::explain::Near;
use crate::model::explain::Why;
use crate::model::Family;
use crate::model::Protocol;
use crate::model::ServiceId;

use super::attr::attributes;
use super::attr::RawAddr;

attributes! {
    /// An attribute of a service that nearly takes a packet.
    pub enum NearAttr {
        /// Why it doesn't.
        Why(u8) = explain_near_attr::WHY, u8;
        /// Family.
        Af(u16) = explain_near_attr::AF, u16;
        /// Protocol.
        Protocol(u16) = explain_near_attr::PROTOCOL, u16;
        /// Virtual address.
        Addr(RawAddr) = explain_near_attr::ADDR, addr;
        /// Virtual port.
        Port(u16) = explain_near_attr::PORT, be16;
        /// Firewall mark.
        Mark(u32) = explain_near_attr::MARK, u32;
    }
}

/// What such attributes say.
pub fn near(attrs: &[NearAttr]) -> Result<Near, DecodeError> {
    let (mut why, mut family, mut protocol) = (None, None, 0);
    let (mut addr, mut port, mut mark) = (None, 0, None);
    for attr in attrs {
        match attr {
            NearAttr::Why(number) => why = Why::from_number(*number),
            NearAttr::Af(number) => family = Family::from_number(*number),
            NearAttr::Protocol(number) => protocol = *number,
            NearAttr::Addr(raw) => addr = Some(*raw),
            NearAttr::Port(number) => port = *number,
            NearAttr::Mark(number) => mark = Some(*number),
            NearAttr::Other(_) => {}
        }
    }
    let unknown = || DecodeError::from("near service of an unknown kind");
    let family = family.ok_or_else(unknown)?;
    let service = match (mark, addr) {
        (Some(mark), _) => ServiceId::Mark { mark, family },
        (None, Some(addr)) => ServiceId::Address {
            protocol: Protocol(protocol),
            addr: addr.in_family(family),
            port,
        },
        (None, None) => return Err(unknown()),
    };
    let why = why.ok_or_else(unknown)?;
    Ok(Near { service, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_services_are_read() {
        let why = NearAttr::Why(Why::OtherPort.number());
        let addr = std::net::IpAddr::from([10, 0, 1, 100]);
        let by_address = vec![
            why.clone(),
            NearAttr::Af(2),
            NearAttr::Addr(addr.into()),
            NearAttr::Protocol(6),
            NearAttr::Port(443),
        ];
        let service = ServiceId::Address {
            protocol: Protocol::TCP,
            addr,
            port: 443,
        };
        let near_it = near(&by_address).expect("a service");
        assert_eq!((near_it.service, near_it.why), (service, Why::OtherPort));
        let by_mark = [why.clone(), NearAttr::Af(10), NearAttr::Mark(7)];
        let service = ServiceId::Mark {
            mark: 7,
            family: Family::V6,
        };
        assert_eq!(near(&by_mark).expect("a service").service, service);
        for unknown in [&by_address[..2], &[NearAttr::Af(2)], &[NearAttr::Why(77)]] {
            assert!(near(unknown).is_err());
        }
    }
}
