// SPDX-License-Identifier: GPL-2.0

//! What would become of a packet: the question, and what the answer says. Who knows is the packet's
//! way, which implements [`Explain`]; who asks is an administrator.

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::Forwarding;
use lvs_engine::sched::By;
use lvs_uapi::drop_reason::DropReason;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;

use super::conn::Conn;
use super::dest::Dest;
use super::find_service::Rule;
use super::service::Service;

/// Answers questions, as the packet's way would by its own functions, and changes nothing: no
/// counter, no scheduler's memory, no entry.
pub(crate) trait Explain {
    /// Calls `tell` with what becomes of the packet. Process context.
    fn explain<R>(
        &self,
        question: &Question,
        tell: impl for<'r> FnOnce(ReadSide<'r>, &Explanation<'r>) -> R,
    ) -> R;
}

/// A client's packet that opens a connection, of TCP, UDP or SCTP. Ports in host order.
pub(crate) struct Question {
    /// Family of both addresses.
    pub(crate) family: Family,
    /// IP protocol.
    pub(crate) protocol: u8,
    /// The client.
    pub(crate) client: Addr,
    /// Its port; none if that is any, so that no connection can be looked for.
    pub(crate) client_port: Option<u16>,
    /// The address it asks for.
    pub(crate) virtual_addr: Addr,
    /// The port it asks for.
    pub(crate) virtual_port: u16,
    /// The packet's firewall mark; 0 for none.
    pub(crate) mark: u32,
}

/// What becomes of it.
#[derive(Default)]
pub(crate) struct Explanation<'a> {
    /// The connection between these ports, if there is one.
    pub(crate) conn: Option<FoundConn<'a>>,
    /// The rules that were asked for a service.
    pub(crate) asked: Asked,
    /// The service.
    pub(crate) service: Option<&'a Service>,
    /// The client's template, if there is one.
    pub(crate) template: Option<FoundTemplate<'a>>,
    /// What decides about the server of a new connection, if anything does.
    pub(crate) by: Option<ChosenBy>,
    /// That server, as far as it can be told.
    pub(crate) server: Option<Server<'a>>,
    /// What becomes of the packet that opens the connection.
    pub(crate) outcome: Outcome,
    /// How it leaves, if it does.
    pub(crate) way: Option<Way>,
    /// What stands in the way of new connections.
    pub(crate) limits: Limits,
}

/// A connection that is there.
pub(crate) struct FoundConn<'a> {
    pub(crate) entry: &'a Entry<Conn>,
    /// Its server was removed, and its packets are dropped.
    pub(crate) is_orphaned: bool,
    /// A packet that opens a connection ends this one and begins another.
    pub(crate) is_replaced: bool,
    /// How its packets leave.
    pub(crate) way: Way,
}

/// A template that is there.
pub(crate) struct FoundTemplate<'a> {
    pub(crate) entry: &'a Entry<Conn>,
    /// The client still goes to its server.
    pub(crate) is_usable: bool,
}

/// The server of a new connection.
#[derive(Clone, Copy)]
pub(crate) struct Server<'a> {
    pub(crate) dest: &'a Dest,
    /// Its port for the connection, host order.
    pub(crate) port: u16,
}

/// Which rules were asked for a service.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked {
    rules: [bool; Rule::ALL.len()],
    last: Option<Rule>,
}

/// What a rule said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// This is the service.
    Found,
    /// There is no such service.
    None,
    /// It doesn't apply to the packet, or there is no service of its kind.
    Inapplicable,
    /// A rule before had a service.
    Unasked,
}

impl Asked {
    /// Notes that `rule` was asked. The last one has the service, if there is one.
    pub(crate) fn note(&mut self, rule: Rule) {
        self.last = Some(rule);
        if let Some(asked) = self.rules.get_mut(rule as usize) {
            *asked = true;
        }
    }

    /// What `rule` said; `is_found` tells whether there is a service at all.
    pub(crate) fn answer(&self, rule: Rule, is_found: bool) -> Answer {
        let is_asked = self.rules.get(rule as usize).is_some_and(|asked| *asked);
        let is_past = self.last.is_some_and(|last| rule as usize > last as usize);
        match (is_asked, is_found) {
            (true, true) if self.last == Some(rule) => Answer::Found,
            (true, _) => Answer::None,
            (false, true) if is_past => Answer::Unasked,
            (false, _) => Answer::Inapplicable,
        }
    }
}

/// What decides about a server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChosenBy {
    /// The scheduler, in this way.
    Scheduler(By),
    /// The scheduler, by chance.
    Chance,
    /// The client's template.
    Template,
    /// The packet's Call-ID, which nobody knows before it comes.
    Call,
    /// A control connection of FTP, whose data connection this is.
    Control,
}

/// What becomes of a packet that opens a connection.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Outcome {
    /// It goes to the server.
    Sent,
    /// No server takes it: its client is told.
    Refused,
    /// No server takes it: it goes to the host that it was sent to.
    Bypassed,
    /// It isn't balanced: there is no service for it.
    #[default]
    NoService,
    /// It isn't balanced: the director is a backup (`backup_only`).
    Backup,
    /// It isn't balanced: only FTP servers open connections from this port.
    FtpDataPort,
    /// It isn't balanced: an FTP service takes it for its data connections, of which it is none.
    BesideFtp,
    /// It is dropped.
    Dropped(DropReason),
}

/// How a packet leaves.
pub(crate) struct Way {
    /// How it is forwarded.
    pub(crate) method: Forwarding,
    /// Where to, or why it is dropped.
    pub(crate) hop: Result<Hop, DropReason>,
    /// Whether packets of the connection, once it is established, take the early path.
    pub(crate) early: Early,
    /// The same of frames by XDP, from a device that has it: never that it is off.
    pub(crate) xdp: Early,
}

/// Where a packet goes.
#[derive(Clone, Copy)]
pub(crate) enum Hop {
    /// To a socket of this host.
    Here,
    /// To a neighbour.
    To {
        /// The number of the device.
        device: u32,
        /// The neighbour.
        next: (Family, Addr),
        /// The longest packet of the client, in bytes, that fits.
        mtu: u32,
        /// The source of a tunnel's packet.
        source: Option<(Family, Addr)>,
    },
}

/// Whether packets take the early path, or why they don't.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Early {
    /// They do.
    Taken,
    /// It is off.
    Off,
    /// It isn't for their protocol.
    Protocol,
    /// Connection tracking follows them.
    Tracked,
    /// They belong to a control connection of FTP.
    FtpControl,
    /// They aren't forwarded in a way that it has.
    Method,
    /// Their route leads to this host, or through more than a neighbour (IPsec), or there is none.
    Route,
    /// Their server was removed.
    NoServer,
}

/// What stands in the way of new connections.
#[derive(Clone, Copy, Default)]
pub(crate) struct Limits {
    /// Of how many packets that open a connection one is dropped (`drop_packet`); 0 for none.
    pub(crate) drop_rate: u32,
    /// Connections and templates there are.
    pub(crate) conns: u32,
    /// Most of them.
    pub(crate) most_conns: u32,
}

/// Whether a server of the service would get the connection, or why not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It would.
    Chosen,
    /// It is drained.
    Drained,
    /// It has weight 0.
    Quiescent,
    /// It is at its upper threshold.
    Overloaded,
    /// It could, but that is decided by this.
    Decided(ChosenBy),
    /// Nobody is asked.
    Unasked,
}

impl Verdict {
    /// The verdict on `dest` where `by` chose the server with number `chosen`, if any.
    pub(crate) fn of(dest: &Dest, chosen: Option<u32>, by: Option<ChosenBy>) -> Self {
        if chosen == Some(dest.number().get()) {
            Self::Chosen
        } else if dest.drain().is_some() {
            Self::Drained
        } else if dest.weight() == 0 {
            Self::Quiescent
        } else if dest.is_overloaded() {
            Self::Overloaded
        } else {
            by.map_or(Self::Unasked, Self::Decided)
        }
    }
}
