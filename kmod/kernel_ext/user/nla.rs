// SPDX-License-Identifier: GPL-2.0

//! Netlink attributes: policies, a reader over received attributes and a writer into a message.
//!
//! Relies on: parsing leaves only attributes that lie in the message and are as long as the policy
//! says; `nla_put` checks the room left.
//!
//! A breach would be noticed by: `test-genl`, `test-control-fuzz`, `test-regressions`
//! (`names-without-an-end`, `services-that-fail`).
//!
//! C header: [`include/net/netlink.h`](srctree/include/net/netlink.h)

use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::error::to_result;
use kernel::prelude::*;

use super::bindings;

/// What the kernel demands of received attributes, by their number: `N` is one more than the
/// highest.
///
/// Validation is the liberal one of old families: unknown attributes are ignored and a longer
/// payload than needed is accepted.
#[repr(transparent)]
pub(crate) struct Policy<const N: usize>([bindings::nla_policy; N]);

// SAFETY: The table is immutable, and none of the kinds of entries that are built here holds a
// pointer.
unsafe impl<const N: usize> Sync for Policy<N> {}

impl<const N: usize> Policy<N> {
    /// A policy that demands nothing. For constants only: an attribute out of range fails the
    /// build.
    pub(crate) const fn new() -> Self {
        let any: bindings::nla_policy = pin_init::zeroed();
        Self([any; N])
    }

    /// Attribute `attr` is a `u8`.
    pub(crate) const fn u8(self, attr: u16) -> Self {
        self.with(attr, bindings::NLA_U8, 0)
    }

    /// Attribute `attr` is a `u16`.
    pub(crate) const fn u16(self, attr: u16) -> Self {
        self.with(attr, bindings::NLA_U16, 0)
    }

    /// Attribute `attr` is a `u32`.
    pub(crate) const fn u32(self, attr: u16) -> Self {
        self.with(attr, bindings::NLA_U32, 0)
    }

    /// Attribute `attr` is a `u64`.
    pub(crate) const fn u64(self, attr: u16) -> Self {
        self.with(attr, bindings::NLA_U64, 0)
    }

    /// Attribute `attr` contains attributes.
    pub(crate) const fn nested(self, attr: u16) -> Self {
        self.with(attr, bindings::NLA_NESTED, 0)
    }

    /// Attribute `attr` has at most `longest` bytes.
    pub(crate) const fn at_most(self, attr: u16, longest: usize) -> Self {
        self.with(attr, bindings::NLA_BINARY, longest)
    }

    /// Attribute `attr` has at least `shortest` bytes.
    pub(crate) const fn at_least(self, attr: u16, shortest: usize) -> Self {
        self.with(attr, bindings::NLA_UNSPEC, shortest)
    }

    /// Attribute `attr` is a NUL-terminated string of at most `longest` bytes before the NUL.
    pub(crate) const fn nul_string(self, attr: u16, longest: usize) -> Self {
        self.with(attr, bindings::NLA_NUL_STRING, longest)
    }

    /// Attribute `attr` is of the kernel's `kind`, with what that means by a length.
    const fn with(mut self, attr: u16, kind: c_uint, len: usize) -> Self {
        assert!(kind <= 0xff && len <= 0xffff);
        self.0[attr as usize].type_ = kind as u8;
        self.0[attr as usize].len = len as u16;
        self
    }

    /// The table for C.
    pub(in crate::kernel_ext) const fn as_ptr(&self) -> *const bindings::nla_policy {
        self.0.as_ptr()
    }
}

/// Payload of a received attribute.
#[derive(Clone, Copy)]
pub(crate) struct Attr<'a>(&'a [u8]);

impl<'a> Attr<'a> {
    /// The payload of `attr`.
    ///
    /// # Safety
    ///
    /// `attr` points to an attribute of which all bytes that its length covers are readable and
    /// unchanged for `'a`.
    pub(in crate::kernel_ext) unsafe fn from_raw(attr: NonNull<bindings::nlattr>) -> Self {
        let header = size_of::<bindings::nlattr>();
        // SAFETY: The caller vouches for the header.
        let len = usize::from(unsafe { attr.as_ref() }.nla_len).saturating_sub(header);
        // SAFETY: The payload follows the header, and the caller vouches for it.
        Self(unsafe { core::slice::from_raw_parts(attr.as_ptr().cast::<u8>().add(header), len) })
    }

    /// A number of one byte.
    pub(crate) fn u8(self) -> Result<u8> {
        self.0.first().copied().ok_or(EINVAL)
    }

    /// A number of two bytes, host order.
    pub(crate) fn u16(self) -> Result<u16> {
        self.chunk().map(u16::from_ne_bytes)
    }

    /// A number of two bytes, network order.
    pub(crate) fn be16(self) -> Result<u16> {
        self.chunk().map(u16::from_be_bytes)
    }

    /// A number of four bytes, host order.
    pub(crate) fn u32(self) -> Result<u32> {
        self.chunk().map(u32::from_ne_bytes)
    }

    /// A number of eight bytes, host order.
    pub(crate) fn u64(self) -> Result<u64> {
        self.chunk().map(u64::from_ne_bytes)
    }

    /// The first `N` bytes, with zeroes for those that are missing.
    pub(crate) fn padded<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(self.0) {
            *to = *from;
        }
        bytes
    }

    /// All of it.
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The bytes before the first NUL.
    pub(crate) fn text(self) -> &'a [u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or(&[])
    }

    /// The attributes in this one.
    pub(crate) fn nested<const N: usize>(self, policy: &Policy<N>) -> Result<Attrs<'a, N>> {
        Attrs::parse(self.0, policy)
    }

    /// The first `N` bytes; `EINVAL` when there are fewer.
    fn chunk<const N: usize>(self) -> Result<[u8; N]> {
        self.0.first_chunk().copied().ok_or(EINVAL)
    }
}

/// Received attributes by their number, below `N`.
///
/// # Invariants
///
/// Every pointer that isn't null points to an attribute that is readable and unchanged for `'a`.
pub(crate) struct Attrs<'a, const N: usize> {
    table: [*mut bindings::nlattr; N],
    _received: PhantomData<&'a [u8]>,
}

impl<'a, const N: usize> Attrs<'a, N> {
    /// Splits `bytes` into attributes and checks them; of equal ones the last counts.
    pub(in crate::kernel_ext) fn parse(bytes: &'a [u8], policy: &Policy<N>) -> Result<Self> {
        let mut table = [core::ptr::null_mut(); N];
        let highest = N.checked_sub(1).ok_or(EINVAL)?;
        // SAFETY: The table has room for the numbers up to `highest` and the policy describes as
        // many; `bytes` is readable for the length given. No place to report to is a valid
        // argument.
        to_result(unsafe {
            bindings::__nla_parse(
                table.as_mut_ptr(),
                c_int::try_from(highest)?,
                bytes.as_ptr().cast(),
                c_int::try_from(bytes.len())?,
                policy.as_ptr(),
                bindings::netlink_validation_NL_VALIDATE_LIBERAL,
                core::ptr::null_mut(),
            )
        })?;
        // INVARIANT: `__nla_parse()` enters attributes that lie within `bytes` and nothing else.
        Ok(Self {
            table,
            _received: PhantomData,
        })
    }

    /// Attribute `attr`, if it was sent.
    pub(crate) fn get(&self, attr: u16) -> Option<Attr<'a>> {
        let raw = NonNull::new(*self.table.get(usize::from(attr))?)?;
        // SAFETY: By the type invariants.
        Some(unsafe { Attr::from_raw(raw) })
    }

    /// Attribute `attr`, or the error that its absence is.
    pub(crate) fn need(&self, attr: u16) -> Result<Attr<'a>> {
        self.get(attr).ok_or(EINVAL)
    }
}

/// Appends attributes to a message that is being built.
///
/// # Invariants
///
/// `skb` is valid and nobody else touches it for `'a`.
pub(crate) struct Writer<'a> {
    skb: NonNull<bindings::sk_buff>,
    _message: PhantomData<&'a mut bindings::sk_buff>,
}

impl Writer<'_> {
    /// A writer into `skb`.
    ///
    /// # Safety
    ///
    /// `skb` must be valid and used by nobody else while the writer exists.
    pub(in crate::kernel_ext) unsafe fn new(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            skb,
            _message: PhantomData,
        }
    }

    /// Appends bytes as they are.
    pub(crate) fn bytes(&mut self, attr: u16, value: &[u8]) -> Result {
        let len = u16::try_from(value.len()).map_err(|_| EMSGSIZE)?;
        // SAFETY: `skb` is valid by the type invariants, and `value` is readable for its length.
        to_result(unsafe {
            bindings::nla_put(
                self.skb.as_ptr(),
                c_int::from(attr),
                c_int::from(len),
                value.as_ptr().cast(),
            )
        })
    }

    /// Appends a number of one byte.
    pub(crate) fn u8(&mut self, attr: u16, value: u8) -> Result {
        self.bytes(attr, &[value])
    }

    /// Appends a number of two bytes, host order.
    pub(crate) fn u16(&mut self, attr: u16, value: u16) -> Result {
        self.bytes(attr, &value.to_ne_bytes())
    }

    /// Appends a number of two bytes, network order.
    pub(crate) fn be16(&mut self, attr: u16, value: u16) -> Result {
        self.bytes(attr, &value.to_be_bytes())
    }

    /// Appends a number of four bytes, host order.
    pub(crate) fn u32(&mut self, attr: u16, value: u32) -> Result {
        self.bytes(attr, &value.to_ne_bytes())
    }

    /// Appends a number of eight bytes, host order; where the architecture wants it aligned, after
    /// an empty attribute `pad`.
    pub(crate) fn u64(&mut self, attr: u16, value: u64, pad: u16) -> Result {
        // SAFETY: `skb` is valid by the type invariants, and `value` is readable for eight bytes.
        to_result(unsafe {
            bindings::nla_put_64bit(
                self.skb.as_ptr(),
                c_int::from(attr),
                8,
                (&raw const value).cast(),
                c_int::from(pad),
            )
        })
    }

    /// Appends text and the NUL after it.
    pub(crate) fn text(&mut self, attr: u16, value: &str) -> Result {
        let len = u16::try_from(value.len())
            .ok()
            .and_then(|len| len.checked_add(1))
            .ok_or(EMSGSIZE)?;
        // SAFETY: `skb` is valid by the type invariants.
        let raw = unsafe {
            bindings::nla_reserve(self.skb.as_ptr(), c_int::from(attr), c_int::from(len))
        };
        let raw = NonNull::new(raw).ok_or(EMSGSIZE)?;
        // SAFETY: `nla_reserve()` made room for a header and `len` bytes: the text and one more.
        unsafe {
            let payload = raw.as_ptr().cast::<u8>().add(size_of::<bindings::nlattr>());
            core::ptr::copy_nonoverlapping(value.as_ptr(), payload, value.len());
            payload.add(value.len()).write(0);
        }
        Ok(())
    }

    /// Appends a nest of what `fill` writes; nothing if that fails. It bears no `NLA_F_NESTED`, as
    /// in old families.
    pub(crate) fn nest(&mut self, attr: u16, fill: impl FnOnce(&mut Self) -> Result) -> Result {
        // SAFETY: `skb` is valid by the type invariants.
        let start = unsafe { bindings::lvs_nla_nest_start(self.skb.as_ptr(), c_int::from(attr)) };
        let start = NonNull::new(start).ok_or(EMSGSIZE)?;
        let filled = fill(self);
        match filled {
            // SAFETY: `start` is the nest that was opened last and is still open: an inner one is
            // closed by now.
            Ok(()) => unsafe { bindings::lvs_nla_nest_end(self.skb.as_ptr(), start.as_ptr()) },
            // SAFETY: `start` is that nest, and inner ones are closed by now.
            Err(_) => unsafe { bindings::lvs_nla_nest_cancel(self.skb.as_ptr(), start.as_ptr()) },
        }
        filled
    }
}
