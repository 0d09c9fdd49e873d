// SPDX-License-Identifier: GPL-2.0

//! Which states a protocol has on the wire, and which of them are told.

use lvs_uapi::flags::conn;

use super::reason::Refused;
use crate::header::protocol;
use crate::sctp_state::SctpState;
use crate::tcp_state::TcpState;

/// Seconds that a template lives if its message doesn't say it.
pub const TEMPLATE_TIMEOUT: u32 = 180;

/// How many states a template has.
const TEMPLATE_STATES: u16 = 2;

/// How many states connections of `protocol` have; `None` if it isn't balanced.
#[inline]
pub const fn states(protocol: u8) -> Option<u16> {
    match protocol {
        protocol::TCP => Some(TcpState::COUNT as u16),
        protocol::SCTP => Some(SctpState::COUNT as u16),
        protocol::UDP | protocol::AH | protocol::ESP => Some(1),
        _ => None,
    }
}

/// The state's number, if `flags`, `protocol` and `state` of an entry go together.
#[inline]
pub(super) fn checked(flags: u32, protocol: u8, state: u16) -> Result<u8, Refused> {
    let is_template = flags & conn::TEMPLATE != 0;
    if flags & conn::ONE_PACKET != 0 || (is_template && flags & conn::NO_CPORT != 0) {
        return Err(Refused::Flags);
    }
    let states = if is_template {
        TEMPLATE_STATES
    } else {
        states(protocol).ok_or(Refused::Protocol)?
    };
    match u8::try_from(state) {
        Ok(number) if state < states => Ok(number),
        _ => Err(Refused::State),
    }
}

/// Whether a connection of `protocol` in `state` is told to others at all: one that only begins, or
/// is about to end by itself, isn't.
#[inline]
pub const fn is_told(protocol: u8, state: u8) -> bool {
    match protocol {
        protocol::TCP => state < 16 && (1 << state) & TOLD_TCP != 0,
        protocol::SCTP => state < 16 && (1 << state) & TOLD_SCTP != 0,
        _ => true,
    }
}

/// Whether `state` is the one in which data flows, or the only one.
#[inline]
pub const fn is_open(protocol: u8, state: u8) -> bool {
    match protocol {
        protocol::TCP => state == TcpState::Established.number(),
        protocol::SCTP => state == SctpState::Established.number(),
        _ => true,
    }
}

/// Bits of the TCP states that are told.
const TOLD_TCP: u16 = (1 << TcpState::Established.number())
    | (1 << TcpState::FinWait.number())
    | (1 << TcpState::TimeWait.number())
    | (1 << TcpState::Close.number())
    | (1 << TcpState::CloseWait.number());

/// Bits of the SCTP states that are told.
const TOLD_SCTP: u16 = (1 << SctpState::Established.number())
    | (1 << SctpState::ShutdownSent.number())
    | (1 << SctpState::ShutdownReceived.number())
    | (1 << SctpState::ShutdownAckSent.number())
    | (1 << SctpState::Closed.number());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_states() {
        for (protocol, count) in [(6, 11), (17, 1), (50, 1), (51, 1), (132, 14)] {
            assert_eq!(checked(0, protocol, count - 1), Ok(count as u8 - 1));
            assert_eq!(checked(0, protocol, count), Err(Refused::State));
            assert_eq!(checked(0, protocol, 256), Err(Refused::State));
        }
        assert_eq!(checked(0, 99, 0), Err(Refused::Protocol));
    }

    #[test]
    fn a_template_has_states_of_its_own() {
        assert_eq!(checked(conn::TEMPLATE, 99, 1), Ok(1));
        assert_eq!(checked(conn::TEMPLATE, 6, 2), Err(Refused::State));
        let portless = conn::TEMPLATE | conn::NO_CPORT;
        assert_eq!(checked(portless, 6, 0), Err(Refused::Flags));
        assert_eq!(checked(conn::NO_CPORT, 6, 0), Ok(0));
        assert_eq!(checked(conn::ONE_PACKET, 17, 0), Err(Refused::Flags));
    }

    #[test]
    fn only_states_of_worth_are_told() {
        let told = |protocol| (0..16).filter(move |state| is_told(protocol, *state));
        assert!(told(6).eq([1, 4, 5, 6, 7]));
        assert!(told(132).eq([8, 9, 10, 11, 13]));
        assert!(told(17).eq(0..16));
        assert!(is_open(6, 1) && !is_open(6, 4) && is_open(17, 0) && is_open(132, 8));
    }
}
