// SPDX-License-Identifier: GPL-2.0

//! The real server's address as an entry keeps it, and until when another director's word lets the
//! entry live, in a word that is spare.
//!
//! | | `narrow` | `wide` |
//! |--|--|--|
//! | IPv4 | the address | the end, in the first word |
//! | IPv6 | the end | the address |

use core::sync::atomic::{
    AtomicU32,
    AtomicU64,
    Ordering, //
};

use lvs_engine::addr::{
    Addr,
    Family, //
};

/// One word of the first line of an entry: an IPv4 address, or the end.
#[repr(transparent)]
pub(super) struct NarrowReal(AtomicU32);

/// Two double words: an IPv6 address, or the end.
#[repr(transparent)]
pub(super) struct WideReal([AtomicU64; 2]);

/// Both parts of an entry for a server at `addr`, of which nobody has told.
#[inline(always)]
pub(super) fn real_side(family: Family, addr: &Addr) -> (NarrowReal, WideReal) {
    let (narrow, wide) = match family {
        Family::V4 => (addr.v4_word(), Addr::ANY),
        Family::V6 => (0, *addr),
    };
    let [a, b, c, d] = wide.0.map(u64::from);
    (
        NarrowReal(AtomicU32::new(narrow)),
        WideReal([AtomicU64::new((b << 32) | a), AtomicU64::new((d << 32) | c)]),
    )
}

impl NarrowReal {
    /// The server's IPv4 address, or the end of life of an entry whose server has one of IPv6.
    #[inline(always)]
    pub(super) fn word(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl WideReal {
    /// The server's IPv6 address.
    #[inline(always)]
    pub(super) fn addr(&self) -> Addr {
        let [low, high] = &self.0;
        let (low, high) = (low.load(Ordering::Relaxed), high.load(Ordering::Relaxed));
        Addr([
            low as u32,
            (low >> 32) as u32,
            high as u32,
            (high >> 32) as u32,
        ])
    }
}

/// The tick at which an entry would end by another director's last word; 0 if there was none.
pub(super) fn told_end(family: Family, narrow: &NarrowReal, wide: &WideReal) -> u32 {
    match family {
        Family::V4 => wide.addr().v4_word(),
        Family::V6 => narrow.word(),
    }
}

/// Notes that tick.
pub(super) fn set_told_end(family: Family, narrow: &NarrowReal, wide: &WideReal, end: u32) {
    match family {
        Family::V4 => {
            let [low, _] = &wide.0;
            low.store(u64::from(end), Ordering::Relaxed);
        }
        Family::V6 => narrow.0.store(end, Ordering::Relaxed),
    }
}
