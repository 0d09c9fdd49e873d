// SPDX-License-Identifier: MIT OR GPL-2.0

//! The whole table in one list: the family `LVS`, which lvs has beside ip_vs's.

use netlink_packet_core::DecodeError;

use lvs_uapi::lvs::cmd;

use crate::model::ServiceId;
use crate::model::TableEntry;

use super::drain;
use super::drain::RulesAttr;
use super::drain::RulesMessage;
use super::extras;
use super::service;

/// The request for the table, or for one service of it, which an older lvs takes for the whole.
pub fn request(service: Option<&ServiceId>) -> RulesMessage {
    RulesMessage {
        cmd: cmd::GET_TABLE,
        attrs: service
            .map(|id| RulesAttr::Service(service::id_attrs(id)))
            .into_iter()
            .collect(),
    }
}

/// Takes a reply into the table: servers come after their service.
pub fn append(table: &mut Vec<TableEntry>, reply: &RulesMessage) -> Result<(), DecodeError> {
    if reply.cmd == cmd::DEST {
        let entry = table
            .last_mut()
            .ok_or_else(|| DecodeError::from("server without a service"))?;
        let family = entry.entry.service.id.family();
        entry.dests.extend(drain::dest_of(reply, family)?);
        return Ok(());
    }
    table.extend(extras::service_of(reply)?.map(|entry| TableEntry {
        entry,
        dests: Vec::new(),
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::dest::DestAttr;
    use crate::netlink::service::ServiceAttr;

    fn reply(cmd: u8, attr: RulesAttr) -> RulesMessage {
        let sent = RulesMessage {
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
            reply(cmd::SERVICE, RulesAttr::Service(nest))
        };
        let server = |host| {
            let addr = std::net::IpAddr::from([10, 0, 0, host]);
            reply(
                cmd::DEST,
                RulesAttr::Dest(vec![DestAttr::Addr(addr.into())]),
            )
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
