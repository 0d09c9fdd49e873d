// SPDX-License-Identifier: GPL-2.0

//! SCTP associations as a balancer sees them: it may see both directions or the client's only, so
//! the states are a simplification of RFC 9260's, with transitions as in ip_vs.

use crate::protocol_states::protocol_states;
use crate::tcp_state::Direction;

protocol_states! {
    /// State of an SCTP association. Numbers and names are ip_vs's.
    SctpState {
        /// Nothing seen yet.
        None = "NONE",
        /// The client's first INIT was seen.
        Init1 = "INIT1",
        /// The client's INIT came again.
        Init = "INIT",
        /// The server answered with a cookie.
        CookieSent = "C-SENT",
        /// The client returned the server's cookie.
        CookieReplied = "C-REPLIED",
        /// The server opens an association to the client and waits for a cookie.
        CookieWait = "C-WAIT",
        /// The client answered the server with a cookie.
        Cookie = "COOKIE",
        /// The server returned the client's cookie.
        CookieEchoed = "C-ECHOED",
        /// Data flows.
        Established = "ESTABLISHED",
        /// The server closes.
        ShutdownSent = "S-SENT",
        /// The client closes.
        ShutdownReceived = "S-RECEIVED",
        /// The server agreed to close.
        ShutdownAckSent = "S-ACK-SENT",
        /// The association was refused.
        Rejected = "REJECTED",
        /// The association has ended.
        Closed = "CLOSED",
    }
}

use SctpState as S;

/// Seconds an idle association lives in each state. 61 is more than the longest retransmission
/// timeout that RFC 9260 suggests.
const TIMEOUTS: [u32; S::COUNT] = [2, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61];

impl SctpState {
    /// Whether a server counts the association as active.
    #[inline]
    pub const fn is_active(self) -> bool {
        matches!(self, S::Established)
    }

    /// Seconds an idle association lives in this state.
    #[inline]
    pub fn timeout(self) -> u32 {
        TIMEOUTS
            .get(usize::from(self.number()))
            .copied()
            .unwrap_or(2)
    }

    /// Whether the client's INIT is all there has been.
    #[inline]
    pub const fn is_half_open(self) -> bool {
        matches!(self, S::Init1 | S::Init)
    }
}

/// The bytes every chunk starts with: type, flags and length.
pub type ChunkHeader = [u8; 4];

/// Types of chunks.
mod chunk {
    pub(super) const INIT: u8 = 1;
    pub(super) const INIT_ACK: u8 = 2;
    pub(super) const ABORT: u8 = 6;
    pub(super) const SHUTDOWN: u8 = 7;
    pub(super) const SHUTDOWN_ACK: u8 = 8;
    pub(super) const ERROR: u8 = 9;
    pub(super) const COOKIE_ECHO: u8 = 10;
    pub(super) const COOKIE_ACK: u8 = 11;
    pub(super) const SHUTDOWN_COMPLETE: u8 = 14;
}

/// What a packet's chunks amount to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// DATA and whatever isn't among the others.
    Data,
    /// INIT.
    Init,
    /// INIT ACK.
    InitAck,
    /// COOKIE ECHO.
    CookieEcho,
    /// COOKIE ACK.
    CookieAck,
    /// SHUTDOWN.
    Shutdown,
    /// SHUTDOWN ACK.
    ShutdownAck,
    /// SHUTDOWN COMPLETE.
    ShutdownComplete,
    /// ERROR.
    Error,
    /// ABORT.
    Abort,
}

/// What a packet's chunks are to its association.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chunks {
    first: u8,
    event: Event,
}

impl Chunks {
    /// The chunks of a packet that starts with chunk `first`: `at` reads the header of the chunk
    /// that starts so many bytes behind the first one's start.
    #[inline]
    pub fn read(first: ChunkHeader, at: impl FnOnce(usize) -> Option<ChunkHeader>) -> Self {
        let event = event(first, at);
        let [first, ..] = first;
        Self { first, event }
    }

    /// What they amount to.
    #[inline]
    pub const fn event(self) -> Event {
        self.event
    }

    /// Whether they ask for a new association, even where there is one.
    #[inline]
    pub const fn are_init(self) -> bool {
        self.first == chunk::INIT
    }

    /// Whether they start with an ABORT.
    #[inline]
    pub const fn are_abort(self) -> bool {
        self.first == chunk::ABORT
    }

    /// Whether they can open an association: an INIT can, and with `sloppy` whatever doesn't start
    /// with an ABORT.
    #[inline]
    pub const fn can_open(self, sloppy: bool) -> bool {
        match self.first {
            chunk::INIT => true,
            chunk::ABORT => false,
            _ => sloppy,
        }
    }
}

/// What a packet is that starts with chunk `first`. That chunk decides, unless it is a COOKIE ECHO
/// or COOKIE ACK with an ABORT behind it.
#[inline]
fn event(first: ChunkHeader, at: impl FnOnce(usize) -> Option<ChunkHeader>) -> Event {
    let [kind, _, len @ ..] = first;
    if matches!(kind, chunk::COOKIE_ECHO | chunk::COOKIE_ACK) && is_abort(second(len, at)) {
        return Event::Abort;
    }
    match kind {
        chunk::INIT => Event::Init,
        chunk::INIT_ACK => Event::InitAck,
        chunk::ABORT => Event::Abort,
        chunk::SHUTDOWN => Event::Shutdown,
        chunk::SHUTDOWN_ACK => Event::ShutdownAck,
        chunk::ERROR => Event::Error,
        chunk::COOKIE_ECHO => Event::CookieEcho,
        chunk::COOKIE_ACK => Event::CookieAck,
        chunk::SHUTDOWN_COMPLETE => Event::ShutdownComplete,
        _ => Event::Data,
    }
}

/// The header of the chunk behind one of `len` bytes. Chunks start at multiples of four.
#[inline]
fn second(len: [u8; 2], at: impl FnOnce(usize) -> Option<ChunkHeader>) -> Option<ChunkHeader> {
    let len = usize::from(u16::from_be_bytes(len));
    if len < size_of::<ChunkHeader>() {
        return None;
    }
    at(len.wrapping_add(3) & !3)
}

#[inline]
fn is_abort(header: Option<ChunkHeader>) -> bool {
    matches!(header, Some([chunk::ABORT, ..]))
}

/// The state after a packet.
#[inline]
pub const fn next(state: S, direction: Direction, event: Event) -> S {
    match direction {
        Direction::Input => after_input(state, event),
        Direction::Output => after_output(state, event),
        Direction::InputOnly => after_input_only(state, event),
    }
}

const fn after_input(state: S, event: Event) -> S {
    match (event, state) {
        (Event::Data, S::None) => S::Established,

        (Event::Init, S::None) => S::Init1,
        (Event::Init, S::Init1 | S::Init | S::Rejected | S::Closed) => S::Init,

        (Event::InitAck, S::None | S::Init1 | S::Init) => S::CookieWait,
        (Event::InitAck, S::CookieWait) => S::Cookie,

        (Event::CookieEcho, S::None | S::CookieSent) => S::CookieReplied,
        (Event::CookieEcho, S::Init1) => S::Init,

        (Event::CookieAck, S::None | S::CookieEchoed) => S::Established,

        (Event::Shutdown, S::None | S::Established) => S::ShutdownReceived,

        (Event::ShutdownAck, S::None | S::ShutdownSent | S::ShutdownAckSent) => S::Closed,
        (Event::ShutdownAck, S::Init1) => S::Init,

        (Event::ShutdownComplete, S::None | S::Init1 | S::Init | S::ShutdownAckSent) => S::Closed,

        (Event::Error, S::None | S::CookieEchoed) => S::Closed,

        (Event::Abort, S::CookieWait) => S::Rejected,
        (Event::Abort, _) => S::Closed,

        (_, state) => state,
    }
}

const fn after_output(state: S, event: Event) -> S {
    match (event, state) {
        (Event::Data, S::None) => S::Established,

        (Event::Init, S::Established) => S::Established,
        (Event::Init, _) => S::CookieWait,

        (Event::InitAck, S::None | S::Init1 | S::Init) => S::CookieSent,

        (
            Event::CookieEcho,
            S::None
            | S::Init1
            | S::Init
            | S::CookieSent
            | S::CookieReplied
            | S::CookieWait
            | S::Cookie,
        ) => S::CookieEchoed,

        (
            Event::CookieAck,
            S::ShutdownSent | S::ShutdownReceived | S::ShutdownAckSent | S::Rejected | S::Closed,
        ) => state,
        (Event::CookieAck, _) => S::Established,

        (Event::Shutdown, S::ShutdownReceived | S::ShutdownAckSent | S::Rejected | S::Closed) => {
            state
        }
        (Event::Shutdown, _) => S::ShutdownSent,

        (
            Event::ShutdownAck,
            S::None
            | S::Init1
            | S::Init
            | S::CookieSent
            | S::CookieReplied
            | S::ShutdownSent
            | S::ShutdownReceived,
        ) => S::ShutdownAckSent,

        (Event::ShutdownComplete, S::None) => S::Closed,

        (Event::Error, S::None | S::Init1 | S::Init | S::CookieSent | S::CookieReplied) => {
            S::Closed
        }

        (Event::Abort, S::Init1) => S::Rejected,
        (Event::Abort, _) => S::Closed,

        (_, state) => state,
    }
}

const fn after_input_only(state: S, event: Event) -> S {
    match (event, state) {
        (Event::Data, S::None | S::CookieWait) => S::Established,

        (Event::Init, S::None) => S::Init1,
        (
            Event::Init,
            S::Init1
            | S::Init
            | S::CookieSent
            | S::CookieReplied
            | S::CookieWait
            | S::Rejected
            | S::Closed,
        ) => S::Init,

        (
            Event::InitAck,
            S::None | S::Init1 | S::Init | S::CookieSent | S::CookieReplied | S::CookieWait,
        ) => S::CookieEchoed,

        (
            Event::CookieEcho,
            S::None | S::Init1 | S::Init | S::CookieSent | S::CookieReplied | S::CookieWait,
        ) => S::Established,

        (
            Event::CookieAck,
            S::None | S::CookieSent | S::CookieReplied | S::Cookie | S::CookieEchoed,
        ) => S::Established,

        (Event::Shutdown, S::None | S::Established) => S::ShutdownReceived,

        (Event::ShutdownAck, S::None | S::Established | S::ShutdownSent | S::ShutdownAckSent) => {
            S::Closed
        }
        (Event::ShutdownAck, S::Init1) => S::Init,

        (
            Event::ShutdownComplete,
            S::None
            | S::Init1
            | S::Init
            | S::CookieSent
            | S::CookieReplied
            | S::ShutdownReceived
            | S::ShutdownAckSent,
        ) => S::Closed,

        (Event::Error, S::None) => S::Closed,

        (Event::Abort, S::CookieWait) => S::Rejected,
        (Event::Abort, _) => S::Closed,

        (_, state) => state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 10] = [
        Event::Data,
        Event::Init,
        Event::InitAck,
        Event::CookieEcho,
        Event::CookieAck,
        Event::Shutdown,
        Event::ShutdownAck,
        Event::ShutdownComplete,
        Event::Error,
        Event::Abort,
    ];

    /// The rows of a table for all events, as two letters for each state in their order.
    fn check(direction: Direction, rows: [&str; 10]) {
        let abbreviations = [
            "NO", "I1", "IN", "CS", "CR", "CW", "CO", "CE", "ES", "SS", "SR", "SA", "RJ", "CL",
        ];
        for (event, row) in EVENTS.into_iter().zip(rows) {
            assert_eq!(row.split(' ').count(), S::COUNT);
            for (state, expected) in S::ALL.iter().copied().zip(row.split(' ')) {
                let number = next(state, direction, event).number();
                assert_eq!(
                    abbreviations[usize::from(number)],
                    expected,
                    "{state:?} {direction:?} {event:?}"
                );
            }
        }
    }

    #[test]
    fn transitions_are_those_of_ip_vs() {
        check(
            Direction::Input,
            [
                "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL",
                "I1 IN IN CS CR CW CO CE ES SS SR SA IN IN",
                "CW CW CW CS CR CO CO CE ES SS SR SA RJ CL",
                "CR IN IN CR CR CW CO CE ES SS SR SA RJ CL",
                "ES I1 IN CS CR CW CO ES ES SS SR SA RJ CL",
                "SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL",
                "CL IN IN CS CR CW CO CE ES CL SR CL RJ CL",
                "CL CL CL CS CR CW CO CE ES SS SR CL RJ CL",
                "CL I1 IN CS CR CW CO CL ES SS SR SA RJ CL",
                "CL CL CL CL CL RJ CL CL CL CL CL CL CL CL",
            ],
        );
        check(
            Direction::Output,
            [
                "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL",
                "CW CW CW CW CW CW CW CW ES CW CW CW CW CW",
                "CS CS CS CS CR CW CO CE ES SS SR SA RJ CL",
                "CE CE CE CE CE CE CE CE ES SS SR SA RJ CL",
                "ES ES ES ES ES ES ES ES ES SS SR SA RJ CL",
                "SS SS SS SS SS SS SS SS SS SS SR SA RJ CL",
                "SA SA SA SA SA CW CO CE ES SA SA SA RJ CL",
                "CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL",
                "CL CL CL CL CL CW CO CE ES SS SR SA RJ CL",
                "CL RJ CL CL CL CL CL CL CL CL CL CL CL CL",
            ],
        );
        check(
            Direction::InputOnly,
            [
                "ES I1 IN CS CR ES CO CE ES SS SR SA RJ CL",
                "I1 IN IN IN IN IN CO CE ES SS SR SA IN IN",
                "CE CE CE CE CE CE CO CE ES SS SR SA RJ CL",
                "ES ES ES ES ES ES CO CE ES SS SR SA RJ CL",
                "ES I1 IN ES ES CW ES ES ES SS SR SA RJ CL",
                "SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL",
                "CL IN IN CS CR CW CO CE CL CL SR CL RJ CL",
                "CL CL CL CL CL CW CO CE ES SS CL CL RJ CL",
                "CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL",
                "CL CL CL CL CL RJ CL CL CL CL CL CL CL CL",
            ],
        );
    }

    #[test]
    fn the_first_chunk_decides() {
        let nothing = |_| None;
        let types = [
            (0, Event::Data),
            (1, Event::Init),
            (2, Event::InitAck),
            (3, Event::Data),
            (4, Event::Data),
            (5, Event::Data),
            (6, Event::Abort),
            (7, Event::Shutdown),
            (8, Event::ShutdownAck),
            (9, Event::Error),
            (10, Event::CookieEcho),
            (11, Event::CookieAck),
            (12, Event::Data),
            (13, Event::Data),
            (14, Event::ShutdownComplete),
            (15, Event::Data),
            (192, Event::Data),
        ];
        for (kind, expected) in types {
            assert_eq!(event([kind, 0, 0, 8], nothing), expected);
        }
    }

    #[test]
    fn an_abort_behind_a_cookie_counts() {
        for kind in [10, 11] {
            let abort_at_8 = |offset| (offset == 8).then_some([6, 0, 0, 4]);
            assert_eq!(event([kind, 0, 0, 8], abort_at_8), Event::Abort);
            assert_eq!(event([kind, 0, 0, 5], abort_at_8), Event::Abort);
            assert_ne!(event([kind, 0, 0, 9], abort_at_8), Event::Abort);
            assert_ne!(event([kind, 0, 0, 8], |_| Some([0; 4])), Event::Abort);
            assert_ne!(event([kind, 0, 0, 3], |_| Some([6; 4])), Event::Abort);
        }
        assert_eq!(event([0, 0, 0, 8], |_| Some([6; 4])), Event::Data);
    }

    #[test]
    fn an_init_opens_an_association() {
        let packet = |first| Chunks::read(first, |_| Some([6, 0, 0, 4]));
        assert!(packet([1, 0, 0, 20]).can_open(false) && packet([1, 0, 0, 20]).are_init());
        assert!(!packet([0, 0, 0, 20]).can_open(false));
        assert!(packet([0, 0, 0, 20]).can_open(true));
        assert!(!packet([6, 0, 0, 4]).can_open(true));
        // The first chunk alone decides this, whatever is behind it.
        let refused = packet([10, 0, 0, 8]);
        assert!(refused.event() == Event::Abort && refused.can_open(true));
    }

    #[test]
    fn numbers_round_trip() {
        for (number, state) in S::ALL.iter().copied().enumerate() {
            assert_eq!(usize::from(state.number()), number);
            assert_eq!(SctpState::from_number(state.number()), Some(state));
        }
        assert_eq!(SctpState::from_number(14), None);
        assert_eq!(S::Established.timeout(), 900);
        assert_eq!(S::Rejected.timeout(), 4);
    }
}
