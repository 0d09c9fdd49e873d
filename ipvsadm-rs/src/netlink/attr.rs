// SPDX-License-Identifier: MIT OR GPL-2.0

//! What the attribute types have in common: strings, addresses and lists.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use netlink_packet_core::DecodeError;
use netlink_packet_core::NlaBuffer;
use netlink_packet_core::NlasIterator;
use netlink_packet_core::Parseable;

use lvs_uapi::limits::ADDR_LEN;

use crate::model::Family;

/// Parses a list of attributes of one type.
pub fn parse_list<A>(payload: &[u8]) -> Result<Vec<A>, DecodeError>
where
    A: for<'b> Parseable<NlaBuffer<&'b [u8]>>,
{
    // A list of thousands of servers is thousands of such lists: to count is faster than to grow.
    let mut list = Vec::with_capacity(NlasIterator::new(payload).count());
    for nla in NlasIterator::new(payload) {
        list.push(A::parse(&nla?)?);
    }
    Ok(list)
}

/// Bytes of a string with its terminating NUL.
pub fn string_len(text: &str) -> usize {
    text.len() + 1
}

/// Writes a string and its terminating NUL.
pub fn emit_string(buffer: &mut [u8], text: &str) {
    let (chars, rest) = buffer.split_at_mut(text.len());
    chars.copy_from_slice(text.as_bytes());
    rest.fill(0);
}

/// Reads a string up to its NUL, or to the end if there is none.
pub fn parse_cstr(payload: &[u8]) -> String {
    let end = payload
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(payload.len());
    String::from_utf8_lossy(&payload[..end]).into_owned()
}

/// An address as it stands in an attribute: 16 bytes, those after an IPv4 address zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawAddr(pub [u8; ADDR_LEN]);

impl RawAddr {
    /// Reads an attribute of at most 16 bytes; what is missing is zero.
    pub fn parse(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut bytes = [0; ADDR_LEN];
        bytes
            .get_mut(..payload.len())
            .ok_or_else(|| DecodeError::invalid_ip_address(payload.len()))?
            .copy_from_slice(payload);
        Ok(RawAddr(bytes))
    }

    /// The address, in the family that another attribute tells.
    pub fn in_family(self, family: Family) -> IpAddr {
        match family {
            Family::V4 => {
                let [a, b, c, d, ..] = self.0;
                Ipv4Addr::new(a, b, c, d).into()
            }
            Family::V6 => Ipv6Addr::from(self.0).into(),
        }
    }
}

impl From<IpAddr> for RawAddr {
    fn from(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(addr) => {
                let mut bytes = [0; ADDR_LEN];
                bytes[..4].copy_from_slice(&addr.octets());
                RawAddr(bytes)
            }
            IpAddr::V6(addr) => RawAddr(addr.octets()),
        }
    }
}

/// Defines an enum of attributes with its encoding: one line per attribute gives variant, type,
/// number and kind of value.
macro_rules! attributes {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$doc:meta])* $variant:ident($type:ty) = $number:path, $kind:ident; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $( $(#[$doc])* $variant($type), )*
            /// A number this version doesn't know.
            Other(netlink_packet_core::DefaultNla),
        }

        impl netlink_packet_core::Nla for $name {
            fn value_len(&self) -> usize {
                match self {
                    $( $name::$variant(value) => attributes!(@len $kind, value), )*
                    $name::Other(nla) => nla.value_len(),
                }
            }

            fn kind(&self) -> u16 {
                match self {
                    $( $name::$variant(_) => $number, )*
                    $name::Other(nla) => nla.kind(),
                }
            }

            fn emit_value(&self, buffer: &mut [u8]) {
                match self {
                    $( $name::$variant(value) => attributes!(@emit $kind, value, buffer), )*
                    $name::Other(nla) => nla.emit_value(buffer),
                }
            }
        }

        impl<'a> netlink_packet_core::Parseable<netlink_packet_core::NlaBuffer<&'a [u8]>> for $name {
            fn parse(
                nla: &netlink_packet_core::NlaBuffer<&'a [u8]>,
            ) -> Result<Self, netlink_packet_core::DecodeError> {
                let payload = nla.value();
                Ok(match nla.kind() {
                    $( $number => $name::$variant(attributes!(@parse $kind, payload)), )*
                    _ => $name::Other(netlink_packet_core::DefaultNla::parse(nla)?),
                })
            }
        }
    };

    (@len u8, $v:ident) => {{ let _ = $v; 1 }};
    (@len u16, $v:ident) => {{ let _ = $v; 2 }};
    (@len be16, $v:ident) => {{ let _ = $v; 2 }};
    (@len u32, $v:ident) => {{ let _ = $v; 4 }};
    (@len u64, $v:ident) => {{ let _ = $v; 8 }};
    (@len string, $v:ident) => { $crate::netlink::attr::string_len($v) };
    (@len addr, $v:ident) => { $v.0.len() };
    (@len blob, $v:ident) => { $v.len() };
    (@len bytes, $v:ident) => { $v.len() };
    (@len nest, $v:ident) => { netlink_packet_core::Emitable::buffer_len(&$v.as_slice()) };
    (@len value, $v:ident) => { $v.len() };

    (@emit u8, $v:ident, $b:ident) => { $b[0] = *$v };
    (@emit u16, $v:ident, $b:ident) => { $b.copy_from_slice(&$v.to_ne_bytes()) };
    (@emit be16, $v:ident, $b:ident) => { $b.copy_from_slice(&$v.to_be_bytes()) };
    (@emit u32, $v:ident, $b:ident) => { $b.copy_from_slice(&$v.to_ne_bytes()) };
    (@emit u64, $v:ident, $b:ident) => { $b.copy_from_slice(&$v.to_ne_bytes()) };
    (@emit string, $v:ident, $b:ident) => { $crate::netlink::attr::emit_string($b, $v) };
    (@emit addr, $v:ident, $b:ident) => { $b.copy_from_slice(&$v.0) };
    (@emit blob, $v:ident, $b:ident) => { $b.copy_from_slice($v) };
    (@emit bytes, $v:ident, $b:ident) => { $b.copy_from_slice($v) };
    (@emit nest, $v:ident, $b:ident) => {
        netlink_packet_core::Emitable::emit(&$v.as_slice(), $b)
    };
    (@emit value, $v:ident, $b:ident) => { $v.emit($b) };

    (@parse u8, $p:ident) => { netlink_packet_core::parse_u8($p)? };
    (@parse u16, $p:ident) => { netlink_packet_core::parse_u16($p)? };
    (@parse be16, $p:ident) => { netlink_packet_core::parse_u16_be($p)? };
    (@parse u32, $p:ident) => { netlink_packet_core::parse_u32($p)? };
    (@parse u64, $p:ident) => { netlink_packet_core::parse_u64($p)? };
    (@parse string, $p:ident) => { $crate::netlink::attr::parse_cstr($p) };
    (@parse addr, $p:ident) => { $crate::netlink::attr::RawAddr::parse($p)? };
    (@parse blob, $p:ident) => { $p.to_vec() };
    (@parse bytes, $p:ident) => {
        $p.try_into()
            .map_err(|_| netlink_packet_core::DecodeError::from("attribute of wrong length"))?
    };
    (@parse nest, $p:ident) => { $crate::netlink::attr::parse_list($p)? };
    (@parse value, $p:ident) => { $crate::netlink::attr::Value::parse($p)? };
}

pub(crate) use attributes;

/// A counter, which one nest carries in 32 bits and the other in 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// 32 bits.
    U32(u32),
    /// 64 bits.
    U64(u64),
}

impl Value {
    /// Reads a number of either width.
    pub fn parse(payload: &[u8]) -> Result<Self, DecodeError> {
        match payload.len() {
            4 => Ok(Value::U32(netlink_packet_core::parse_u32(payload)?)),
            _ => Ok(Value::U64(netlink_packet_core::parse_u64(payload)?)),
        }
    }

    /// Bytes of its encoding.
    #[allow(clippy::len_without_is_empty)] // Never empty.
    pub fn len(self) -> usize {
        match self {
            Value::U32(_) => 4,
            Value::U64(_) => 8,
        }
    }

    /// Writes the number.
    pub fn emit(self, buffer: &mut [u8]) {
        match self {
            Value::U32(number) => buffer.copy_from_slice(&number.to_ne_bytes()),
            Value::U64(number) => buffer.copy_from_slice(&number.to_ne_bytes()),
        }
    }

    /// The number.
    pub fn get(self) -> u64 {
        match self {
            Value::U32(number) => number.into(),
            Value::U64(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_their_nul() {
        assert_eq!(parse_cstr(b"wlc\0garbage"), "wlc");
        assert_eq!(parse_cstr(b"wlc"), "wlc");
        assert_eq!(parse_cstr(b""), "");
        let mut buffer = [0xff; 4];
        emit_string(&mut buffer, "wlc");
        assert_eq!(&buffer, b"wlc\0");
    }

    #[test]
    fn short_addresses_are_padded() {
        let raw = RawAddr::parse(&[10, 0, 0, 1]).expect("an address");
        assert_eq!(raw.in_family(Family::V4), IpAddr::from([10, 0, 0, 1]));
        assert_eq!(RawAddr::from(IpAddr::from([10, 0, 0, 1])), raw);
        assert!(RawAddr::parse(&[0; 17]).is_err());
    }
}
