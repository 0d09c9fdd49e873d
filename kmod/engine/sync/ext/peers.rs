// SPDX-License-Identifier: GPL-2.0

//! The senders that a receiver hears, of which it remembers a bounded number.

use super::admission::{
    is_signed,
    Disbelief,
    Policy,
    Signature, //
};
use super::numbering::director_of;
use super::peer::{
    Owed,
    Peer,
    SILENCE, //
};
use super::signal::Signal;
use super::trailer::{
    Kind,
    Trailer, //
};

/// How many senders are remembered.
pub const PEERS: usize = 16;

/// Milliseconds that a sender has to prove itself, if others wait for its place.
const PROOF: u64 = 300;

/// The senders that were heard.
#[derive(Clone, Debug)]
pub struct Peers {
    own: u64,
    peers: [Option<Peer>; PEERS],
}

/// What is to be done with a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admitted {
    /// Its entries are for the table. Its sender has this place among [`PEERS`], until it isn't
    /// heard any more and somebody else needs that.
    Entries(Kind, usize),
    /// It says this.
    Signal(Signal),
}

impl Peers {
    /// None was heard. `own` is the receiver's own boot id.
    pub const fn new(own: u64) -> Self {
        Self {
            own,
            peers: [None; PEERS],
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.peers.iter().flatten()
    }

    /// The one with this boot id that is believed under `policy`.
    pub fn find(&mut self, boot: u64, policy: Policy) -> Option<&mut Peer> {
        let mut peers = self.peers.iter_mut().flatten();
        peers.find(|peer| peer.boot() == boot && (peer.is_proven() || policy == Policy::Any))
    }

    /// Takes note of `datagram` with `trailer` at `now`, in milliseconds; `random` is used once.
    pub fn admit(
        &mut self,
        datagram: &[u8],
        trailer: &Trailer,
        signature: Signature,
        policy: Policy,
        now: u64,
        random: u64,
    ) -> Result<Admitted, Disbelief> {
        if director_of(trailer.boot) == director_of(self.own) {
            return Err(Disbelief::Own);
        }
        let is_signed = is_signed(policy, signature)?;
        let signal = match trailer.kind {
            Kind::Signal => Some(Signal::read(datagram).ok_or(Disbelief::Signal)?),
            _ => None,
        };
        let own = self.own;
        let (place, peer) = self.place(trailer, is_signed, now, random)?;
        peer.take(trailer, signal.as_ref(), own, policy, now)?;
        Ok(match signal {
            Some(signal) => Admitted::Signal(signal),
            None => Admitted::Entries(trailer.kind, place),
        })
    }

    /// The peer of `trailer`; one that wasn't heard before takes the place of the one that hasn't
    /// been for longest, of those without proof first. Who is heard and proven keeps its place.
    fn place(
        &mut self,
        trailer: &Trailer,
        is_signed: bool,
        now: u64,
        random: u64,
    ) -> Result<(usize, &mut Peer), Disbelief> {
        let known = self.peers.iter().position(|peer| {
            peer.is_some_and(|peer| peer.boot() == trailer.boot && peer.is_signed() == is_signed)
        });
        let at = match known {
            Some(at) => at,
            None => self.spare(now).ok_or(Disbelief::Crowded)?,
        };
        let place = self.peers.get_mut(at).ok_or(Disbelief::Crowded)?;
        if known.is_none() {
            *place = None;
        }
        let peer = place.get_or_insert_with(|| Peer::new(trailer, is_signed, random, now));
        Ok((at, peer))
    }

    /// The places of those who are heard and believed under `policy`, a bit for each.
    pub fn live_places(&self, policy: Policy, now: u64) -> u32 {
        let mut places = 0;
        for (place, peer) in self.peers.iter().enumerate() {
            if peer.is_some_and(|peer| peer.is_live(policy, now)) {
                places |= 1 << place;
            }
        }
        places
    }

    /// Whether something is to be sent soon: something is missing, or a sender lacks proof.
    pub fn is_busy(&self) -> bool {
        self.iter().any(Peer::is_busy)
    }

    fn spare(&self, now: u64) -> Option<usize> {
        let worth = |place: &Option<Peer>| {
            place.map_or((false, false, 0), |peer| {
                (true, peer.is_proven(), peer.heard_at())
            })
        };
        let (at, least) = self
            .peers
            .iter()
            .enumerate()
            .min_by_key(|(_, place)| worth(place))?;
        let is_kept = least.is_some_and(|peer| {
            // One without proof has a moment for that, whatever comes of it.
            if peer.is_proven() || !peer.is_signed() {
                now.saturating_sub(peer.heard_at()) < SILENCE
            } else {
                now.saturating_sub(peer.since()) < PROOF
            }
        });
        (!is_kept).then_some(at)
    }

    /// Whom the director's `thread` is to send what at `now`; to be called until there is
    /// nothing.
    pub fn owed(&mut self, thread: usize, now: u64) -> Option<(u64, Owed)> {
        let mut peers = self.peers.iter_mut().flatten();
        peers.find_map(|peer| Some((peer.boot(), peer.owed(thread, now)?)))
    }

    /// Whether so much of a sender was lost that it can't be repaired; forgets that.
    pub fn take_lost(&mut self, policy: Policy, now: u64) -> bool {
        let mut has_lost = false;
        for peer in self.peers.iter_mut().flatten() {
            if peer.is_live(policy, now) {
                has_lost |= peer.take_lost();
            }
        }
        has_lost
    }
}
