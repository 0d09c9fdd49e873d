// SPDX-License-Identifier: GPL-2.0

//! What trace events say of connections.

use lvs_engine::config::Forwarding;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::trace::{
    self,
    ConnEnd,
    ConnNew,
    End,
    Ends,
    StateChange, //
};

use super::conn::{
    flag,
    Conn,
    News, //
};

/// Why a connection ends.
#[derive(Clone, Copy)]
pub(crate) enum EndCause {
    /// Its time is over.
    Expired,
    /// Its server was removed.
    ServerGone,
    /// Its server's drain is over.
    Drained,
    /// Another one begins between the same ends.
    Reused,
    /// Another one takes its place: one that another director told of, or FTP's data connection
    /// that the client opened.
    Replaced,
    /// A template whose server takes no more of its client's connections.
    Moved,
    /// A new one needs the room.
    Room,
    /// The defence against floods, `drop_entry`.
    Defence,
    /// It was for one packet.
    OnePacket,
    /// All end: the namespace or the module goes.
    Cleared,
}

impl EndCause {
    const fn name(self) -> &'static str {
        match self {
            EndCause::Expired => "expired",
            EndCause::ServerGone => "server_gone",
            EndCause::Drained => "drained",
            EndCause::Reused => "reused",
            EndCause::Replaced => "replaced",
            EndCause::Moved => "moved",
            EndCause::Room => "room",
            EndCause::Defence => "defence",
            EndCause::OnePacket => "one_packet",
            EndCause::Cleared => "cleared",
        }
    }
}

/// The ends of a connection of this namespace.
fn ends(netns: u32, conn: &Conn) -> Ends {
    Ends {
        netns,
        protocol: conn.protocol(),
        client: End {
            family: conn.family(),
            addr: conn.client(),
            port: conn.client_port(),
        },
        service: End {
            family: conn.family(),
            addr: conn.virtual_addr(),
            port: conn.virtual_port(),
        },
        server: End {
            family: conn.real_family(),
            addr: conn.real_addr(),
            port: conn.real_port(),
        },
    }
}

/// What the entry is.
fn kind(conn: &Conn) -> &'static str {
    if conn.is_template() {
        "template"
    } else if conn.has(flag::ONE_PACKET) {
        "one_packet"
    } else if conn.has(flag::EXPECTED) {
        "expected"
    } else if conn.has(flag::SYNCED) {
        "synced"
    } else {
        "connection"
    }
}

const fn method(method: Forwarding) -> &'static str {
    match method {
        Forwarding::Masquerade => "nat",
        Forwarding::Local => "local",
        Forwarding::Tunnel => "tun",
        Forwarding::DirectRoute => "dr",
        Forwarding::Bypass => "bypass",
    }
}

/// A connection began in this namespace.
#[inline(always)]
pub(super) fn conn_new(netns: impl FnOnce() -> u32, conn: &Entry<Conn>) {
    trace::conn_new(|| ConnNew {
        ends: ends(netns(), conn),
        kind: kind(conn),
        method: method(conn.forwarding()),
    });
}

/// A connection of this namespace ends.
#[inline(always)]
pub(super) fn conn_end(netns: impl FnOnce() -> u32, conn: &Entry<Conn>, cause: EndCause) {
    trace::conn_end(|| ConnEnd {
        ends: ends(netns(), conn),
        cause: cause.name(),
        state: conn.state_name(),
        age: conn.age(),
    });
}

/// A packet changed a connection of this namespace, maybe its state.
pub(super) fn news(netns: impl FnOnce() -> u32, conn: &Entry<Conn>, news: News) {
    let Some((from, to)) = news.states() else {
        return;
    };
    trace::state(|| StateChange {
        ends: ends(netns(), conn),
        from: conn.name_of_state(from),
        to: conn.name_of_state(to),
    });
}
