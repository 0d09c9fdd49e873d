// SPDX-License-Identifier: GPL-2.0

//! Which packets belong to a connection.

use lvs_engine::addr::Family;
use lvs_engine::config::Forwarding;

use crate::kernel_ext::mem::rcu::ReadSide;

use super::flag;
use super::layout::{
    Conn,
    CLIENT_IS_V6, //
};
use super::tuple::Tuple;

impl Conn {
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
                self.families() & CLIENT_IS_V6 == 0
                    && self.narrow.client() == tuple.client.v4_word()
                    && self.narrow.virtual_addr() == tuple.virtual_addr.v4_word()
            }
            Family::V6 => {
                self.families() & CLIENT_IS_V6 != 0
                    && *self.wide.client() == tuple.client
                    && *self.wide.virtual_addr() == tuple.virtual_addr
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
                    self.narrow_real.word()
                } else {
                    self.narrow.virtual_addr()
                };
                self.families() & CLIENT_IS_V6 == 0
                    && self.narrow.client() == tuple.client.v4_word()
                    && source == tuple.virtual_addr.v4_word()
            }
            Family::V6 => {
                let source = if rewritten {
                    self.wide_real.addr()
                } else {
                    *self.wide.virtual_addr()
                };
                self.families() & CLIENT_IS_V6 != 0
                    && *self.wide.client() == tuple.client
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
}
