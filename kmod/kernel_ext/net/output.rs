// SPDX-License-Identifier: GPL-2.0

//! Ways out for a packet.
//!
//! Relies on: `dst_output` and the ICMP functions take a packet with a route; the former own it
//! from then on.
//!
//! A breach would be noticed by: `test-icmp`, `test-mtu`, `test-packet-fuzz`.

use lvs_engine::addr::Family;

use super::bindings;
use super::netns::Net;
use super::packet::{
    Disposition,
    Packet, //
};

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

impl Packet {
    /// Sends the packet along its route as this host's own, through the output hooks.
    #[inline]
    pub(crate) fn send(self, family: Family, net: Net) -> Disposition {
        // SAFETY: The packet has a route, which the callers attached; it is given up.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_local_out4(net.as_ptr(), self.into_raw()),
                Family::V6 => bindings::lvs_local_out6(net.as_ptr(), self.into_raw()),
            }
        }
        Self::stolen()
    }

    /// Completes the IP header and sends the packet as [`Packet::send`] does.
    pub(crate) fn send_built(self, family: Family, net: Net) -> Disposition {
        // SAFETY: As above.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_ip_local_out(net.as_ptr(), self.into_raw()),
                Family::V6 => bindings::lvs_ip6_local_out(net.as_ptr(), self.into_raw()),
            }
        }
        Self::stolen()
    }

    /// Sends an ICMP or ICMPv6 error about this packet to its sender.
    pub(crate) fn report(&self, family: Family, net: Net, error: IcmpError) {
        match family {
            Family::V4 => self.report_v4(error),
            Family::V6 => self.report_v6(net, error),
        }
    }

    fn report_v6(&self, net: Net, error: IcmpError) {
        let (kind, code, info) = match error {
            IcmpError::PortUnreachable => (1, 4, 0),
            IcmpError::FragmentationNeeded(mtu) => (2, 0, mtu),
            IcmpError::TimeExceeded => (3, 0, 0),
            IcmpError::Relayed(kind, code, info) => (kind, code, info),
        };
        // SAFETY: The packet is alive and has a route.
        unsafe { bindings::lvs_icmp6_send(net.as_ptr(), self.as_ptr(), kind, code, info) }
    }

    fn report_v4(&self, error: IcmpError) {
        let (kind, code, info) = match error {
            IcmpError::PortUnreachable => (3, 3, 0),
            IcmpError::FragmentationNeeded(mtu) => (3, 4, mtu),
            IcmpError::TimeExceeded => (11, 0, 0),
            IcmpError::Relayed(kind, code, info) => (kind, code, info),
        };
        // SAFETY: The packet is alive and has a route.
        unsafe {
            bindings::lvs_icmp_send(
                self.as_ptr(),
                i32::from(kind),
                i32::from(code),
                info.to_be(),
            )
        }
    }

    /// Counts a packet whose time to live ran out here.
    pub(crate) fn count_ttl_error(&self, family: Family, net: Net) {
        // SAFETY: The namespace and the packet are alive.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_count_ttl_error(net.as_ptr()),
                Family::V6 => bindings::lvs_count_hop_limit_error(net.as_ptr(), self.as_ptr()),
            }
        }
    }
}
