// SPDX-License-Identifier: MIT OR GPL-2.0

//! Which events are wanted. The kernel leaves out most that aren't, so that a busy director isn't
//! kept busier; what its filters can't say is looked at here.

use std::net::IpAddr;
use std::net::SocketAddr;

use crate::model::ServiceId;

use super::event::Event;
use super::event::Kind;

/// One end that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Peer {
    pub(super) addr: IpAddr,
    pub(super) port: Option<u16>,
}

impl Peer {
    fn is(&self, end: SocketAddr) -> bool {
        end.ip() == self.addr && self.port.is_none_or(|port| port == end.port())
    }

    /// A condition on the fields of the end called `name`, by the kernel's grammar.
    fn condition(&self, name: &str) -> String {
        let address = format!("{name}_low == {:#x}", low(self.addr));
        match self.port {
            None => address,
            Some(port) => format!("{address} && {name}_port == {port}"),
        }
    }
}

/// An address as the kernel's filters compare it: of IPv6 the last 8 bytes.
fn low(addr: IpAddr) -> u64 {
    match addr {
        IpAddr::V4(addr) => addr.to_bits().into(),
        IpAddr::V6(addr) => (addr.to_bits() & u128::from(u64::MAX))
            .try_into()
            .unwrap_or_default(),
    }
}

/// Which events are wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Filter {
    pub(super) kinds: Vec<Kind>,
    pub(super) client: Option<Peer>,
    pub(super) server: Option<Peer>,
    pub(super) service: Option<ServiceId>,
    /// Of which network namespace, if not of all.
    pub(super) netns: Option<u32>,
}

impl Filter {
    /// The ends that are asked for, by their names.
    fn peers(&self) -> impl Iterator<Item = (&'static str, Peer)> {
        let service = match self.service {
            Some(ServiceId::Address { addr, port, .. }) => Some(Peer {
                addr,
                port: (port != 0).then_some(port),
            }),
            _ => None,
        };
        let peers = [
            ("client", self.client),
            ("service", service),
            ("server", self.server),
        ];
        peers
            .into_iter()
            .filter_map(|(name, peer)| Some((name, peer?)))
    }

    /// What the kernel is to ask of events of this kind, or nothing.
    pub(super) fn condition(&self, kind: Kind) -> Option<String> {
        let mut all = Vec::new();
        if let Some(netns) = self.netns {
            all.push(format!("netns == {netns}"));
        }
        match self.service {
            Some(ServiceId::Address { protocol, .. }) => {
                all.push(format!("protocol == {}", protocol.0));
            }
            Some(ServiceId::Mark { mark, .. }) => all.push(format!("fwmark == {mark}")),
            None => {}
        }
        for (name, peer) in self.peers() {
            all.push(match kind {
                // Either side may have sent it.
                Kind::Drop => format!(
                    "(({}) || ({}))",
                    peer.condition("source"),
                    peer.condition("destination")
                ),
                _ => peer.condition(name),
            });
        }
        (!all.is_empty()).then(|| all.join(" && "))
    }

    /// Whether an event that came by the kernel's filter is wanted.
    pub(super) fn wants(&self, event: &Event) -> bool {
        let is = |name: &str, peer: Peer| match (event.kind, name) {
            (Kind::Drop, _) => peer.is(event.client) || peer.is(event.service),
            (_, "client") => peer.is(event.client),
            (_, "service") => peer.is(event.service),
            _ => event.server.is_some_and(|server| peer.is(server)),
        };
        self.peers().all(|(name, peer)| is(name, peer))
    }
}

#[cfg(test)]
mod tests {
    use super::super::event;
    use super::super::event::Line;
    use super::*;
    use crate::model::Protocol;

    fn filter() -> Filter {
        Filter {
            kinds: Kind::ALL.to_vec(),
            client: None,
            server: None,
            service: None,
            netns: None,
        }
    }

    fn peer(addr: &str, port: Option<u16>) -> Option<Peer> {
        let addr = addr.parse().ok()?;
        Some(Peer { addr, port })
    }

    #[test]
    fn the_kernel_is_asked_for_little() {
        assert_eq!(filter().condition(Kind::State), None);
        let one = Filter {
            client: peer("10.0.1.2", Some(4000)),
            server: peer("2001:db8::ff:1:2", None),
            service: Some(ServiceId::Address {
                protocol: Protocol::TCP,
                addr: [10, 0, 1, 100].into(),
                port: 0,
            }),
            netns: Some(4_026_531_840),
            ..filter()
        };
        assert_eq!(
            one.condition(Kind::ConnNew).expect("a condition"),
            "netns == 4026531840 && protocol == 6 && client_low == 0xa000102 && client_port == 4000 \
             && service_low == 0xa000164 && server_low == 0xff00010002"
        );
        let one = Filter {
            client: peer("10.0.1.2", None),
            ..filter()
        };
        assert_eq!(
            one.condition(Kind::Drop).expect("a condition"),
            "((source_low == 0xa000102) || (destination_low == 0xa000102))"
        );
    }

    #[test]
    fn what_the_kernel_cannot_tell_apart_is_looked_at() {
        let count = |filter: &Filter| {
            let lines = event::tests::SAMPLES.lines();
            lines
                .filter(|line| match event::read(line) {
                    Line::Event(event) => filter.wants(&event),
                    _ => false,
                })
                .count()
        };
        assert_eq!(count(&filter()), 6);
        let client = |addr, port| Filter {
            client: peer(addr, port),
            ..filter()
        };
        assert_eq!(count(&client("10.0.1.2", None)), 5);
        assert_eq!(count(&client("10.0.1.2", Some(4001))), 2);
        assert_eq!(count(&client("2001:db8::2", None)), 1);
        assert_eq!(count(&client("2001:db9::2", None)), 0);
        let server = Filter {
            server: peer("10.0.2.11", Some(8080)),
            ..filter()
        };
        assert_eq!(count(&server), 3);
    }
}
