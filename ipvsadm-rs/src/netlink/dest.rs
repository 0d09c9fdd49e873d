// SPDX-License-Identifier: MIT OR GPL-2.0

//! Real servers.

use netlink_packet_core::DecodeError;

use lvs_uapi::genl::dest_attr;

use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Stats;
use crate::model::Tunnel;

use super::attr::attributes;
use super::attr::RawAddr;
use super::stats::StatsAttr;

attributes! {
    /// An attribute in a server's nest.
    pub enum DestAttr {
        /// Address.
        Addr(RawAddr) = dest_attr::ADDR, addr;
        /// Port.
        Port(u16) = dest_attr::PORT, be16;
        /// Forwarding method.
        FwdMethod(u32) = dest_attr::FWD_METHOD, u32;
        /// Weight.
        Weight(u32) = dest_attr::WEIGHT, u32;
        /// Upper threshold of connections.
        UThresh(u32) = dest_attr::U_THRESH, u32;
        /// Lower threshold of connections.
        LThresh(u32) = dest_attr::L_THRESH, u32;
        /// Active connections.
        ActiveConns(u32) = dest_attr::ACTIVE_CONNS, u32;
        /// Inactive connections.
        InactConns(u32) = dest_attr::INACT_CONNS, u32;
        /// Persistence templates.
        PersistConns(u32) = dest_attr::PERSIST_CONNS, u32;
        /// Counters of 32 bits.
        Stats(Vec<StatsAttr>) = dest_attr::STATS, nest;
        /// Address family.
        AddrFamily(u16) = dest_attr::ADDR_FAMILY, u16;
        /// Counters of 64 bits.
        Stats64(Vec<StatsAttr>) = dest_attr::STATS64, nest;
        /// Type of the tunnel.
        TunType(u8) = dest_attr::TUN_TYPE, u8;
        /// UDP port of the tunnel.
        TunPort(u16) = dest_attr::TUN_PORT, be16;
        /// Checksums of the tunnel.
        TunFlags(u16) = dest_attr::TUN_FLAGS, u16;
    }
}

/// The attributes that name a server.
pub fn id_attrs(dest: &Dest) -> Vec<DestAttr> {
    vec![
        DestAttr::AddrFamily(Family::of(dest.addr).number()),
        DestAttr::Addr(dest.addr.into()),
        DestAttr::Port(dest.port),
    ]
}

/// The attributes of a whole server.
pub fn full_attrs(dest: &Dest) -> Vec<DestAttr> {
    let mut attrs = id_attrs(dest);
    attrs.extend([
        DestAttr::FwdMethod(dest.forward.bits()),
        DestAttr::Weight(dest.weight),
        DestAttr::TunType(dest.tunnel.kind),
        DestAttr::TunPort(dest.tunnel.port),
        DestAttr::TunFlags(dest.tunnel.flags),
        DestAttr::UThresh(dest.u_threshold),
        DestAttr::LThresh(dest.l_threshold),
    ]);
    attrs
}

/// Reads a server from a reply. An old kernel doesn't tell the family: then it is the service's.
pub fn from_attrs(attrs: &[DestAttr], service_family: Family) -> Result<DestEntry, DecodeError> {
    let mut addr = None;
    let mut family = service_family;
    let (mut stats, mut stats64) = (None, None);
    let mut entry = DestEntry {
        dest: Dest {
            addr: std::net::Ipv4Addr::UNSPECIFIED.into(),
            port: 0,
            forward: Forward::Masq,
            tunnel: Tunnel::default(),
            weight: 0,
            u_threshold: 0,
            l_threshold: 0,
        },
        active: 0,
        inactive: 0,
        persistent: 0,
        drain: None,
        ramp: None,
        stats: Stats::default(),
    };
    let dest = &mut entry.dest;
    for attr in attrs {
        match attr {
            DestAttr::Addr(raw) => addr = Some(*raw),
            DestAttr::AddrFamily(0) => {}
            DestAttr::AddrFamily(number) => {
                family = Family::from_number(*number)
                    .ok_or_else(|| DecodeError::from("server of an unknown address family"))?;
            }
            DestAttr::Port(port) => dest.port = *port,
            DestAttr::FwdMethod(bits) => dest.forward = Forward::from_bits(*bits),
            DestAttr::Weight(weight) => dest.weight = *weight,
            DestAttr::UThresh(limit) => dest.u_threshold = *limit,
            DestAttr::LThresh(limit) => dest.l_threshold = *limit,
            DestAttr::TunType(kind) => dest.tunnel.kind = *kind,
            DestAttr::TunPort(port) => dest.tunnel.port = *port,
            DestAttr::TunFlags(flags) => dest.tunnel.flags = *flags,
            DestAttr::ActiveConns(count) => entry.active = *count,
            DestAttr::InactConns(count) => entry.inactive = *count,
            DestAttr::PersistConns(count) => entry.persistent = *count,
            DestAttr::Stats(attrs) => stats = Some(attrs.as_slice().into()),
            DestAttr::Stats64(attrs) => stats64 = Some(attrs.as_slice().into()),
            DestAttr::Other(_) => {}
        }
    }
    let addr = addr.ok_or_else(|| DecodeError::from("server without an address"))?;
    entry.dest.addr = addr.in_family(family);
    entry.stats = stats64.or(stats).unwrap_or_default();
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_uapi::flags::tunnel;

    #[test]
    fn servers_survive_a_round_trip() {
        let dest = Dest {
            addr: "2001:db8::2".parse().expect("an address"),
            port: 8080,
            forward: Forward::Tunnel,
            tunnel: Tunnel {
                kind: tunnel::TYPE_GUE,
                port: 6080,
                flags: tunnel::FLAG_REMCSUM,
            },
            weight: i32::MAX as u32,
            u_threshold: 100,
            l_threshold: 50,
        };
        let entry = from_attrs(&full_attrs(&dest), Family::V4).expect("a server");
        assert_eq!(entry.dest, dest);
    }

    #[test]
    fn the_family_defaults_to_the_services() {
        let raw = DestAttr::Addr(std::net::IpAddr::from([10, 0, 0, 2]).into());
        let entry = from_attrs(std::slice::from_ref(&raw), Family::V4).expect("a server");
        assert_eq!(entry.dest.addr, std::net::IpAddr::from([10, 0, 0, 2]));
        let entry = from_attrs(&[raw, DestAttr::AddrFamily(0)], Family::V6).expect("a server");
        assert!(entry.dest.addr.is_ipv6());
        assert!(from_attrs(&[], Family::V4).is_err());
    }
}
