// SPDX-License-Identifier: GPL-2.0

//! Whether a packet is one that a rule with iptables' match `ipvs` asks for.
//!
//! A rule that asks for nothing but "handled by the balancer" needs no connection. Any other one is
//! about packets that were handled and whose connection is known.

use lvs_uapi::xt_ipvs::{
    option,
    Options, //
};

use crate::addr::{
    Addr,
    Family, //
};
use crate::config::Forwarding;

/// Direction of a packet within the connection that netfilter tracks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// As the connection's first packet.
    Original,
    /// Against it.
    Reply,
}

/// What can be said before the connection is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is.
    Matches,
    /// It isn't.
    Differs,
    /// The connection decides.
    AskConnection,
}

/// What a rule may ask about a packet's connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Family of client and virtual address.
    pub family: Family,
    /// The virtual address.
    pub virtual_addr: Addr,
    /// The virtual port.
    pub virtual_port: u16,
    /// The virtual port of what controls the connection, if something does.
    pub controller_port: Option<u16>,
    /// How its packets reach the server.
    pub forwarding: Forwarding,
    /// The packet's direction, if it is tracked.
    pub direction: Option<Direction>,
}

/// What can be said before the connection is known: `handled` tells whether the balancer has seen
/// the packet.
pub fn by_packet(options: &Options, handled: bool) -> Verdict {
    if options.asked == option::HANDLED {
        let inverted = options.inverted & option::HANDLED != 0;
        return if handled != inverted {
            Verdict::Matches
        } else {
            Verdict::Differs
        };
    }
    if handled {
        Verdict::AskConnection
    } else {
        Verdict::Differs
    }
}

/// Whether the packet's protocol is as asked.
pub fn protocol_fits(options: &Options, protocol: u8) -> bool {
    fits(options, option::PROTOCOL, || protocol == options.protocol)
}

/// Whether the connection is as asked.
pub fn connection_fits(options: &Options, facts: &Facts) -> bool {
    let method = u32::from(options.method);
    fits(options, option::PORT, || {
        facts.virtual_port == u16::from_be_bytes(options.port)
    }) && fits(options, option::CONTROLLER_PORT, || {
        facts.controller_port == Some(u16::from_be_bytes(options.controller_port))
    }) && (options.asked & option::DIRECTION == 0 || facts.direction.is_some())
        && fits(options, option::DIRECTION, || {
            facts.direction == Some(Direction::Original)
        })
        && fits(options, option::METHOD, || {
            facts.forwarding.number() == method
        })
        && fits(options, option::ADDRESS, || address_fits(options, facts))
}

/// Whether one option that was given fits, or doesn't if it is inverted.
fn fits(options: &Options, option: u8, is_so: impl FnOnce() -> bool) -> bool {
    options.asked & option == 0 || is_so() != (options.inverted & option != 0)
}

fn address_fits(options: &Options, facts: &Facts) -> bool {
    let asked = Addr::from_octets(options.address).0;
    let [first, second, third, fourth] = Addr::from_octets(options.mask).0;
    // An IPv4 address is the first word; a rule's other words mean nothing then.
    let mask = match facts.family {
        Family::V4 => [first, 0, 0, 0],
        Family::V6 => [first, second, third, fourth],
    };
    let words = facts.virtual_addr.0.iter().zip(asked).zip(mask);
    words.fold(0, |differing, ((is, asked), mask)| {
        differing | (is ^ asked) & mask
    }) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts = Facts {
        family: Family::V4,
        virtual_addr: Addr::from_v4([192, 0, 2, 9]),
        virtual_port: 80,
        controller_port: Some(21),
        forwarding: Forwarding::Masquerade,
        direction: Some(Direction::Original),
    };

    fn asked(options: Options, asked: u8) -> Options {
        Options { asked, ..options }
    }

    /// Asserts what one option and its inversion say.
    fn check(options: Options, option: u8, facts: &Facts, fits: bool) {
        let plain = asked(options, option);
        let inverted = Options {
            inverted: option,
            ..plain
        };
        assert_eq!(connection_fits(&plain, facts), fits, "{plain:?}");
        assert_eq!(connection_fits(&inverted, facts), !fits, "{inverted:?}");
    }

    #[test]
    fn handled_alone_needs_no_connection() {
        let options = asked(Options::default(), option::HANDLED);
        assert_eq!(by_packet(&options, true), Verdict::Matches);
        assert_eq!(by_packet(&options, false), Verdict::Differs);
        let inverted = Options {
            inverted: option::HANDLED,
            ..options
        };
        assert_eq!(by_packet(&inverted, true), Verdict::Differs);
        assert_eq!(by_packet(&inverted, false), Verdict::Matches);
    }

    #[test]
    fn other_options_imply_that_the_packet_was_handled() {
        for asked_too in [0, option::PORT, option::PORT | option::HANDLED] {
            for inverted in [0, option::HANDLED, option::PORT] {
                let options = Options {
                    asked: asked_too,
                    inverted,
                    ..Options::default()
                };
                assert_eq!(by_packet(&options, true), Verdict::AskConnection);
                assert_eq!(by_packet(&options, false), Verdict::Differs);
            }
        }
    }

    #[test]
    fn protocol_and_its_inversion() {
        let options = asked(
            Options {
                protocol: 6,
                ..Options::default()
            },
            option::PROTOCOL,
        );
        let inverted = Options {
            inverted: option::PROTOCOL,
            ..options
        };
        assert!(protocol_fits(&options, 6) && !protocol_fits(&options, 17));
        assert!(!protocol_fits(&inverted, 6) && protocol_fits(&inverted, 17));
        assert!(protocol_fits(&Options::default(), 17));
    }

    #[test]
    fn ports_are_in_network_order() {
        let options = |port: u16| Options {
            port: port.to_be_bytes(),
            controller_port: port.to_be_bytes(),
            ..Options::default()
        };
        check(options(80), option::PORT, &FACTS, true);
        check(options(21), option::PORT, &FACTS, false);
        check(options(21), option::CONTROLLER_PORT, &FACTS, true);
        check(options(80), option::CONTROLLER_PORT, &FACTS, false);
        let alone = Facts {
            controller_port: None,
            ..FACTS
        };
        check(options(21), option::CONTROLLER_PORT, &alone, false);
        check(options(0), option::CONTROLLER_PORT, &alone, false);
    }

    #[test]
    fn an_untracked_packet_has_neither_direction() {
        let options = Options::default();
        check(options, option::DIRECTION, &FACTS, true);
        let reply = Facts {
            direction: Some(Direction::Reply),
            ..FACTS
        };
        check(options, option::DIRECTION, &reply, false);
        let untracked = Facts {
            direction: None,
            ..FACTS
        };
        for inverted in [0, option::DIRECTION] {
            let options = Options {
                inverted,
                ..asked(options, option::DIRECTION)
            };
            assert!(!connection_fits(&options, &untracked));
        }
        assert!(connection_fits(&options, &untracked));
    }

    #[test]
    fn each_method_is_told_from_the_others() {
        for number in 0..8 {
            let facts = Facts {
                forwarding: Forwarding::from_flags(number),
                ..FACTS
            };
            for method in 0..8 {
                let options = Options {
                    method,
                    ..Options::default()
                };
                let same = facts.forwarding.number() == u32::from(method);
                check(options, option::METHOD, &facts, same);
            }
        }
    }

    #[test]
    fn addresses_count_within_the_mask() {
        let v4 = |address: [u8; 4], mask: [u8; 4]| Options {
            address: Addr::from_v4(address).octets(),
            mask: Addr::from_v4(mask).octets(),
            ..Options::default()
        };
        let options = v4([192, 0, 2, 9], [255; 4]);
        check(options, option::ADDRESS, &FACTS, true);
        let options = v4([192, 0, 2, 8], [255; 4]);
        check(options, option::ADDRESS, &FACTS, false);
        let options = v4([192, 0, 2, 200], [255, 255, 255, 0]);
        check(options, option::ADDRESS, &FACTS, true);

        let mut address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
        let facts = Facts {
            family: Family::V6,
            virtual_addr: Addr::from_octets(address),
            ..FACTS
        };
        let mut options = Options {
            address,
            mask: [0xff; 16],
            ..Options::default()
        };
        check(options, option::ADDRESS, &facts, true);
        address[15] = 8;
        options.address = address;
        check(options, option::ADDRESS, &facts, false);
        options.mask[15] = 0;
        check(options, option::ADDRESS, &facts, true);
        // Only the first word is an IPv4 address.
        let options = Options {
            address: [192, 0, 2, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
            mask: [0xff; 16],
            ..Options::default()
        };
        check(options, option::ADDRESS, &FACTS, true);
    }

    #[test]
    fn all_options_have_to_fit() {
        let options = Options {
            port: 80_u16.to_be_bytes(),
            controller_port: 22_u16.to_be_bytes(),
            asked: option::PORT | option::CONTROLLER_PORT,
            ..Options::default()
        };
        assert!(!connection_fits(&options, &FACTS));
        let options = Options {
            inverted: option::CONTROLLER_PORT,
            ..options
        };
        assert!(connection_fits(&options, &FACTS));
    }
}
