// SPDX-License-Identifier: MIT OR GPL-2.0

//! The whole table in one list: the family `LVS`, which lvs has beside ip_vs's.

use netlink_packet_core::DecodeError;
use netlink_packet_core::Emitable;
use netlink_packet_core::ParseableParametrized;
use netlink_packet_generic::GenlFamily;
use netlink_packet_generic::GenlHeader;

use lvs_uapi::genl;
use lvs_uapi::lvs::attr;
use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::FAMILY_NAME;
use lvs_uapi::lvs::FAMILY_VERSION;

use crate::model::TableEntry;

use super::attr::parse_list;
use super::dest;
use super::message::Attr;
use super::service;

// The attributes have the same numbers in both families, and so the same type.
const _: () = assert!(attr::SERVICE == genl::attr::SERVICE && attr::DEST == genl::attr::DEST);

/// A message of the family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMessage {
    /// A number of [`lvs_uapi::lvs::cmd`].
    pub cmd: u8,
    /// What it carries.
    pub attrs: Vec<Attr>,
}

impl TableMessage {
    /// The request for the table.
    pub fn request() -> Self {
        TableMessage {
            cmd: cmd::GET_TABLE,
            attrs: Vec::new(),
        }
    }
}

impl GenlFamily for TableMessage {
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

impl Emitable for TableMessage {
    fn buffer_len(&self) -> usize {
        self.attrs.as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.attrs.as_slice().emit(buffer);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for TableMessage {
    fn parse_with_param(payload: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        Ok(TableMessage {
            cmd: header.cmd,
            attrs: parse_list(payload)?,
        })
    }
}

/// Takes a reply into the table: servers come after their service.
pub fn append(table: &mut Vec<TableEntry>, reply: &TableMessage) -> Result<(), DecodeError> {
    for attr in &reply.attrs {
        match attr {
            Attr::Service(nest) => table.push(TableEntry {
                entry: service::from_attrs(nest)?,
                dests: Vec::new(),
            }),
            Attr::Dest(nest) => {
                let entry = table
                    .last_mut()
                    .ok_or_else(|| DecodeError::from("server without a service"))?;
                let family = entry.entry.service.id.family();
                entry.dests.push(dest::from_attrs(nest, family)?);
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::dest::DestAttr;
    use crate::netlink::service::ServiceAttr;

    fn reply(cmd: u8, attr: Attr) -> TableMessage {
        let sent = TableMessage {
            cmd,
            attrs: vec![attr],
        };
        let mut bytes = vec![0; sent.buffer_len()];
        sent.emit(&mut bytes);
        let header = GenlHeader {
            cmd,
            version: FAMILY_VERSION,
        };
        let received = TableMessage::parse_with_param(&bytes, header).expect("a message");
        assert_eq!(received, sent);
        received
    }

    #[test]
    fn servers_belong_to_the_service_before() {
        let service = |mark| {
            let nest = vec![ServiceAttr::Af(2), ServiceAttr::Fwmark(mark)];
            reply(cmd::SERVICE, Attr::Service(nest))
        };
        let server = |host| {
            let addr = std::net::IpAddr::from([10, 0, 0, host]);
            reply(cmd::DEST, Attr::Dest(vec![DestAttr::Addr(addr.into())]))
        };
        let mut table = Vec::new();
        assert!(append(&mut table, &server(1)).is_err());
        for message in [service(1), server(2), server(3), service(2), server(4)] {
            append(&mut table, &message).expect("an entry");
        }
        let servers: Vec<usize> = table.iter().map(|entry| entry.dests.len()).collect();
        assert_eq!(servers, [2, 1]);
    }
}
