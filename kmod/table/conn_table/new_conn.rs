// SPDX-License-Identifier: GPL-2.0

//! What is to become an entry of the connection table.

use lvs_engine::config::{
    DestConfig,
    Forwarding, //
};
use lvs_engine::parse::protocol;
use lvs_engine::tcp_state::TcpState;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::{
    RcuArc,
    ReadSide, //
};

use super::super::conn::{
    flag,
    Conn,
    Tuple, //
};
use super::super::dest::Dest;
use super::super::ftp_ports;
use super::super::timeouts::Timeouts;
use super::client_hash::ClientHash;

/// What the namespace's settings say about new connections.
#[derive(Clone, Copy)]
pub(crate) struct ConnSettings<'a> {
    /// Most entries of the table.
    pub(crate) limit: u32,
    /// Whether netfilter tracks them as well.
    pub(crate) tracked: bool,
    /// How long they live.
    pub(crate) timeouts: &'a Timeouts,
}

/// What becomes an entry of the table.
pub(crate) struct NewConn<'a> {
    /// Client and virtual address; those of a template have no client port.
    pub(crate) tuple: Tuple,
    /// The hash of its client, where that is known already.
    pub(crate) client_hash: Option<ClientHash>,
    /// The server; none for a connection past the balancer.
    pub(crate) dest: Option<&'a RcuArc<Dest>>,
    /// The server's settings, where they aren't in force yet.
    pub(crate) settings: Option<&'a DestConfig>,
    /// The server's port for it.
    pub(crate) real_port: u16,
    /// What it is.
    pub(crate) purpose: Purpose<'a>,
}

/// What an entry is.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// A connection, and what controls it, if anything does.
    Connection(Option<&'a Entry<Conn>>),
    /// A connection that its server opened. It stands beside one of the same client with another
    /// server, and is found first.
    Outgoing(Option<&'a Entry<Conn>>),
    /// A connection that carries data for this control connection of FTP. It is waited for: from
    /// the client if the client's port is 0, which stands for any; else from the server, and stands
    /// beside one with another server as above.
    Data(&'a Entry<Conn>),
    /// A persistence template, which lives for `ticks` after its last use; of a call if `call` is
    /// its Call-ID.
    Template { ticks: u32, call: Option<&'a [u8]> },
}

impl<'a> Purpose<'a> {
    /// The Call-ID of a call's template.
    pub(super) fn call(self) -> Option<&'a [u8]> {
        match self {
            Purpose::Template { call, .. } => call,
            _ => None,
        }
    }

    /// What controls it.
    pub(super) fn controller(self) -> Option<&'a Entry<Conn>> {
        match self {
            Purpose::Connection(controller) | Purpose::Outgoing(controller) => controller,
            Purpose::Data(control) => Some(control),
            Purpose::Template { .. } => None,
        }
    }
}

impl NewConn<'_> {
    /// How the server is reached.
    #[inline(always)]
    fn forwarding(&self, dest: &Dest) -> Forwarding {
        match self.settings {
            None => dest.forwarding(),
            Some(settings) => Forwarding::from_flags(settings.flags),
        }
    }

    /// Whether the server wants each UDP packet scheduled on its own, whatever its service says.
    #[inline]
    pub(crate) fn serves_once(&self) -> bool {
        match self.settings {
            None => self.dest.is_some_and(|dest| dest.serves_once()),
            Some(settings) => settings.flags & lvs_uapi::flags::conn::ONE_PACKET != 0,
        }
    }

    /// Whether this is a control connection of FTP that the balancer has to listen to.
    fn is_ftp_control(&self) -> bool {
        let for_data = self
            .purpose
            .controller()
            .is_some_and(|controller| !controller.is_template());
        matches!(self.purpose, Purpose::Connection(_))
            && !for_data
            && self.tuple.protocol == protocol::TCP
            && self
                .dest
                .is_some_and(|dest| self.forwarding(dest) == Forwarding::Masquerade)
            && ftp_ports::index_of(self.tuple.virtual_port).is_some()
    }

    /// The flags it begins with, besides `more`.
    pub(super) fn flags(&self, settings: ConnSettings<'_>, more: u32) -> u32 {
        let mut flags = more;
        if settings.tracked {
            flags |= flag::TRACKED;
        }
        if self.is_ftp_control() {
            flags |= flag::FTP_CONTROL;
        }
        if self.dest.is_some_and(|dest| dest.has_own_timeouts()) {
            flags |= flag::OWN_TIMEOUTS;
        }
        if let Purpose::Data(_) = self.purpose {
            flags |= u32::from(TcpState::Listen.number());
            if self.tuple.client_port == 0 {
                flags |= flag::EXPECTED;
            }
        }
        flags
    }

    /// The connection or template to be, with these flags.
    #[inline]
    pub(super) fn conn(&self, flags: u32) -> Conn {
        let (flags, ticks) = match self.purpose {
            Purpose::Template { ticks, .. } => (flag::TEMPLATE, ticks),
            _ => (flags, 0),
        };
        let dest = self.dest.map(|dest| (dest, self.forwarding(dest)));
        Conn::new(&self.tuple, dest, self.real_port, flags, ticks)
    }

    /// Whether `present`, which the table holds, is what this would become.
    #[inline]
    pub(super) fn is_met_by(&self, read: ReadSide<'_>, present: &Conn) -> bool {
        let tuple = &self.tuple;
        match self.purpose {
            Purpose::Connection(_) => present.matches_request(tuple),
            Purpose::Data(_) if tuple.client_port == 0 => present.matches_request(tuple),
            Purpose::Outgoing(_) | Purpose::Data(_) => {
                present.matches_request(tuple)
                    && self.dest.is_some_and(|dest| {
                        let id = dest.id();
                        (present.real_family(), present.real_addr()) == (id.family, id.addr)
                    })
                    && present.real_port() == self.real_port
            }
            Purpose::Template { call, .. } => present.matches_template(read, tuple, call),
        }
    }
}
