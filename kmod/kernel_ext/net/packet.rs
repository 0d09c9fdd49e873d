// SPDX-License-Identifier: GPL-2.0

//! A packet inside a netfilter hook, whose type follows its life:
//!
//! | type | is | ends by |
//! |--|--|--|
//! | [`Packet`] | what the hook was called with | accept, discard |
//! | [`Routed`] | that with an output route of its family | send; or goes on as a [`Packet`] |
//! | [`Leaving`] | one at PRE_ROUTING, with room for the link layer | send; or as a [`Packet`] |
//! | [`Built`] | a buffer of its own, with a tunnel's header in front | send |
//! | [`Quoted`] | what an ICMP error quotes, cut out of the error | free |
//!
//! Each is owned, and each end consumes it and leaves a [`Disposition`], so that a packet can be
//! neither forgotten nor used after it went away. Header slices borrow the packet, and whatever may
//! move the headers borrows it mutably: no slice survives a reallocation.
//!
//! Relies on: `data` points to `len - data_len` linear bytes; pulling and unsharing may move them,
//! and say when they fail.
//!
//! A breach would be noticed by: `test-packet-fuzz`, `test-regressions` (`headers-that-move`,
//! `inner-headers-cut-short`, `transport-past-the-end`), `test-fragments`.
//!
//! [`Routed`]: super::output::Routed
//! [`Leaving`]: super::early::Leaving
//! [`Built`]: super::tunnel::Built
//! [`Quoted`]: super::quoted::Quoted

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use core::slice;

use lvs_engine::addr::Family;

use super::bindings;
use super::netns::Net;

/// What a hook did with its packet.
///
/// # Invariants
///
/// Made only by consuming the hook's packet, and doesn't leave the thread: a hook can answer with
/// its own packet's alone.
pub(crate) struct Disposition(u32, PhantomData<*const ()>);

impl Disposition {
    #[inline]
    fn of(verdict: u32) -> Self {
        Self(verdict, PhantomData)
    }

    /// What is left to say when other code took the packet.
    #[inline]
    pub(in crate::kernel_ext) fn stolen() -> Self {
        Self::of(bindings::NF_STOLEN)
    }

    /// What is left to say of a packet that was freed: whoever sent it is told that it didn't go.
    pub(in crate::kernel_ext) fn refused() -> Self {
        Self::of(bindings::LVS_REFUSED)
    }

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

/// A packet as a hook of the IP layer is called with it.
///
/// # Invariants
///
/// - The buffer is valid and owned, and netfilter waits for what becomes of it. Being neither
///   `Send` nor `Sync` the packet can't outlive the call of its hook, which is within a read side.
/// - `data` and the network header are where the IP header is, whose family the packet's protocol
///   says. Wherever that header lies in the buffer, forty bytes behind its start are the buffer's.
/// - The route, if there is one, is of that family, a bridge's own, or a tunnel's metadata in the
///   place of one. A packet without came from a device.
#[repr(transparent)]
pub(crate) struct Packet {
    skb: NonNull<bindings::sk_buff>,
}

impl Packet {
    /// # Safety
    ///
    /// `skb` is the packet a hook was called with, and the caller returns the resulting verdict.
    #[inline]
    pub(in crate::kernel_ext) unsafe fn from_hook(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: The IP layer calls its hooks with such packets.
        Self { skb }
    }

    /// Family of the packet's IP header.
    #[inline(always)]
    pub(crate) fn family(&self) -> Family {
        const IPV6: u16 = (bindings::ETH_P_IPV6 as u16).to_be();
        if self.headers().protocol == IPV6 {
            Family::V6
        } else {
            Family::V4
        }
    }

    #[inline]
    pub(in crate::kernel_ext) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.skb.as_ptr()
    }

    #[inline]
    pub(in crate::kernel_ext) fn skb(&self) -> &bindings::sk_buff {
        // SAFETY: By the type's invariants; C doesn't change it while we look.
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
        Disposition::of(bindings::NF_ACCEPT)
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

    /// No packet grows beyond this.
    const MAX_LEN: usize = 1 << 20;

    /// The whole packet, linear and not shared with anybody, with another length: bytes are added
    /// to its end, or taken from there.
    pub(crate) fn resized(&mut self, len: usize) -> Result<&mut [u8], Unwritable> {
        if len > Self::MAX_LEN {
            return Err(Unwritable);
        }
        let wanted = len as u32;
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

    /// The first `len` bytes, linear and not shared with anybody, with room for `headroom` bytes in
    /// front.
    #[inline]
    pub(crate) fn writable_behind(
        &mut self,
        len: usize,
        headroom: u16,
    ) -> Result<&mut [u8], Unwritable> {
        let wanted = u32::try_from(len).map_err(|_| Unwritable)?;
        // SAFETY: The packet is owned; no header slice is alive.
        if !unsafe { bindings::lvs_skb_prepare(self.as_ptr(), wanted, headroom.into()) } {
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

    /// Notes on the packet that the balancer has seen it.
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
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_from_loopback(self.as_ptr()) }
    }

    /// Whether a raw socket with `IP_NODEFRAG` made this packet: it wants it left alone.
    pub(crate) fn is_nodefrag(&self) -> bool {
        // SAFETY: The packet is owned.
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
        // SAFETY: The packet is owned and at least `offset` long.
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
    pub(crate) fn icmp_checksum_ok(&self, offset: usize) -> bool {
        let Some(offset) = u32::try_from(offset).ok().filter(|&at| at <= self.len()) else {
            return false;
        };
        // SAFETY: The packet is owned, of this family, and no shorter than `offset`.
        unsafe {
            match self.family() {
                Family::V4 => bindings::lvs_skb_icmp_checksum(self.as_ptr(), offset) == 0,
                Family::V6 => bindings::lvs_skb_icmp6_checksum(self.as_ptr(), offset) == 0,
            }
        }
    }

    /// Whether the packet, or a segment it will be cut into, is longer than `mtu`.
    #[inline]
    pub(crate) fn exceeds(&self, mtu: u32) -> bool {
        if self.family() == Family::V6 {
            // SAFETY: The packet is owned, and its control block is IPv6's.
            return unsafe { bindings::lvs_skb_exceeds_mtu6(self.as_ptr(), mtu) };
        }
        if self.len() <= mtu {
            return false;
        }
        // SAFETY: The packet is owned.
        unsafe {
            !(bindings::lvs_skb_is_gso(self.as_ptr())
                && bindings::lvs_skb_gso_fits(self.as_ptr(), mtu))
        }
    }

    /// Lets the packet go on through this host's hooks: the balancer leaves it alone from now on,
    /// and so does connection tracking unless it is `tracked`.
    #[inline]
    pub(crate) fn pass_on(self, tracked: bool) -> Disposition {
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_pass_on(self.as_ptr(), tracked) }
        self.accept()
    }

    /// Parts the packet from the local socket that its old destination belonged to.
    #[inline]
    pub(crate) fn detach_socket(&mut self) {
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_orphan(self.as_ptr()) }
    }

    /// Reassembles an IPv4 fragment. `Err` when the packet went into the queue of fragments.
    pub(crate) fn reassemble(self, net: Net<'_>, hook: u32) -> Result<Self, Disposition> {
        let skb = ManuallyDrop::new(self).skb;
        // SAFETY: The packet is given to the function, which gives back the whole one in the same
        // buffer when it returns 0.
        if unsafe { bindings::lvs_ip_defrag(net.as_ptr(), skb.as_ptr(), hook) } != 0 {
            return Err(Disposition::stolen());
        }
        // SAFETY: The call above gave the packet back, with the header of the whole one.
        Ok(unsafe { Self::from_hook(skb) })
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
        // SAFETY: The packet is owned.
        unsafe { bindings::lvs_skb_segments(self.as_ptr()) }
    }

    /// Frees the packet, which may not be the one the hook was called with any more, as used up.
    pub(in crate::kernel_ext) fn consume(self) -> Disposition {
        // SAFETY: The packet is owned and given up.
        unsafe { bindings::lvs_skb_consume(self.into_raw()) };
        Disposition::stolen()
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        // SAFETY: The packet is owned. Reached only by a path that stole it from its hook.
        unsafe { bindings::lvs_skb_free(self.skb.as_ptr()) }
    }
}
