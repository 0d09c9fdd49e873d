// SPDX-License-Identifier: GPL-2.0

//! Frames that a device received and nobody made a packet of yet, given to the module by a BPF
//! program, and what that program returns for them:
//!
//! | type | is | ends by |
//! |--|--|--|
//! | [`Frame`] | what a device received, unchanged | pass |
//! | [`LeavingFrame`] | one that may be changed, since its way is known | send, discard; or pass |
//!
//! Each is owned, and each end consumes it and leaves a [`Verdict`]. Nothing of a frame can be
//! changed before its way is known to the last step, so that any may be passed until then.
//!
//! Relies on: a program runs in softirq or with softirqs off, which is an RCU read side; until it
//! returns the frame is its own, and so is this processor's redirection; programs that call the
//! function hold the module, and find it only once the module is loaded.
//!
//! A breach would be noticed by: `test-xdp`.

use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::slice;

use kernel::error::to_result;
use kernel::ffi;
use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_uapi::drop_reason::DropReason;

use super::bindings;
use super::drops::Drops;
use super::early::Exit;
use super::netns::{
    self,
    Net,
    NetnsState, //
};
use crate::kernel_ext::mem::rcu::ReadSide;

/// What the program returns for a frame.
///
/// # Invariants
///
/// Made only by consuming the program's frame.
pub(crate) struct Verdict(ffi::c_int);

/// An IP packet in a frame that a device received for this host on the link: with a plain header if
/// it is IPv4, and not longer than the frame.
///
/// # Invariants
///
/// The frame is the running program's, and nothing of it was changed. `linear` bytes of its packet
/// lie at `ip`: at least those of an IP header without options.
pub(crate) struct Frame<'a> {
    raw: &'a mut bindings::lvs_frame,
    family: Family,
}

/// A frame whose way is known: it leaves by a device that takes frames, to a neighbour that is
/// known.
///
/// # Invariants
///
/// As of [`Frame`], but it may have been changed. `way` is filled in, and there is room for its
/// header in front of the packet.
pub(crate) struct LeavingFrame<'a> {
    frame: Frame<'a>,
    way: bindings::lvs_xdp_way,
}

/// Takes the frames of a namespace's devices.
pub(crate) trait FrameReceiver: NetnsState {
    /// One frame. Softirq, on the RCU read side.
    fn receive_frame<'a>(&'a self, frame: Frame<'a>, read: ReadSide<'a>) -> Verdict;
}

impl<'a> Frame<'a> {
    /// Family of the packet's IP header.
    #[inline(always)]
    pub(crate) fn family(&self) -> Family {
        self.family
    }

    /// The packet's first bytes.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: By the type's invariants; they are borrowed from the frame.
        unsafe { slice::from_raw_parts(self.raw.ip, self.raw.linear as usize) }
    }

    /// Bytes of the packet, those in further buffers included.
    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.raw.len
    }

    /// Leaves the frame to the network stack, as if there had been no program.
    #[inline(always)]
    pub(crate) fn pass(self) -> Verdict {
        Verdict(bindings::xdp_action_XDP_PASS as ffi::c_int)
    }

    /// Finds the way by `exit` to `to`. Gives the frame back, unchanged, when the kernel has
    /// something to do before it can go that way, an IPv4 header's checksum is wrong, or the exit
    /// is of the other family.
    #[inline(always)]
    pub(crate) fn leave(
        self,
        net: Net<'_>,
        exit: &Exit<'_>,
        to: &Addr,
    ) -> Result<LeavingFrame<'a>, Self> {
        if exit.family() != self.family {
            return Err(self);
        }
        let mut way = MaybeUninit::uninit();
        let (frame, way_ptr): (&bindings::lvs_frame, _) = (self.raw, way.as_mut_ptr());
        // SAFETY: The frame is the program's, the namespace alive, and the route alive and of this
        // family; an address is sixteen bytes.
        let is_known = unsafe {
            match self.family {
                Family::V4 => bindings::lvs_xdp_find_way4(
                    frame,
                    net.as_ptr(),
                    exit.dst(),
                    to.v4_word(),
                    way_ptr,
                ),
                Family::V6 => bindings::lvs_xdp_find_way6(
                    frame,
                    net.as_ptr(),
                    exit.dst(),
                    to.octets().as_ptr().cast(),
                    way_ptr,
                ),
            }
        };
        if !is_known {
            return Err(self);
        }
        // SAFETY: C filled it in but for the tag of a header without one, and any bytes are a tag.
        let way = unsafe { way.assume_init() };
        // INVARIANT: C looked for the room.
        Ok(LeavingFrame { frame: self, way })
    }
}

impl LeavingFrame<'_> {
    /// The packet's first bytes, to be changed.
    #[inline(always)]
    pub(crate) fn headers(&mut self) -> &mut [u8] {
        let raw = &*self.frame.raw;
        // SAFETY: By the type's invariants; they are borrowed mutably from the frame.
        unsafe { slice::from_raw_parts_mut(raw.ip, raw.linear as usize) }
    }

    /// The frame doesn't leave after all: for who didn't change it.
    #[cold]
    pub(crate) fn pass(self) -> Verdict {
        self.frame.pass()
    }

    /// Nobody gets the frame, for `reason`.
    #[cold]
    pub(crate) fn discard(self, drops: &Drops, reason: DropReason) -> Verdict {
        drops.count(reason);
        Verdict(bindings::xdp_action_XDP_DROP as ffi::c_int)
    }

    /// Sends the frame on its way.
    #[inline(always)]
    pub(crate) fn send(self) -> Verdict {
        // SAFETY: The frame is the running program's, and there is room for the header.
        Verdict(unsafe { bindings::lvs_xdp_send(self.frame.raw, &self.way) })
    }
}

/// Whether nothing but addresses and class of traffic decides about the route of a reply to
/// `client` that nobody made a packet of yet: there are no rules.
#[inline(always)]
pub(crate) fn has_common_route(net: Net<'_>, family: Family, client: &Addr) -> bool {
    // SAFETY: The namespace is alive; an address is sixteen bytes.
    unsafe {
        match family {
            Family::V4 => bindings::lvs_xdp_common_route4(net.as_ptr()),
            Family::V6 => {
                bindings::lvs_xdp_common_route6(net.as_ptr(), client.octets().as_ptr().cast())
            }
        }
    }
}

/// What BPF programs find of the module: the function that gives it their frames. It can't be taken
/// back, and needn't: a program holds the module.
pub(crate) struct Offer(());

impl Offer {
    /// Has programs find it, and `T` get the frames. Where the kernel or the module has no type
    /// information there will be no such programs, which the log may say. Once, while the module
    /// loads.
    pub(crate) fn to_programs<T: FrameReceiver>() -> Self {
        // SAFETY: The functions are the module's, which a program that has them called holds.
        let registered = to_result(unsafe {
            bindings::lvs_xdp_register(Some(run::<T, false>), Some(run::<T, true>))
        });
        if let Err(error) = registered {
            pr_warn!("no frames from XDP: {error:?}\n");
        }
        Self(())
    }
}

/// # Safety
///
/// Called by the function that programs call, in softirq, with the frame of a device of `net`, as
/// [`Frame`] has it, of family `V6`.
unsafe extern "C" fn run<T: FrameReceiver, const V6: bool>(
    net: *mut bindings::net,
    frame: *mut bindings::lvs_frame,
) -> ffi::c_int {
    const PASS: ffi::c_int = bindings::xdp_action_XDP_PASS as ffi::c_int;
    let Some(mut raw) = NonNull::new(frame) else {
        return PASS;
    };
    // SAFETY: Softirqs are off until the program returns.
    let read = unsafe { ReadSide::assume() };
    // SAFETY: A device's namespace is alive, and this is softirq.
    let Some(state) = (unsafe { netns::state_in_softirq::<T>(net, read) }) else {
        return PASS;
    };
    // SAFETY: The frame is the program's, so nobody else's.
    let raw = unsafe { raw.as_mut() };
    let family = if V6 { Family::V6 } else { Family::V4 };
    // INVARIANT: By the contract of this function.
    state.receive_frame(Frame { raw, family }, read).0
}
