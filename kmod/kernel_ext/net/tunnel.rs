// SPDX-License-Identifier: GPL-2.0

//! Packets inside others: a tunnel's outer IP header, and what lies between it and the packet.
//!
//! Relies on: pushing takes room that was made; offload flags match what lies in the packet.
//!
//! A breach would be noticed by: `test-tun`, `test-tunnels`, `test-packet-fuzz`.

use core::ptr::{
    self,
    NonNull, //
};

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::header::{
    gue,
    ip_len, //
};
use lvs_engine::tunnel::{
    gue_header,
    ip_protocol,
    Encapsulation, //
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

/// What a tunnel puts in front of a packet.
pub(crate) struct Outer<'a> {
    /// What lies between the outer IP header and the packet.
    pub(crate) encapsulation: Encapsulation,
    /// The outer IP header, of the route's family, but for length and checksum.
    pub(crate) header: &'a [u8],
    /// The addresses in that header.
    pub(crate) source: Addr,
    /// This one is the server's.
    pub(crate) target: Addr,
    /// Whether the kernel chooses the IP ID of that header.
    pub(crate) kernel_sets_ip_id: bool,
}

/// A packet inside another one, in a buffer that may not be the one the hook was called with.
///
/// # Invariants
///
/// The buffer is valid and owned, and netfilter waits for none. Once it is made, there is an IP
/// header in front, and an output route of that header's family, for whose device there is room.
#[repr(transparent)]
pub(crate) struct Built(Packet);

impl Built {
    /// Puts the packet into another one, and gives that the route. Drops it when it can't be, as
    /// counted by `drops`.
    #[inline]
    pub(crate) fn new<'a>(
        packet: Packet,
        outer: &Outer<'_>,
        route: &RouteRef<'a>,
        read: ReadSide<'a>,
        net: Net<'_>,
        drops: &Drops,
    ) -> Result<Self, Disposition> {
        let (inner, family) = (packet.family(), route.family());
        let encapsulation = outer.encapsulation;
        let len = ip_len(family) as u32;
        let version = match family {
            Family::V4 => 4,
            Family::V6 => 6,
        };
        let says = outer.header.first().map(|byte| byte >> 4);
        if outer.header.len() != len as usize || says != Some(version) {
            return Err(packet.discard(drops, DropReason::NoRoute));
        }
        let needed = len.wrapping_add(encapsulation.header_len());
        let room = needed.saturating_add(route.reserved_space());
        let mut built = Self::widen(packet, room, drops)?;
        if !built.prepare_inner(family, ip_protocol(inner), encapsulation)
            || !built.push_encapsulation(
                encapsulation,
                inner,
                family,
                &outer.source,
                &outer.target,
                net,
            )
            || built.0.headroom() < len
        {
            return Err(built.0.free(drops, DropReason::NoMemory));
        }
        // INVARIANT: The header and the route are of one family, and the room was made before.
        // SAFETY: The packet is owned and no header slice is alive; the room and the length of the
        // header, which is of the route's family, were compared.
        unsafe {
            let skb = built.0.as_ptr();
            bindings::lvs_skb_push_outer(skb, outer.header.as_ptr().cast(), len);
            route.attach(skb, read);
            if outer.kernel_sets_ip_id && family == Family::V4 {
                bindings::lvs_skb_select_ident(net.as_ptr(), skb);
            }
        }
        Ok(built)
    }

    /// Makes the packet's head its own, with room for `headroom` bytes in front. Drops it when
    /// there is no memory.
    fn widen(packet: Packet, headroom: u32, drops: &Drops) -> Result<Self, Disposition> {
        // SAFETY: The packet is owned.
        let is_cloned = || unsafe { bindings::lvs_skb_cloned(packet.as_ptr()) } != 0;
        let is_shared = packet.skb().cloned() != 0 && is_cloned();
        if packet.headroom() >= headroom && !is_shared {
            return Ok(Self(packet));
        }
        // SAFETY: The packet is owned. One that is reallocated releases it; without memory it is
        // still there.
        unsafe {
            match NonNull::new(bindings::lvs_skb_realloc_headroom(
                packet.as_ptr(),
                headroom,
            )) {
                None => Err(packet.free(drops, DropReason::NoMemory)),
                Some(wider) => {
                    let _ = packet.into_raw();
                    Ok(Self(Packet::from_hook(wider)))
                }
            }
        }
    }

    /// Completes the IP header and sends the packet along its route as this host's own.
    #[inline]
    pub(crate) fn send(self, net: Net<'_>) -> Disposition {
        let family = self.outer_family();
        let skb = self.0.into_raw();
        // SAFETY: The packet has a route and a header of this family; it is given up.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_ip_local_out(net.as_ptr(), skb),
                Family::V6 => bindings::lvs_ip6_local_out(net.as_ptr(), skb),
            }
        }
        Disposition::stolen()
    }

    /// Completes the IP header and sends the packet to the neighbour on its way out, past the hooks
    /// of output.
    #[inline]
    pub(crate) fn send_early(self, net: Net<'_>) -> Disposition {
        let family = self.outer_family();
        let skb = self.0.into_raw();
        // SAFETY: The packet has a route and a header of this family, and room for the link-layer
        // header; it is given up.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_early_send_built4(net.as_ptr(), skb),
                Family::V6 => bindings::lvs_early_send_built6(net.as_ptr(), skb),
            }
        }
        Disposition::stolen()
    }

    /// Family of the header in front.
    #[inline]
    fn outer_family(&self) -> Family {
        // SAFETY: There is a header in front, by the type's invariants.
        match unsafe { *self.0.skb().data } >> 4 {
            6 => Family::V6,
            _ => Family::V4,
        }
    }

    /// Tells segmentation what the packet, of protocol `inner`, will lie inside of. False when
    /// there is no memory.
    fn prepare_inner(&mut self, outer: Family, inner: u8, encapsulation: Encapsulation) -> bool {
        let is_v6 = outer == Family::V6;
        // SAFETY: The packet is owned, and its head is its own by now.
        unsafe {
            let skb = self.0.as_ptr();
            let error = match encapsulation {
                Encapsulation::Ip => bindings::lvs_skb_prepare_inside_ip(skb, is_v6, inner),
                Encapsulation::Gre { checksum } => {
                    bindings::lvs_skb_prepare_inside_gre(skb, is_v6, inner, checksum)
                }
                Encapsulation::Gue {
                    checksum,
                    remote_checksum,
                    ..
                } => bindings::lvs_skb_prepare_inside_gue(
                    skb,
                    is_v6,
                    inner,
                    checksum,
                    remote_checksum,
                ),
            };
            error == 0
        }
    }

    /// Puts the headers of `encapsulation` in front of a packet of family `inner`, for a tunnel
    /// from `source` to `target`, addresses of family `outer`. The room was made by
    /// [`Built::widen`]. False when the packet can't be put inside.
    fn push_encapsulation(
        &mut self,
        encapsulation: Encapsulation,
        inner: Family,
        outer: Family,
        source: &Addr,
        target: &Addr,
        net: Net<'_>,
    ) -> bool {
        if self.0.headroom() < encapsulation.header_len() {
            return false;
        }
        match encapsulation {
            Encapsulation::Ip => true,
            Encapsulation::Gre { checksum } => {
                // SAFETY: The packet is owned, no header slice is alive, and there is room for the
                // header.
                unsafe {
                    bindings::lvs_skb_push_gre(self.0.as_ptr(), inner == Family::V6, checksum)
                };
                true
            }
            Encapsulation::Gue {
                port,
                checksum,
                remote_checksum,
            } => {
                // SAFETY: The packet is owned.
                let source_port =
                    unsafe { bindings::lvs_skb_flow_port(net.as_ptr(), self.0.as_ptr()) };
                if !self.push_gue(inner, remote_checksum) {
                    return false;
                }
                // SAFETY: There is room for all of `header_len()`, of which the GUE header took a
                // part and the UDP header is the rest.
                unsafe {
                    bindings::lvs_skb_push_udp(self.0.as_ptr(), source_port, port.to_be());
                }
                self.checksum_udp(!checksum, outer, source, target);
                true
            }
        }
    }

    /// Puts a GUE header in front of a packet of family `inner`; the room for it was compared.
    /// False when the receiver can't be left the packet's checksum.
    fn push_gue(&mut self, inner: Family, remote_checksum: bool) -> bool {
        let remote = if remote_checksum {
            let Some(place) = self.leave_checksum() else {
                return false;
            };
            Some(place)
        } else {
            None
        };
        let header = gue_header(ip_protocol(inner), remote);
        let len = match remote {
            Some(_) => header.len(),
            None => gue::LEN,
        };
        // SAFETY: The packet is owned, and there is room for these bytes and more.
        unsafe {
            let at = bindings::lvs_skb_push(self.0.as_ptr(), len as u32).cast::<u8>();
            ptr::copy_nonoverlapping(header.as_ptr(), at, len);
        }
        true
    }

    /// Sets the checksum of the UDP header in front, for addresses of family `outer`; none for
    /// `without`.
    fn checksum_udp(&mut self, without: bool, outer: Family, source: &Addr, target: &Addr) {
        let skb = self.0.as_ptr();
        // SAFETY: The packet is owned and has a UDP header in front; each address is as long as its
        // family's.
        unsafe {
            match outer {
                Family::V4 => bindings::lvs_skb_udp_checksum4(
                    skb,
                    without,
                    source.v4_word(),
                    target.v4_word(),
                ),
                Family::V6 => bindings::lvs_skb_udp_checksum6(
                    skb,
                    without,
                    source.octets().as_ptr().cast(),
                    target.octets().as_ptr().cast(),
                ),
            }
        }
    }

    /// Leaves the partial checksum of the packet, which starts at its IP header, to the receiver.
    /// Returns where the checksummed part starts and where the checksum lies; `None` when that is
    /// outside of the packet.
    fn leave_checksum(&mut self) -> Option<(u16, u16)> {
        let (mut start, mut at) = (0, 0);
        // SAFETY: The packet is owned.
        let inside =
            unsafe { bindings::lvs_skb_leave_checksum(self.0.as_ptr(), &mut start, &mut at) };
        inside.then_some((start, at))
    }
}
