// SPDX-License-Identifier: GPL-2.0

//! Headers between a tunnel's outer IP header and the packet inside.
//!
//! Relies on: pushing takes room that was made; offload flags match what lies in the packet.
//!
//! A breach would be noticed by: `test-tun`, `test-tunnels`, `test-packet-fuzz`.

use core::ptr;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::header::gue;
use lvs_engine::tunnel::{
    gue_header,
    ip_protocol,
    Encapsulation, //
};

use super::bindings;
use super::netns::Net;
use super::packet::Packet;

impl Packet {
    /// Tells segmentation what the packet, of protocol `inner`, will lie inside of. False when there is no
    /// memory.
    pub(in crate::kernel_ext) fn prepare_inner(
        &mut self,
        outer: Family,
        inner: u8,
        encapsulation: Encapsulation,
    ) -> bool {
        let is_v6 = outer == Family::V6;
        // SAFETY: The packet is owned, and its head is its own.
        unsafe {
            let skb = self.as_ptr();
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

    /// Puts the headers of `encapsulation` in front of a packet of family `inner`, for a tunnel from
    /// `source` to `target`, addresses of family `outer`. The room was made by
    /// [`Packet::prepare_encapsulation`]. False when the packet can't be put inside.
    pub(crate) fn push_encapsulation(
        &mut self,
        encapsulation: Encapsulation,
        inner: Family,
        outer: Family,
        source: &Addr,
        target: &Addr,
        net: Net,
    ) -> bool {
        if self.headroom() < encapsulation.header_len() {
            return false;
        }
        match encapsulation {
            Encapsulation::Ip => true,
            Encapsulation::Gre { checksum } => {
                // SAFETY: The packet is owned, no header slice is alive, and there is room for the header.
                unsafe { bindings::lvs_skb_push_gre(self.as_ptr(), inner == Family::V6, checksum) };
                true
            }
            Encapsulation::Gue {
                port,
                checksum,
                remote_checksum,
            } => {
                // SAFETY: The packet is alive.
                let source_port =
                    unsafe { bindings::lvs_skb_flow_port(net.as_ptr(), self.as_ptr()) };
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
                // SAFETY: There is room for all of `header_len()`, of which the GUE header is `len`
                // bytes and the UDP header the rest; each address is as long as its family's.
                unsafe {
                    let at = bindings::lvs_skb_push(self.as_ptr(), len as u32).cast::<u8>();
                    ptr::copy_nonoverlapping(header.as_ptr(), at, len);
                    bindings::lvs_skb_push_udp(self.as_ptr(), source_port, port.to_be());
                    match outer {
                        Family::V4 => bindings::lvs_skb_udp_checksum4(
                            self.as_ptr(),
                            !checksum,
                            source.v4_word(),
                            target.v4_word(),
                        ),
                        Family::V6 => bindings::lvs_skb_udp_checksum6(
                            self.as_ptr(),
                            !checksum,
                            source.octets().as_ptr().cast(),
                            target.octets().as_ptr().cast(),
                        ),
                    }
                }
                true
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
            unsafe { bindings::lvs_skb_leave_checksum(self.as_ptr(), &mut start, &mut at) };
        inside.then_some((start, at))
    }
}
