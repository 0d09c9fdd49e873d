// SPDX-License-Identifier: MIT OR GPL-2.0

//! Synchronisation beyond ip_vs's: messages of the family `LVS`.

use std::net::IpAddr;
use std::net::SocketAddr;

use netlink_packet_core::DecodeError;

use lvs_uapi::lvs::attr;
use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::sync_attr;
use lvs_uapi::lvs::sync_counter_attr;
use lvs_uapi::lvs::sync_key_attr;
use lvs_uapi::lvs::sync_peer_attr;

use crate::error::Error;
use crate::error::Operation;
use crate::model::sync::BootId;
use crate::model::sync::Phase;
use crate::model::sync::Policy;
use crate::model::sync::SyncChange;
use crate::model::sync::SyncKey;
use crate::model::sync::SyncPeer;
use crate::model::sync::SyncStatus;
use crate::model::Family;

use super::attr::attributes;
use super::attr::RawAddr;
use super::lvs_message::LvsMessage;
use super::socket::Socket;

attributes! {
    /// An attribute of the outermost level.
    pub enum SyncPart {
        /// How it is.
        Sync(Vec<SyncAttr>) = attr::SYNC, nest;
        /// A key.
        Key(Vec<KeyAttr>) = attr::SYNC_KEY, nest;
        /// A peer.
        Peer(Vec<PeerAttr>) = attr::SYNC_PEER, nest;
    }
}

attributes! {
    /// An attribute of how it is.
    pub enum SyncAttr {
        /// What is taken.
        Policy(u8) = sync_attr::POLICY, u8;
        /// Id of the key that signs.
        SignKey(u16) = sync_attr::SIGN_KEY, u16;
        /// The director's boot id.
        Boot(u64) = sync_attr::BOOT, u64;
        /// How far it is.
        Phase(u8) = sync_attr::PHASE, u8;
        /// Whether it has all.
        InSync(u8) = sync_attr::IN_SYNC, u8;
        /// Milliseconds in this phase.
        Since(u64) = sync_attr::SINCE, u64;
        /// Boot id of whom it asked.
        Donor(u64) = sync_attr::DONOR, u64;
        /// Connections.
        Entries(u32) = sync_attr::ENTRIES, u32;
        /// Something that is counted.
        Counter(Vec<CounterAttr>) = sync_attr::COUNTER, nest;
    }
}

attributes! {
    /// An attribute of a counter.
    pub enum CounterAttr {
        /// What is counted.
        Name(String) = sync_counter_attr::NAME, string;
        /// How often.
        Value(u64) = sync_counter_attr::VALUE, u64;
    }
}

attributes! {
    /// An attribute of a key.
    pub enum KeyAttr {
        /// Its id.
        Id(u16) = sync_key_attr::ID, u16;
        /// The key itself.
        Secret(Vec<u8>) = sync_key_attr::SECRET, blob;
        /// Whether it signs.
        Signs(u8) = sync_key_attr::SIGNS, u8;
    }
}

attributes! {
    /// An attribute of a peer.
    pub enum PeerAttr {
        /// Family of its address.
        Af(u16) = sync_peer_attr::AF, u16;
        /// Its address.
        Addr(RawAddr) = sync_peer_attr::ADDR, addr;
        /// Its UDP port.
        Port(u16) = sync_peer_attr::PORT, be16;
        /// Its boot id.
        Boot(u64) = sync_peer_attr::BOOT, u64;
        /// Milliseconds since it was heard.
        Silent(u64) = sync_peer_attr::SILENT, u64;
        /// Whether it signs.
        Signed(u8) = sync_peer_attr::SIGNED, u8;
        /// Whether it has all.
        InSync(u8) = sync_peer_attr::IN_SYNC, u8;
        /// Its connections.
        Entries(u32) = sync_peer_attr::ENTRIES, u32;
        /// Whether its rules are the same.
        SameRules(u8) = sync_peer_attr::SAME_RULES, u8;
    }
}

/// A message about synchronisation.
pub type SyncMessage = LvsMessage<SyncPart>;

impl LvsMessage<SyncPart> {
    /// The request for how it is.
    pub fn request() -> Self {
        SyncMessage {
            cmd: cmd::GET_SYNC,
            attrs: Vec::new(),
        }
    }

    /// The request for a change, and what it is called in errors.
    pub fn change(change: &SyncChange) -> (Operation, Self) {
        let (operation, cmd, part) = match change {
            SyncChange::Receive(policy) => {
                let nest = vec![SyncAttr::Policy(policy.number())];
                (Operation::SetSync, cmd::SET_SYNC, SyncPart::Sync(nest))
            }
            SyncChange::Sign(id) => {
                let nest = vec![SyncAttr::SignKey(*id)];
                (Operation::SetSync, cmd::SET_SYNC, SyncPart::Sync(nest))
            }
            SyncChange::AddKey(id, secret) => {
                let nest = vec![KeyAttr::Id(*id), KeyAttr::Secret(secret.clone())];
                (
                    Operation::AddSyncKey,
                    cmd::ADD_SYNC_KEY,
                    SyncPart::Key(nest),
                )
            }
            SyncChange::RemoveKey(id) => {
                let nest = vec![KeyAttr::Id(*id)];
                (
                    Operation::DelSyncKey,
                    cmd::DEL_SYNC_KEY,
                    SyncPart::Key(nest),
                )
            }
            SyncChange::AddPeer(addr) => {
                let part = SyncPart::Peer(peer_attrs(addr));
                (Operation::AddSyncPeer, cmd::ADD_SYNC_PEER, part)
            }
            SyncChange::RemovePeer(addr) => {
                let part = SyncPart::Peer(peer_attrs(addr));
                (Operation::DelSyncPeer, cmd::DEL_SYNC_PEER, part)
            }
        };
        let attrs = vec![part];
        (operation, SyncMessage { cmd, attrs })
    }
}

/// The attributes that name a peer.
fn peer_attrs(addr: &SocketAddr) -> Vec<PeerAttr> {
    let family = match addr.ip() {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    };
    vec![
        PeerAttr::Af(family.number()),
        PeerAttr::Addr(addr.ip().into()),
        PeerAttr::Port(addr.port()),
    ]
}

/// Asks how it is, at a family of this number.
pub fn status(socket: &mut Socket, family: u16) -> Result<SyncStatus, Error> {
    let mut status = SyncStatus::default();
    let request = SyncMessage::request();
    socket.dump_of(family, Operation::GetSync, request, |reply| {
        append(&mut status, reply).map_err(Error::from)
    })?;
    Ok(status)
}

/// Takes a reply in.
pub fn append(status: &mut SyncStatus, reply: &SyncMessage) -> Result<(), DecodeError> {
    for part in &reply.attrs {
        match part {
            SyncPart::Sync(nest) => read_status(status, nest)?,
            SyncPart::Key(nest) => status.keys.push(read_key(nest)?),
            SyncPart::Peer(nest) => status.peers.push(read_peer(nest)?),
            SyncPart::Other(_) => {}
        }
    }
    Ok(())
}

fn read_status(status: &mut SyncStatus, attrs: &[SyncAttr]) -> Result<(), DecodeError> {
    for attr in attrs {
        match attr {
            SyncAttr::Policy(number) => {
                let policy = Policy::from_number(*number);
                status.policy = policy.ok_or_else(|| DecodeError::from("unknown policy"))?;
            }
            SyncAttr::SignKey(id) => status.sign_key = (*id != 0).then_some(*id),
            SyncAttr::Boot(id) => status.boot = boot(*id),
            SyncAttr::Phase(number) => status.phase = Phase(*number),
            SyncAttr::InSync(flag) => status.is_in_sync = *flag != 0,
            SyncAttr::Since(milliseconds) => status.since = *milliseconds,
            SyncAttr::Donor(id) => status.donor = boot(*id),
            SyncAttr::Entries(count) => status.entries = *count,
            SyncAttr::Counter(nest) => status.counters.push(read_counter(nest)),
            SyncAttr::Other(_) => {}
        }
    }
    Ok(())
}

fn boot(id: u64) -> Option<BootId> {
    (id != 0).then_some(BootId(id))
}

fn read_counter(attrs: &[CounterAttr]) -> (String, u64) {
    let mut counter = (String::new(), 0);
    for attr in attrs {
        match attr {
            CounterAttr::Name(name) => counter.0.clone_from(name),
            CounterAttr::Value(value) => counter.1 = *value,
            CounterAttr::Other(_) => {}
        }
    }
    counter
}

fn read_key(attrs: &[KeyAttr]) -> Result<SyncKey, DecodeError> {
    let mut key = SyncKey {
        id: 0,
        signs: false,
    };
    for attr in attrs {
        match attr {
            KeyAttr::Id(id) => key.id = *id,
            KeyAttr::Signs(flag) => key.signs = *flag != 0,
            KeyAttr::Secret(_) | KeyAttr::Other(_) => {}
        }
    }
    match key.id {
        0 => Err(DecodeError::from("key without an id")),
        _ => Ok(key),
    }
}

fn read_peer(attrs: &[PeerAttr]) -> Result<SyncPeer, DecodeError> {
    let mut peer = SyncPeer::default();
    let (mut family, mut addr, mut port) = (None, None, 0);
    for attr in attrs {
        match attr {
            PeerAttr::Af(number) => family = Family::from_number(*number),
            PeerAttr::Addr(raw) => addr = Some(*raw),
            PeerAttr::Port(number) => port = *number,
            PeerAttr::Boot(id) => peer.boot = boot(*id),
            PeerAttr::Silent(milliseconds) => peer.silent = *milliseconds,
            PeerAttr::Signed(flag) => peer.is_signed = *flag != 0,
            PeerAttr::InSync(flag) => peer.is_in_sync = *flag != 0,
            PeerAttr::Entries(count) => peer.entries = *count,
            PeerAttr::SameRules(flag) => peer.has_same_rules = *flag != 0,
            PeerAttr::Other(_) => {}
        }
    }
    if let Some(addr) = addr {
        let family = family.ok_or_else(|| DecodeError::from("address without a family"))?;
        peer.addr = Some((addr.in_family(family), port).into());
    }
    Ok(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_name_what_they_change() {
        let addr: SocketAddr = "[fd00::2]:8848".parse().expect("an address");
        for (change, cmd) in [
            (SyncChange::Receive(Policy::Signed), cmd::SET_SYNC),
            (SyncChange::Sign(3), cmd::SET_SYNC),
            (SyncChange::AddKey(3, vec![7; 32]), cmd::ADD_SYNC_KEY),
            (SyncChange::RemoveKey(3), cmd::DEL_SYNC_KEY),
            (SyncChange::AddPeer(addr), cmd::ADD_SYNC_PEER),
            (SyncChange::RemovePeer(addr), cmd::DEL_SYNC_PEER),
        ] {
            let (_, message) = SyncMessage::change(&change);
            assert_eq!(message.cmd, cmd);
            assert_eq!(message.received(), message);
            assert_eq!(message.attrs.len(), 1);
        }
    }

    #[test]
    fn a_status_is_put_together() {
        let counter = vec![
            CounterAttr::Name("late".to_owned()),
            CounterAttr::Value(1 << 40),
        ];
        let parts = [
            SyncPart::Sync(vec![
                SyncAttr::Policy(1),
                SyncAttr::SignKey(3),
                SyncAttr::Boot(0xabc),
                SyncAttr::Phase(2),
                SyncAttr::InSync(1),
                SyncAttr::Since(1500),
                SyncAttr::Donor(0xdef),
                SyncAttr::Entries(7),
                SyncAttr::Counter(counter),
            ]),
            SyncPart::Key(vec![KeyAttr::Id(3), KeyAttr::Signs(1)]),
            SyncPart::Peer(vec![
                PeerAttr::Af(2),
                PeerAttr::Addr(IpAddr::from([10, 0, 0, 2]).into()),
                PeerAttr::Port(8848),
            ]),
            SyncPart::Peer(vec![
                PeerAttr::Boot(0xdef),
                PeerAttr::Silent(20),
                PeerAttr::Signed(1),
                PeerAttr::InSync(1),
                PeerAttr::Entries(9),
                PeerAttr::SameRules(1),
            ]),
        ];
        let mut status = SyncStatus::default();
        for part in parts {
            let reply = SyncMessage {
                cmd: cmd::SYNC,
                attrs: vec![part],
            };
            append(&mut status, &reply.received()).expect("a reply");
        }
        let expected = SyncStatus {
            policy: Policy::Signed,
            sign_key: Some(3),
            boot: Some(BootId(0xabc)),
            phase: Phase(2),
            is_in_sync: true,
            since: 1500,
            donor: Some(BootId(0xdef)),
            entries: 7,
            counters: vec![("late".to_owned(), 1 << 40)],
            keys: vec![SyncKey { id: 3, signs: true }],
            peers: vec![
                SyncPeer {
                    addr: "10.0.0.2:8848".parse().ok(),
                    ..SyncPeer::default()
                },
                SyncPeer {
                    boot: Some(BootId(0xdef)),
                    silent: 20,
                    is_signed: true,
                    is_in_sync: true,
                    entries: 9,
                    has_same_rules: true,
                    ..SyncPeer::default()
                },
            ],
        };
        assert_eq!(status, expected);
    }

    #[test]
    fn replies_that_make_no_sense_are_refused() {
        let addr = PeerAttr::Addr(IpAddr::from([10, 0, 0, 2]).into());
        for part in [
            SyncPart::Key(vec![KeyAttr::Signs(1)]),
            SyncPart::Peer(vec![addr]),
            SyncPart::Sync(vec![SyncAttr::Policy(9)]),
        ] {
            let reply = SyncMessage {
                cmd: cmd::SYNC,
                attrs: vec![part],
            };
            assert!(append(&mut SyncStatus::default(), &reply).is_err());
        }
    }
}
