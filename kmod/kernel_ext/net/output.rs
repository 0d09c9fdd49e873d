// SPDX-License-Identifier: GPL-2.0

//! Ways out for a packet.
//!
//! Relies on: `dst_output` and the ICMP functions take a packet with a route; the former own it
//! from then on. Resets are made of what a segment says, whose bytes C checks.
//!
//! A breach would be noticed by: `test-drain`, `test-icmp`, `test-mtu`, `test-packet-fuzz`.

use kernel::ffi::c_uint;

use lvs_engine::addr::Family;
use lvs_engine::header::icmp::{
    v4,
    v6, //
};
use lvs_uapi::drop_reason::DropReason;

use super::bindings;
use super::drops::Drops;
use super::netns::Net;
use super::packet::{
    Disposition,
    Packet, //
};
use super::route::RouteRef;
use crate::kernel_ext::mem::rcu::ReadSide;

/// ICMP errors the balancer sends, with what they carry.
#[derive(Clone, Copy)]
pub(crate) enum IcmpError {
    /// Destination unreachable: nobody serves this port.
    PortUnreachable,
    /// Destination unreachable: fragmentation needed; the MTU in bytes.
    FragmentationNeeded(u32),
    /// Time exceeded in transit.
    TimeExceeded,
    /// Any error as it was received: type, code, and the word behind the checksum in host order.
    Relayed(u8, u8, u32),
}

/// A packet on its way out.
///
/// # Invariants
///
/// Those of [`Packet`], and it has an output route of its family.
#[repr(transparent)]
pub(crate) struct Routed(Packet);

impl Routed {
    /// Gives the packet an output route, borrowed or with a reference of its own. One of the other
    /// family has it dropped, as counted by `drops`.
    #[inline(always)]
    pub(crate) fn new<'a>(
        packet: Packet,
        route: &RouteRef<'a>,
        read: ReadSide<'a>,
        drops: &Drops,
    ) -> Result<Self, Disposition> {
        if route.family() != packet.family() {
            return Err(packet.discard(drops, DropReason::NoRoute));
        }
        // SAFETY: The packet is owned.
        unsafe { route.attach(packet.as_ptr(), read) };
        // INVARIANT: A `Route` is an output route, whose family was compared.
        Ok(Self(packet))
    }

    /// The packet goes on through this host's hooks.
    #[inline]
    pub(crate) fn into_packet(self) -> Packet {
        self.0
    }

    /// Sends the packet as this host's own, through the output hooks. Connection tracking leaves it
    /// alone unless it is `tracked`.
    #[inline(always)]
    pub(crate) fn send(self, tracked: bool, net: Net<'_>) -> Disposition {
        let family = self.0.family();
        let skb = self.0.into_raw();
        // SAFETY: The packet is of this family and has a route; it is given up.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_send4(net.as_ptr(), skb, tracked),
                Family::V6 => bindings::lvs_send6(net.as_ptr(), skb, tracked),
            }
        }
        Disposition::stolen()
    }
}

impl Packet {
    /// Sends an ICMP or ICMPv6 error about this packet to its sender.
    pub(crate) fn report(&self, net: Net<'_>, error: IcmpError) {
        match self.family() {
            Family::V4 => self.report_v4(error),
            Family::V6 => self.report_v6(net, error),
        }
    }

    fn report_v6(&self, net: Net<'_>, error: IcmpError) {
        let (kind, code, info) = match error {
            IcmpError::PortUnreachable => (v6::UNREACHABLE, v6::UNREACHABLE_PORT, 0),
            IcmpError::FragmentationNeeded(mtu) => (v6::TOO_BIG, 0, mtu),
            IcmpError::TimeExceeded => (v6::TIME_EXCEEDED, 0, 0),
            IcmpError::Relayed(kind, code, info) => (kind, code, info),
        };
        // SAFETY: The packet is owned and of IPv6; the kernel looks for itself what of it is there.
        unsafe { bindings::lvs_icmp6_send(net.as_ptr(), self.as_ptr(), kind, code, info) }
    }

    fn report_v4(&self, error: IcmpError) {
        let (kind, code, info) = match error {
            IcmpError::PortUnreachable => (v4::UNREACHABLE, v4::UNREACHABLE_PORT, 0),
            IcmpError::FragmentationNeeded(mtu) => (v4::UNREACHABLE, v4::UNREACHABLE_TOO_BIG, mtu),
            IcmpError::TimeExceeded => (v4::TIME_EXCEEDED, 0, 0),
            IcmpError::Relayed(kind, code, info) => (kind, code, info),
        };
        // SAFETY: The packet is owned and of IPv4; the kernel looks for itself what of it is there.
        unsafe {
            bindings::lvs_icmp_send(
                self.as_ptr(),
                i32::from(kind),
                i32::from(code),
                info.to_be(),
            )
        }
    }

    /// Answers this TCP segment, met at a hook of this number, with a reset from whom it was for.
    /// `transport` is where its header begins. Nothing happens if it is a reset itself, or damaged.
    pub(crate) fn reset(&self, net: Net<'_>, hook: c_uint, transport: usize) {
        // SAFETY: The namespace is alive, and the packet is owned and of that family; C looks for
        // itself what of it is there.
        unsafe {
            match self.family() {
                Family::V4 => bindings::lvs_send_reset4(net.as_ptr(), self.as_ptr(), hook),
                Family::V6 => {
                    let offset = transport as c_uint;
                    bindings::lvs_send_reset6(net.as_ptr(), self.as_ptr(), hook, offset)
                }
            }
        }
    }

    /// Counts a packet whose time to live ran out here.
    pub(crate) fn count_ttl_error(&self, net: Net<'_>) {
        // SAFETY: The namespace is alive and the packet owned.
        unsafe {
            match self.family() {
                Family::V4 => bindings::lvs_count_ttl_error(net.as_ptr()),
                Family::V6 => bindings::lvs_count_hop_limit_error(net.as_ptr(), self.as_ptr()),
            }
        }
    }
}
