// SPDX-License-Identifier: GPL-2.0

//! A generic netlink family: its commands, requests, replies and dumps.
//!
//! A command is a type that implements [`Answer`] or [`List`]. [`Op`] makes entries of the family's
//! table from them; everything between C and those traits is here.
//!
//! Relies on: generic netlink checks header lengths and policies, holds the socket's namespace, and
//! calls `start`, `dumpit` and `done` in this order, never two at once.
//!
//! A breach would be noticed by: `test-genl`, `test-control-fuzz`, `test-regressions`
//! (`names-without-an-end`).
//!
//! C header: [`include/net/genetlink.h`](srctree/include/net/genetlink.h)

use core::marker::PhantomData;
use core::mem::transmute;
use core::ptr::NonNull;

use kernel::error::{
    from_result,
    to_result, //
};
use kernel::prelude::*;
use kernel::types::Opaque;

use super::bindings;
use super::genl_group::Group;
use super::nla::{
    Attr,
    Attrs,
    Policy,
    Writer, //
};
use crate::kernel_ext::net::netns::{
    state_of,
    NetnsState,
    StateUse, //
};
use crate::kernel_ext::task::gate::Gate;

/// A command that is answered once.
pub(crate) trait Answer {
    /// The request has a secret, of which nothing is left once it is answered.
    const HAS_SECRET: bool = false;

    /// Carries out `request`. Without a reply of its own it is acknowledged.
    fn answer(request: &Request<'_>) -> Result;
}

/// A command that is answered with a list.
pub(crate) trait List {
    /// Appends entries from where the last call stopped, until one doesn't fit or there are no
    /// more. Called again until it appends nothing.
    fn list(dump: &mut Dump<'_>) -> Result;
}

/// A request that is being answered, on behalf of the process that sent it.
///
/// # Invariants
///
/// `info` is valid and unchanged for `'a`; its table of attributes has the entries of the family's
/// policy.
pub(crate) struct Request<'a> {
    info: NonNull<bindings::genl_info>,
    _call: PhantomData<&'a bindings::genl_info>,
}

impl<'a> Request<'a> {
    /// The state of the network namespace of the sender's socket; `ENODEV` while there is none.
    pub(crate) fn state<T: NetnsState>(&self) -> Result<&'a T> {
        // SAFETY: `info` is valid by the type invariants. The socket keeps its namespace alive, and
        // the states of all namespaces wait for the family to be unregistered, and that for this
        // call.
        unsafe { state_of(bindings::lvs_genl_info_net(self.info.as_ptr())) }.ok_or(ENODEV)
    }

    /// The number of the sender's socket in its namespace; another socket may have it once this one
    /// is closed.
    pub(crate) fn owner(&self) -> u32 {
        // SAFETY: `info` is valid by the type invariants.
        unsafe { self.info.as_ref() }.snd_portid
    }

    /// Attribute `attr` of the outermost level, if it was sent.
    pub(crate) fn attr(&self, attr: u16) -> Option<Attr<'a>> {
        // SAFETY: `info` is valid by the type invariants.
        let info = unsafe { self.info.as_ref() };
        // SAFETY: The family outlives the requests to it.
        let highest = unsafe { (*info.family).maxattr };
        if info.attrs.is_null() || c_uint::from(attr) > highest {
            return None;
        }
        // SAFETY: The table has `highest + 1` entries by the type invariants.
        let raw = NonNull::new(unsafe { *info.attrs.add(usize::from(attr)) })?;
        // SAFETY: Entries of the table are attributes of the request, which outlives the call.
        Some(unsafe { Attr::from_raw(raw) })
    }

    /// Answers with one message of command `cmd` that `fill` writes.
    pub(crate) fn reply(&self, cmd: u8, fill: impl FnOnce(&mut Writer<'_>) -> Result) -> Result {
        // SAFETY: Any size is a valid argument.
        let skb = unsafe { bindings::lvs_genlmsg_new() };
        let skb = NonNull::new(skb).ok_or(ENOMEM)?;
        // SAFETY: `info` is valid by the type invariants and `skb` is ours alone.
        let filled = unsafe { append(skb, self.info.as_ref(), 0, cmd, fill) };
        if filled.is_err() {
            // SAFETY: `skb` is ours and isn't used any more.
            unsafe { bindings::lvs_nlmsg_free(skb.as_ptr()) };
            return filled;
        }
        // SAFETY: Both are valid; `skb` passes to the callee, whatever it returns.
        to_result(unsafe { bindings::lvs_genlmsg_reply(skb.as_ptr(), self.info.as_ptr()) })
    }
}

/// A list that is being sent, a buffer at a time.
///
/// # Invariants
///
/// Both pointers are valid and used by nobody else for `'a`.
pub(crate) struct Dump<'a> {
    skb: NonNull<bindings::sk_buff>,
    cb: NonNull<bindings::netlink_callback>,
    _call: PhantomData<&'a mut bindings::netlink_callback>,
}

impl<'a> Dump<'a> {
    /// The state of the network namespace of the sender's socket; `ENODEV` while there is none.
    pub(crate) fn state<T: NetnsState>(&self) -> Result<&'a T> {
        // SAFETY: A dump has a description, and a socket that keeps its namespace alive. The states
        // of all namespaces wait for the family to be unregistered, and that for this call.
        unsafe { state_of(bindings::lvs_genl_info_net(self.info())) }.ok_or(ENODEV)
    }

    /// How far the last call came; zeroes in the first one.
    pub(crate) fn position(&self) -> [usize; 3] {
        // SAFETY: `cb` is valid by the type invariants; any bytes are valid numbers.
        let [first, second, third, ..] = unsafe { self.cb.as_ref().__bindgen_anon_1.args };
        [first as usize, second as usize, third as usize]
    }

    /// Notes how far this call came.
    pub(crate) fn set_position(&mut self, position: [usize; 3]) {
        // SAFETY: `cb` is valid and ours by the type invariants.
        let args = unsafe { &mut self.cb.as_mut().__bindgen_anon_1.args };
        for (arg, number) in args.iter_mut().zip(position) {
            *arg = number as c_long;
        }
    }

    /// Notes a number that tells states of the listed apart. If it isn't what it was in the first
    /// call, the list ends with `NLM_F_DUMP_INTR`.
    pub(crate) fn note_generation(&mut self, generation: u32) {
        let is_first = self.position() == [0; 3];
        // SAFETY: `cb` is valid and ours by the type invariants.
        let cb = unsafe { self.cb.as_mut() };
        // Zero would mean that nothing was noted before.
        cb.seq = generation | 1 << 31;
        if is_first {
            cb.prev_seq = cb.seq;
        }
    }

    /// The attributes of the request.
    pub(crate) fn attrs<const N: usize>(&self, policy: &Policy<N>) -> Result<Attrs<'a, N>> {
        let headers =
            size_of::<bindings::nlmsghdr>().wrapping_add(size_of::<bindings::genlmsghdr>());
        // SAFETY: `cb` is valid by the type invariants, and the dump holds on to its request.
        let request = unsafe { self.cb.as_ref().nlh };
        // SAFETY: The request is a message, which begins with its header.
        let len = unsafe { (*request).nlmsg_len } as usize;
        let len = len.checked_sub(headers).ok_or(EINVAL)?;
        // SAFETY: Generic netlink checked that the message is as long as it says and has both
        // headers, which are as long as their alignment wants.
        let bytes = unsafe { core::slice::from_raw_parts(request.cast::<u8>().add(headers), len) };
        Attrs::parse(bytes, policy)
    }

    /// Bytes that can still be appended in this call; at first as many as the buffer has.
    pub(crate) fn room(&self) -> usize {
        // SAFETY: `skb` is valid by the type invariants.
        let room = unsafe { bindings::lvs_skb_tailroom(self.skb.as_ptr()) };
        room.max(0).unsigned_abs() as usize
    }

    /// Whether nothing was appended in this call.
    pub(crate) fn is_empty(&self) -> bool {
        // SAFETY: `skb` is valid by the type invariants.
        unsafe { self.skb.as_ref().len == 0 }
    }

    /// Appends an entry of command `cmd` that `fill` writes. When it doesn't fit, nothing is
    /// appended.
    pub(crate) fn entry(
        &mut self,
        cmd: u8,
        fill: impl FnOnce(&mut Writer<'_>) -> Result,
    ) -> Result {
        // SAFETY: The dump's description is valid during the call, and `skb` is ours by the type
        // invariants.
        unsafe { append(self.skb, &*self.info(), bindings::NLM_F_MULTI, cmd, fill) }
    }

    /// The dump's description, valid during the call.
    fn info(&self) -> *const bindings::genl_info {
        // SAFETY: `cb` is valid by the type invariants and belongs to a dump of generic netlink.
        unsafe { bindings::lvs_genl_info_dump(self.cb.as_ptr()) }
    }
}

/// Appends a message of command `cmd` that `fill` writes; nothing if that fails.
///
/// # Safety
///
/// `skb` must be valid and used by nobody else; `info` must describe a request to a registered
/// family.
unsafe fn append(
    skb: NonNull<bindings::sk_buff>,
    info: &bindings::genl_info,
    flags: u32,
    cmd: u8,
    fill: impl FnOnce(&mut Writer<'_>) -> Result,
) -> Result {
    // SAFETY: The caller vouches for the arguments.
    let header = unsafe { bindings::lvs_genlmsg_put(skb.as_ptr(), info, flags as c_int, cmd) };
    // SAFETY: The caller vouches for `skb`, in which the message was begun just now.
    unsafe { complete(skb, header, fill) }
}

/// Has `fill` write the message that was begun in `skb` at `header`; takes it back if that fails.
/// Fails with `EMSGSIZE` if it couldn't be begun.
///
/// # Safety
///
/// `skb` must be valid and used by nobody else; `header`, unless null, must be what beginning a
/// message in it gave last.
pub(super) unsafe fn complete(
    skb: NonNull<bindings::sk_buff>,
    header: *mut c_void,
    fill: impl FnOnce(&mut Writer<'_>) -> Result,
) -> Result {
    let header = NonNull::new(header).ok_or(EMSGSIZE)?;
    // SAFETY: The caller vouches for `skb`, which we leave alone while the writer exists.
    let filled = fill(&mut unsafe { Writer::new(skb) });
    match filled {
        // SAFETY: `header` is the message just begun in `skb`.
        Ok(()) => unsafe { bindings::lvs_genlmsg_end(skb.as_ptr(), header.as_ptr()) },
        // SAFETY: `header` is the message just begun in `skb`, and nothing else was.
        Err(_) => unsafe { bindings::lvs_genlmsg_cancel(skb.as_ptr(), header.as_ptr()) },
    }
    filled
}

/// A command of a family. All demand `CAP_NET_ADMIN` in the initial user namespace and ignore
/// unknown attributes.
#[repr(transparent)]
pub(crate) struct Op(bindings::genl_small_ops);

// SAFETY: Immutable data and functions that may be called by all threads at once.
unsafe impl Sync for Op {}

impl Op {
    /// Command `cmd`, which nothing handles yet.
    pub(crate) const fn new(cmd: u8) -> Self {
        let mut op: bindings::genl_small_ops = pin_init::zeroed();
        op.cmd = cmd;
        op.flags = bindings::GENL_ADMIN_PERM as u8;
        op.validate = (bindings::genl_validate_flags_GENL_DONT_VALIDATE_STRICT
            | bindings::genl_validate_flags_GENL_DONT_VALIDATE_DUMP) as u8;
        Self(op)
    }

    /// `T` answers a plain request.
    pub(crate) const fn answered_by<T: Answer>(mut self) -> Self {
        self.0.doit = Some(answer::<T>);
        self
    }

    /// `T` answers a request for a list.
    pub(crate) const fn listed_by<T: List>(mut self) -> Self {
        self.0.dumpit = Some(list::<T>);
        self
    }
}

/// # Safety
///
/// Called by generic netlink alone, with its arguments for a command that is answered once.
unsafe extern "C" fn answer<T: Answer>(
    _skb: *mut bindings::sk_buff,
    info: *mut bindings::genl_info,
) -> c_int {
    from_result(|| {
        // INVARIANT: Generic netlink keeps `info` as it is during the call, and made the table of
        // attributes.
        let request = Request {
            info: NonNull::new(info).ok_or(EINVAL)?,
            _call: PhantomData,
        };
        let answered = T::answer(&request);
        if T::HAS_SECRET {
            // SAFETY: The request is a message with both headers, in memory that is its own; those
            // who read its attributes borrowed `request`, which nobody does any more.
            unsafe { bindings::lvs_genl_wipe(request.info.as_ptr()) };
        }
        answered.map(|()| 0)
    })
}

/// # Safety
///
/// Called by generic netlink alone, with its arguments for a list.
unsafe extern "C" fn list<T: List>(
    skb: *mut bindings::sk_buff,
    cb: *mut bindings::netlink_callback,
) -> c_int {
    from_result(|| {
        let skb = NonNull::new(skb).ok_or(EINVAL)?;
        // INVARIANT: Netlink serialises the calls for one dump, so both are ours during this one.
        let mut dump = Dump {
            skb,
            cb: NonNull::new(cb).ok_or(EINVAL)?,
            _call: PhantomData,
        };
        T::list(&mut dump)?;
        // SAFETY: `skb` is valid during the call.
        Ok(c_int::try_from(unsafe { skb.as_ref().len })?)
    })
}

/// A generic netlink family whose commands may run at once, in every network namespace.
pub(crate) struct Family {
    raw: Opaque<bindings::genl_family>,
    /// Open while the family is registered.
    registered: Gate,
}

// SAFETY: Only generic netlink changes the family, under its own lock; the gate is atomic.
unsafe impl Sync for Family {}

impl Family {
    /// A family for a static. A name or table that is too long fails the build.
    ///
    /// Commands from `strict_from` on would be validated strictly.
    pub(crate) const fn new<const N: usize>(
        name: &'static str,
        version: u8,
        policy: &'static Policy<N>,
        ops: &'static [Op],
        strict_from: u8,
    ) -> Self {
        // Bits of the C bitfield: netnsok, parallel_ops.
        const FLAGS: u8 = u8::from_le(1 << 0 | 1 << 1);

        let mut family: bindings::genl_family = pin_init::zeroed();
        let name = name.as_bytes();
        assert!(name.len() < family.name.len() && ops.len() <= 0xff && N > 0);
        let mut i = 0;
        while i < name.len() {
            family.name[i] = name[i];
            i += 1;
        }
        family.version = version as c_uint;
        family.maxattr = (N - 1) as c_uint;
        family.policy = policy.as_ptr();
        // SAFETY: The bitfield is one byte, and any value of it is valid.
        let flags = unsafe { transmute::<u8, bindings::__BindgenBitfieldUnit<[u8; 1]>>(FLAGS) };
        family._bitfield_1 = flags;
        family.small_ops = ops.as_ptr().cast();
        family.n_small_ops = ops.len() as u8;
        family.resv_start_op = strict_from;
        family.module = bindings::this_module();
        Self {
            raw: Opaque::new(family),
            registered: Gate::closed(),
        }
    }

    /// The same with a multicast group.
    pub(crate) const fn with_group(self, group: &'static Group) -> Self {
        // SAFETY: Nobody else has the family yet.
        unsafe {
            let raw = self.raw.get();
            (*raw).mcgrps = group.as_ptr();
            (*raw).n_mcgrps = 1;
        }
        self
    }

    /// The family for C, as long as it is registered; others may have its numbers after that.
    pub(super) fn registered(&self) -> Option<Registered<'_>> {
        self.registered.enter().ok()?;
        // INVARIANT: It was counted just now.
        Some(Registered(self))
    }

    /// Makes the family known; `EEXIST` when another has its name. The states of all namespaces
    /// stay until the result is dropped.
    pub(crate) fn register(&'static self) -> Result<Registration> {
        let state_use = StateUse::begin()?;
        // SAFETY: The family and all it points to are static.
        to_result(unsafe { bindings::genl_register_family(self.raw.get()) })?;
        self.registered.open();
        // INVARIANT: It was registered just now.
        Ok(Registration(self, state_use))
    }
}

/// A registered family. Dropping it waits for commands that are running.
///
/// # Invariants
///
/// The family is registered.
pub(crate) struct Registration(&'static Family, StateUse);

impl Drop for Registration {
    fn drop(&mut self) {
        self.0.registered.drain("a multicast group");
        // SAFETY: The family is registered by the type invariants, and this happens once.
        unsafe { bindings::genl_unregister_family(self.0.raw.get()) };
    }
}

/// A family that stays registered until this is dropped.
///
/// # Invariants
///
/// It is counted in the family's gate, which was open: its end waits for this.
pub(super) struct Registered<'a>(&'a Family);

impl Registered<'_> {
    /// The family for C.
    pub(super) fn as_ptr(&self) -> *mut bindings::genl_family {
        self.0.raw.get()
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.0.registered.leave();
    }
}
