// SPDX-License-Identifier: GPL-2.0

//! Packets that ICMP errors quote, cut out of the error so that their senders can be answered.
//!
//! Relies on: stripping moves `data` within the packet, and says when that is shorter; the kernel's
//! own answers look at no more of a header than is there.
//!
//! A breach would be noticed by: `test-tunnels`, `test-icmp`, `test-packet-fuzz`.

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::header::ip_len;
use lvs_uapi::drop_reason::DropReason;

use super::bindings;
use super::drops::Drops;
use super::netns::Net;
use super::output::IcmpError;
use super::packet::{
    Disposition,
    Packet, //
};
use super::route::{
    Route,
    RouteRef, //
};
use crate::kernel_ext::mem::rcu::ReadSide;

/// The rest of an ICMP error from a header that it quotes on.
///
/// # Invariants
///
/// The buffer is valid, owned and the hook's; `data` and the network header are at the quoted
/// header. It isn't what netfilter waits for any more: the only ends are those that free it.
#[repr(transparent)]
pub(crate) struct Quoted(Packet);

impl Quoted {
    /// What begins `at` bytes into the packet. Drops it, as counted by `drops`, when it is shorter.
    pub(crate) fn new(packet: Packet, at: usize, drops: &Drops) -> Result<Self, Disposition> {
        // INVARIANT: The buffer is the hook's, and is only freed from now on.
        let mut quoted = Self(packet);
        if quoted.strip(at) {
            Ok(quoted)
        } else {
            Err(quoted.discard(drops, DropReason::Malformed))
        }
    }

    /// Strips `len` bytes from the front, where another header begins. False when there are fewer.
    pub(crate) fn strip(&mut self, len: usize) -> bool {
        let Ok(len) = u32::try_from(len) else {
            return false;
        };
        // SAFETY: The packet is owned; no header slice is alive.
        unsafe { bindings::lvs_skb_strip(self.0.as_ptr(), len) }
    }

    /// Bytes of what is quoted.
    pub(crate) fn len(&self) -> u32 {
        self.0.len()
    }

    /// Notes the smaller MTU of the way to the destination of the header in front, one of `family`.
    pub(crate) fn learn_mtu(&mut self, family: Family, net: Net<'_>, mtu: u32) {
        if !self.0.pull(ip_len(family)) {
            return;
        }
        // SAFETY: The packet is owned, and a header's bytes are linear in front.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_update_pmtu4(self.0.as_ptr(), net.as_ptr(), mtu),
                Family::V6 => bindings::lvs_update_pmtu6(self.0.as_ptr(), net.as_ptr(), mtu),
            }
        }
    }

    /// Answers the sender of the packet whose header of `family`, `header_len` bytes long and sent
    /// to `destination`, is in front: as if it had just come in the way its family does. False when
    /// that can't be told.
    pub(crate) fn answer(
        &mut self,
        family: Family,
        header_len: usize,
        destination: &Addr,
        read: ReadSide<'_>,
        net: Net<'_>,
        error: IcmpError,
    ) -> bool {
        let Some(transport) = i32::try_from(header_len).ok().filter(|&len| len <= 0x7fff) else {
            return false;
        };
        if !self.0.pull(header_len) {
            return false;
        }
        if self.0.family() != family {
            let route = match family {
                Family::V4 => Route::lookup_v4(net, destination.v4_word(), 0, false),
                Family::V6 => Route::lookup_v6(net, destination, false, false),
            };
            let Ok(route) = route else {
                return false;
            };
            // SAFETY: The packet is owned, and becomes one of the route's family.
            unsafe { RouteRef::Own(route).attach(self.0.as_ptr(), read) };
        }
        // SAFETY: The packet is owned and has a route of this family or none; its header is linear.
        unsafe { bindings::lvs_skb_become(self.0.as_ptr(), family == Family::V6, transport) };
        self.0.report(net, error);
        true
    }

    /// Frees the packet, which has served.
    pub(crate) fn consume(self) -> Disposition {
        self.0.consume()
    }

    /// Frees the packet, which served nobody.
    pub(crate) fn discard(self, drops: &Drops, reason: DropReason) -> Disposition {
        self.0.free(drops, reason)
    }
}
