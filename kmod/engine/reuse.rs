// SPDX-License-Identifier: GPL-2.0

//! Whether a packet is of another connection than the one that is between its ports: a client's
//! that asks for a new one, or a server's that answers a client that came to the server itself.

use crate::sctp_state::SctpState;
use crate::state_input::StateInput;
use crate::tcp_state::TcpState;

/// What the administrator wants of reused ports: `net.ipv4.vs.*`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// `expire_nodest_conn`: connections end when their server goes or becomes quiescent.
    pub expires_without_server: bool,
    /// `conn_reuse_mode`: 0 never, bit 0 for connections that are over, bit 1 also for those that
    /// only the client has closed, as far as one can tell.
    pub reuse_mode: i32,
}

/// What counts of the connection that was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its state, if it is one of TCP.
    pub tcp: Option<TcpState>,
    /// Its state, if it is one of SCTP.
    pub sctp: Option<SctpState>,
    /// Its server takes no new connections.
    pub is_quiescent: bool,
    /// Its server is drained, and wouldn't get the client's next connection.
    pub is_drained: bool,
    /// No server would answer to it as it was made.
    pub cannot_answer: bool,
    /// It belongs to a template or a control connection, so that another one would have its server.
    pub is_controlled: bool,
    /// The balancer has seen no packet of its server.
    pub is_without_output: bool,
}

impl Found {
    /// Whether the handshake isn't over.
    const fn is_half_open(&self) -> bool {
        match (self.tcp, self.sctp) {
            (Some(TcpState::SynSent | TcpState::SynRecv | TcpState::SynAck), _) => true,
            (_, Some(state)) => state.is_half_open(),
            _ => false,
        }
    }

    /// Whether a SYN or INIT reuses the port of a connection that is over, or that should go
    /// elsewhere.
    pub const fn is_reused(&self, policy: Policy) -> bool {
        if self.is_quiescent && policy.expires_without_server {
            return true;
        }
        // A SYN that is sent again still belongs to the connection that is being opened.
        if self.is_drained && !self.is_half_open() {
            return true;
        }
        if policy.reuse_mode == 0 {
            return false;
        }
        let is_closing = matches!(
            self.tcp,
            Some(TcpState::FinWait | TcpState::CloseWait | TcpState::LastAck)
        );
        if is_closing && self.cannot_answer {
            return true;
        }
        if self.is_controlled {
            return false;
        }
        if matches!(self.sctp, Some(SctpState::Closed)) {
            return true;
        }
        match self.tcp {
            Some(TcpState::TimeWait | TcpState::Close) => true,
            Some(TcpState::FinWait) => policy.reuse_mode & 2 != 0 && self.is_without_output,
            _ => false,
        }
    }
}

/// Whether a server's packet answers another connection than the one found for it, which is in
/// state `found`. A client that opens a connection to the virtual address leaves it open, so a
/// SYN-ACK for one that is over answers a SYN that went to the server's own address, from the port
/// that the client had before. A SYN-ACK sent again for want of its ACK comes while the connection
/// is open or closing.
#[inline]
pub const fn answers_another(found: Option<TcpState>, input: StateInput) -> bool {
    input.opens() && matches!(found, Some(TcpState::TimeWait | TcpState::Close))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::tcp_flag;

    const MODE_1: Policy = Policy {
        expires_without_server: false,
        reuse_mode: 1,
    };

    /// A TCP connection in this state, whose server is fine.
    fn tcp(state: TcpState) -> Found {
        Found {
            tcp: Some(state),
            sctp: None,
            is_quiescent: false,
            is_drained: false,
            cannot_answer: false,
            is_controlled: false,
            is_without_output: false,
        }
    }

    const DRAINED: Found = Found {
        tcp: None,
        sctp: None,
        is_quiescent: true,
        is_drained: true,
        cannot_answer: false,
        is_controlled: false,
        is_without_output: false,
    };

    fn sctp(state: SctpState) -> Found {
        Found {
            tcp: None,
            sctp: Some(state),
            ..tcp(TcpState::None)
        }
    }

    #[test]
    fn nobody_comes_back_to_a_drained_server() {
        let never = Policy {
            expires_without_server: false,
            reuse_mode: 0,
        };
        let drained = |tcp| Found { tcp, ..DRAINED };
        for state in [TcpState::Established, TcpState::FinWait, TcpState::TimeWait] {
            assert!(drained(Some(state)).is_reused(never), "{state:?}");
        }
        for state in [TcpState::SynRecv, TcpState::SynAck] {
            assert!(!drained(Some(state)).is_reused(MODE_1), "{state:?}");
        }
        let opening = Found {
            sctp: Some(SctpState::Init),
            ..drained(None)
        };
        assert!(!opening.is_reused(MODE_1));
    }

    #[test]
    fn a_connection_that_is_over_is_reused() {
        for over in [
            tcp(TcpState::TimeWait),
            tcp(TcpState::Close),
            sctp(SctpState::Closed),
        ] {
            assert!(over.is_reused(MODE_1), "{over:?}");
            let never = Policy {
                reuse_mode: 0,
                ..MODE_1
            };
            assert!(!over.is_reused(never), "{over:?}");
        }
        for alive in [
            tcp(TcpState::Established),
            tcp(TcpState::SynRecv),
            tcp(TcpState::FinWait),
            tcp(TcpState::CloseWait),
            sctp(SctpState::Established),
        ] {
            assert!(!alive.is_reused(MODE_1), "{alive:?}");
        }
    }

    #[test]
    fn a_controlled_connection_keeps_its_server() {
        let over = Found {
            is_controlled: true,
            ..tcp(TcpState::TimeWait)
        };
        assert!(!over.is_reused(MODE_1));
        let hopeless = Found {
            cannot_answer: true,
            ..over
        };
        assert!(!hopeless.is_reused(MODE_1), "it is over already");
        let closing = Found {
            tcp: Some(TcpState::LastAck),
            ..hopeless
        };
        assert!(closing.is_reused(MODE_1));
    }

    #[test]
    fn a_closing_connection_is_reused_if_no_server_would_answer() {
        for state in [TcpState::FinWait, TcpState::CloseWait, TcpState::LastAck] {
            let closing = tcp(state);
            assert!(!closing.is_reused(MODE_1));
            let hopeless = Found {
                cannot_answer: true,
                ..closing
            };
            assert!(hopeless.is_reused(MODE_1), "{state:?}");
        }
        let open = Found {
            cannot_answer: true,
            ..tcp(TcpState::Established)
        };
        assert!(!open.is_reused(MODE_1));
    }

    #[test]
    fn a_client_that_closed_alone_reuses_its_port_in_mode_2() {
        let mode_2 = Policy {
            reuse_mode: 2,
            ..MODE_1
        };
        let one_sided = Found {
            is_without_output: true,
            ..tcp(TcpState::FinWait)
        };
        assert!(one_sided.is_reused(mode_2));
        assert!(!one_sided.is_reused(MODE_1));
        assert!(!tcp(TcpState::FinWait).is_reused(mode_2));
    }

    #[test]
    fn a_quiescent_server_loses_reopened_connections_if_that_is_wanted() {
        let quiescent = Found {
            is_quiescent: true,
            is_controlled: true,
            ..tcp(TcpState::Established)
        };
        assert!(!quiescent.is_reused(MODE_1));
        for reuse_mode in [0, 1] {
            let expires = Policy {
                expires_without_server: true,
                reuse_mode,
            };
            assert!(quiescent.is_reused(expires));
        }
    }

    #[test]
    fn a_syn_ack_for_a_connection_that_is_over_answers_another() {
        let syn_ack = StateInput::Segment(tcp_flag::SYN | tcp_flag::ACK);
        let ack = StateInput::Segment(tcp_flag::ACK);
        for over in [TcpState::TimeWait, TcpState::Close] {
            assert!(answers_another(Some(over), syn_ack), "{over:?}");
            assert!(!answers_another(Some(over), ack), "{over:?}");
        }
        for open in [
            TcpState::SynRecv,
            TcpState::Established,
            TcpState::FinWait,
            TcpState::CloseWait,
            TcpState::LastAck,
        ] {
            assert!(!answers_another(Some(open), syn_ack), "{open:?}");
        }
        assert!(!answers_another(None, StateInput::Datagram));
    }
}
