// SPDX-License-Identifier: GPL-2.0

//! What a packet tells about the state of its connection.

use crate::parse::tcp_flag;
use crate::sctp_state::Chunks;

/// What a packet tells about the state of its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StateInput {
    /// A UDP datagram, whose connections have one state.
    Datagram,
    /// A TCP segment with these flag bits (the header's 14th byte).
    Segment(u8),
    /// An SCTP packet with these chunks.
    Chunks(Chunks),
    /// Nothing: an SCTP packet without a chunk; one of AH or ESP, which follow a connection of UDP.
    Nothing,
}

impl StateInput {
    /// Whether the packet asks for a new connection, even where there is one between its ports.
    #[inline]
    pub const fn opens(self) -> bool {
        match self {
            StateInput::Segment(flags) => flags & tcp_flag::SYN != 0,
            StateInput::Chunks(chunks) => chunks.are_init(),
            StateInput::Datagram | StateInput::Nothing => false,
        }
    }

    /// Whether the packet gives its connection up: a TCP reset, or an SCTP packet that starts with
    /// an ABORT. Neither is ever answered (RFC 9293 3.5.2, RFC 9260 8.4).
    #[inline]
    pub const fn aborts(self) -> bool {
        match self {
            StateInput::Segment(flags) => flags & tcp_flag::RST != 0,
            StateInput::Chunks(chunks) => chunks.are_abort(),
            StateInput::Datagram | StateInput::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syn_and_an_init_open() {
        assert!(StateInput::Segment(tcp_flag::SYN | tcp_flag::ACK).opens());
        assert!(!StateInput::Segment(tcp_flag::ACK).opens());
        assert!(StateInput::Chunks(Chunks::read([1, 0, 0, 20], |_| None)).opens());
        assert!(!StateInput::Chunks(Chunks::read([0, 0, 0, 20], |_| None)).opens());
        assert!(!StateInput::Datagram.opens() && !StateInput::Nothing.opens());
    }

    #[test]
    fn a_reset_and_an_abort_give_up() {
        assert!(StateInput::Segment(tcp_flag::RST | tcp_flag::ACK).aborts());
        assert!(!StateInput::Segment(tcp_flag::FIN).aborts());
        assert!(StateInput::Chunks(Chunks::read([6, 0, 0, 4], |_| None)).aborts());
        // An ABORT behind a COOKIE ECHO ends the association, but the packet is not one.
        assert!(!StateInput::Chunks(Chunks::read([10, 0, 0, 4], |_| Some([6, 0, 0, 4]))).aborts());
        assert!(!StateInput::Datagram.aborts() && !StateInput::Nothing.aborts());
    }
}
