// SPDX-License-Identifier: GPL-2.0

//! A packet inside a netfilter hook.
//!
//! A [`Packet`] is owned: each way out of a hook consumes it and leaves a [`Disposition`], so that
//! a packet can be neither forgotten nor used after it went away. Header slices borrow the packet,
//! and whatever may move the headers borrows it mutably: no slice survives a reallocation.
//!
//! Relies on: `data` points to `len - data_len` linear bytes; pulling and unsharing may move them,
//! and say when they fail.
//!
//! A breach would be noticed by: `test-packet-fuzz`, `test-regressions` (`headers-that-move`,
//! `inner-headers-cut-short`, `transport-past-the-end`), `test-fragments`.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use core::slice;

use lvs_engine::addr::Family;
use lvs_engine::tunnel::Encapsulation;

use super::bindings;
use super::netns::Net;

/// What a hook did with its packet. Made only by consuming the packet.
pub(crate) struct Disposition(u32);

impl Disposition {
    #[inline]
    pub(in crate::kernel_ext) fn verdict(self) -> u32 {
        self.0
    }
}

/// The packet's transport checksum, as far as the network device cares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChecksumState {
    /// The header holds a complete checksum.
    Complete,
    /// The header holds the pseudo-header's sum; the sending device completes it.
    Partial,
}

/// No memory to make the packet writable, or it is shorter than asked for.
pub(crate) struct Unwritable;

/// A packet whose IP header starts at `data`, as in every hook of the IP layer.
pub(crate) struct Packet {
    skb: NonNull<bindings::sk_buff>,
}

impl Packet {
    /// # Safety
    ///
    /// `skb` is the packet a hook was called with, and the caller returns the resulting verdict.
    #[inline]
    pub(in crate::kernel_ext) unsafe fn from_hook(skb: NonNull<bindings::sk_buff>) -> Self {
        Self { skb }
    }

    #[inline]
    pub(in crate::kernel_ext) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.skb.as_ptr()
    }

    #[inline]
    fn skb(&self) -> &bindings::sk_buff {
        // SAFETY: Owned, so alive; C doesn't change it while we look.
        unsafe { self.skb.as_ref() }
    }

    #[inline]
    fn headers(&self) -> &bindings::sk_buff__bindgen_ty_4__bindgen_ty_2 {
        // SAFETY: Both views of the union are the same fields.
        unsafe { self.skb().__bindgen_anon_4.headers.as_ref() }
    }

    /// The packet's route; null for none.
    #[inline]
    pub(in crate::kernel_ext) fn dst(&self) -> *mut bindings::dst_entry {
        // SAFETY: In the IP layer the union holds the route and whether it is borrowed.
        let reference = unsafe { self.skb().__bindgen_anon_3.__bindgen_anon_1._skb_refdst };
        (reference & !(bindings::SKB_DST_NOREF as usize)) as *mut _
    }

    /// Gives up the packet to C code.
    #[inline]
    pub(in crate::kernel_ext) fn into_raw(self) -> *mut bindings::sk_buff {
        ManuallyDrop::new(self).skb.as_ptr()
    }

    /// Lets the packet go on its way.
    #[inline]
    pub(crate) fn accept(self) -> Disposition {
        let _ = ManuallyDrop::new(self);
        Disposition(bindings::NF_ACCEPT)
    }

    /// Drops the packet.
    pub(crate) fn discard(self) -> Disposition {
        let _ = ManuallyDrop::new(self);
        Disposition(bindings::NF_DROP)
    }

    /// What is left to say when other code took the packet.
    #[inline]
    pub(in crate::kernel_ext) fn stolen() -> Disposition {
        Disposition(bindings::NF_STOLEN)
    }

    /// Bytes from the IP header on, fragments of the buffer included.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.skb().len
    }

    /// The part of the packet that lies in one piece, from the IP header on.
    #[inline]
    pub(crate) fn linear(&self) -> &[u8] {
        let skb = self.skb();
        let len = skb.len.wrapping_sub(skb.data_len) as usize;
        // SAFETY: `data` is the start of `len` linear bytes, by the invariants of `sk_buff`.
        unsafe { slice::from_raw_parts(skb.data, len) }
    }

    /// Makes the first `len` bytes linear if the packet is that long.
    #[inline]
    pub(crate) fn pull(&mut self, len: usize) -> bool {
        if self.linear().len() >= len {
            return true;
        }
        let Ok(len) = u32::try_from(len) else {
            return false;
        };
        // SAFETY: The packet is owned; no header slice is alive.
        unsafe { bindings::lvs_skb_may_pull(self.as_ptr(), len) }
    }

    /// The first `len` bytes, linear and not shared with anybody.
    #[inline]
    pub(crate) fn writable(&mut self, len: usize) -> Result<&mut [u8], Unwritable> {
        let wanted = u32::try_from(len).map_err(|_| Unwritable)?;
        // SAFETY: The packet is owned; no header slice is alive.
        if unsafe { bindings::skb_ensure_writable(self.as_ptr(), wanted) } != 0 {
            return Err(Unwritable);
        }
        // SAFETY: The call above made so many bytes at `data` linear and private.
        Ok(unsafe { slice::from_raw_parts_mut(self.skb().data, len) })
    }

    /// The whole packet, linear and not shared with anybody, with another length: bytes are added to
    /// its end, or taken from there.
    pub(crate) fn resized(&mut self, len: usize) -> Result<&mut [u8], Unwritable> {
        let wanted = u32::try_from(len).map_err(|_| Unwritable)?;
        self.writable(self.len() as usize)?;
        // SAFETY: The packet is owned, linear and private; no header slice is alive. What is added
        // gets a value, so that nobody reads what was in that memory before.
        unsafe {
            let old = self.len() as usize;
            if bindings::lvs_skb_resize(self.as_ptr(), wanted) != 0 {
                return Err(Unwritable);
            }
            if let Some(added) = len.checked_sub(old) {
                self.skb().data.add(old).write_bytes(0, added);
            }
        }
        self.writable(len)
    }

    /// As [`Packet::writable`], with room for `headroom` bytes in front.
    #[inline]
    pub(crate) fn writable_behind(
        &mut self,
        len: usize,
        headroom: u32,
    ) -> Result<&mut [u8], Unwritable> {
        let wanted = u32::try_from(len).map_err(|_| Unwritable)?;
        // SAFETY: The packet is owned; no header slice is alive.
        if !unsafe { bindings::lvs_skb_prepare(self.as_ptr(), wanted, headroom) } {
            return Err(Unwritable);
        }
        // SAFETY: The call above made so many bytes at `data` linear and private.
        Ok(unsafe { slice::from_raw_parts_mut(self.skb().data, len) })
    }

    /// The firewall mark; 0 for none.
    #[inline]
    pub(crate) fn mark(&self) -> u32 {
        // SAFETY: The headers are always initialised.
        unsafe { bindings::lvs_skb_mark(self.as_ptr()) }
    }

    /// Whether the balancer has seen this packet already.
    #[inline]
    pub(crate) fn is_balanced(&self) -> bool {
        self.headers().ipvs_property() != 0
    }

    /// Marks the packet as seen by the balancer.
    #[inline]
    pub(crate) fn set_balanced(&mut self) {
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_set_balanced(self.as_ptr()) }
    }

    /// Whether the packet's link-layer destination was this host.
    #[inline]
    pub(crate) fn is_for_host(&self) -> bool {
        u32::from(self.headers().pkt_type()) == bindings::PACKET_HOST
    }

    /// Whether the packet came through the loopback device or was made by this host.
    #[inline]
    pub(crate) fn is_from_loopback(&self) -> bool {
        // SAFETY: The packet is alive.
        unsafe { bindings::lvs_skb_from_loopback(self.as_ptr()) }
    }

    /// Whether a raw socket made this packet that wants it left alone.
    pub(crate) fn is_nodefrag(&self) -> bool {
        // SAFETY: The packet is alive.
        unsafe { bindings::lvs_skb_nodefrag(self.as_ptr()) }
    }

    /// State of the transport checksum.
    #[inline]
    pub(crate) fn checksum_state(&self) -> ChecksumState {
        if u32::from(self.headers().ip_summed()) == bindings::CHECKSUM_PARTIAL {
            ChecksumState::Partial
        } else {
            ChecksumState::Complete
        }
    }

    /// Forgets the device's sum over the packet, which a rewrite has made wrong.
    #[inline]
    pub(crate) fn forget_device_checksum(&mut self) {
        if u32::from(self.headers().ip_summed()) == bindings::CHECKSUM_COMPLETE {
            // SAFETY: The packet is owned.
            unsafe {
                bindings::lvs_skb_set_ip_summed(self.as_ptr(), bindings::CHECKSUM_NONE as u8);
            }
        }
    }

    /// States that the transport checksum is right.
    pub(crate) fn vouch_for_checksum(&mut self) {
        // SAFETY: The packet is owned.
        unsafe {
            bindings::lvs_skb_set_ip_summed(self.as_ptr(), bindings::CHECKSUM_UNNECESSARY as u8)
        }
    }

    /// The internet checksum of everything from `offset` on, as it goes into a header.
    pub(crate) fn checksum_from(&self, offset: usize) -> [u8; 2] {
        let offset = i32::try_from(offset)
            .unwrap_or(i32::MAX)
            .min(self.len() as i32);
        // SAFETY: The packet is alive and at least `offset` long.
        unsafe { bindings::lvs_skb_checksum_fold(self.as_ptr(), offset) }.to_ne_bytes()
    }

    /// Fills in the checksum of the ICMP message at `offset`, whose field is zero. False when there
    /// is no message.
    pub(crate) fn complete_icmp_checksum(&mut self, offset: usize) -> bool {
        let check = self.checksum_from(offset);
        let (Some(at), Some(end)) = (offset.checked_add(2), offset.checked_add(4)) else {
            return false;
        };
        let Ok(headers) = self.writable(end) else {
            return false;
        };
        let Some(place) = headers.get_mut(at..end) else {
            return false;
        };
        place.copy_from_slice(&check);
        self.vouch_for_checksum();
        true
    }

    /// Whether the checksum of the ICMP or ICMPv6 message at `offset` is right.
    pub(crate) fn icmp_checksum_ok(&self, family: Family, offset: usize) -> bool {
        let Ok(offset) = u32::try_from(offset) else {
            return false;
        };
        // SAFETY: The packet is alive, and one of this family.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_skb_icmp_checksum(self.as_ptr(), offset) == 0,
                Family::V6 => bindings::lvs_skb_icmp6_checksum(self.as_ptr(), offset) == 0,
            }
        }
    }

    /// Whether the packet, or a segment it will be cut into, is longer than `mtu`.
    #[inline]
    pub(crate) fn exceeds(&self, family: Family, mtu: u32) -> bool {
        if family == Family::V6 {
            // SAFETY: The packet is alive, and an IPv6 one.
            return unsafe { bindings::lvs_skb_exceeds_mtu6(self.as_ptr(), mtu) };
        }
        if self.len() <= mtu {
            return false;
        }
        // SAFETY: The packet is alive.
        unsafe {
            !(bindings::lvs_skb_is_gso(self.as_ptr())
                && bindings::lvs_skb_gso_fits(self.as_ptr(), mtu))
        }
    }

    /// Makes a packet that was received one that this host sends: see the C function.
    #[inline]
    pub(crate) fn leave(&mut self) {
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_leave(self.as_ptr()) }
    }

    /// As [`Packet::leave`] for a packet that connection tracking knows.
    pub(crate) fn leave_tracked(&mut self) {
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_leave_tracked(self.as_ptr()) }
    }

    /// Parts the packet from the local socket that its old destination belonged to.
    #[inline]
    pub(crate) fn detach_socket(&mut self) {
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_orphan(self.as_ptr()) }
    }

    /// Tells connection tracking to leave the packet alone.
    #[inline]
    pub(crate) fn untrack(&mut self) {
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_untrack(self.as_ptr()) }
    }

    /// As [`Packet::leave`] for a packet that was put into another one, which is tracked anew.
    #[inline]
    pub(crate) fn leave_inside(&mut self) {
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_leave_inside(self.as_ptr()) }
    }

    /// Reassembles an IPv4 fragment. `Err` when the packet went into the queue of fragments.
    pub(crate) fn reassemble(self, net: Net, hook: u32) -> Result<Self, Disposition> {
        let skb = self.into_raw();
        // SAFETY: The packet is given to the function, which gives back the whole one in the same
        // buffer when it returns 0.
        if unsafe { bindings::lvs_ip_defrag(net.as_ptr(), skb, hook) } != 0 {
            return Err(Self::stolen());
        }
        // SAFETY: As above: the buffer is ours again.
        Ok(unsafe { Self::from_hook(NonNull::new(skb).ok_or(Disposition(bindings::NF_DROP))?) })
    }

    /// Strips `len` bytes from the front; the next header becomes the IP header. False when the
    /// packet is shorter.
    pub(crate) fn strip(&mut self, len: usize) -> bool {
        let Ok(len) = u32::try_from(len) else {
            return false;
        };
        // SAFETY: The packet is owned; no header slice is alive.
        unsafe {
            if !bindings::lvs_skb_pull(self.as_ptr(), len) {
                return false;
            }
            bindings::lvs_skb_reset_network_header(self.as_ptr());
            bindings::lvs_skb_reset_ip_options(self.as_ptr());
        }
        true
    }

    /// Whether the packet came in as one of `family`.
    pub(crate) fn has_family(&self, family: Family) -> bool {
        // SAFETY: The packet is alive.
        unsafe { bindings::lvs_skb_is_ipv6(self.as_ptr()) == (family == Family::V6) }
    }

    /// Makes what was inside of another packet one of `family` that just came in. Its route, if it has
    /// one, is of that family.
    pub(crate) fn set_family(&mut self, family: Family) {
        // SAFETY: The packet is owned.
        unsafe {
            match family {
                Family::V4 => bindings::lvs_skb_set_ipv4(self.as_ptr()),
                Family::V6 => bindings::lvs_skb_set_ipv6(self.as_ptr()),
            }
        }
    }

    /// Notes where the transport header is.
    pub(crate) fn set_transport_offset(&mut self, offset: usize) {
        // SAFETY: The packet is owned; the offset is within the 16 bits of any header.
        unsafe {
            bindings::lvs_skb_set_transport_header(
                self.as_ptr(),
                i32::try_from(offset & 0xffff).unwrap_or(0),
            )
        }
    }

    /// Bytes of the buffer in front of the packet.
    #[inline]
    pub(in crate::kernel_ext) fn headroom(&self) -> u32 {
        let skb = self.skb();
        skb.data.addr().wrapping_sub(skb.head.addr()) as u32
    }

    /// How many packets this one is when it leaves: more than one before segmentation.
    #[inline]
    pub(crate) fn segments(&self) -> u16 {
        // SAFETY: The packet is alive.
        unsafe { bindings::lvs_skb_segments(self.as_ptr()) }
    }

    /// Prepares the packet for `outer_len` more bytes of headers in front, plus `reserve` for the
    /// device. `Err` when there is no memory; the packet is dropped then.
    pub(crate) fn prepare_encapsulation(
        self,
        outer_len: u32,
        reserve: u32,
        outer: Family,
        inner_protocol: u8,
        encapsulation: Encapsulation,
    ) -> Result<Self, Disposition> {
        let headroom = outer_len.saturating_add(reserve);
        let mut packet = self;
        packet.detach_socket();
        // SAFETY: The packet is owned; a reallocated one replaces it.
        unsafe {
            if packet.headroom() < headroom
                || (packet.skb().cloned() != 0 && bindings::lvs_skb_cloned(packet.as_ptr()) != 0)
            {
                let wider = bindings::lvs_skb_realloc_headroom(packet.as_ptr(), headroom);
                match NonNull::new(wider) {
                    None => return Err(packet.free()),
                    Some(wider) => {
                        // The old buffer was released by the call.
                        let _ = ManuallyDrop::new(packet);
                        packet = Self { skb: wider };
                    }
                }
            }
        }
        if !packet.prepare_inner(outer, inner_protocol, encapsulation) {
            return Err(packet.free());
        }
        Ok(packet)
    }

    /// Puts `header` in front as the new IP header; the room was made by
    /// [`Packet::prepare_encapsulation`].
    #[inline]
    pub(crate) fn push_ip_header(&mut self, header: &[u8]) -> bool {
        let Ok(len) = u32::try_from(header.len()) else {
            return false;
        };
        if self.headroom() < len {
            return false;
        }
        // SAFETY: The packet is owned, no header slice is alive, and the room is checked.
        unsafe { bindings::lvs_skb_push_header(self.as_ptr(), header.as_ptr().cast(), len) };
        true
    }

    /// Has the kernel choose the identity of the IPv4 header in front.
    pub(crate) fn select_identity(&mut self, net: Net) {
        // SAFETY: The packet is owned and has an IPv4 header.
        unsafe { bindings::lvs_skb_select_ident(net.as_ptr(), self.as_ptr()) }
    }

    /// Frees the packet, which may not be the one the hook was called with any more.
    pub(crate) fn free(self) -> Disposition {
        // SAFETY: The packet is owned and given up.
        unsafe { bindings::lvs_skb_drop(self.into_raw()) };
        Self::stolen()
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        // SAFETY: The packet is owned. Reached only by a path that stole it from its hook.
        unsafe { bindings::lvs_skb_drop(self.skb.as_ptr()) }
    }
}
