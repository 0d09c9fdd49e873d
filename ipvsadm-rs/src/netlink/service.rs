// SPDX-License-Identifier: MIT OR GPL-2.0

//! Services.

use std::net::Ipv4Addr;

use netlink_packet_core::DecodeError;

use lvs_uapi::genl::service_attr;

use crate::model::extras::Extras;
use crate::model::Family;
use crate::model::Netmask;
use crate::model::Protocol;
use crate::model::Service;
use crate::model::ServiceEntry;
use crate::model::ServiceId;
use crate::model::Stats;

use super::attr::attributes;
use super::attr::RawAddr;
use super::stats::StatsAttr;

attributes! {
    /// An attribute in a service's nest.
    pub enum ServiceAttr {
        /// Address family.
        Af(u16) = service_attr::AF, u16;
        /// Protocol.
        Protocol(u16) = service_attr::PROTOCOL, u16;
        /// Virtual address.
        Addr(RawAddr) = service_attr::ADDR, addr;
        /// Virtual port.
        Port(u16) = service_attr::PORT, be16;
        /// Firewall mark.
        Fwmark(u32) = service_attr::FWMARK, u32;
        /// Scheduler.
        SchedName(String) = service_attr::SCHED_NAME, string;
        /// Flags and the mask of those that count.
        Flags([u8; 8]) = service_attr::FLAGS, bytes;
        /// Persistence, seconds.
        Timeout(u32) = service_attr::TIMEOUT, u32;
        /// Granularity of persistence, as it stands in memory.
        Netmask(u32) = service_attr::NETMASK, u32;
        /// Counters of 32 bits.
        Stats(Vec<StatsAttr>) = service_attr::STATS, nest;
        /// Persistence engine.
        PeName(String) = service_attr::PE_NAME, string;
        /// Counters of 64 bits.
        Stats64(Vec<StatsAttr>) = service_attr::STATS64, nest;
    }
}

/// The attributes that name a service.
pub fn id_attrs(id: &ServiceId) -> Vec<ServiceAttr> {
    let af = ServiceAttr::Af(id.family().number());
    match *id {
        ServiceId::Address {
            protocol,
            addr,
            port,
        } => vec![
            af,
            ServiceAttr::Protocol(protocol.0),
            ServiceAttr::Addr(addr.into()),
            ServiceAttr::Port(port),
        ],
        ServiceId::Mark { mark, .. } => vec![af, ServiceAttr::Fwmark(mark)],
    }
}

/// The attributes of a whole service.
pub fn full_attrs(service: &Service) -> Vec<ServiceAttr> {
    let mut attrs = id_attrs(&service.id);
    attrs.push(ServiceAttr::SchedName(service.scheduler.clone()));
    if let Some(pe) = &service.pe {
        attrs.push(ServiceAttr::PeName(pe.clone()));
    }
    attrs.push(ServiceAttr::Flags(pack_flags(service.flags, u32::MAX)));
    attrs.push(ServiceAttr::Timeout(service.timeout));
    attrs.push(ServiceAttr::Netmask(match service.netmask {
        Netmask::V4(mask) => u32::from_ne_bytes(mask.octets()),
        Netmask::V6(length) => length,
    }));
    attrs
}

/// Flags and mask as they stand in the attribute.
fn pack_flags(flags: u32, mask: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&flags.to_ne_bytes());
    bytes[4..].copy_from_slice(&mask.to_ne_bytes());
    bytes
}

fn unpack_flags(bytes: [u8; 8]) -> u32 {
    let [a, b, c, d, ..] = bytes;
    u32::from_ne_bytes([a, b, c, d])
}

/// Attributes of a reply, before it is known whether they make a service.
#[derive(Default)]
struct Collected {
    af: u16,
    protocol: u16,
    addr: Option<RawAddr>,
    port: u16,
    mark: u32,
    scheduler: String,
    flags: u32,
    timeout: u32,
    netmask: u32,
    pe: Option<String>,
    stats: Option<Stats>,
    stats64: Option<Stats>,
}

/// Reads a service from a reply.
pub fn from_attrs(attrs: &[ServiceAttr]) -> Result<ServiceEntry, DecodeError> {
    let mut collected = Collected::default();
    for attr in attrs {
        match attr {
            ServiceAttr::Af(af) => collected.af = *af,
            ServiceAttr::Protocol(protocol) => collected.protocol = *protocol,
            ServiceAttr::Addr(addr) => collected.addr = Some(*addr),
            ServiceAttr::Port(port) => collected.port = *port,
            ServiceAttr::Fwmark(mark) => collected.mark = *mark,
            ServiceAttr::SchedName(name) => collected.scheduler.clone_from(name),
            ServiceAttr::Flags(bytes) => collected.flags = unpack_flags(*bytes),
            ServiceAttr::Timeout(timeout) => collected.timeout = *timeout,
            ServiceAttr::Netmask(netmask) => collected.netmask = *netmask,
            ServiceAttr::PeName(name) => {
                collected.pe = Some(name.clone()).filter(|name| !name.is_empty());
            }
            ServiceAttr::Stats(stats) => collected.stats = Some(stats.as_slice().into()),
            ServiceAttr::Stats64(stats) => collected.stats64 = Some(stats.as_slice().into()),
            ServiceAttr::Other(_) => {}
        }
    }
    collected.finish()
}

impl Collected {
    fn finish(self) -> Result<ServiceEntry, DecodeError> {
        let family = Family::from_number(self.af)
            .ok_or_else(|| DecodeError::from("service of an unknown address family"))?;
        let id = match (self.mark, self.addr) {
            (0, Some(addr)) => ServiceId::Address {
                protocol: Protocol(self.protocol),
                addr: addr.in_family(family),
                port: self.port,
            },
            (0, None) => return Err(DecodeError::from("service without address and mark")),
            (mark, _) => ServiceId::Mark { mark, family },
        };
        let netmask = match family {
            Family::V4 => Netmask::V4(Ipv4Addr::from(self.netmask.to_ne_bytes())),
            Family::V6 => Netmask::V6(self.netmask),
        };
        Ok(ServiceEntry {
            service: Service {
                id,
                scheduler: self.scheduler,
                flags: self.flags,
                timeout: self.timeout,
                netmask,
                pe: self.pe,
                extras: Extras::default(),
            },
            stats: self.stats64.or(self.stats).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_uapi::flags::service;

    fn round_trip(service: Service) {
        let entry = from_attrs(&full_attrs(&service)).expect("a service");
        assert_eq!(entry.service, service);
    }

    #[test]
    fn services_survive_a_round_trip() {
        let mut service = Service {
            id: ServiceId::Address {
                protocol: Protocol::SCTP,
                addr: [10, 0, 0, 1].into(),
                port: 443,
            },
            scheduler: "mh".to_owned(),
            flags: service::PERSISTENT | service::SCHED2,
            timeout: 600,
            netmask: Netmask::V4([255, 255, 255, 0].into()),
            pe: Some("sip".to_owned()),
            extras: Extras::default(),
        };
        round_trip(service.clone());
        service.id = ServiceId::Mark {
            mark: u32::MAX,
            family: Family::V6,
        };
        service.netmask = Netmask::V6(64);
        round_trip(service);
    }

    #[test]
    fn a_reply_without_a_name_is_malformed() {
        assert!(from_attrs(&[]).is_err());
        assert!(from_attrs(&[ServiceAttr::Af(2)]).is_err());
        assert!(from_attrs(&[ServiceAttr::Af(7), ServiceAttr::Fwmark(1)]).is_err());
    }
}
