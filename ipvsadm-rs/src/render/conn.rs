// SPDX-License-Identifier: MIT OR GPL-2.0

//! The table of connections, from the kernel's own text.

use std::fmt::Write;
use std::net::IpAddr;
use std::net::Ipv4Addr;

use crate::model::Protocol;

use super::address;
use super::Format;
use super::Names;

/// A row of the kernel's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conn<'a> {
    /// Name of the protocol.
    pub protocol: &'a str,
    /// The client.
    pub client: (IpAddr, u16),
    /// The virtual service.
    pub service: (IpAddr, u16),
    /// The server.
    pub server: (IpAddr, u16),
    /// Name of the state.
    pub state: &'a str,
    /// Seconds left.
    pub expires: u32,
    /// Name and data of the persistence engine.
    pub pe: Option<(&'a str, &'a str)>,
}

impl<'a> Conn<'a> {
    /// Reads a row.
    pub fn parse(line: &'a str) -> Option<Self> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[protocol, caddr, cport, vaddr, vport, daddr, dport, state, expires, ref pe @ ..] =
            fields.as_slice()
        else {
            return None;
        };
        Some(Conn {
            protocol,
            client: (addr(caddr)?, port(cport)?),
            service: (addr(vaddr)?, port(vport)?),
            server: (addr(daddr)?, port(dport)?),
            state,
            expires: expires.parse().ok()?,
            pe: match pe {
                [name, data, ..] => Some((name, data)),
                _ => None,
            },
        })
    }
}

/// An address in hexadecimal (IPv4) or in the usual notation (IPv6).
fn addr(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse().ok();
    }
    let bits = u32::from_str_radix(text, 16).ok()?;
    Some(Ipv4Addr::from(bits).into())
}

fn port(text: &str) -> Option<u16> {
    u16::from_str_radix(text, 16).ok()
}

/// The titles.
pub fn title(format: &Format) -> &'static str {
    if format.persistent_conn {
        concat!(
            "IPVS connection entries\n",
            "pro expire state       source             virtual            destination        ",
            "pe name          pe_data\n",
        )
    } else {
        concat!(
            "IPVS connection entries\n",
            "pro expire state       source             virtual            destination\n",
        )
    }
}

/// Appends a row.
pub fn row(out: &mut String, conn: &Conn<'_>, format: &Format, names: &dyn Names) {
    let protocol = match conn.protocol {
        "TCP" => Some(Protocol::TCP),
        "UDP" => Some(Protocol::UDP),
        "SCTP" => Some(Protocol::SCTP),
        _ => None,
    };
    let host = |(addr, port)| address::host_port(names, addr, port, protocol);
    let (client, service, server) = (host(conn.client), host(conn.service), host(conn.server));
    let expires = format!("{:02}:{:02}", conn.expires / 60, conn.expires % 60);
    // Writing to a `String` can't fail.
    let _ = write!(
        out,
        "{:<3} {expires:<6} {:<11} {client:<18} {service:<18} ",
        conn.protocol, conn.state
    );
    let _ = match conn.pe {
        Some((name, data)) if format.persistent_conn => {
            writeln!(out, "{server:<16} {name:<18} {data}")
        }
        _ => writeln!(out, "{server}"),
    };
}

#[cfg(test)]
mod tests {
    use super::super::Numeric;
    use super::*;

    fn render(line: &str, format: &Format) -> String {
        let mut out = String::new();
        row(
            &mut out,
            &Conn::parse(line).expect("a row"),
            format,
            &Numeric,
        );
        out
    }

    const PLAIN: &str = "TCP 0A000001 DEB0 0A000001 0051 0A000002 1F90 ESTABLISHED     895";
    const V6: &str = "TCP 2001:0db8:0000:0000:0000:0000:0000:0001 DFB8 \
        2001:0db8:0000:0000:0000:0000:0000:0001 0050 0A000009 0050 SYN_RECV         59";
    const SIP: &str =
        "UDP 0A000001 0000 0A000001 13C4 0A000002 14E9 ASSURED        7257 sip abc123@host";

    #[test]
    fn rows_as_ipvsadm_has_them() {
        let format = Format::default();
        assert_eq!(
            render(PLAIN, &format),
            "TCP 14:55  ESTABLISHED 10.0.0.1:57008     10.0.0.1:81        10.0.0.2:8080\n"
        );
        assert_eq!(
            render(V6, &format),
            "TCP 00:59  SYN_RECV    [2001:db8::1]:57272 [2001:db8::1]:80   10.0.0.9:80\n"
        );
        assert_eq!(
            render(SIP, &format),
            "UDP 120:57 ASSURED     10.0.0.1:0         10.0.0.1:5060      10.0.0.2:5353\n"
        );
    }

    #[test]
    fn persistence_data_on_demand() {
        let format = Format {
            persistent_conn: true,
            ..Format::default()
        };
        assert_eq!(
            render(SIP, &format),
            "UDP 120:57 ASSURED     10.0.0.1:0         10.0.0.1:5060      10.0.0.2:5353    sip                abc123@host\n"
        );
        assert_eq!(render(PLAIN, &format), render(PLAIN, &Format::default()));
    }

    #[test]
    fn other_lines_are_no_rows() {
        assert_eq!(Conn::parse(""), None);
        assert_eq!(Conn::parse("garbage here"), None);
        assert_eq!(
            Conn::parse("Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires"),
            None
        );
    }
}
