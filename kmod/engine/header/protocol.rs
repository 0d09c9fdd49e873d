// SPDX-License-Identifier: GPL-2.0

//! IP protocol numbers the balancer knows.

/// Internet control message protocol.
pub const ICMP: u8 = 1;
/// IPv4 in IP.
pub const IPIP: u8 = 4;
/// Transmission control protocol.
pub const TCP: u8 = 6;
/// User datagram protocol.
pub const UDP: u8 = 17;
/// IPv6 in IP.
pub const IPV6: u8 = 41;
/// Generic routing encapsulation.
pub const GRE: u8 = 47;
/// Encapsulating security payload.
pub const ESP: u8 = 50;
/// Authentication header. With IPv6 it is an extension header like others.
pub const AH: u8 = 51;
/// Internet control message protocol for IPv6.
pub const ICMPV6: u8 = 58;
/// Stream control transmission protocol.
pub const SCTP: u8 = 132;
