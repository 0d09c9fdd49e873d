// SPDX-License-Identifier: MIT OR GPL-2.0

//! The structs of [`lvs_uapi::sockopt`] from and to bytes.
//!
//! Writers append fields at their offsets, readers take them from there; the offsets are asserted where
//! the structs are.

use std::mem::offset_of;
use std::mem::size_of;
use std::net::Ipv4Addr;

use lvs_uapi::flags;
use lvs_uapi::limits::IFNAME_MAXLEN;
use lvs_uapi::limits::SCHEDNAME_MAXLEN;
use lvs_uapi::sockopt::DaemonUser;
use lvs_uapi::sockopt::DestEntry as RawDest;
use lvs_uapi::sockopt::DestUser;
use lvs_uapi::sockopt::ServiceEntry as RawService;
use lvs_uapi::sockopt::ServiceUser;
use lvs_uapi::sockopt::StatsUser;

use crate::model::Daemon;
use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Netmask;
use crate::model::Protocol;
use crate::model::Role;
use crate::model::Service;
use crate::model::ServiceEntry;
use crate::model::ServiceId;
use crate::model::Stats;
use crate::model::Tunnel;

/// A buffer of zeros with fields put where they belong.
#[derive(Debug)]
pub struct Fields(pub Vec<u8>);

impl Fields {
    /// As many zeros.
    pub fn zeroed(size: usize) -> Self {
        Fields(vec![0; size])
    }

    /// Puts bytes at an offset.
    pub fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    /// Puts a number of 32 bits at an offset.
    pub fn put_u32(&mut self, offset: usize, value: u32) {
        self.put(offset, &value.to_ne_bytes());
    }
}

/// Takes `N` bytes from an offset; what is missing is zero.
fn take<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut array = [0; N];
    if let Some(source) = bytes.get(offset..offset + N) {
        array.copy_from_slice(source);
    }
    array
}

/// Reads a number of 32 bits.
pub fn take_u32(bytes: &[u8], offset: usize) -> u32 {
    u32::from_ne_bytes(take(bytes, offset))
}

fn take_u64(bytes: &[u8], offset: usize) -> u64 {
    u64::from_ne_bytes(take(bytes, offset))
}

/// What names a service, at the start of several structs. `None` if it is an IPv6 one.
pub fn service_id(fields: &mut Fields, id: &ServiceId) -> Option<()> {
    match *id {
        ServiceId::Address {
            protocol,
            addr: std::net::IpAddr::V4(addr),
            port,
        } => {
            fields.put(offset_of!(ServiceUser, protocol), &protocol.0.to_ne_bytes());
            fields.put(offset_of!(ServiceUser, addr), &addr.octets());
            fields.put(offset_of!(ServiceUser, port), &port.to_be_bytes());
        }
        ServiceId::Mark {
            mark,
            family: Family::V4,
        } => {
            fields.put(
                offset_of!(ServiceUser, protocol),
                &Protocol::TCP.0.to_ne_bytes(),
            );
            fields.put_u32(offset_of!(ServiceUser, fwmark), mark);
        }
        _ => return None,
    }
    Some(())
}

/// A whole service. `None` if it needs more than this interface has.
pub fn service(service: &Service) -> Option<Fields> {
    let Netmask::V4(mask) = service.netmask else {
        return None;
    };
    if service.pe.is_some() {
        return None;
    }
    let mut fields = Fields::zeroed(size_of::<ServiceUser>());
    service_id(&mut fields, &service.id)?;
    let name = service.scheduler.as_bytes();
    let name = &name[..name.len().min(SCHEDNAME_MAXLEN - 1)];
    fields.put(offset_of!(ServiceUser, sched_name), name);
    fields.put_u32(offset_of!(ServiceUser, flags), service.flags);
    fields.put_u32(offset_of!(ServiceUser, timeout), service.timeout);
    fields.put(offset_of!(ServiceUser, netmask), &mask.octets());
    Some(fields)
}

/// A server, at the end of the struct that has the service at its start.
pub fn dest(fields: &mut Fields, dest: &Dest) -> Option<()> {
    let std::net::IpAddr::V4(addr) = dest.addr else {
        return None;
    };
    if dest.tunnel != Tunnel::default() {
        return None;
    }
    let base = size_of::<ServiceUser>();
    fields.put(base + offset_of!(DestUser, addr), &addr.octets());
    fields.put(base + offset_of!(DestUser, port), &dest.port.to_be_bytes());
    fields.put_u32(base + offset_of!(DestUser, conn_flags), dest.forward.bits());
    fields.put_u32(base + offset_of!(DestUser, weight), dest.weight);
    fields.put_u32(base + offset_of!(DestUser, u_threshold), dest.u_threshold);
    fields.put_u32(base + offset_of!(DestUser, l_threshold), dest.l_threshold);
    Some(())
}

/// A daemon. What this interface doesn't have is left to the kernel.
pub fn daemon(daemon: &Daemon) -> Fields {
    let mut fields = Fields::zeroed(size_of::<DaemonUser>());
    fields.put_u32(offset_of!(DaemonUser, state), daemon.role.state());
    let name = daemon.interface.as_bytes();
    let name = &name[..name.len().min(IFNAME_MAXLEN - 1)];
    fields.put(offset_of!(DaemonUser, mcast_ifn), name);
    fields.put_u32(offset_of!(DaemonUser, syncid), daemon.sync_id);
    fields
}

/// Reads a service and the number of its servers.
pub fn parse_service(bytes: &[u8]) -> (ServiceEntry, usize) {
    let id = match take_u32(bytes, offset_of!(RawService, fwmark)) {
        0 => ServiceId::Address {
            protocol: Protocol(u16::from_ne_bytes(take(
                bytes,
                offset_of!(RawService, protocol),
            ))),
            addr: Ipv4Addr::from(take(bytes, offset_of!(RawService, addr))).into(),
            port: u16::from_be_bytes(take(bytes, offset_of!(RawService, port))),
        },
        mark => ServiceId::Mark {
            mark,
            family: Family::V4,
        },
    };
    let name: [u8; SCHEDNAME_MAXLEN] = take(bytes, offset_of!(RawService, sched_name));
    let service = Service {
        id,
        scheduler: crate::netlink::attr::parse_cstr(&name),
        flags: take_u32(bytes, offset_of!(RawService, flags)),
        timeout: take_u32(bytes, offset_of!(RawService, timeout)),
        netmask: Netmask::V4(take(bytes, offset_of!(RawService, netmask)).into()),
        pe: None,
    };
    let stats = parse_stats(bytes, offset_of!(RawService, stats));
    let dests = take_u32(bytes, offset_of!(RawService, num_dests));
    (ServiceEntry { service, stats }, dests as usize)
}

/// Reads a server.
pub fn parse_dest(bytes: &[u8]) -> DestEntry {
    let conn_flags = take_u32(bytes, offset_of!(RawDest, conn_flags));
    DestEntry {
        dest: Dest {
            addr: Ipv4Addr::from(take(bytes, offset_of!(RawDest, addr))).into(),
            port: u16::from_be_bytes(take(bytes, offset_of!(RawDest, port))),
            forward: Forward::from_bits(conn_flags & flags::fwd::MASK),
            tunnel: Tunnel::default(),
            weight: take_u32(bytes, offset_of!(RawDest, weight)),
            u_threshold: take_u32(bytes, offset_of!(RawDest, u_threshold)),
            l_threshold: take_u32(bytes, offset_of!(RawDest, l_threshold)),
        },
        active: take_u32(bytes, offset_of!(RawDest, activeconns)),
        inactive: take_u32(bytes, offset_of!(RawDest, inactconns)),
        persistent: take_u32(bytes, offset_of!(RawDest, persistconns)),
        stats: parse_stats(bytes, offset_of!(RawDest, stats)),
    }
}

/// Reads a daemon; `None` if it doesn't run.
pub fn parse_daemon(bytes: &[u8]) -> Option<Daemon> {
    let role = Role::from_state(take_u32(bytes, offset_of!(DaemonUser, state)))?;
    let name: [u8; IFNAME_MAXLEN] = take(bytes, offset_of!(DaemonUser, mcast_ifn));
    Some(Daemon {
        role,
        interface: crate::netlink::attr::parse_cstr(&name),
        sync_id: take_u32(bytes, offset_of!(DaemonUser, syncid)),
        max_len: None,
        group: None,
        port: None,
        ttl: None,
    })
}

fn parse_stats(bytes: &[u8], base: usize) -> Stats {
    let narrow = |offset| u64::from(take_u32(bytes, base + offset));
    Stats {
        conns: narrow(offset_of!(StatsUser, conns)),
        inpkts: narrow(offset_of!(StatsUser, inpkts)),
        outpkts: narrow(offset_of!(StatsUser, outpkts)),
        inbytes: take_u64(bytes, base + offset_of!(StatsUser, inbytes)),
        outbytes: take_u64(bytes, base + offset_of!(StatsUser, outbytes)),
        cps: narrow(offset_of!(StatsUser, cps)),
        inpps: narrow(offset_of!(StatsUser, inpps)),
        outpps: narrow(offset_of!(StatsUser, outpps)),
        inbps: narrow(offset_of!(StatsUser, inbps)),
        outbps: narrow(offset_of!(StatsUser, outbps)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::list::tests::dest as sample_dest;
    use crate::render::list::tests::service as sample_service;

    fn hex(bytes: &[u8]) -> String {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    }

    /// What ipvsadm passes for `-A -t 1.2.3.4:80 -p 20`.
    const PERSISTENT: &str = "0600000001020304005000000000000077\
        6c63000000000000000000000000000100000014000000ffffffff";

    #[test]
    fn services_are_laid_out_as_ipvsadm_does() {
        let mut persistent = sample_service("1.2.3.4:80");
        persistent.flags = flags::service::PERSISTENT;
        persistent.timeout = 20;
        let fields = service(&persistent).expect("an IPv4 service");
        assert_eq!(hex(&fields.0), PERSISTENT);
        // The kernel's struct starts alike.
        let mut reply = fields.0;
        reply.resize(size_of::<RawService>(), 0);
        assert_eq!(parse_service(&reply).0.service, persistent);
    }

    #[test]
    fn servers_follow_their_service() {
        let id = sample_service("1.2.3.4:80").id;
        let mut fields = Fields::zeroed(68);
        service_id(&mut fields, &id).expect("an IPv4 service");
        let mut masq = sample_dest("10.0.0.1:8080");
        masq.weight = 3;
        dest(&mut fields, &masq).expect("an IPv4 server");
        assert_eq!(
            hex(&fields.0[44..]),
            "0a0000011f90000000000000030000000000000000000000"
        );
    }

    #[test]
    fn ipv6_and_engines_are_beyond_it() {
        assert!(service(&sample_service("[::1]:80")).is_none());
        let mut sip = sample_service("10.0.0.1:5060");
        sip.pe = Some("sip".to_owned());
        assert!(service(&sip).is_none());
    }
}
