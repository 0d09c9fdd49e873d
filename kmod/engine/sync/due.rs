// SPDX-License-Identifier: GPL-2.0

//! When a connection is told to the other directors.
//!
//! ip_vs counts a client's packets and tells of the 3rd, 53rd, 103rd …, so a connection that only
//! began, or is slow, isn't known when its director dies, and a template is told with each packet.
//! Here time decides, which no receiver can tell from packets that came in time: a connection is
//! told once data may flow, with each later state, and again before a third of its life went by.
//!
//! | `sync_threshold`, `sync_refresh_period` | told |
//! |--|--|
//! | `T P`, 0 (`3 50`) | with the client's packet `T`, with states, each third of the timeout |
//! | `T P`, R | with the client's packet `T`, with states, each R, but each third of the timeout |
//! | `T 0`, 0 | with states only |
//!
//! Packets above [`COUNTED`] aren't counted, so a larger `T` is that. A TCP or SCTP connection
//! doesn't wait for a `T` of up to [`DEFAULT_THRESHOLD`]: it is told when it is established.

use super::state::{
    is_open,
    is_told, //
};
use crate::header::protocol::{
    SCTP,
    TCP, //
};

/// The default of the first number of `sync_threshold`.
pub const DEFAULT_THRESHOLD: u32 = 3;
/// The default of its second number.
pub const DEFAULT_PERIOD: u32 = 50;
/// Up to which number packets of a connection are counted.
pub const COUNTED: u32 = 9;

/// What administrators set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// First number of `sync_threshold`: with which of the client's packets it is told first.
    pub threshold: u32,
    /// Its second number: 0 with `refresh` 0 tells of states only.
    pub period: u32,
    /// `sync_refresh_period` in ticks; 0: a third of the timeout.
    pub refresh: u32,
    /// `sync_persist_mode`: connections of persistent clients aren't told, their templates are.
    pub templates_only: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            threshold: DEFAULT_THRESHOLD,
            period: DEFAULT_PERIOD,
            refresh: 0,
            templates_only: false,
        }
    }
}

/// What is looked at of a connection or template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subject {
    /// IP protocol number.
    pub protocol: u8,
    /// Its present state's number.
    pub state: u8,
    /// It is a persistence template.
    pub is_template: bool,
    /// It lives for one packet: it is never told.
    pub is_one_packet: bool,
    /// A template is among its controllers.
    pub has_template: bool,
    /// Packets that the client sent, up to [`COUNTED`].
    pub packets: u32,
}

/// After how many ticks a connection with this timeout is told again; `None`: not by time.
#[inline]
pub const fn interval(rules: &Rules, timeout: u32) -> Option<u32> {
    let third = timeout / 3;
    match (rules.refresh, rules.period) {
        (0, 0) => None,
        (refresh, _) if refresh != 0 && refresh < third => Some(refresh),
        _ => Some(third),
    }
}

/// Whether a connection is told, now that something of it changed or it has its turn.
pub fn is_due(rules: &Rules, subject: &Subject) -> bool {
    if subject.is_one_packet {
        return false;
    }
    if !subject.is_template {
        if rules.templates_only && subject.has_template {
            return false;
        }
        if !is_told(subject.protocol, subject.state) {
            return false;
        }
        if !is_open(subject.protocol, subject.state) {
            // A state on the way to the end is told at once.
            return true;
        }
    }
    is_begun(rules, subject)
}

/// With which of the client's packets, as far as they are counted, a connection of this protocol is
/// told first; `None`: as soon as its handshake is over.
#[inline]
pub const fn first_packet(protocol: u8, threshold: u32) -> Option<u32> {
    let has_handshake = protocol == TCP || protocol == SCTP;
    if has_handshake && threshold <= DEFAULT_THRESHOLD {
        None
    } else if threshold < COUNTED {
        Some(threshold)
    } else {
        Some(COUNTED)
    }
}

/// Whether it had as many packets as are to be seen before it is told first.
fn is_begun(rules: &Rules, subject: &Subject) -> bool {
    subject.is_template
        || first_packet(subject.protocol, rules.threshold)
            .is_none_or(|first| subject.packets >= first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: u32 = 250;

    fn tcp(state: u8) -> Subject {
        Subject {
            protocol: 6,
            state,
            is_template: false,
            is_one_packet: false,
            has_template: false,
            packets: 2,
        }
    }

    fn default_due(subject: &Subject) -> bool {
        is_due(&Rules::default(), subject)
    }

    #[test]
    fn closing_is_told_and_the_begin_never() {
        for state in [1, 4, 5, 6, 7] {
            assert!(default_due(&tcp(state)));
        }
        for state in [0, 2, 3, 8, 9, 10] {
            assert!(!default_due(&tcp(state)));
        }
    }

    #[test]
    fn a_datagram_s_connection_waits_for_its_third_packet() {
        let udp = |packets| Subject {
            protocol: 17,
            packets,
            ..tcp(0)
        };
        assert!(!default_due(&udp(2)));
        assert!(default_due(&udp(3)));
        let rules = Rules {
            threshold: 1000,
            period: 2000,
            ..Rules::default()
        };
        assert!(!is_due(&rules, &udp(8)));
        assert!(is_due(&rules, &udp(9)));
        let one_packet = Subject {
            is_one_packet: true,
            ..udp(9)
        };
        assert!(!default_due(&one_packet));
    }

    #[test]
    fn a_higher_threshold_spares_short_connections() {
        let rules = Rules {
            threshold: 6,
            ..Rules::default()
        };
        let with = |packets| Subject { packets, ..tcp(1) };
        assert!(!is_due(&rules, &with(5)));
        assert!(is_due(&rules, &with(6)));
    }

    #[test]
    fn of_persistent_clients_templates_may_be_told_alone() {
        let template = Subject {
            is_template: true,
            ..tcp(0)
        };
        assert!(default_due(&template));
        let rules = Rules {
            templates_only: true,
            ..Rules::default()
        };
        assert!(is_due(&rules, &template));
        let of_template = Subject {
            has_template: true,
            ..tcp(5)
        };
        assert!(!is_due(&rules, &of_template));
        assert!(default_due(&of_template));
    }

    #[test]
    fn refreshing_is_never_later_than_the_timeout_allows() {
        let refresh = |seconds| Rules {
            refresh: seconds * HZ,
            ..Rules::default()
        };
        assert_eq!(interval(&refresh(10), 900 * HZ), Some(10 * HZ));
        assert_eq!(interval(&refresh(1000), 900 * HZ), Some(300 * HZ));
        assert_eq!(interval(&refresh(0), 10 * HZ), Some(10 * HZ / 3));
        let states_only = Rules {
            period: 0,
            threshold: 0,
            ..Rules::default()
        };
        assert_eq!(interval(&states_only, 900 * HZ), None);
        assert!(is_due(&states_only, &tcp(1)));
    }
}
