// SPDX-License-Identifier: GPL-2.0

//! TCP connections as a balancer sees them: it may see both directions or the client's only, so the
//! states are a simplification of RFC 9293's, with transitions as in ip_vs.

use crate::parse::tcp_flag;
use crate::protocol_states::protocol_states;

protocol_states! {
    /// State of a TCP connection. Numbers and names are ip_vs's.
    TcpState {
        /// Nothing seen yet.
        None = "NONE",
        /// Data flows.
        Established = "ESTABLISHED",
        /// The server opens a connection to the client.
        SynSent = "SYN_SENT",
        /// The client's SYN was seen.
        SynRecv = "SYN_RECV",
        /// The server closed its direction.
        FinWait = "FIN_WAIT",
        /// Both directions are closed.
        TimeWait = "TIME_WAIT",
        /// Reset or broken.
        Close = "CLOSE",
        /// The client closed its direction.
        CloseWait = "CLOSE_WAIT",
        /// The server's last FIN is on its way.
        LastAck = "LAST_ACK",
        /// The server listens.
        Listen = "LISTEN",
        /// SYN seen while under attack: not trusted yet.
        SynAck = "SYNACK",
    }
}

use TcpState as S;

/// Seconds an idle connection lives in each state.
pub const TIMEOUTS: [u32; S::COUNT] = [2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120];

impl TcpState {
    /// Whether a server counts the connection as active.
    #[inline]
    pub const fn is_active(self) -> bool {
        matches!(self, S::Established | S::SynSent | S::SynRecv | S::SynAck)
    }
}

/// Which packets of a connection are seen, and whose this one is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From the client.
    Input,
    /// From the server.
    Output,
    /// From the client, when the server's packets go another way.
    InputOnly,
}

/// What a segment's flags amount to; the first that applies.
#[derive(Clone, Copy)]
enum Event {
    Rst,
    Syn,
    Fin,
    Ack,
}

#[inline]
const fn event(flags: u8) -> Option<Event> {
    if flags & tcp_flag::RST != 0 {
        Some(Event::Rst)
    } else if flags & tcp_flag::SYN != 0 {
        Some(Event::Syn)
    } else if flags & tcp_flag::FIN != 0 {
        Some(Event::Fin)
    } else if flags & tcp_flag::ACK != 0 {
        Some(Event::Ack)
    } else {
        None
    }
}

/// The state after a segment with `flags` (the header's 14th byte). `secure` chooses the table for
/// times of attack, in which a client must prove itself before its connection counts.
#[inline]
pub const fn next(state: S, direction: Direction, flags: u8, secure: bool) -> S {
    let Some(event) = event(flags) else {
        return S::Close;
    };
    match direction {
        Direction::Output => after_output(state, event, secure),
        Direction::Input => after_input(state, event, secure),
        Direction::InputOnly => after_input_only(state, event, secure),
    }
}

#[inline]
const fn after_input(state: S, event: Event, secure: bool) -> S {
    match (event, state) {
        (Event::Syn, S::Established | S::SynSent) => S::Established,
        (Event::Syn, S::SynAck) if secure => S::SynAck,
        (Event::Syn, _) => S::SynRecv,

        (Event::Fin, S::None) => S::Close,
        (Event::Fin, S::Established) => S::CloseWait,
        (Event::Fin, S::SynAck) if secure => S::SynAck,
        (Event::Fin, S::SynRecv | S::FinWait | S::TimeWait | S::SynAck) => S::TimeWait,
        (Event::Fin, _) => state,

        (Event::Ack, S::None) => S::Established,
        (Event::Ack, S::SynRecv | S::SynAck) if !secure => S::Established,
        (Event::Ack, S::LastAck) => S::Close,
        (Event::Ack, _) => state,

        (Event::Rst, S::SynRecv | S::LastAck | S::Listen) => state,
        (Event::Rst, S::SynAck) if !secure => S::SynRecv,
        (Event::Rst, _) => S::Close,
    }
}

#[inline]
const fn after_output(state: S, event: Event, secure: bool) -> S {
    match (event, state) {
        (Event::Syn, S::SynRecv | S::SynAck) if secure => S::SynAck,
        (Event::Syn, S::Established | S::SynSent | S::SynRecv | S::Listen) => state,
        (Event::Syn, S::SynAck) => S::SynRecv,
        (Event::Syn, _) => S::SynSent,

        (Event::Fin, S::None | S::SynRecv | S::CloseWait | S::SynAck) => S::TimeWait,
        (Event::Fin, S::Established) => S::FinWait,
        (Event::Fin, _) => state,

        (Event::Ack, S::None | S::SynRecv | S::Listen | S::SynAck) => S::Established,
        (Event::Ack, _) => state,

        (Event::Rst, S::SynSent | S::TimeWait) => state,
        (Event::Rst, _) => S::Close,
    }
}

#[inline]
const fn after_input_only(state: S, event: Event, secure: bool) -> S {
    match (event, state) {
        (Event::Syn, S::Established | S::SynSent) => S::Established,
        (Event::Syn, S::SynRecv) => S::SynRecv,
        (Event::Syn, _) => {
            if secure {
                S::SynAck
            } else {
                S::SynRecv
            }
        }

        (Event::Fin, S::None) => S::Close,
        (Event::Fin, S::Established) => S::FinWait,
        (Event::Fin, S::SynRecv | S::SynAck) => S::TimeWait,
        (Event::Fin, _) => state,

        (Event::Ack, S::None | S::SynRecv | S::SynAck) => S::Established,
        (Event::Ack, S::LastAck) => S::Close,
        (Event::Ack, _) => state,

        (Event::Rst, S::SynRecv | S::LastAck | S::Listen) => state,
        (Event::Rst, _) => S::Close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: [u8; 4] = [tcp_flag::SYN, tcp_flag::FIN, tcp_flag::ACK, tcp_flag::RST];

    /// The rows of a table for SYN, FIN, ACK and RST, as two letters for each state in their order.
    fn check(direction: Direction, secure: bool, rows: [&str; 4]) {
        let abbreviations = [
            "NO", "ES", "SS", "SR", "FW", "TW", "CL", "CW", "LA", "LI", "SA",
        ];
        for (flags, row) in FLAGS.into_iter().zip(rows) {
            for (state, expected) in S::ALL.iter().copied().zip(row.split(' ')) {
                let number = next(state, direction, flags, secure).number();
                assert_eq!(
                    abbreviations[usize::from(number)],
                    expected,
                    "{state:?} {direction:?} {flags:#x} secure={secure}"
                );
            }
        }
    }

    #[test]
    fn transitions_are_those_of_ip_vs() {
        check(
            Direction::Input,
            false,
            [
                "SR ES ES SR SR SR SR SR SR SR SR",
                "CL CW SS TW TW TW CL CW LA LI TW",
                "ES ES SS ES FW TW CL CW CL LI ES",
                "CL CL CL SR CL CL CL CL LA LI SR",
            ],
        );
        check(
            Direction::Output,
            false,
            [
                "SS ES SS SR SS SS SS SS SS LI SR",
                "TW FW SS TW FW TW CL TW LA LI TW",
                "ES ES SS ES FW TW CL CW LA ES ES",
                "CL CL SS CL CL TW CL CL CL CL CL",
            ],
        );
        check(
            Direction::InputOnly,
            false,
            [
                "SR ES ES SR SR SR SR SR SR SR SR",
                "CL FW SS TW FW TW CL CW LA LI TW",
                "ES ES SS ES FW TW CL CW CL LI ES",
                "CL CL CL SR CL CL CL CL LA LI CL",
            ],
        );
    }

    #[test]
    fn transitions_under_attack_are_those_of_ip_vs() {
        check(
            Direction::Input,
            true,
            [
                "SR ES ES SR SR SR SR SR SR SR SA",
                "CL CW SS TW TW TW CL CW LA LI SA",
                "ES ES SS SR FW TW CL CW CL LI SA",
                "CL CL CL SR CL CL CL CL LA LI CL",
            ],
        );
        check(
            Direction::Output,
            true,
            [
                "SS ES SS SA SS SS SS SS SS LI SA",
                "TW FW SS TW FW TW CL TW LA LI TW",
                "ES ES SS ES FW TW CL CW LA ES ES",
                "CL CL SS CL CL TW CL CL CL CL CL",
            ],
        );
        check(
            Direction::InputOnly,
            true,
            [
                "SA ES ES SR SA SA SA SA SA SA SA",
                "CL FW SS TW FW TW CL CW LA LI TW",
                "ES ES SS ES FW TW CL CW CL LI ES",
                "CL CL CL SR CL CL CL CL LA LI CL",
            ],
        );
    }

    #[test]
    fn reset_beats_syn_beats_fin_beats_ack() {
        let all = tcp_flag::SYN | tcp_flag::FIN | tcp_flag::ACK | tcp_flag::RST;
        assert_eq!(next(S::Established, Direction::Input, all, false), S::Close);
        assert_eq!(
            next(S::None, Direction::Input, all & !tcp_flag::RST, false),
            S::SynRecv
        );
        assert_eq!(next(S::Established, Direction::Input, 0, false), S::Close);
    }

    #[test]
    fn numbers_round_trip() {
        for (number, state) in S::ALL.iter().copied().enumerate() {
            assert_eq!(usize::from(state.number()), number);
            assert_eq!(TcpState::from_number(state.number()), Some(state));
        }
        assert_eq!(TcpState::from_number(11), None);
    }
}
