// SPDX-License-Identifier: GPL-2.0

//! The packet's way: hook → parse → look up → (schedule) → state → forward. Words are file names.
//!
//! ```text
//!   PRE_ROUTING: early, or prefetch
//!
//!   LOCAL_IN, LOCAL_OUT                       FORWARD
//!         │                                      │
//!      ingress ── ICMP error ─▶ icmp  ◀────── ingress
//!         │    └─ AH, ESP ────▶ ipsec ◀────────┘ │
//!         │                                      │
//!      balance (through sctp)                 balance (through sctp)
//!         │                                      │
//!      lookup: a request's connection?        lookup: a reply's connection?
//!         │ no      │ yes: reuse                 │ yes             │ no
//!      schedule     │                         reply: un-NAT,    accept
//!      connect      │                         on its way
//!         └────┬────┘
//!            note
//!              │
//!           forward: nat │ dr │ tun │ local │ bypass
//! ```
//!
//! Frames that are given to the module before a packet is made of them go by `xdp`.
//!
//! An administrator may ask what would become of a packet, through `explain`.
//!
//! A rule of iptables may ask for a packet's connection, through `xt_match`.
//!
//! Everything here runs on the RCU read side, in softirq or (for packets this host makes) process
//! context, and takes no lock for a packet of an established connection.
//!
//! What such a packet needs is inlined into the hook, once for each family, so that its headers
//! stay in registers; what leads off that way is a function of its own, to which they are copied.

mod balance;
mod call_id;
mod connect;
mod context;
mod early;
mod explain;
mod forward;
mod ftp;
mod icmp;
mod ingress;
mod ipsec;
mod lookup;
mod note;
mod persist;
mod plain;
mod prefetch;
mod received_error;
mod refuse;
mod reply;
mod reuse;
mod schedule;
mod sctp;
mod sip;
mod stray;
mod tunnel_error;
mod xdp;
pub(crate) mod xt_match;

use lvs_engine::addr::Family;

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::net::hook::{
    HookPoint,
    Receiver, //
};
use crate::kernel_ext::net::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::net::xdp::{
    Frame,
    FrameReceiver,
    Verdict, //
};
use crate::table::NetnsState;

impl Receiver for NetnsState {
    #[inline(always)]
    fn receive<'a>(
        &'a self,
        family: Family,
        place: HookPoint,
        packet: Packet,
        read: ReadSide<'a>,
    ) -> Disposition {
        ingress::receive(self, family, place, packet, read)
    }
}

impl FrameReceiver for NetnsState {
    #[inline(always)]
    fn receive_frame<'a>(&'a self, frame: Frame<'a>, read: ReadSide<'a>) -> Verdict {
        xdp::receive(self, frame, read)
    }
}
