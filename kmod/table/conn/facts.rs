// SPDX-License-Identifier: GPL-2.0

//! What an entry says: its ends, how its packets are forwarded, its times.

use core::sync::atomic::Ordering;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::Forwarding;

use crate::kernel_ext::net::conntrack::Endpoint;
use crate::kernel_ext::task::time;

use super::client_side::{
    self,
    Times, //
};
use super::flag;
use super::layout::{
    Conn,
    CLIENT_IS_V6,
    ORIGIN_SHIFT,
    REAL_IS_V6, //
};
use super::real_side;
use super::tuple::Tuple;

/// What listings show as the server's port of an invalid template.
const INVALID_PORT: u16 = 0xffff;

impl Conn {
    #[inline(always)]
    pub(super) fn families(&self) -> u8 {
        self.families.load(Ordering::Relaxed)
    }

    /// Whose the last word on it was: 0 for this director's own packets.
    pub(in crate::table) fn origin(&self) -> u8 {
        self.families() >> ORIGIN_SHIFT
    }

    /// Notes whose it is now, below 64.
    pub(in crate::table) fn set_origin(&self, origin: u8) {
        let families = self.families();
        let new = families & (CLIENT_IS_V6 | REAL_IS_V6) | (origin << ORIGIN_SHIFT);
        // Of several that have a word at once any may be the last one; the families never change.
        if new != families {
            self.families.store(new, Ordering::Relaxed);
        }
    }

    /// The tick at which it would end by another director's last word; 0 if there was none. While
    /// that is its end no packet of this director's has used it since.
    pub(in crate::table) fn told_end(&self) -> u32 {
        real_side::told_end(self.real_family(), &self.narrow_real, &self.wide_real)
    }

    /// Notes that tick.
    pub(in crate::table) fn set_told_end(&self, end: u32) {
        real_side::set_told_end(self.real_family(), &self.narrow_real, &self.wide_real, end);
    }

    /// Family of client and virtual address.
    pub(crate) fn family(&self) -> Family {
        if self.families() & CLIENT_IS_V6 == 0 {
            Family::V4
        } else {
            Family::V6
        }
    }

    /// Family of the real server's address.
    pub(crate) fn real_family(&self) -> Family {
        if self.families() & REAL_IS_V6 == 0 {
            Family::V4
        } else {
            Family::V6
        }
    }

    /// IP protocol.
    #[inline]
    pub(crate) fn protocol(&self) -> u8 {
        self.protocol
    }

    /// The client.
    #[inline]
    pub(crate) fn client(&self) -> Addr {
        match self.family() {
            Family::V4 => Addr::from_v4_word(self.narrow.client()),
            Family::V6 => *self.wide.client(),
        }
    }

    /// The client's port.
    #[inline]
    pub(crate) fn client_port(&self) -> u16 {
        self.client_port
    }

    /// The virtual address.
    #[inline]
    pub(crate) fn virtual_addr(&self) -> Addr {
        match self.family() {
            Family::V4 => Addr::from_v4_word(self.narrow.virtual_addr()),
            Family::V6 => *self.wide.virtual_addr(),
        }
    }

    /// The virtual port.
    #[inline]
    pub(crate) fn virtual_port(&self) -> u16 {
        self.virtual_port
    }

    /// The virtual end.
    pub(crate) fn virtual_end(&self) -> Endpoint {
        Endpoint {
            addr: self.virtual_addr(),
            port: self.virtual_port,
        }
    }

    /// The real server's end.
    pub(crate) fn real_end(&self) -> Endpoint {
        Endpoint {
            addr: self.real_addr(),
            port: self.real_port(),
        }
    }

    /// The real server's address.
    #[inline]
    pub(crate) fn real_addr(&self) -> Addr {
        match self.real_family() {
            Family::V4 => Addr::from_v4_word(self.narrow_real.word()),
            Family::V6 => self.wide_real.addr(),
        }
    }

    /// The real server's port.
    #[inline]
    pub(crate) fn real_port(&self) -> u16 {
        if self.has(flag::INVALID) {
            return INVALID_PORT;
        }
        self.real_port
    }

    /// Both ends as the client sees them.
    pub(in crate::table) fn tuple(&self) -> Tuple {
        Tuple {
            family: self.family(),
            protocol: self.protocol,
            client: self.client(),
            client_port: self.client_port,
            virtual_addr: self.virtual_addr(),
            virtual_port: self.virtual_port,
        }
    }

    /// How packets reach the server.
    #[inline]
    pub(crate) fn forwarding(&self) -> Forwarding {
        Forwarding::from_flags(self.state.load(Ordering::Relaxed) >> flag::METHOD_SHIFT)
    }

    /// Whether this is a persistence template.
    pub(crate) fn is_template(&self) -> bool {
        self.has(flag::TEMPLATE)
    }

    /// Whether any of the [`flag`] bits in `mask` is set.
    #[inline]
    pub(crate) fn has(&self, mask: u32) -> bool {
        self.state.load(Ordering::Relaxed) & mask != 0
    }

    /// The number of the protocol's or the template's state.
    pub(in crate::table) fn state_number(&self) -> u8 {
        self.state.load(Ordering::Relaxed) as u8
    }

    fn times(&self) -> Times {
        client_side::times(self.family(), &self.narrow, &self.wide)
    }

    /// How long this template lives after each use.
    pub(crate) fn template_ticks(&self) -> u32 {
        self.times().template_ticks
    }

    /// The same, made so many seconds ago.
    pub(super) fn aged(self, seconds: u32) -> Self {
        let times = Times {
            born: time::seconds().wrapping_sub(seconds),
            template_ticks: self.template_ticks(),
        };
        let (narrow, wide) = client_side::client_side(&self.tuple(), times);
        Self {
            narrow,
            wide,
            ..self
        }
    }

    /// For how many seconds the connection has existed.
    pub(crate) fn age(&self) -> u32 {
        time::seconds().wrapping_sub(self.times().born)
    }

    /// No new connection uses this template any more.
    pub(crate) fn invalidate(&self) {
        self.state.fetch_or(flag::INVALID, Ordering::Relaxed);
    }
}
