// SPDX-License-Identifier: MIT OR GPL-2.0

//! The table as command lines that make it again.

use std::fmt::Write;

use lvs_uapi::flags::service as flag;
use lvs_uapi::flags::tunnel;

use crate::model::extras::Extras;
use crate::model::Dest;
use crate::model::Family;
use crate::model::Forward;
use crate::model::Netmask;
use crate::model::Protocol;
use crate::model::Service;
use crate::model::ServiceId;
use crate::model::TableEntry;

use super::address;
use super::flags;
use super::Names;

/// One command line for every service and every server.
pub fn table(entries: &[TableEntry], names: &dyn Names) -> String {
    let mut out = String::new();
    for item in entries {
        let id = &item.entry.service.id;
        // Writing to a `String` can't fail.
        let _ = writeln!(out, "-A {}", service(&item.entry.service, names));
        for dest in &item.dests {
            let _ = writeln!(out, "-a {}", server(id, &dest.dest, names));
        }
    }
    out
}

/// The option that names a service.
pub fn service_option(id: &ServiceId, names: &dyn Names) -> String {
    let name = address::service_name(names, id);
    match *id {
        ServiceId::Address { protocol, .. } => {
            let option = match protocol {
                Protocol::TCP => "-t",
                Protocol::UDP => "-u",
                Protocol::SCTP => "--sctp-service",
                _ => "--xxx-service",
            };
            format!("{option} {name}")
        }
        ServiceId::Mark { family, .. } => match family {
            Family::V4 => format!("-f {name}"),
            Family::V6 => format!("-f {name} -6"),
        },
    }
}

// Writing to a `String` can't fail, so the results of `write!` below are of no use.

/// Name and options of a service, as they follow `-A`.
pub fn service(service: &Service, names: &dyn Names) -> String {
    let mut out = service_option(&service.id, names);
    let _ = write!(out, " -s {}", service.scheduler);
    if service.has(flag::PERSISTENT) {
        let _ = write!(out, " -p {}", service.timeout);
    }
    // Granularity and engine are kept for a persistence that may be set later.
    match service.netmask {
        mask if mask.is_host() => {}
        Netmask::V4(mask) => {
            let _ = write!(out, " -M {mask}");
        }
        Netmask::V6(length) => {
            let _ = write!(out, " -M {length}");
        }
    }
    if let Some(pe) = &service.pe {
        let _ = write!(out, " --pe {pe}");
    }
    if service.has(flag::ONEPACKET) {
        out.push_str(" -o");
    }
    let flags = flags::saved(service);
    if !flags.is_empty() {
        let _ = write!(out, " -b {}", flags.join(","));
    }
    extras(&mut out, &service.extras);
    out
}

/// What ip_vs's services don't have.
fn extras(out: &mut String, extras: &Extras) {
    for (option, seconds) in [
        ("--tcp-timeout", extras.tcp_timeout),
        ("--tcp-fin-timeout", extras.tcp_fin_timeout),
        ("--udp-timeout", extras.udp_timeout),
        ("--sctp-timeout", extras.sctp_timeout),
    ] {
        if let Some(seconds) = seconds {
            let _ = write!(out, " {option} {seconds}");
        }
    }
    if let Some(seconds) = extras.slow_start {
        let _ = write!(out, " --slow-start {seconds}");
    }
    if let Some(what) = extras.on_expiry {
        let _ = write!(out, " --on-expiry {}", what.word());
    }
}

/// The option that names a server of a service.
pub fn server_option(id: &ServiceId, dest: &Dest, names: &dyn Names) -> String {
    let host = address::host_port(names, dest.addr, dest.port, id.protocol());
    format!("-r {host}")
}

/// Names of service and server and options of the server, as they follow `-a`.
pub fn server(id: &ServiceId, dest: &Dest, names: &dyn Names) -> String {
    let mut out = service_option(id, names);
    let method = match dest.forward {
        Forward::Masq | Forward::Other(_) => "-m",
        Forward::Tunnel => "-i",
        Forward::Local | Forward::Route => "-g",
    };
    let name = server_option(id, dest, names);
    let _ = write!(out, " {name} {method} -w {}", dest.weight);
    if dest.u_threshold != 0 {
        let _ = write!(out, " -x {}", dest.u_threshold);
    }
    if dest.l_threshold != 0 {
        let _ = write!(out, " -y {}", dest.l_threshold);
    }
    if dest.forward == Forward::Tunnel {
        let _ = write!(out, " --tun-type {}", dest.tunnel.type_name());
        if dest.tunnel.kind == tunnel::TYPE_GUE {
            let _ = write!(out, " --tun-port {}", dest.tunnel.port);
        }
        if dest.tunnel.kind != tunnel::TYPE_IPIP {
            out.push_str(match dest.tunnel.flags {
                flags if flags & tunnel::FLAG_CSUM != 0 => " --tun-csum",
                flags if flags & tunnel::FLAG_REMCSUM != 0 => " --tun-remcsum",
                _ => " --tun-nocsum",
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::dest;
    use super::super::list::tests::service;
    use super::super::Numeric;
    use super::*;
    use crate::model::DestEntry;
    use crate::model::ServiceEntry;
    use crate::model::Stats;
    use crate::model::Tunnel;

    fn save(service: Service, dest: Dest) -> String {
        let stats = Stats::default();
        let dests = vec![DestEntry {
            dest,
            active: 0,
            inactive: 0,
            persistent: 0,
            drain: None,
            ramp: None,
            stats,
        }];
        let entry = ServiceEntry { service, stats };
        table(&[TableEntry { entry, dests }], &Numeric)
    }

    #[test]
    fn everything_a_service_may_have() {
        let mut service = service("10.0.0.1:443");
        service.scheduler = "sh".to_owned();
        service.flags = flag::PERSISTENT | flag::SCHED1 | flag::SCHED2;
        service.timeout = 600;
        service.netmask = Netmask::V4([255, 255, 255, 0].into());
        let mut dest = dest("10.0.0.10:443");
        dest.forward = Forward::Tunnel;
        dest.tunnel = Tunnel {
            kind: tunnel::TYPE_GUE,
            port: 6080,
            flags: tunnel::FLAG_CSUM,
        };
        assert_eq!(
            save(service, dest),
            "-A -t 10.0.0.1:443 -s sh -p 600 -M 255.255.255.0 -b sh-fallback,sh-port\n\
             -a -t 10.0.0.1:443 -r 10.0.0.10:443 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum\n"
        );
    }

    #[test]
    fn thresholds_are_kept() {
        let mut dest = dest("10.0.0.10:443");
        dest.u_threshold = 100;
        dest.l_threshold = 50;
        assert_eq!(
            save(service("10.0.0.1:443"), dest),
            "-A -t 10.0.0.1:443 -s wlc\n\
             -a -t 10.0.0.1:443 -r 10.0.0.10:443 -m -w 1 -x 100 -y 50\n"
        );
    }

    #[test]
    fn marks_of_ipv6() {
        let mut marked = service("10.0.0.1:80");
        marked.id = ServiceId::Mark {
            mark: 8,
            family: Family::V6,
        };
        marked.scheduler = "lblc".to_owned();
        marked.flags = flag::PERSISTENT;
        marked.timeout = 360;
        marked.netmask = Netmask::V6(128);
        assert!(save(marked, dest("[::1]:80")).starts_with("-A -f 8 -6 -s lblc -p 360\n"));
    }
}
