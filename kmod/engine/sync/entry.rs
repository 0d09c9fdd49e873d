// SPDX-License-Identifier: GPL-2.0

//! What a message says of one connection.

use lvs_uapi::flags::{
    conn,
    fwd, //
};

use crate::addr::{
    Addr,
    Family, //
};

/// The flags that an entry changes in a connection that exists.
pub const UPDATE_MASK: u32 = conn::INACTIVE | conn::SEQ_MASK;

/// An address and a port in host order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Endpoint {
    /// The address; of a mark's template the virtual one is the mark, see [`Addr`] for its family.
    pub addr: Addr,
    /// The port, 0 where a template has none.
    pub port: u16,
}

/// How the sequence numbers of one direction of a TCP connection are changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SequenceShift {
    /// Where the last change was made: numbers behind it are changed by `delta`.
    pub init: u32,
    /// What is added to numbers behind `init`, modulo 2^32.
    pub delta: u32,
    /// What is added to numbers before it.
    pub previous_delta: u32,
}

/// Those of both directions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sequences {
    /// Of what the client sends.
    pub incoming: SequenceShift,
    /// Of what the server sends.
    pub outgoing: SequenceShift,
}

/// By what a persistence engine knows a template's client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Engine<'a> {
    /// The engine's name (`sip`), 1 to 16 bytes.
    pub name: &'a [u8],
    /// What it calls the client (the Call-ID), 1 to 255 bytes.
    pub data: &'a [u8],
}

/// What a message says of one connection or template. An entry that was read has a protocol, a
/// state and flags that go together; nothing was checked about addresses, ports, mark and timeout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// Of all three addresses.
    pub family: Family,
    /// IP protocol number; 0 of a mark's template.
    pub protocol: u8,
    /// `lvs_uapi::flags::conn` bits and the forwarding method, as sent.
    pub flags: u32,
    /// The protocol's or the template's state number.
    pub state: u8,
    /// Who connects.
    pub client: Endpoint,
    /// What the client connects to.
    pub service: Endpoint,
    /// Which server serves it.
    pub dest: Endpoint,
    /// Firewall mark of the service, 0 if it has none.
    pub mark: u32,
    /// Seconds that the connection lives without packets in this state, not what is left of them;
    /// 0: the receiver's own.
    pub timeout: u32,
    /// Changed sequence numbers, sent where a flag of [`conn::SEQ_MASK`] is set.
    pub sequences: Option<Sequences>,
    /// A persistence engine's data.
    pub engine: Option<Engine<'a>>,
}

impl Entry<'_> {
    /// Whether it tells of a persistence template.
    #[inline]
    pub const fn is_template(&self) -> bool {
        self.flags & conn::TEMPLATE != 0
    }

    /// Whether it is counted as inactive.
    #[inline]
    pub const fn is_inactive(&self) -> bool {
        self.flags & conn::INACTIVE != 0
    }

    /// Whether the client's port isn't known yet.
    #[inline]
    pub const fn lacks_client_port(&self) -> bool {
        self.flags & conn::NO_CPORT != 0
    }

    /// The forwarding method's number as sent, 0 to 7.
    #[inline]
    pub const fn method(&self) -> u32 {
        self.flags & fwd::MASK
    }

    /// The flags of a connection that is made from this, before a server is found for it.
    #[inline]
    pub const fn flags_when_new(&self) -> u32 {
        self.flags & conn::BACKUP_MASK | conn::SYNC
    }

    /// The flags of a connection that has `present` ones, once it learnt this.
    #[inline]
    pub const fn flags_when_known(&self, present: u32) -> u32 {
        present & !UPDATE_MASK | self.flags & UPDATE_MASK
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A TCP connection of section "test vectors": 10.0.0.1:40001 to 10.0.0.100:80 at
    /// 10.1.0.21:8080.
    pub(in crate::sync) fn tcp() -> Entry<'static> {
        let endpoint = |octets, port| Endpoint {
            addr: Addr::from_v4(octets),
            port,
        };
        Entry {
            family: Family::V4,
            protocol: 6,
            flags: 0,
            state: 1,
            client: endpoint([10, 0, 0, 1], 40001),
            service: endpoint([10, 0, 0, 100], 80),
            dest: endpoint([10, 1, 0, 21], 8080),
            mark: 0,
            timeout: 900,
            sequences: None,
            engine: None,
        }
    }

    #[test]
    fn flags_are_masked_as_ip_vs_does() {
        let entry = Entry {
            flags: u32::MAX,
            ..tcp()
        };
        assert_eq!(entry.flags_when_new(), 0x1fa7);
        assert_eq!(entry.flags_when_known(0), 0x0700);
        assert_eq!(tcp().flags_when_known(u32::MAX), !0x0700);
    }
}
