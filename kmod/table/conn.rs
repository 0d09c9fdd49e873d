// SPDX-License-Identifier: GPL-2.0

//! A connection: who talks to whom, in which state, until when.
//!
//! An entry of the table is 128 bytes, link and hash included. All that a packet of an IPv4
//! connection touches lies in the first cache line:
//!
//! | bytes | what |
//! |--|--|
//! | 0–15 | chain link, hash, expiry tick (in [`Entry`]) |
//! | 16–39 | server, controlling entry, extension |
//! | 40–63 | state and flags, IPv4 addresses, ports, protocol, families |
//! | 64–111 | IPv6 addresses; when an IPv4 connection began |
//! | 112–127 | deferred free |

mod expiry;
mod packets;
mod state;
mod tuple;

use core::mem;
use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::Forwarding;

use crate::kernel_ext::mem::memory::{
    Entry,
    Member,
    Tie, //
};
use crate::kernel_ext::mem::rcu::{
    RcuArc,
    RcuSlot,
    ReadSide, //
};
use crate::kernel_ext::net::conntrack::Endpoint;
use crate::kernel_ext::task::time;

use super::dest::Dest;
use super::extension::{
    self,
    Extension, //
};

pub(crate) use expiry::{
    is_expired,
    refresh,
    seconds_left, //
};
pub(crate) use tuple::Tuple;

/// Bits of a connection's state word above the protocol's state (8 bits).
pub(crate) mod flag {
    /// A data connection of FTP whose client's port isn't known yet.
    pub(crate) const EXPECTED: u32 = 1 << 11;
    /// Not counted as active at its server.
    pub(crate) const INACTIVE: u32 = 1 << 12;
    /// Only the client's packets have been seen so far.
    pub(crate) const NO_OUTPUT: u32 = 1 << 13;
    /// A persistence template.
    pub(crate) const TEMPLATE: u32 = 1 << 14;
    /// A control connection of FTP through NAT.
    pub(crate) const CONTROL: u32 = 1 << 15;
    /// Taken out of the table: nothing is counted any more.
    pub(crate) const DEAD: u32 = 1 << 16;
    /// A template that no new connection uses any more.
    pub(crate) const INVALID: u32 = 1 << 17;
    /// Its packets are tracked by netfilter as well.
    pub(crate) const TRACKED: u32 = 1 << 18;
    /// Of one packet, without a reply.
    pub(crate) const ONE_PACKET: u32 = 1 << 19;
    /// A template one of whose connections was answered by the server (in the state's place).
    pub(crate) const ASSURED: u32 = 1;
    /// Shift of the forwarding method.
    pub(crate) const METHOD_SHIFT: u32 = 20;
    // The four highest bits count packets: see `packets`.
}

/// What listings show as the server's port of an invalid template.
const INVALID_PORT: u16 = 0xffff;

const REAL_IS_V6: u8 = 1;
const CLIENT_IS_V6: u8 = 2;

/// A connection between a client and a real server.
#[repr(C)]
pub(crate) struct Conn {
    dest: RcuSlot<Dest>,
    /// Ties a connection to what controls it, which counts those tied to it: its persistence
    /// template, or FTP's control connection.
    tie: Tie<Conn>,
    /// Data that few have.
    extension: RcuSlot<Extension>,
    state: AtomicU32,
    client_v4: u32,
    virtual_v4: u32,
    real_v4: u32,
    client_port: u16,
    virtual_port: u16,
    real_port: u16,
    protocol: u8,
    families: u8,
    client_v6: Addr,
    virtual_v6: Addr,
    real_v6: Addr,
}

/// Memory of an entry.
pub(crate) const CONN_BYTES: usize = 128;

const _: () = {
    assert!(mem::size_of::<Entry<Conn>>() == CONN_BYTES);
    assert!(mem::align_of::<Entry<Conn>>() == 64);
    // The first line ends with the families.
    assert!(mem::offset_of!(Conn, families) == 63 - 16);
    assert!(!mem::needs_drop::<Conn>());
};

impl Member for Conn {
    fn tie(&self) -> Option<&Tie<Self>> {
        Some(&self.tie)
    }
}

impl Conn {
    /// A new connection, in its protocol's first state: to `dest`, or past the balancer.
    #[inline]
    pub(crate) fn new(
        tuple: &Tuple,
        dest: Option<&RcuArc<Dest>>,
        real_port: u16,
        flags: u32,
    ) -> Self {
        let (method, real_family, real) = match dest {
            Some(dest) => (dest.forwarding(), dest.id().family, dest.id().addr),
            // Listings show no address.
            None => (Forwarding::Bypass, tuple.family, Addr::ANY),
        };
        let born = time::seconds();
        let mut state = flags | flag::INACTIVE | method.number() << flag::METHOD_SHIFT;
        if method != Forwarding::Masquerade && dest.is_some() {
            state |= flag::NO_OUTPUT;
        }
        let mut conn = Self {
            dest: RcuSlot::new(dest.cloned()),
            tie: if flags & (flag::TEMPLATE | flag::CONTROL) == 0 {
                Tie::loose()
            } else {
                Tie::anchor()
            },
            extension: RcuSlot::new(None),
            state: AtomicU32::new(state),
            client_v4: 0,
            virtual_v4: 0,
            real_v4: 0,
            client_port: tuple.client_port,
            virtual_port: tuple.virtual_port,
            real_port,
            protocol: tuple.protocol,
            families: 0,
            client_v6: Addr::ANY,
            virtual_v6: Addr::ANY,
            real_v6: Addr::ANY,
        };
        match tuple.family {
            Family::V4 => {
                conn.client_v4 = tuple.client.v4_word();
                conn.virtual_v4 = tuple.virtual_addr.v4_word();
                conn.client_v6 = Addr([0, born, 0, 0]);
            }
            Family::V6 => {
                conn.virtual_v4 = born;
                conn.families |= CLIENT_IS_V6;
                conn.client_v6 = tuple.client;
                conn.virtual_v6 = tuple.virtual_addr;
            }
        }
        match real_family {
            Family::V4 => conn.real_v4 = real.v4_word(),
            Family::V6 => {
                conn.families |= REAL_IS_V6;
                conn.real_v6 = real;
            }
        }
        conn
    }

    /// Makes a template, which lives for `ticks` after each use whatever becomes of its service's
    /// settings. The number lies in a place that entries of its family don't use.
    pub(super) fn new_template(
        tuple: &Tuple,
        dest: Option<&RcuArc<Dest>>,
        real_port: u16,
        ticks: u32,
    ) -> Self {
        let mut conn = Self::new(tuple, dest, real_port, flag::TEMPLATE);
        match tuple.family {
            Family::V4 => {
                let [_, born, ..] = conn.client_v6.0;
                conn.client_v6 = Addr([ticks, born, 0, 0]);
            }
            Family::V6 => conn.client_v4 = ticks,
        }
        conn
    }

    /// The same with data that few have.
    pub(super) fn extended(self, extension: Option<RcuArc<Extension>>) -> Self {
        Self {
            extension: RcuSlot::new(extension),
            ..self
        }
    }

    /// How long this template lives after each use.
    pub(crate) fn template_ticks(&self) -> u32 {
        match self.family() {
            Family::V4 => {
                let [ticks, ..] = self.client_v6.0;
                ticks
            }
            Family::V6 => self.client_v4,
        }
    }

    /// For how many seconds the connection has existed. When it began lies in a place that entries of
    /// its family don't use.
    pub(crate) fn age(&self) -> u32 {
        let born = match self.family() {
            Family::V4 => {
                let [_, born, ..] = self.client_v6.0;
                born
            }
            Family::V6 => self.virtual_v4,
        };
        time::seconds().wrapping_sub(born)
    }

    /// The Call-ID of a template that has one.
    pub(crate) fn call_id<'a>(&self, read: ReadSide<'a>) -> Option<&'a [u8]> {
        match self.extension.load(read)? {
            Extension::Call(id) => Some(id),
            Extension::Control(_) => None,
        }
    }

    /// What was said on a control connection of FTP.
    pub(crate) fn control<'a>(&self, read: ReadSide<'a>) -> Option<&'a extension::Control> {
        match self.extension.load(read)? {
            Extension::Control(control) => Some(control),
            Extension::Call(_) => None,
        }
    }

    /// Gives up what few have. Called by whoever took the entry out of the table.
    pub(super) fn release_extension(&self) {
        drop(self.extension.take());
    }

    /// The real server, unless the connection goes past the balancer or is being taken down.
    #[inline]
    pub(crate) fn dest<'a>(&self, read: ReadSide<'a>) -> Option<&'a Dest> {
        self.dest.load(read)
    }

    /// The real server, with a share of its own.
    pub(crate) fn share_dest(&self, read: ReadSide<'_>) -> Option<RcuArc<Dest>> {
        self.dest.share(read)
    }

    /// Gives up the share of the server. Called once, by whoever took the entry out of the table.
    pub(super) fn release_dest(&self) -> Option<RcuArc<Dest>> {
        self.dest.take()
    }

    /// Whether client packets with `tuple` belong here.
    #[inline(always)]
    pub(crate) fn matches_request(&self, tuple: &Tuple) -> bool {
        self.has_tuple(tuple) && !self.has(flag::TEMPLATE)
    }

    /// Whether this is the template with `tuple`, and with the Call-ID `call` if there is one.
    pub(crate) fn matches_template(
        &self,
        read: ReadSide<'_>,
        tuple: &Tuple,
        call: Option<&[u8]>,
    ) -> bool {
        self.has_tuple(tuple)
            && self.has(flag::TEMPLATE)
            && !self.has(flag::INVALID)
            && self.call_id(read) == call
    }

    #[inline(always)]
    fn has_tuple(&self, tuple: &Tuple) -> bool {
        let addresses_match = match tuple.family {
            Family::V4 => {
                self.families & CLIENT_IS_V6 == 0
                    && self.client_v4 == tuple.client.v4_word()
                    && self.virtual_v4 == tuple.virtual_addr.v4_word()
            }
            Family::V6 => {
                self.families & CLIENT_IS_V6 != 0
                    && self.client_v6 == tuple.client
                    && self.virtual_v6 == tuple.virtual_addr
            }
        };
        addresses_match
            && self.client_port == tuple.client_port
            && self.virtual_port == tuple.virtual_port
            && self.protocol == tuple.protocol
    }

    /// Whether a packet from `source` to the client of `tuple` belongs here: sent by the real
    /// server where that is rewritten, else by the virtual address.
    /// `tuple.virtual_*` hold the packet's source.
    #[inline(always)]
    pub(crate) fn matches_reply(&self, tuple: &Tuple) -> bool {
        let rewritten = self.forwarding() == Forwarding::Masquerade;
        let source_port = if rewritten {
            self.real_port
        } else {
            self.virtual_port
        };
        if self.client_port != tuple.client_port
            || source_port != tuple.virtual_port
            || self.protocol != tuple.protocol
            || self.has(flag::TEMPLATE)
        {
            return false;
        }
        match tuple.family {
            Family::V4 => {
                let source = if rewritten {
                    self.real_v4
                } else {
                    self.virtual_v4
                };
                self.families & CLIENT_IS_V6 == 0
                    && self.client_v4 == tuple.client.v4_word()
                    && source == tuple.virtual_addr.v4_word()
            }
            Family::V6 => {
                let source = if rewritten {
                    self.real_v6
                } else {
                    self.virtual_v6
                };
                self.families & CLIENT_IS_V6 != 0
                    && self.client_v6 == tuple.client
                    && source == tuple.virtual_addr
            }
        }
    }

    /// Whether `tuple` has the same client, the part of it that is hashed.
    #[inline]
    pub(crate) fn same_client(&self, tuple: &Tuple) -> bool {
        self.client_port == tuple.client_port
            && self.protocol == tuple.protocol
            && self.client() == tuple.client
    }

    // -- What the entry says ---------------------------------------------------------------------

    /// Family of client and virtual address.
    pub(crate) fn family(&self) -> Family {
        if self.families & CLIENT_IS_V6 == 0 {
            Family::V4
        } else {
            Family::V6
        }
    }

    /// Family of the real server's address.
    pub(crate) fn real_family(&self) -> Family {
        if self.families & REAL_IS_V6 == 0 {
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
            Family::V4 => Addr::from_v4_word(self.client_v4),
            Family::V6 => self.client_v6,
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
            Family::V4 => Addr::from_v4_word(self.virtual_v4),
            Family::V6 => self.virtual_v6,
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
            Family::V4 => Addr::from_v4_word(self.real_v4),
            Family::V6 => self.real_v6,
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
    pub(super) fn tuple(&self) -> Tuple {
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

    /// What controls the connection: the persistence template it was made from, or the control
    /// connection that it carries data for.
    #[inline]
    pub(crate) fn controller<'a>(&self, read: ReadSide<'a>) -> Option<&'a Entry<Conn>> {
        match self.control(read) {
            // Its own tie holds others.
            Some(control) => control.template.target(read),
            None => self.tie.target(read),
        }
    }

    /// Ties the new connection to what controls it. False when that is gone.
    pub(super) fn bind(&self, read: ReadSide<'_>, controller: &Entry<Conn>) -> bool {
        match self.control(read) {
            Some(control) => control.template.bind(controller),
            None => self.tie.bind(controller),
        }
    }

    /// Cuts the connection loose from what controls it. Called once it is in no table.
    pub(super) fn unbind(&self, read: ReadSide<'_>) {
        match self.control(read) {
            Some(control) => control.template.unbind(read),
            None => self.tie.unbind(read),
        }
    }

    /// Whether connections are tied to this one.
    pub(crate) fn is_held(&self) -> bool {
        self.tie.is_held()
    }

    /// No new connection uses this template any more.
    pub(crate) fn invalidate(&self) {
        self.state.fetch_or(flag::INVALID, Ordering::Relaxed);
    }
}
