// SPDX-License-Identifier: GPL-2.0

//! The packet's way: hook → parse → look up → (schedule) → state → forward.
//!
//! ```text
//!   (PRE_ROUTING: early, or foresight)
//!
//!   LOCAL_IN, LOCAL_OUT            FORWARD
//!         │                           │
//!      ingress ── ICMP error ──▶ icmp │
//!         │                           │
//!   request's connection?     reply's connection? ──▶ reply: un-NAT, on its way
//!         │ no      │ yes             │ no
//!     schedule      │              accept
//!         └────┬────┘
//!           forward: nat │ tun │ dr │ local
//! ```
//!
//! Everything here runs on the RCU read side, in softirq or (for packets this host makes) process
//! context, and takes no lock for a packet of an established connection.
//!
//! What such a packet needs is inlined into the hook, once for each family, so that its headers stay
//! in registers; what leads off that way is a function of its own, to which they are copied.

mod early;
mod foresight;
mod forward;
mod ftp;
mod icmp;
mod icmpv6;
mod ingress;
mod ipsec;
mod lookup;
mod persist;
mod reply;
mod schedule;
mod sctp;
mod sip;
mod tunnel_error;

use kernel::prelude::*;

use lvs_engine::addr::Family;
use lvs_engine::parse::IpHeader;
use lvs_engine::state_input::StateInput;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::net::hook::{
    Hooks,
    Place,
    Receiver, //
};
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::table::conn::Conn;
use crate::table::conn_table::ClientHash;
use crate::table::netns_state::Tables;
use crate::table::NetnsState;

/// Takes a namespace's packets of `family` from now on, until the result is dropped.
pub(crate) fn register(state: &NetnsState, family: Family) -> Result<Hooks<NetnsState>> {
    Hooks::register(state.net(), family)
}

/// Also takes a namespace's packets of `family` before they are routed.
pub(crate) fn register_early(state: &NetnsState, family: Family) -> Result<Hooks<NetnsState>> {
    Hooks::register_early(state.net(), family)
}

impl Receiver for NetnsState {
    #[inline(always)]
    fn receive<'a>(
        &'a self,
        family: Family,
        place: Place,
        packet: Packet,
        read: ReadSide<'a>,
    ) -> Disposition {
        ingress::receive(self, family, place, packet, read)
    }
}

/// A connection's entry in the table.
type ConnEntry = Entry<Conn>;

/// What all steps of one packet's way need.
#[derive(Clone, Copy)]
struct Context<'a> {
    state: &'a NetnsState,
    tables: &'a Tables,
    read: ReadSide<'a>,
    /// Where the packet was met.
    place: Place,
    /// The tick.
    now: u32,
}

/// What a packet's headers say.
#[derive(Clone, Copy)]
struct Flow {
    ip: IpHeader,
    source_port: u16,
    destination_port: u16,
    /// What they say about the connection's state.
    input: StateInput,
    /// The hash of the source as a client, once that was looked for.
    client_hash: Option<ClientHash>,
}
