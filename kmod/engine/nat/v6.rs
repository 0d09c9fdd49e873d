// SPDX-License-Identifier: GPL-2.0

//! IPv6 packets of TCP and UDP, and the part of the IPv6 header in every rewrite: it has no
//! checksum.

use super::end::{
    End,
    NewEnd,
    PortAndSum,
    TransportSum, //
};
use crate::addr::Addr;
use crate::checksum::Delta;
use crate::header::ipv6;
use crate::parse::IpHeader;

/// The field of an IPv6 header that a rewrite changes.
pub(super) struct AddrField<'a>(&'a mut [u8; ipv6::ADDR_LEN]);

impl<'a> AddrField<'a> {
    /// Finds it.
    #[inline(always)]
    pub(super) fn of(ip: &'a mut [u8; ipv6::LEN], end: End) -> Option<Self> {
        let at = match end {
            End::Source => ipv6::at::SOURCE,
            End::Destination => ipv6::at::DESTINATION,
        };
        ip.get_mut(at..)?.first_chunk_mut().map(Self)
    }

    /// Changes the address; returns what that does to a sum over it.
    #[inline(always)]
    pub(super) fn change(self, addr: &Addr) -> Delta {
        let old = Addr::from_octets(*self.0);
        *self.0 = addr.octets();
        let mut delta = Delta::new();
        for (from, to) in old.0.into_iter().zip(addr.0) {
            delta = delta.word(from, to);
        }
        delta
    }
}

/// Rewrites a packet of TCP or UDP.
#[inline(always)]
pub(super) fn rewrite(
    headers: &mut [u8],
    ip: &IpHeader,
    sum: TransportSum,
    new: &NewEnd,
) -> Option<()> {
    let (fixed, behind) = headers.split_first_chunk_mut::<{ ipv6::LEN }>()?;
    let transport = behind.get_mut(ip.len.checked_sub(ipv6::LEN)?..)?;
    let port = PortAndSum::of(transport, ip.protocol, new.end)?;
    let addr = AddrField::of(fixed, new.end)?;
    port.change(new.port, addr.change(&new.addr), sum);
    Some(())
}
