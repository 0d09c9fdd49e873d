// SPDX-License-Identifier: GPL-2.0

//! One end of a packet: which one, what it becomes, and its part of a transport header, the same
//! for IPv4 and IPv6.

use crate::addr::Addr;
use crate::checksum::Delta;
use crate::header::{
    ports,
    tcp,
    udp, //
};
use crate::parse::protocol;

/// Which end of the packet is rewritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The source: a server's reply gets the virtual address.
    Source,
    /// The destination: a client's packet goes to the real server.
    Destination,
}

/// How the transport checksum is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransportSum {
    /// The field holds a complete checksum.
    Complete,
    /// The field holds the pseudo-header's sum; the device adds the rest.
    Partial,
}

/// What one end of a packet becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewEnd {
    /// The end.
    pub end: End,
    /// Its address.
    pub addr: Addr,
    /// Its port, host order, if the transport has ports.
    pub port: u16,
}

/// The port of `end` in a transport header that starts with ports, and what lies behind these.
#[inline(always)]
pub(super) fn split_port(transport: &mut [u8], end: End) -> Option<(&mut [u8; 2], &mut [u8])> {
    let (ports, behind) = transport.split_first_chunk_mut::<{ ports::LEN }>()?;
    let port = match end {
        End::Source => ports.first_chunk_mut()?,
        End::Destination => ports.last_chunk_mut()?,
    };
    Some((port, behind))
}

/// The fields of a TCP or UDP header that a rewrite changes.
pub(super) struct PortAndSum<'a> {
    is_udp: bool,
    port: &'a mut [u8; 2],
    check: &'a mut [u8; 2],
}

impl<'a> PortAndSum<'a> {
    /// Finds them; `None` for other protocols and headers too short.
    #[inline(always)]
    pub(super) fn of(transport: &'a mut [u8], transport_protocol: u8, end: End) -> Option<Self> {
        const TCP_CHECK: usize = tcp::at::CHECK - ports::LEN;
        const UDP_CHECK: usize = udp::at::CHECK - ports::LEN;
        let (is_udp, (port, behind), check_at) = match transport_protocol {
            protocol::TCP => {
                let (header, _) = transport.split_first_chunk_mut::<{ tcp::LEN }>()?;
                (false, split_port(header, end)?, TCP_CHECK)
            }
            protocol::UDP => {
                let (header, _) = transport.split_first_chunk_mut::<{ udp::LEN }>()?;
                (true, split_port(header, end)?, UDP_CHECK)
            }
            _ => return None,
        };
        let check = behind.get_mut(check_at..)?.first_chunk_mut()?;
        Some(Self {
            is_udp,
            port,
            check,
        })
    }

    /// Changes the port, and corrects the checksum for that and the address. A UDP sender may leave
    /// the checksum out; with IPv6 tunnels alone do (RFC 6935).
    #[inline(always)]
    pub(super) fn change(self, port: u16, addr_delta: Delta, sum: TransportSum) {
        let port = port.to_be();
        let old_port = u16::from_ne_bytes(*self.port);
        let old_check = u16::from_ne_bytes(*self.check);
        *self.port = port.to_ne_bytes();
        let check = match sum {
            TransportSum::Partial => addr_delta.apply_to_sum(old_check),
            TransportSum::Complete if self.is_udp && old_check == 0 => 0,
            TransportSum::Complete => {
                let check = addr_delta.half(old_port, port).apply(old_check);
                if self.is_udp && check == 0 {
                    0xffff
                } else {
                    check
                }
            }
        };
        *self.check = check.to_ne_bytes();
    }
}
