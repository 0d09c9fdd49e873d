// SPDX-License-Identifier: MIT OR GPL-2.0

//! Messages of the family `LVS`, which lvs has beside ip_vs's.

use netlink_packet_core::DecodeError;
use netlink_packet_core::Emitable;
use netlink_packet_core::Nla;
use netlink_packet_core::NlaBuffer;
use netlink_packet_core::Parseable;
use netlink_packet_core::ParseableParametrized;
use netlink_packet_generic::GenlFamily;
use netlink_packet_generic::GenlHeader;

use lvs_uapi::lvs::FAMILY_NAME;
use lvs_uapi::lvs::FAMILY_VERSION;

use super::attr::parse_list;

/// A message of the family, of attributes of the type `A`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LvsMessage<A> {
    /// A number of [`lvs_uapi::lvs::cmd`].
    pub cmd: u8,
    /// What it carries.
    pub attrs: Vec<A>,
}

impl<A> GenlFamily for LvsMessage<A> {
    fn family_name() -> &'static str {
        FAMILY_NAME
    }

    fn command(&self) -> u8 {
        self.cmd
    }

    fn version(&self) -> u8 {
        FAMILY_VERSION
    }
}

impl<A: Nla> Emitable for LvsMessage<A> {
    fn buffer_len(&self) -> usize {
        self.attrs.as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.attrs.as_slice().emit(buffer);
    }
}

impl<A> ParseableParametrized<[u8], GenlHeader> for LvsMessage<A>
where
    A: for<'b> Parseable<NlaBuffer<&'b [u8]>>,
{
    fn parse_with_param(payload: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        Ok(LvsMessage {
            cmd: header.cmd,
            attrs: parse_list(payload)?,
        })
    }
}

#[cfg(test)]
impl<A> LvsMessage<A>
where
    A: Nla + for<'b> Parseable<NlaBuffer<&'b [u8]>>,
{
    /// What the receiver of this message reads.
    pub fn received(&self) -> Self {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut bytes);
        let header = GenlHeader {
            cmd: self.cmd,
            version: FAMILY_VERSION,
        };
        Self::parse_with_param(&bytes, header).expect("a message")
    }
}
