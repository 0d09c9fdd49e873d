// SPDX-License-Identifier: GPL-2.0

//! Commands on what synchronisation has beyond ip_vs's: how far it is, keys, what is taken.

use kernel::prelude::*;
use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::sync::ext::{
    Peer,
    Policy as Takes, //
};
use lvs_uapi::lvs::{
    attr,
    cmd,
    sync_attr,
    sync_counter_attr,
    sync_key_attr,
    sync_peer_attr,
    sync_phase, //
};

use crate::kernel_ext::compat::errno::EAFNOSUPPORT;
use crate::kernel_ext::user::genl::{
    Answer,
    Dump,
    List,
    Request, //
};
use crate::kernel_ext::user::nla::{
    Policy,
    Writer, //
};
use crate::table::sync::{
    PeerKnowledge,
    Unicast, //
};
use crate::table::NetnsState;

/// Bytes of a key.
const SHORTEST: usize = 16;
const LONGEST: usize = 64;

/// No attribute of ours: numbers of 64 bits are as aligned as the architecture wants them without.
const PAD: u16 = 0;

static SYNC: Policy<{ sync_attr::MAX as usize + 1 }> =
    Policy::new().u8(sync_attr::POLICY).u16(sync_attr::SIGN_KEY);

static KEY: Policy<{ sync_key_attr::MAX as usize + 1 }> = Policy::new()
    .u16(sync_key_attr::ID)
    .at_most(sync_key_attr::SECRET, LONGEST);

static PEER: Policy<{ sync_peer_attr::MAX as usize + 1 }> = Policy::new()
    .u16(sync_peer_attr::AF)
    .at_most(sync_peer_attr::ADDR, 16)
    .u16(sync_peer_attr::PORT);

/// Lists how synchronisation is.
pub(super) struct Get;

impl List for Get {
    fn list(dump: &mut Dump<'_>) -> Result {
        let state = dump.state::<NetnsState>()?;
        let [listed, ..] = dump.position();
        let mut place = 0_usize;
        let director = state.sync().knowledge();
        let mut append = |number: u16, fill: &mut dyn FnMut(&mut Writer<'_>) -> Result| -> Result {
            if place >= listed {
                dump.entry(cmd::SYNC, |message| message.nest(number, |nest| fill(nest)))?;
            }
            place = place.saturating_add(1);
            Ok(())
        };
        let appended = append(attr::SYNC, &mut |nest| fill_sync(nest, state, &director))
            .and_then(|()| {
                director.keys().ids().try_for_each(|id| {
                    let signs = u8::from(director.keys().signing() == id);
                    append(attr::SYNC_KEY, &mut |nest| {
                        nest.u16(sync_key_attr::ID, id)?;
                        nest.u8(sync_key_attr::SIGNS, signs)
                    })
                })
            })
            .and_then(|()| {
                director.unicasts().iter().try_for_each(|peer| {
                    append(attr::SYNC_PEER, &mut |nest| fill_unicast(nest, &peer))
                })
            })
            .and_then(|()| {
                director.peers().try_for_each(|(peer, silent)| {
                    append(attr::SYNC_PEER, &mut |nest| {
                        fill_peer(nest, peer, silent, director.rules())
                    })
                })
            });
        // What doesn't fit is for the next call.
        let _ = appended;
        dump.set_position([place, 0, 0]);
        Ok(())
    }
}

fn fill_sync(nest: &mut Writer<'_>, state: &NetnsState, director: &PeerKnowledge) -> Result {
    let summary = director.summary();
    let phase = summary
        .phase
        .map_or(sync_phase::OFF, |phase| phase.number());
    nest.u8(sync_attr::POLICY, director.policy().number())?;
    nest.u16(sync_attr::SIGN_KEY, director.keys().signing())?;
    nest.u64(sync_attr::BOOT, summary.boot, PAD)?;
    nest.u8(sync_attr::PHASE, phase)?;
    nest.u8(sync_attr::IN_SYNC, summary.is_in_sync.into())?;
    nest.u64(sync_attr::SINCE, summary.since, PAD)?;
    if summary.donor != 0 {
        nest.u64(sync_attr::DONOR, summary.donor, PAD)?;
    }
    nest.u32(sync_attr::ENTRIES, state.conn_count())?;
    let mut counted = Ok(());
    state.sync().counts().for_each(|name, count| {
        if counted.is_ok() {
            counted = nest.nest(sync_attr::COUNTER, |nest| {
                nest.text(sync_counter_attr::NAME, name)?;
                nest.u64(sync_counter_attr::VALUE, count, PAD)
            });
        }
    });
    counted
}

fn fill_peer(nest: &mut Writer<'_>, peer: &Peer, silent: u64, rules: u64) -> Result {
    let hello = peer.hello();
    let is_signed = peer.is_signed() && peer.is_proven();
    nest.u64(sync_peer_attr::BOOT, peer.boot(), PAD)?;
    nest.u64(sync_peer_attr::SILENT, silent, PAD)?;
    nest.u8(sync_peer_attr::SIGNED, is_signed.into())?;
    let Some(hello) = hello else {
        return Ok(());
    };
    nest.u8(sync_peer_attr::IN_SYNC, hello.is_in_sync.into())?;
    nest.u32(sync_peer_attr::ENTRIES, hello.entries)?;
    nest.u8(sync_peer_attr::SAME_RULES, (hello.rules == rules).into())
}

fn fill_unicast(nest: &mut Writer<'_>, peer: &Unicast) -> Result {
    nest.u16(sync_peer_attr::AF, peer.family.number())?;
    match peer.family {
        Family::V4 => nest.bytes(sync_peer_attr::ADDR, &peer.addr.v4())?,
        Family::V6 => nest.bytes(sync_peer_attr::ADDR, &peer.addr.octets())?,
    }
    nest.be16(sync_peer_attr::PORT, peer.port)
}

/// Sets what is taken, and what signs.
pub(super) struct Set;

impl Answer for Set {
    fn answer(request: &Request<'_>) -> Result {
        let attrs = request.attr(attr::SYNC).ok_or(EINVAL)?.nested(&SYNC)?;
        let policy = match attrs.get(sync_attr::POLICY) {
            Some(number) => Some(Takes::from_number(number.u8()?).ok_or(EINVAL)?),
            None => None,
        };
        let key = attrs.get(sync_attr::SIGN_KEY);
        let mut director = request.state::<NetnsState>()?.sync().knowledge();
        if let Some(id) = key {
            director.keys_mut().sign_by(id.u16()?)?;
        }
        if let Some(policy) = policy {
            director.set_policy(policy);
        }
        Ok(())
    }
}

/// Adds a key.
pub(super) struct AddKey;

impl Answer for AddKey {
    const HAS_SECRET: bool = true;

    fn answer(request: &Request<'_>) -> Result {
        let attrs = request.attr(attr::SYNC_KEY).ok_or(EINVAL)?.nested(&KEY)?;
        let id = attrs.need(sync_key_attr::ID)?.u16()?;
        let secret = attrs.need(sync_key_attr::SECRET)?.bytes();
        if !(SHORTEST..=LONGEST).contains(&secret.len()) {
            return Err(EINVAL);
        }
        let mut director = request.state::<NetnsState>()?.sync().knowledge();
        director.keys_mut().add(id, secret)
    }
}

/// Removes a key.
pub(super) struct DeleteKey;

impl Answer for DeleteKey {
    fn answer(request: &Request<'_>) -> Result {
        let attrs = request.attr(attr::SYNC_KEY).ok_or(EINVAL)?.nested(&KEY)?;
        let id = attrs.need(sync_key_attr::ID)?.u16()?;
        let mut director = request.state::<NetnsState>()?.sync().knowledge();
        director.keys_mut().remove(id)
    }
}

/// The peer that a request names. Fails with `EINVAL` if it names none, or a group.
fn peer_of(request: &Request<'_>) -> Result<Unicast> {
    let attrs = request.attr(attr::SYNC_PEER).ok_or(EINVAL)?.nested(&PEER)?;
    let family = attrs.need(sync_peer_attr::AF)?.u16()?;
    let family = Family::from_number(family).ok_or(EAFNOSUPPORT)?;
    let addr = attrs.need(sync_peer_attr::ADDR)?;
    let (addr, is_group) = match family {
        Family::V4 => {
            let octets = addr.padded::<4>();
            let [first, ..] = octets;
            (Addr::from_v4(octets), first & 0xf0 == 0xe0)
        }
        Family::V6 => {
            let octets = addr.padded::<16>();
            let [first, ..] = octets;
            (Addr::from_octets(octets), first == 0xff)
        }
    };
    if is_group || addr == Addr::ANY {
        return Err(EINVAL);
    }
    let port = attrs.get(sync_peer_attr::PORT);
    Ok(Unicast {
        family,
        addr,
        port: port.map_or(Ok(0), |port| port.be16())?,
    })
}

/// Adds a peer.
pub(super) struct AddPeer;

impl Answer for AddPeer {
    fn answer(request: &Request<'_>) -> Result {
        let peer = peer_of(request)?;
        let mut director = request.state::<NetnsState>()?.sync().knowledge();
        director.unicasts_mut().add(peer)
    }
}

/// Removes a peer.
pub(super) struct DeletePeer;

impl Answer for DeletePeer {
    fn answer(request: &Request<'_>) -> Result {
        let peer = peer_of(request)?;
        let mut director = request.state::<NetnsState>()?.sync().knowledge();
        director.unicasts_mut().remove(peer)
    }
}
