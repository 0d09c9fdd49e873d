// SPDX-License-Identifier: MIT OR GPL-2.0

//! Tables of services and their servers.

use std::fmt::Write;

use lvs_uapi::flags::service;
use lvs_uapi::flags::tunnel;
use lvs_uapi::limits;

use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::Forward;
use crate::model::Info;
use crate::model::Netmask;
use crate::model::Service;
use crate::model::ServiceEntry;
use crate::model::ServiceId;
use crate::model::Stats;
use crate::model::TableEntry;

use super::address;
use super::flags;
use super::number::large;
use super::Format;
use super::Layout;
use super::Names;

/// Width of a service's protocol, address and port.
const SERVICE_WIDTH: usize = 33;
/// Width of a server's address and port.
const DEST_WIDTH: usize = 28;

/// The line above a table of all services.
pub fn banner(info: Info) -> String {
    let (major, minor, patch) = limits::version_parts(info.version);
    let size = info.conn_tab_size;
    format!("IP Virtual Server version {major}.{minor}.{patch} (size={size})\n")
}

/// A table: titles, then every service with its servers.
pub fn table(entries: &[TableEntry], format: &Format, names: &dyn Names) -> String {
    let mut out = title(format.layout()).to_owned();
    for item in entries {
        service_row(&mut out, &item.entry, format, names);
        let id = &item.entry.service.id;
        for dest in &item.dests {
            dest_row(&mut out, id, dest, format, names);
        }
    }
    out
}

/// The titles of a layout.
fn title(layout: Layout) -> &'static str {
    match layout {
        Layout::Stats => concat!(
            "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n",
            "  -> RemoteAddress:Port\n",
        ),
        Layout::Rate => concat!(
            "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n",
            "  -> RemoteAddress:Port\n",
        ),
        Layout::Thresholds => concat!(
            "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n",
            "  -> RemoteAddress:Port\n",
        ),
        Layout::PersistentConn => concat!(
            "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n",
            "  -> RemoteAddress:Port\n",
        ),
        Layout::TunInfo => concat!(
            "Prot LocalAddress:Port Scheduler Flags\n",
            "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n",
        ),
        Layout::Plain => concat!(
            "Prot LocalAddress:Port Scheduler Flags\n",
            "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
        ),
    }
}

/// Protocol, address and port of a service, or its mark.
fn service_name(id: &ServiceId, names: &dyn Names) -> String {
    let (protocol, host) = address::service(names, id);
    let mut name = format!("{protocol:<4} {host}");
    if let ServiceId::Address { addr, .. } = *id {
        address::cut(&mut name, addr, SERVICE_WIDTH);
    }
    name
}

// Writing to a `String` can't fail, so the results of `write!` below are of no use.

fn service_row(out: &mut String, entry: &ServiceEntry, format: &Format, names: &dyn Names) {
    let name = service_name(&entry.service.id, names);
    match format.layout() {
        Layout::Stats => {
            let _ = write!(out, "{name:<SERVICE_WIDTH$}");
            for number in counters(&entry.stats) {
                out.push_str(&large(number, format.exact));
            }
        }
        Layout::Rate => {
            let _ = write!(out, "{name:<SERVICE_WIDTH$}");
            for number in rates(&entry.stats) {
                out.push_str(&large(number, format.exact));
            }
        }
        _ => {
            out.push_str(&name);
            out.push(' ');
            service_settings(out, &entry.service);
        }
    }
    out.push('\n');
}

/// Scheduler, its flags, and persistence.
fn service_settings(out: &mut String, service: &Service) {
    out.push_str(&service.scheduler);
    out.push_str(&flags::in_parentheses(service));
    if service.has(service::PERSISTENT) {
        let _ = write!(out, " persistent {}", service.timeout);
        match service.netmask {
            mask if mask.is_host() => {}
            Netmask::V4(mask) => {
                let _ = write!(out, " mask {mask}");
            }
            Netmask::V6(length) => {
                let _ = write!(out, " mask {length}");
            }
        }
        if let Some(pe) = &service.pe {
            let _ = write!(out, " pe {pe}");
        }
    }
    if service.has(service::ONEPACKET) {
        out.push_str(" ops");
    }
}

fn dest_row(
    out: &mut String,
    id: &ServiceId,
    entry: &DestEntry,
    format: &Format,
    names: &dyn Names,
) {
    let dest = &entry.dest;
    let mut name = address::host_port(names, dest.addr, dest.port, id.protocol());
    address::cut(&mut name, dest.addr, DEST_WIDTH);
    let _ = write!(out, "  -> {name:<DEST_WIDTH$}");

    let (active, inactive) = (entry.active, entry.inactive);
    match format.layout() {
        Layout::Stats => {
            for number in counters(&entry.stats) {
                out.push_str(&large(number, format.exact));
            }
        }
        Layout::Rate => {
            // Rates of connections and packets are never scaled here.
            let Stats {
                cps, inpps, outpps, ..
            } = entry.stats;
            let _ = write!(out, " {cps:>8} {inpps:>8} {outpps:>8}");
            out.push_str(&large(entry.stats.inbps, format.exact));
            out.push_str(&large(entry.stats.outbps, format.exact));
        }
        Layout::Thresholds => {
            let (upper, lower) = (dest.u_threshold, dest.l_threshold);
            let _ = write!(out, " {upper:<10} {lower:<10} {active:<10} {inactive:<10}");
        }
        Layout::PersistentConn => {
            let (weight, templates) = (dest.weight, entry.persistent);
            let _ = write!(
                out,
                " {weight:<9} {templates:<11} {active:<10} {inactive:<10}"
            );
        }
        Layout::TunInfo => {
            let _ = write!(
                out,
                " {:<7} {:<13} {:<6} {active:<10} {inactive:<10}",
                forward_name(dest.forward),
                tunnel_info(dest),
                dest.weight,
            );
        }
        Layout::Plain => {
            let _ = write!(
                out,
                " {:<7} {:<6} {active:<10} {inactive:<10}",
                forward_name(dest.forward),
                dest.weight,
            );
        }
    }
    out.push('\n');
}

fn counters(stats: &Stats) -> [u64; 5] {
    [
        stats.conns,
        stats.inpkts,
        stats.outpkts,
        stats.inbytes,
        stats.outbytes,
    ]
}

fn rates(stats: &Stats) -> [u64; 5] {
    [
        stats.cps,
        stats.inpps,
        stats.outpps,
        stats.inbps,
        stats.outbps,
    ]
}

fn forward_name(forward: Forward) -> &'static str {
    match forward {
        Forward::Masq | Forward::Other(_) => "Masq",
        Forward::Local => "Local",
        Forward::Tunnel => "Tunnel",
        Forward::Route => "Route",
    }
}

/// Type, port and checksums of a tunnel in one word.
fn tunnel_info(dest: &Dest) -> String {
    if dest.forward != Forward::Tunnel {
        return "n/a".to_owned();
    }
    let name = dest.tunnel.type_name();
    let checksums = match dest.tunnel.flags {
        flags if flags & tunnel::FLAG_CSUM != 0 => "+c",
        flags if flags & tunnel::FLAG_REMCSUM != 0 => "r+c",
        _ => "-c",
    };
    match dest.tunnel.kind {
        tunnel::TYPE_GUE => format!("{name}:{}:{checksums}", dest.tunnel.port),
        tunnel::TYPE_GRE => format!("{name}:{checksums}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::Numeric;
    use super::*;
    use crate::model::Family;
    use crate::model::Protocol;
    use crate::model::Tunnel;

    /// A TCP service of an `address:port`, scheduled by `wlc`.
    pub(crate) fn service(text: &str) -> Service {
        let addr: std::net::SocketAddr = text.parse().expect("an address with a port");
        Service {
            id: ServiceId::Address {
                protocol: Protocol::TCP,
                addr: addr.ip(),
                port: addr.port(),
            },
            scheduler: "wlc".to_owned(),
            flags: 0,
            timeout: 0,
            netmask: Netmask::host(Family::of(addr.ip())),
            pe: None,
            extras: crate::model::extras::Extras::default(),
        }
    }

    /// A masqueraded server of an `address:port`, weight 1.
    pub(crate) fn dest(text: &str) -> Dest {
        let addr: std::net::SocketAddr = text.parse().expect("an address with a port");
        Dest {
            addr: addr.ip(),
            port: addr.port(),
            forward: Forward::Masq,
            tunnel: Tunnel::default(),
            weight: 1,
            u_threshold: 0,
            l_threshold: 0,
        }
    }

    fn rows(service: Service, dest: Dest, stats: Stats, format: Format) -> Vec<String> {
        let entry = TableEntry {
            entry: ServiceEntry { service, stats },
            dests: vec![DestEntry {
                dest,
                active: 2,
                inactive: 3,
                persistent: 4,
                drain: None,
                ramp: None,
                stats,
            }],
        };
        table(&[entry], &format, &Numeric)
            .lines()
            .skip(2)
            .map(str::to_owned)
            .collect()
    }

    fn plain(service: Service, dest: Dest) -> Vec<String> {
        rows(service, dest, Stats::default(), Format::default())
    }

    #[test]
    fn plain_rows() {
        assert_eq!(
            plain(service("10.0.0.1:80"), dest("10.0.0.2:8080")),
            [
                "TCP  10.0.0.1:80 wlc",
                "  -> 10.0.0.2:8080                Masq    1      2          3         ",
            ]
        );
    }

    #[test]
    fn settings_follow_the_scheduler() {
        let mut sh = service("10.0.0.1:443");
        sh.scheduler = "sh".to_owned();
        sh.flags = service::PERSISTENT | service::SCHED1 | service::SCHED2;
        sh.timeout = 600;
        sh.netmask = Netmask::V4([255, 255, 255, 0].into());
        assert_eq!(
            plain(sh, dest("10.0.0.2:443"))[0],
            "TCP  10.0.0.1:443 sh (sh-fallback,sh-port) persistent 600 mask 255.255.255.0"
        );

        let mut v6 = service("[2001:db8::1]:80");
        v6.flags = service::PERSISTENT;
        v6.timeout = 120;
        v6.netmask = Netmask::V6(64);
        assert_eq!(
            plain(v6, dest("[2001:db8::2]:80")),
            [
                "TCP  [2001:db8::1]:80 wlc persistent 120 mask 64",
                "  -> [2001:db8::2]:80             Masq    1      2          3         ",
            ]
        );
    }

    #[test]
    fn marks_are_unsigned() {
        let mut marked = service("10.0.0.1:80");
        marked.id = ServiceId::Mark {
            mark: 0x8000_0000,
            family: Family::V6,
        };
        assert_eq!(
            plain(marked, dest("[2001:db8::2]:80"))[0],
            "FWM  2147483648 IPv6 wlc"
        );
    }

    #[test]
    fn counters_replace_the_settings() {
        let stats = Stats {
            conns: 1,
            inpkts: 200_000_000,
            outpkts: 3,
            inbytes: 4,
            outbytes: 5,
            ..Stats::default()
        };
        let format = Format {
            stats: true,
            ..Format::default()
        };
        assert_eq!(
            rows(service("10.0.0.1:80"), dest("10.0.0.2:8080"), stats, format),
            [
                "TCP  10.0.0.1:80                         1  200000K        3        4        5",
                "  -> 10.0.0.2:8080                       1  200000K        3        4        5",
            ]
        );
    }

    #[test]
    fn tunnels_in_one_word() {
        let tunnel = |kind, port, flags| {
            let mut dest = dest("10.0.0.2:80");
            dest.forward = Forward::Tunnel;
            dest.tunnel = Tunnel { kind, port, flags };
            tunnel_info(&dest)
        };
        assert_eq!(tunnel_info(&dest("10.0.0.2:80")), "n/a");
        assert_eq!(tunnel(tunnel::TYPE_IPIP, 0, 0), "ipip");
        assert_eq!(
            tunnel(tunnel::TYPE_GUE, 6080, tunnel::FLAG_CSUM),
            "gue:6080:+c"
        );
        assert_eq!(
            tunnel(tunnel::TYPE_GUE, 6081, tunnel::FLAG_REMCSUM),
            "gue:6081:r+c"
        );
        assert_eq!(tunnel(tunnel::TYPE_GRE, 0, 0), "gre:-c");
    }
}
