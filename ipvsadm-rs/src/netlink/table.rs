// SPDX-License-Identifier: MIT OR GPL-2.0

//! The whole table in one list: the family `LVS`, which lvs has beside ip_vs's.

use netlink_packet_core::DecodeError;

use lvs_uapi::genl;
use lvs_uapi::lvs::attr;
use lvs_uapi::lvs::cmd;

use crate::model::TableEntry;

use super::dest;
use super::lvs_message::LvsMessage;
use super::message::Attr;
use super::service;

// The attributes have the same numbers in both families, and so the same type.
const _: () = assert!(attr::SERVICE == genl::attr::SERVICE && attr::DEST == genl::attr::DEST);

/// A message about the table.
pub type TableMessage = LvsMessage<Attr>;

impl LvsMessage<Attr> {
    /// The request for the table.
    pub fn request() -> Self {
        TableMessage {
            cmd: cmd::GET_TABLE,
            attrs: Vec::new(),
        }
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
        let received = sent.received();
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
