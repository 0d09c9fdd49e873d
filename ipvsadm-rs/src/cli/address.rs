// SPDX-License-Identifier: MIT OR GPL-2.0

//! Addresses with ports: `host[:port]`, `[ipv6][:port]` or a bare `ipv6`.

use std::net::IpAddr;
use std::net::Ipv6Addr;

use crate::model::Protocol;

use super::numbers;

/// Looks names up. The command line admits host names (IPv4 only) and names of ports.
pub trait Resolver {
    /// The address of a host.
    fn host(&self, name: &str) -> Option<IpAddr>;
    /// The port of a service.
    fn port(&self, name: &str, protocol: Protocol) -> Option<u16>;
}

/// An address with a port, if one was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The address.
    pub addr: IpAddr,
    /// The port.
    pub port: Option<u16>,
}

impl HostPort {
    /// Reads `host[:port]`. Names of ports are those of the protocol, if there is one yet.
    pub fn parse(text: &str, protocol: Option<Protocol>, resolver: &dyn Resolver) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let (addr, tail) = inner.split_once(']')?;
            let addr: Ipv6Addr = addr.parse().ok()?;
            let port = match tail {
                "" => None,
                _ => Some(port(tail.strip_prefix(':')?, protocol, resolver)?),
            };
            return Some(HostPort {
                addr: addr.into(),
                port,
            });
        }
        if let Ok(addr) = text.parse::<Ipv6Addr>() {
            return Some(HostPort {
                addr: addr.into(),
                port: None,
            });
        }
        match text.rsplit_once(':') {
            Some((host, service)) => Some(HostPort {
                addr: host_addr(host, resolver)?,
                port: Some(port(service, protocol, resolver)?),
            }),
            // A bare number is more likely a forgotten address than one.
            None if text.bytes().all(|b| b.is_ascii_digit()) => None,
            None => Some(HostPort {
                addr: host_addr(text, resolver)?,
                port: None,
            }),
        }
    }
}

fn host_addr(text: &str, resolver: &dyn Resolver) -> Option<IpAddr> {
    match numbers::ipv4(text) {
        Some(addr) => Some(addr.into()),
        None if text.is_empty() => None,
        None => resolver.host(text),
    }
}

fn port(text: &str, protocol: Option<Protocol>, resolver: &dyn Resolver) -> Option<u16> {
    numbers::u16_in(text, 0..=u16::MAX).or_else(|| resolver.port(text, protocol?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Knows `web` (10.0.0.80) and `http` (TCP 80).
    pub(crate) struct FakeResolver;

    impl Resolver for FakeResolver {
        fn host(&self, name: &str) -> Option<IpAddr> {
            (name == "web").then(|| IpAddr::from([10, 0, 0, 80]))
        }

        fn port(&self, name: &str, protocol: Protocol) -> Option<u16> {
            (name == "http" && protocol == Protocol::TCP).then_some(80)
        }
    }

    fn parse(text: &str) -> Option<(String, Option<u16>)> {
        HostPort::parse(text, Some(Protocol::TCP), &FakeResolver)
            .map(|host| (host.addr.to_string(), host.port))
    }

    fn found(addr: &str, port: impl Into<Option<u16>>) -> Option<(String, Option<u16>)> {
        Some((addr.to_owned(), port.into()))
    }

    #[test]
    fn ipv4_with_and_without_port() {
        assert_eq!(parse("1.2.3.4:80"), found("1.2.3.4", 80));
        assert_eq!(parse("1.2.3.4"), found("1.2.3.4", None));
        assert_eq!(parse("1.2.3.4:http"), found("1.2.3.4", 80));
        assert_eq!(parse("1234:80"), found("0.0.4.210", 80));
        assert_eq!(parse("web:http"), found("10.0.0.80", 80));
        assert_eq!(parse("web"), found("10.0.0.80", None));
    }

    #[test]
    fn ipv6_with_and_without_brackets() {
        assert_eq!(parse("[2001:db8::1]:80"), found("2001:db8::1", 80));
        assert_eq!(parse("[2001:db8::1]"), found("2001:db8::1", None));
        assert_eq!(parse("2001:db8::1"), found("2001:db8::1", None));
        assert_eq!(parse("::1:80"), found("::1:80", None));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            ":80",
            "1234",
            "1.2.3.4:",
            "1.2.3.4:80:90",
            "1.2.3.4:65536",
            "1.2.3.4:-1",
            "1.2.3.4:ftp",
            "nowhere:80",
            "[1.2.3.4]:80",
            "[::1",
            "[::1]80",
            "[::1]:",
            "[::1]x:80",
            "[]:80",
            ":::80",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn names_of_ports_need_a_protocol() {
        assert_eq!(HostPort::parse("1.2.3.4:http", None, &FakeResolver), None);
        let udp = Some(Protocol::UDP);
        assert_eq!(HostPort::parse("1.2.3.4:http", udp, &FakeResolver), None);
    }
}
