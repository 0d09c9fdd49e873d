// SPDX-License-Identifier: GPL-2.0

//! What a packet tells about the state of its connection.

use crate::parse::tcp_flag;
use crate::sctp_state::Chunks;

/// What a packet tells about the state of its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// A UDP datagram, whose connections have one state.
    Datagram,
    /// A TCP segment with these flag bits (the header's 14th byte).
    Segment(u8),
    /// An SCTP packet with these chunks.
    Chunks(Chunks),
    /// Nothing: an SCTP packet without a chunk; one of AH or ESP, which follow a connection of UDP.
    Nothing,
}

impl Signal {
    /// Whether the packet asks for a new connection, even where there is one between its ports.
    #[inline]
    pub const fn opens(self) -> bool {
        match self {
            Signal::Segment(flags) => flags & tcp_flag::SYN != 0,
            Signal::Chunks(chunks) => chunks.are_init(),
            Signal::Datagram | Signal::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syn_and_an_init_open() {
        assert!(Signal::Segment(tcp_flag::SYN | tcp_flag::ACK).opens());
        assert!(!Signal::Segment(tcp_flag::ACK).opens());
        assert!(Signal::Chunks(Chunks::read([1, 0, 0, 20], |_| None)).opens());
        assert!(!Signal::Chunks(Chunks::read([0, 0, 0, 20], |_| None)).opens());
        assert!(!Signal::Datagram.opens() && !Signal::Nothing.opens());
    }
}
