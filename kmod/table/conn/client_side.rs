// SPDX-License-Identifier: GPL-2.0

//! Client and virtual address as an entry keeps them, and its times in the words that are spare.
//!
//! | | [`NarrowSide`] | [`WideSide`] |
//! |--|--|--|
//! | IPv4 | the addresses | the times, in the client's first two words |
//! | IPv6 | the times | the addresses |

use lvs_engine::addr::{
    Addr,
    Family, //
};

use super::tuple::Tuple;

/// Two words: the addresses of an IPv4 connection, or the times of an IPv6 one.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct NarrowSide {
    client_or_ticks: u32,
    virtual_or_born: u32,
}

/// Eight words: the addresses of an IPv6 connection, or the times of an IPv4 one.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct WideSide {
    client_or_times: Addr,
    virtual_addr: Addr,
}

/// When an entry began, and how long it lives.
#[derive(Clone, Copy)]
pub(super) struct Times {
    /// The second it was made.
    pub(super) born: u32,
    /// How long a template lives after each use, in ticks.
    pub(super) template_ticks: u32,
}

/// Both sides of an entry for `tuple`.
#[inline]
pub(super) fn client_side(tuple: &Tuple, times: Times) -> (NarrowSide, WideSide) {
    let Times {
        born,
        template_ticks,
    } = times;
    match tuple.family {
        Family::V4 => (
            NarrowSide {
                client_or_ticks: tuple.client.v4_word(),
                virtual_or_born: tuple.virtual_addr.v4_word(),
            },
            WideSide {
                client_or_times: Addr([template_ticks, born, 0, 0]),
                virtual_addr: Addr::ANY,
            },
        ),
        Family::V6 => (
            NarrowSide {
                client_or_ticks: template_ticks,
                virtual_or_born: born,
            },
            WideSide {
                client_or_times: tuple.client,
                virtual_addr: tuple.virtual_addr,
            },
        ),
    }
}

/// The times in the sides of an entry of `family`.
pub(super) fn times(family: Family, narrow: &NarrowSide, wide: &WideSide) -> Times {
    let (template_ticks, born) = match family {
        Family::V4 => {
            let [ticks, born, ..] = wide.client_or_times.0;
            (ticks, born)
        }
        Family::V6 => (narrow.client_or_ticks, narrow.virtual_or_born),
    };
    Times {
        born,
        template_ticks,
    }
}

impl NarrowSide {
    /// The client's address, of an IPv4 connection.
    #[inline(always)]
    pub(super) fn client(&self) -> u32 {
        self.client_or_ticks
    }

    /// The virtual address of an IPv4 connection.
    #[inline(always)]
    pub(super) fn virtual_addr(&self) -> u32 {
        self.virtual_or_born
    }
}

impl WideSide {
    /// The client's address, of an IPv6 connection.
    #[inline(always)]
    pub(super) fn client(&self) -> &Addr {
        &self.client_or_times
    }

    /// The virtual address of an IPv6 connection.
    #[inline(always)]
    pub(super) fn virtual_addr(&self) -> &Addr {
        &self.virtual_addr
    }
}
