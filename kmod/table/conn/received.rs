// SPDX-License-Identifier: GPL-2.0

//! Connections that another director told of, or that were kept: made of what was said, and changed
//! by what is said later.

use core::sync::atomic::Ordering;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::Forwarding;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::{
    RcuArc,
    ReadSide, //
};
use crate::table::dest::Dest;

use super::layout::Conn;
use super::tuple::Tuple;
use super::{
    flag,
    packets, //
};

/// What was told of a connection or template.
pub(crate) struct Received<'a> {
    /// Client and virtual address; those of a template have no client port.
    pub(in crate::table) tuple: Tuple,
    /// The server's address.
    pub(in crate::table) real: (Family, Addr),
    pub(in crate::table) real_port: u16,
    /// The server here, if there is one.
    pub(in crate::table) dest: Option<&'a RcuArc<Dest>>,
    /// The method that was told, for want of a server.
    pub(in crate::table) method: Forwarding,
    /// The protocol's or the template's state.
    pub(in crate::table) state: u8,
    /// Bits of [`flag`]: of what kind it is, whether it is inactive, and whether another director
    /// told of it.
    pub(in crate::table) flags: u32,
    /// Packets that count as seen.
    pub(in crate::table) packets: u32,
    /// Seconds since it was made.
    pub(in crate::table) age: u32,
    /// What controls it, if that is here.
    pub(in crate::table) controller: Option<&'a Entry<Conn>>,
    /// How long it lives.
    pub(in crate::table) ticks: u32,
    /// The Call-ID of a call's template.
    pub(in crate::table) call: Option<&'a [u8]>,
}

impl Received<'_> {
    /// Whether it is a template.
    pub(in crate::table) fn is_template(&self) -> bool {
        self.flags & flag::TEMPLATE != 0
    }

    /// The method by which its packets go on.
    pub(in crate::table) fn forwarding(&self) -> Forwarding {
        self.dest.map_or(self.method, |dest| dest.forwarding())
    }

    /// The connection, with these flags besides.
    pub(in crate::table) fn conn(&self, more_flags: u32) -> Conn {
        let ticks = if self.is_template() { self.ticks } else { 0 };
        let mut word = self.flags | more_flags;
        word |= u32::from(self.state) | packets::of_packets(self.packets);
        match self.dest {
            Some(dest) => word = word & !flag::NO_OUTPUT | flag::of_server(dest.forwarding()),
            None => word |= flag::of_method(self.method),
        }
        if self.dest.is_none() && self.method != Forwarding::Bypass {
            word |= flag::UNBOUND;
        }
        if self.is_template() {
            word |= flag::INACTIVE;
        } else if self.dest.is_some_and(|dest| dest.has_own_timeouts()) {
            word |= flag::OWN_TIMEOUTS;
        }
        Conn::to(
            &self.tuple,
            self.dest,
            self.real,
            self.real_port,
            word,
            ticks,
        )
        .aged(self.age)
    }
}

impl Conn {
    /// Learns what another director tells of it: its state, whether that is `inactive`, and that so
    /// many packets were seen.
    pub(in crate::table) fn learn(
        &self,
        read: ReadSide<'_>,
        state: u8,
        is_inactive: bool,
        packets: u32,
    ) {
        self.change(read, |word| {
            let new =
                word & !(0xff | packets::MASK) | u32::from(state) | packets::of_packets(packets);
            if word & flag::TEMPLATE != 0 {
                return new;
            }
            new & !flag::INACTIVE | if is_inactive { flag::INACTIVE } else { 0 }
        });
    }

    /// A server was found for one that had none: it counts there from now on, and goes there by its
    /// method. Nothing happens when the connection is just taken down. Of several callers one binds
    /// it.
    pub(in crate::table) fn bind_dest(&self, read: ReadSide<'_>, dest: &RcuArc<Dest>) {
        let mut word = self.state.load(Ordering::Relaxed);
        // Who fills the place has it until the connection is taken down: the others count nothing.
        if word & flag::UNBOUND == 0 || !self.dest.fill(dest) {
            return;
        }
        let is_template = word & flag::TEMPLATE != 0;
        if is_template {
            dest.add_template();
        } else {
            dest.add_connection(read);
        }
        let bound = loop {
            if word & flag::DEAD != 0 {
                break false;
            }
            let is_active = !is_template && word & flag::INACTIVE == 0;
            if is_active {
                dest.move_connection(read, true);
            }
            let new = word & !(flag::UNBOUND | flag::METHOD | flag::NO_OUTPUT)
                | flag::of_server(dest.forwarding());
            match self
                .state
                .compare_exchange(word, new, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => break true,
                Err(present) => {
                    if is_active {
                        dest.move_connection(read, false);
                    }
                    word = present;
                }
            }
        };
        if bound {
            self.note_own_timeouts(read);
        } else {
            // Who took it down saw no server, or gave up that of an earlier caller.
            drop(self.dest.take());
            if is_template {
                dest.remove_template();
            } else {
                dest.remove_connection(read, false);
            }
        }
    }
}
