// SPDX-License-Identifier: MIT OR GPL-2.0

//! The options of iptables' match `ipvs`, as a rule carries them into the kernel.
//!
//! Addresses and ports are in network order.

/// Name of the match.
pub const NAME: &str = "ipvs";
/// The one revision there is.
pub const REVISION: u8 = 0;
/// Bytes of the options in a rule.
pub const LEN: usize = 40;

/// Bits of [`Options::asked`] and [`Options::inverted`].
pub mod option {
    /// `--ipvs`: the balancer has handled the packet.
    pub const HANDLED: u8 = 1 << 0;
    /// `--vproto`.
    pub const PROTOCOL: u8 = 1 << 1;
    /// `--vaddr`.
    pub const ADDRESS: u8 = 1 << 2;
    /// `--vport`.
    pub const PORT: u8 = 1 << 3;
    /// `--vdir`: `ORIGINAL`, and `REPLY` if inverted.
    pub const DIRECTION: u8 = 1 << 4;
    /// `--vmethod`.
    pub const METHOD: u8 = 1 << 5;
    /// `--vportctl`.
    pub const CONTROLLER_PORT: u8 = 1 << 6;
}

/// The options of one rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Virtual address; an IPv4 address takes the first four bytes.
    pub address: [u8; 16],
    /// Which of its bits count.
    pub mask: [u8; 16],
    /// Virtual port.
    pub port: [u8; 2],
    /// Protocol.
    pub protocol: u8,
    /// Forwarding method, as in [`crate::flags::fwd`].
    pub method: u8,
    /// Virtual port of the controlling connection.
    pub controller_port: [u8; 2],
    /// Which options must not apply.
    pub inverted: u8,
    /// Which options were given.
    pub asked: u8,
}

impl Options {
    /// Reads them; `None` when there are fewer than [`LEN`] bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (address, bytes) = bytes.split_first_chunk::<16>()?;
        let (mask, bytes) = bytes.split_first_chunk::<16>()?;
        let ([p0, p1, protocol, method, c0, c1, inverted, asked], _) = bytes.split_first_chunk()?;
        Some(Self {
            address: *address,
            mask: *mask,
            port: [*p0, *p1],
            protocol: *protocol,
            method: *method,
            controller_port: [*c0, *c1],
            inverted: *inverted,
            asked: *asked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_where_userspace_puts_them() {
        let mut bytes = [0; LEN];
        for (byte, value) in bytes.iter_mut().zip(0..) {
            *byte = value;
        }
        let options = Options::from_bytes(&bytes).unwrap();
        assert_eq!(options.address[..], bytes[..16]);
        assert_eq!(options.mask[..], bytes[16..32]);
        assert_eq!(options.port, [32, 33]);
        assert_eq!((options.protocol, options.method), (34, 35));
        assert_eq!(options.controller_port, [36, 37]);
        assert_eq!((options.inverted, options.asked), (38, 39));
    }

    #[test]
    fn too_few_bytes_are_none() {
        assert_eq!(Options::from_bytes(&[0; LEN - 1]), None);
    }
}
