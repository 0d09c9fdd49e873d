// SPDX-License-Identifier: MIT OR GPL-2.0

//! Whether the kernel delivers a client's packets to this host, where lvs meets them: it is asked
//! as `ip route get` asks it.

use std::net::IpAddr;

use netlink_sys::protocols::NETLINK_ROUTE;
use nix::errno::Errno;
use nix::libc;

use crate::model::explain::Question;
use crate::model::Family;
use crate::netlink::devices::Attrs;
use crate::netlink::devices::PlainSocket;
use crate::netlink::devices::Refusal;

/// What the kernel does with packets before lvs may meet them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// They are this host's.
    Here,
    /// They aren't: they are sent on, or nobody takes them.
    Elsewhere,
    /// It doesn't take them at all, for this reason.
    Refused(String),
}

/// Bytes of `struct rtmsg`, and where the route's type stands.
const HEADER_LEN: usize = 12;
const TYPE_AT: usize = 7;

/// Asks it about packets that come in by the device with this number, or by any.
pub fn ask(question: &Question, device: Option<u32>) -> Result<Delivery, Refusal> {
    let mut socket = PlainSocket::open(NETLINK_ROUTE)?;
    let (header, attrs) = request(question, device);
    match socket.ask(libc::RTM_GETROUTE, &header, attrs) {
        Ok(replies) => {
            let kind = replies
                .first()
                .and_then(|reply| reply.get(TYPE_AT))
                .copied();
            Ok(match kind.ok_or(Errno::EBADMSG)? {
                libc::RTN_LOCAL => Delivery::Here,
                _ => Delivery::Elsewhere,
            })
        }
        Err(refusal) => match refusal.errno {
            // Of these the first ones are `ip_route_input`'s about sources, the others have no
            // route.
            Errno::EXDEV | Errno::EINVAL => Ok(Delivery::Refused(
                "the kernel takes no packets of this source there (rp_filter, or a martian)"
                    .to_owned(),
            )),
            Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EACCES => Ok(Delivery::Elsewhere),
            _ => Err(refusal),
        },
    }
}

/// The request: a header and attributes.
fn request(question: &Question, device: Option<u32>) -> (Vec<u8>, Attrs) {
    // Of enum rtattr_type_t in linux/rtnetlink.h.
    const IP_PROTO: u16 = 27;
    const SPORT: u16 = 28;
    const DPORT: u16 = 29;

    let (bits, family) = match Family::of(question.addr) {
        Family::V4 => (32, libc::AF_INET as u8),
        Family::V6 => (128, libc::AF_INET6 as u8),
    };
    let mut header = vec![0; HEADER_LEN];
    header[0] = family;
    header[1] = bits;
    let mut attrs = Attrs::default().with(libc::RTA_DST, &octets(question.addr));
    if let Some(device) = device {
        header[2] = bits;
        attrs = attrs
            .with(libc::RTA_SRC, &octets(question.client))
            .with(libc::RTA_IIF, &device.to_ne_bytes());
    }
    if question.mark != 0 {
        attrs = attrs.with(libc::RTA_MARK, &question.mark.to_ne_bytes());
    }
    // The kernel routes by no ports of other protocols.
    let protocol = u8::try_from(question.protocol.0).unwrap_or_default();
    if i32::from(protocol) == libc::IPPROTO_TCP || i32::from(protocol) == libc::IPPROTO_UDP {
        attrs = attrs.with(IP_PROTO, &[protocol]);
        let ports = [
            (SPORT, question.client_port.unwrap_or(0)),
            (DPORT, question.port),
        ];
        for (kind, port) in ports.into_iter().filter(|(_, port)| *port != 0) {
            attrs = attrs.with(kind, &port.to_be_bytes());
        }
    }
    (header, attrs)
}

fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    }
}
