// SPDX-License-Identifier: MIT OR GPL-2.0

//! Version code, sizes of names, address families and protocols.

/// Version of the interface, `0x00MMmmpp`: 1.2.1. Reported by `GET_INFO` and by the sockopts.
pub const IP_VS_VERSION_CODE: u32 = 0x01_02_01;

/// Size of a scheduler's name, terminating NUL included.
pub const SCHEDNAME_MAXLEN: usize = 16;
/// Size of a persistence engine's name, terminating NUL included.
pub const PENAME_MAXLEN: usize = 16;
/// Longest data that a persistence engine may attach to a template, in bytes, in a message of the
/// synchronisation protocol.
pub const PEDATA_MAXLEN: usize = 255;
/// Size of a network interface's name, terminating NUL included.
pub const IFNAME_MAXLEN: usize = 16;

/// Address family of IPv4 (`AF_INET`).
pub const AF_INET: u16 = 2;
/// Address family of IPv6 (`AF_INET6`).
pub const AF_INET6: u16 = 10;

/// Bytes of an address attribute: IPv4 addresses are padded with zeros to this length.
pub const ADDR_LEN: usize = 16;

/// Protocol number of TCP.
pub const IPPROTO_TCP: u16 = 6;
/// Protocol number of UDP.
pub const IPPROTO_UDP: u16 = 17;
/// Protocol number of SCTP.
pub const IPPROTO_SCTP: u16 = 132;

/// Splits a version code into major, minor and patch.
#[inline]
pub const fn version_parts(code: u32) -> (u8, u8, u8) {
    let [_, major, minor, patch] = code.to_be_bytes();
    (major, minor, patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_code_reads_as_1_2_1() {
        assert_eq!(version_parts(IP_VS_VERSION_CODE), (1, 2, 1));
    }
}
