// SPDX-License-Identifier: GPL-2.0

//! IPv4 packets of TCP and UDP, and the part of the IPv4 header in every rewrite.

use super::end::{
    End,
    NewEnd,
    PortAndSum,
    TransportSum, //
};
use crate::addr::Addr;
use crate::checksum::Delta;
use crate::header::ipv4;
use crate::parse::IpHeader;

/// The fields of an IPv4 header that a rewrite changes.
pub(super) struct AddrAndSum<'a> {
    addr: &'a mut [u8; 4],
    check: &'a mut [u8; 2],
}

impl<'a> AddrAndSum<'a> {
    /// Finds them.
    #[inline(always)]
    pub(super) fn of(ip: &'a mut [u8; ipv4::LEN], end: End) -> Option<Self> {
        let (before, addrs) = ip.split_at_mut_checked(ipv4::at::SOURCE)?;
        Some(Self {
            addr: match end {
                End::Source => addrs.first_chunk_mut()?,
                End::Destination => addrs.last_chunk_mut()?,
            },
            check: before.get_mut(ipv4::at::CHECK..)?.first_chunk_mut()?,
        })
    }

    /// Changes the address and corrects the header's checksum; returns what the new address does to
    /// another sum over it.
    #[inline(always)]
    pub(super) fn change(self, addr: &Addr) -> Delta {
        let new = addr.v4_word();
        let delta = Delta::new().word(u32::from_ne_bytes(*self.addr), new);
        *self.addr = new.to_ne_bytes();
        *self.check = delta.apply(u16::from_ne_bytes(*self.check)).to_ne_bytes();
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
    let (fixed, behind) = headers.split_first_chunk_mut::<{ ipv4::LEN }>()?;
    let transport = behind.get_mut(ip.len.checked_sub(ipv4::LEN)?..)?;
    let port = PortAndSum::of(transport, ip.protocol, new.end)?;
    let addr = AddrAndSum::of(fixed, new.end)?;
    port.change(new.port, addr.change(&new.addr), sum);
    Some(())
}
