// SPDX-License-Identifier: MIT OR GPL-2.0

//! From values to the schema.

use lvs_uapi::flags::service;
use lvs_uapi::flags::tunnel;
use lvs_uapi::limits::version_parts;

use crate::model;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Netmask;
use crate::model::Role;
use crate::model::ServiceId;
use crate::render::conn::Conn;
use crate::render::flags;

use super::schema::*;

impl From<model::Info> for Ipvs {
    fn from(info: model::Info) -> Self {
        let (major, minor, patch) = version_parts(info.version);
        Ipvs {
            version: format!("{major}.{minor}.{patch}"),
            connection_table_size: info.conn_tab_size,
        }
    }
}

impl From<&model::TableEntry> for Service {
    fn from(item: &model::TableEntry) -> Self {
        let mut service = Service::from(&item.entry.service);
        (service.stats, service.rate) = counters(&item.entry.stats);
        service.servers = item.dests.iter().map(Server::from).collect();
        service
    }
}

impl From<&model::Service> for Service {
    fn from(service: &model::Service) -> Self {
        let mut document = Service {
            scheduler: service.scheduler.clone(),
            scheduler_flags: names(&flags::saved(service)),
            persistent: service.has(service::PERSISTENT).then_some(service.timeout),
            persistence_engine: service.pe.clone(),
            one_packet: service.has(service::ONEPACKET),
            tcp_timeout: service.extras.tcp_timeout.map(Seconds),
            tcp_fin_timeout: service.extras.tcp_fin_timeout.map(Seconds),
            udp_timeout: service.extras.udp_timeout.map(Seconds),
            sctp_timeout: service.extras.sctp_timeout.map(Seconds),
            on_expiry: service.extras.on_expiry,
            slow_start: service.extras.slow_start.map(Seconds),
            ..Service::default()
        };
        match service.id {
            ServiceId::Address {
                protocol,
                addr,
                port,
            } => {
                document.protocol = Some(match protocol.service_name() {
                    Some(name) => name.to_owned(),
                    None => protocol.0.to_string(),
                });
                document.address = Some(addr);
                document.port = Some(port);
            }
            ServiceId::Mark { mark, .. } => document.fwmark = Some(mark),
        }
        document.family = Some(match service.id.family() {
            Family::V4 => FamilyName::Ipv4,
            Family::V6 => FamilyName::Ipv6,
        });
        match service.netmask {
            mask if mask.is_host() => {}
            Netmask::V4(mask) => document.netmask = Some(mask),
            Netmask::V6(length) => document.prefix_length = Some(length),
        }
        document
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Counters and rates.
fn counters(stats: &model::Stats) -> (Option<Counters>, Option<Counters>) {
    let totals = Counters {
        connections: stats.conns,
        packets_in: stats.inpkts,
        packets_out: stats.outpkts,
        bytes_in: stats.inbytes,
        bytes_out: stats.outbytes,
    };
    let rates = Counters {
        connections: stats.cps,
        packets_in: stats.inpps,
        packets_out: stats.outpps,
        bytes_in: stats.inbps,
        bytes_out: stats.outbps,
    };
    (Some(totals), Some(rates))
}

impl From<&model::DestEntry> for Server {
    fn from(entry: &model::DestEntry) -> Self {
        let dest = &entry.dest;
        let (stats, rate) = counters(&entry.stats);
        Server {
            address: dest.addr,
            port: Some(dest.port),
            forward: match dest.forward {
                Forward::Masq => ForwardName::Masq,
                Forward::Local => ForwardName::Local,
                Forward::Tunnel => ForwardName::Tunnel,
                Forward::Route => ForwardName::Route,
                Forward::Other(_) => ForwardName::Bypass,
            },
            weight: dest.weight,
            upper_threshold: dest.u_threshold,
            lower_threshold: dest.l_threshold,
            tunnel: (dest.forward == Forward::Tunnel).then(|| Tunnel::from(&dest.tunnel)),
            state: Some(entry.state()),
            drain: entry.drain.map(Drain::from),
            slow_start: entry.ramp.map(|ramp| Ramp {
                seconds_left: ramp.seconds,
                percent: ramp.percent,
            }),
            active_connections: Some(entry.active),
            inactive_connections: Some(entry.inactive),
            persistent_connections: Some(entry.persistent),
            stats,
            rate,
        }
    }
}

impl From<model::drain::Drain> for Drain {
    fn from(drain: model::drain::Drain) -> Self {
        Drain {
            weight: drain.weight,
            seconds_left: drain.asked.seconds,
            then: drain.asked.then,
            persistent: drain.asked.persistent,
            over: drain.is_over,
            left: drain.has_left,
        }
    }
}

impl From<&model::Tunnel> for Tunnel {
    fn from(tunnel: &model::Tunnel) -> Self {
        let kind = match tunnel.kind {
            tunnel::TYPE_GUE => TunnelName::Gue,
            tunnel::TYPE_GRE => TunnelName::Gre,
            _ => TunnelName::Ipip,
        };
        Tunnel {
            kind,
            port: (kind == TunnelName::Gue).then_some(tunnel.port),
            checksum: match tunnel.flags {
                flags if flags & tunnel::FLAG_CSUM != 0 => ChecksumName::Full,
                flags if flags & tunnel::FLAG_REMCSUM != 0 => ChecksumName::Remote,
                _ => ChecksumName::None,
            },
        }
    }
}

impl From<model::Timeouts> for Timeouts {
    fn from(timeouts: model::Timeouts) -> Self {
        let model::Timeouts { tcp, tcp_fin, udp } = timeouts;
        Timeouts { tcp, tcp_fin, udp }
    }
}

impl From<&model::Daemon> for Daemon {
    fn from(daemon: &model::Daemon) -> Self {
        Daemon {
            role: match daemon.role {
                Role::Master => RoleName::Master,
                Role::Backup => RoleName::Backup,
            },
            interface: daemon.interface.clone(),
            sync_id: daemon.sync_id,
            max_length: daemon.max_len,
            group: daemon.group,
            port: daemon.port,
            ttl: daemon.ttl,
        }
    }
}

impl From<&Conn<'_>> for Connection {
    fn from(conn: &Conn<'_>) -> Self {
        Connection {
            protocol: conn.protocol.to_ascii_lowercase(),
            client_address: conn.client.0,
            client_port: conn.client.1,
            virtual_address: conn.service.0,
            virtual_port: conn.service.1,
            server_address: conn.server.0,
            server_port: conn.server.1,
            state: conn.state.to_owned(),
            expires: conn.expires,
            persistence_engine: conn.pe.map(|(name, _)| name.to_owned()),
            persistence_data: conn.pe.map(|(_, data)| data.to_owned()),
        }
    }
}
