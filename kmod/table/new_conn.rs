// SPDX-License-Identifier: GPL-2.0

//! What is to become an entry of the connection table.

use lvs_engine::config::Forwarding;
use lvs_engine::parse::protocol;
use lvs_engine::tcp_state::TcpState;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::RcuArc;

use super::conn::{
    flag,
    Conn,
    Tuple, //
};
use super::conn_table::ClientHash;
use super::dest::Dest;
use super::extension;
use super::timeouts::Timeouts;

/// What the namespace's settings say about new connections.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
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
    /// The server's port for it.
    pub(crate) real_port: u16,
    /// What it is.
    pub(crate) role: Role<'a>,
}

/// What an entry is.
#[derive(Clone, Copy)]
pub(crate) enum Role<'a> {
    /// A connection, and what controls it, if anything does.
    Connection(Option<&'a Entry<Conn>>),
    /// A connection that its server opened. It stands beside one of the same client with another
    /// server, and is found first.
    Outgoing(Option<&'a Entry<Conn>>),
    /// A connection that carries data for this control connection of FTP. It is waited for: from the
    /// client if the client's port is 0, which stands for any; else from the server, and stands beside
    /// one with another server as above.
    Data(&'a Entry<Conn>),
    /// A persistence template, which lives for `ticks` after its last use; of a call if `call` is
    /// its Call-ID.
    Template { ticks: u32, call: Option<&'a [u8]> },
}

impl<'a> Role<'a> {
    /// The Call-ID of a call's template.
    pub(super) fn call(self) -> Option<&'a [u8]> {
        match self {
            Role::Template { call, .. } => call,
            _ => None,
        }
    }

    /// What controls it.
    pub(super) fn controller(self) -> Option<&'a Entry<Conn>> {
        match self {
            Role::Connection(controller) | Role::Outgoing(controller) => controller,
            Role::Data(control) => Some(control),
            Role::Template { .. } => None,
        }
    }
}

impl NewConn<'_> {
    /// Whether this is a control connection of FTP that the balancer has to listen to.
    fn is_control(&self) -> bool {
        let for_data = self
            .role
            .controller()
            .is_some_and(|controller| !controller.is_template());
        matches!(self.role, Role::Connection(_))
            && !for_data
            && self.tuple.protocol == protocol::TCP
            && self
                .dest
                .is_some_and(|dest| dest.forwarding() == Forwarding::Masquerade)
            && extension::control_port_index(self.tuple.virtual_port).is_some()
    }

    /// The flags it begins with, besides `more`.
    pub(super) fn flags(&self, terms: Terms<'_>, more: u32) -> u32 {
        let mut flags = more;
        if terms.tracked {
            flags |= flag::TRACKED;
        }
        if self.is_control() {
            flags |= flag::CONTROL;
        }
        if let Role::Data(_) = self.role {
            flags |= u32::from(TcpState::Listen.number());
            if self.tuple.client_port == 0 {
                flags |= flag::EXPECTED;
            }
        }
        flags
    }
}
