// SPDX-License-Identifier: MIT OR GPL-2.0

//! Connections as records, and counters that go on: messages of the family `LVS`.

use lvs_uapi::lvs::attr;
use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::loaded_attr;

use crate::model::state::Loaded;
use crate::model::Dest;
use crate::model::ServiceId;
use crate::model::Stats;

use super::attr::attributes;
use super::attr::Value;
use super::dest;
use super::dest::DestAttr;
use super::lvs_message::LvsMessage;
use super::service;
use super::service::ServiceAttr;
use super::stats::StatsAttr;

attributes! {
    /// An attribute of the outermost level.
    pub enum ConnsAttr {
        /// A service.
        Service(Vec<ServiceAttr>) = attr::SERVICE, nest;
        /// A server.
        Dest(Vec<DestAttr>) = attr::DEST, nest;
        /// Records of connections.
        Records(Vec<u8>) = attr::RECORDS, blob;
        /// How old they are, milliseconds.
        Elapsed(u32) = attr::ELAPSED, u32;
        /// What became of them.
        Loaded(Vec<LoadedAttr>) = attr::LOADED, nest;
        /// What the scheduler remembers.
        Position(u64) = attr::POSITION, u64;
        /// What is to be shown besides.
        Counters(Vec<StatsAttr>) = attr::COUNTERS, nest;
    }
}

attributes! {
    /// An attribute of what became of records.
    pub enum LoadedAttr {
        /// Connections were made of so many.
        Made(u32) = loaded_attr::MADE, u32;
        /// So many were there.
        Present(u32) = loaded_attr::PRESENT, u32;
        /// So many were over.
        Over(u32) = loaded_attr::OVER, u32;
        /// So many couldn't be read.
        Refused(u32) = loaded_attr::REFUSED, u32;
        /// For so many there was no room.
        NoRoom(u32) = loaded_attr::NO_ROOM, u32;
    }
}

/// A message about records or counters.
pub type ConnsMessage = LvsMessage<ConnsAttr>;

/// The request for all connections.
pub fn list() -> ConnsMessage {
    ConnsMessage {
        cmd: cmd::GET_CONNS,
        attrs: Vec::new(),
    }
}

/// The request to make connections of records.
pub fn load(records: Vec<u8>, elapsed: u32) -> ConnsMessage {
    ConnsMessage {
        cmd: cmd::LOAD_CONNS,
        attrs: vec![ConnsAttr::Records(records), ConnsAttr::Elapsed(elapsed)],
    }
}

/// The bytes of the records in a reply.
pub fn records(reply: &ConnsMessage) -> impl Iterator<Item = &[u8]> {
    reply.attrs.iter().filter_map(|attr| match attr {
        ConnsAttr::Records(bytes) => Some(bytes.as_slice()),
        _ => None,
    })
}

/// What became of records.
pub fn loaded(reply: &ConnsMessage) -> Loaded {
    let mut loaded = Loaded::default();
    for attr in &reply.attrs {
        let ConnsAttr::Loaded(nest) = attr else {
            continue;
        };
        for attr in nest {
            match attr {
                LoadedAttr::Made(count) => loaded.made = u64::from(*count),
                LoadedAttr::Present(count) => loaded.present = u64::from(*count),
                LoadedAttr::Over(count) => loaded.over = u64::from(*count),
                LoadedAttr::Refused(count) => loaded.refused = u64::from(*count),
                LoadedAttr::NoRoom(count) => loaded.no_room = u64::from(*count),
                LoadedAttr::Other(_) => {}
            }
        }
    }
    loaded
}

/// The request to show more than was counted, of a service or a server of it, or in total; and to
/// have the service's scheduler go on at a position.
pub fn counters(
    of: Option<(&ServiceId, Option<&Dest>)>,
    stats: &Stats,
    position: Option<u64>,
) -> ConnsMessage {
    let mut attrs = Vec::new();
    if let Some((id, dest)) = of {
        attrs.push(ConnsAttr::Service(service::id_attrs(id)));
        attrs.extend(dest.map(|dest| ConnsAttr::Dest(dest::id_attrs(dest))));
    }
    attrs.push(ConnsAttr::Counters(vec![
        StatsAttr::Conns(Value::U64(stats.conns)),
        StatsAttr::InPkts(Value::U64(stats.inpkts)),
        StatsAttr::OutPkts(Value::U64(stats.outpkts)),
        StatsAttr::InBytes(Value::U64(stats.inbytes)),
        StatsAttr::OutBytes(Value::U64(stats.outbytes)),
    ]));
    attrs.extend(position.map(ConnsAttr::Position));
    ConnsMessage {
        cmd: cmd::SET_COUNTERS,
        attrs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_a_round_trip() {
        let id = ServiceId::Mark {
            family: crate::model::Family::V4,
            mark: 5,
        };
        let stats = Stats {
            conns: 1 << 40,
            outbytes: 7,
            ..Stats::default()
        };
        for sent in [
            list(),
            load(vec![0; 52], 20),
            counters(None, &stats, None),
            counters(Some((&id, None)), &stats, Some(3)),
        ] {
            assert_eq!(sent.received(), sent);
        }
    }

    #[test]
    fn counts_are_read() {
        let nest = vec![LoadedAttr::Made(7), LoadedAttr::Refused(2)];
        let reply = ConnsMessage {
            cmd: cmd::LOADED,
            attrs: vec![ConnsAttr::Loaded(nest)],
        };
        let expected = Loaded {
            made: 7,
            refused: 2,
            ..Loaded::default()
        };
        assert_eq!(loaded(&reply.received()), expected);
    }
}
