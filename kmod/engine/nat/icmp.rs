// SPDX-License-Identifier: GPL-2.0

//! ICMP errors about packets of translated connections: the address outside, and the address and
//! port in the quoted headers (RFC 5508).

use super::end::{
    split_port,
    End, //
};
use super::v4::AddrAndSum;
use super::v6::AddrField;
use crate::addr::Addr;
use crate::checksum::Delta;
use crate::header::{
    icmp,
    ipv4,
    ipv6,
    ports, //
};
use crate::parse;

/// The side that an ICMP error goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Toward {
    /// The client: the error is about its packet to the server. Outer source and inner destination
    /// become the virtual address.
    Client,
    /// The server: the error is about its packet to the client. Outer destination and inner source
    /// become the real server's address.
    Server,
}

impl Toward {
    /// The ends that are rewritten, of the error itself and of the packet that it quotes.
    const fn ends(self) -> (End, End) {
        match self {
            Toward::Client => (End::Source, End::Destination),
            Toward::Server => (End::Destination, End::Source),
        }
    }
}

/// Where the headers of an ICMP error lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Start of the ICMP header.
    pub icmp_at: usize,
    /// Start of the quoted packet's IP header.
    pub inner_at: usize,
    /// Bytes from there to the quoted transport header.
    pub inner_len: usize,
    /// Protocol of the quoted transport header.
    pub inner_protocol: u8,
}

impl Layout {
    /// Bytes of headers that a rewrite needs: up to the quoted ports, if there are any.
    pub const fn headers_len(&self) -> usize {
        let inner_end = self.inner_at.wrapping_add(self.inner_len);
        if parse::has_ports(self.inner_protocol) {
            inner_end.wrapping_add(ports::LEN)
        } else {
            inner_end
        }
    }

    /// Takes the headers apart; `None` when they are too short.
    fn split<'a, const IP_LEN: usize>(
        &self,
        headers: &'a mut [u8],
        inner_end: End,
    ) -> Option<Parts<'a, IP_LEN>> {
        let (outer, message) = headers.split_at_mut_checked(self.icmp_at)?;
        let message_len = self.inner_at.checked_sub(self.icmp_at)?;
        let (icmp, quoted) = message.split_at_mut_checked(message_len)?;
        let (inner, transport) = quoted.split_at_mut_checked(self.inner_len)?;
        Some(Parts {
            outer: outer.first_chunk_mut()?,
            check: icmp.get_mut(icmp::at::CHECK..)?.first_chunk_mut()?,
            inner: inner.first_chunk_mut()?,
            port: if parse::has_ports(self.inner_protocol) {
                Some(split_port(transport, inner_end)?.0)
            } else {
                None
            },
        })
    }
}

/// The headers of an ICMP error that a rewrite changes, and the fields of others.
struct Parts<'a, const IP_LEN: usize> {
    outer: &'a mut [u8; IP_LEN],
    check: &'a mut [u8; 2],
    inner: &'a mut [u8; IP_LEN],
    port: Option<&'a mut [u8; 2]>,
}

/// Rewrites an error for the side that `toward` tells: `addr` and `port`, if there are ports, are
/// what that side knows. Corrects both IPv4 headers' checksums. The message's own, which covers all
/// of it, is set to zero for the caller to fill in.
pub fn rewrite_v4(
    headers: &mut [u8],
    layout: &Layout,
    toward: Toward,
    addr: &Addr,
    port: u16,
) -> Option<()> {
    let (outer_end, inner_end) = toward.ends();
    let parts = layout.split::<{ ipv4::LEN }>(headers, inner_end)?;
    let outer = AddrAndSum::of(parts.outer, outer_end)?;
    let inner = AddrAndSum::of(parts.inner, inner_end)?;
    outer.change(addr);
    inner.change(addr);
    if let Some(place) = parts.port {
        *place = port.to_be_bytes();
    }
    *parts.check = [0; 2];
    Some(())
}

/// Rewrites an ICMPv6 error like [`rewrite_v4`] an ICMP error, but corrects the message's checksum:
/// it covers the outer addresses too.
pub fn rewrite_v6(
    headers: &mut [u8],
    layout: &Layout,
    toward: Toward,
    addr: &Addr,
    port: u16,
) -> Option<()> {
    let (outer_end, inner_end) = toward.ends();
    let parts = layout.split::<{ ipv6::LEN }>(headers, inner_end)?;
    let outer = AddrField::of(parts.outer, outer_end)?;
    let inner = AddrField::of(parts.inner, inner_end)?;
    let mut delta: Delta = outer.change(addr).plus(inner.change(addr));
    if let Some(place) = parts.port {
        let new = port.to_be();
        delta = delta.half(u16::from_ne_bytes(*place), new);
        *place = new.to_ne_bytes();
    }
    let old = u16::from_ne_bytes(*parts.check);
    *parts.check = delta.apply(old).to_ne_bytes();
    Some(())
}
