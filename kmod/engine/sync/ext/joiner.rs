// SPDX-License-Identifier: GPL-2.0

//! Whether a director has all connections that there are, and how it comes by them.
//!
//! | phase | then |
//! |--|--|
//! | `Starting` | hears one that is in sync: `Asking` |
//! | | 3 s, nobody there: `Alone`; only ip_vs: `Traffic`; nobody knows more: `InSync` |
//! | `Asking` | first entries come: `Filling`; no answer in 5 s: `Starting` |
//! | `Filling` | all came: `InSync`; no progress in 5 s: `Starting` |
//! | `InSync`, `Alone` | lost too much: `Starting`, still in sync |
//! | | somebody comes in sync whose connections it doesn't have: `Asking`, still in sync |
//! | `Traffic` | hears one that is in sync: `Asking` |

use lvs_uapi::lvs::sync_phase;

use super::admission::Policy;
use super::numbering::director_of;
use super::peer::Peer;
use super::peers::{
    Peers,
    PEERS, //
};
use super::signal::{
    Said, //
    Signal,
};

/// Milliseconds until it is clear who is there.
const LISTEN: u64 = 3_000;
/// Milliseconds between two requests.
const ASK_PAUSE: u64 = 300;
/// Milliseconds between two acknowledgements.
const ACK_PAUSE: u64 = 20;
/// Milliseconds without progress after which somebody else is asked.
const PATIENCE: u64 = 5_000;
/// Milliseconds at least from being filled to asking again.
const REST: u64 = 10_000;

/// How far a director is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It listens who is there.
    Starting,
    /// It asked for all connections.
    Asking,
    /// They come.
    Filling,
    /// It has all.
    InSync,
    /// Nobody else is there.
    Alone,
    /// Those who are there can't be asked: it learns what they tell.
    Traffic,
}

impl Phase {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Asking => "asking",
            Phase::Filling => "filling",
            Phase::InSync => "in sync",
            Phase::Alone => "alone",
            Phase::Traffic => "by traffic",
        }
    }

    /// Its number in the interface.
    pub const fn number(self) -> u8 {
        match self {
            Phase::Starting => sync_phase::STARTING,
            Phase::Asking => sync_phase::ASKING,
            Phase::Filling => sync_phase::FILLING,
            Phase::InSync => sync_phase::IN_SYNC,
            Phase::Alone => sync_phase::ALONE,
            Phase::Traffic => sync_phase::TRAFFIC,
        }
    }
}

/// What a receiver knows of its own completeness.
#[derive(Clone, Debug)]
pub struct Joiner {
    own: u64,
    phase: Phase,
    since: u64,
    /// It was in sync, and is so as far as others matter.
    was_in_sync: bool,
    has_heard_stock: bool,
    donor: u64,
    /// A donor that didn't answer.
    failed: u64,
    bulk: u32,
    last: Option<u64>,
    whole_until: u64,
    progress_at: u64,
    due_at: u64,
    /// A donor didn't hear that all came.
    owes_ack: bool,
    /// When it was filled for the last time.
    filled_at: u64,
    /// Boot ids of those whose connections it has.
    known: [u64; PEERS],
}

impl Joiner {
    /// One that begins at `now`, with the boot id `own`.
    pub const fn new(own: u64, now: u64) -> Self {
        Self {
            own,
            phase: Phase::Starting,
            since: now,
            was_in_sync: false,
            has_heard_stock: false,
            donor: 0,
            failed: 0,
            bulk: 0,
            last: None,
            whole_until: 0,
            progress_at: now,
            due_at: 0,
            owes_ack: false,
            filled_at: 0,
            known: [0; PEERS],
        }
    }

    /// How far it is.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Since when, in milliseconds.
    pub const fn since(&self) -> u64 {
        self.since
    }

    /// Whether it waits for something that others send.
    pub const fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Asking | Phase::Filling) || self.owes_ack
    }

    /// Whom it asked for all connections.
    pub const fn donor(&self) -> u64 {
        self.donor
    }

    /// Whether it may take over: it has all connections, or nobody else has any.
    pub const fn is_in_sync(&self) -> bool {
        self.was_in_sync || matches!(self.phase, Phase::InSync | Phase::Alone)
    }

    /// A message without a trailer came.
    pub fn heard_stock(&mut self) {
        self.has_heard_stock = true;
    }

    /// Entries for one that asked came from `boot`.
    pub fn bulk_came(&mut self, boot: u64, now: u64) {
        if self.phase == Phase::Asking && boot == self.donor {
            self.enter(Phase::Filling, now);
        }
    }

    /// A donor with boot id `boot` says that all was sent.
    pub fn done(&mut self, boot: u64, bulk: u32, last: u64, now: u64) {
        if boot != self.donor || bulk != self.bulk {
            return;
        }
        match self.phase {
            Phase::Asking | Phase::Filling => {
                self.enter(Phase::Filling, now);
                self.last = Some(last);
            }
            _ => self.owes_ack = true,
        }
    }

    /// So much was lost that it can't be repaired.
    pub fn lost(&mut self, now: u64) {
        let may_ask = now.saturating_sub(self.filled_at) >= REST || !self.is_in_sync();
        if may_ask && self.phase != Phase::Starting {
            self.listen(now);
        }
    }

    fn enter(&mut self, phase: Phase, now: u64) {
        if self.phase != phase {
            self.phase = phase;
            self.since = now;
            self.progress_at = now;
            self.due_at = now;
        }
    }

    fn listen(&mut self, now: u64) {
        self.was_in_sync = self.is_in_sync();
        self.enter(Phase::Starting, now);
    }

    /// It has all that those have who are there.
    fn is_filled(&mut self, phase: Phase, peers: &Peers, policy: Policy, now: u64) {
        self.enter(phase, now);
        self.was_in_sync = true;
        self.filled_at = now;
        self.known = [0; PEERS];
        let live = peers.iter().filter(|peer| peer.is_live(policy, now));
        for (place, peer) in self.known.iter_mut().zip(live) {
            *place = peer.boot();
        }
    }

    /// What to send at `now`. `entries` are the connections that it has; `random` is used once.
    pub fn tick(
        &mut self,
        now: u64,
        peers: &Peers,
        policy: Policy,
        entries: u32,
        random: u32,
    ) -> Option<Signal> {
        let donor = peers.iter().find(|peer| peer.boot() == self.donor);
        match self.phase {
            Phase::Starting | Phase::Traffic => {
                if let Some(donor) = self.choose(peers, policy, now) {
                    self.ask(donor, random, now);
                    return self.request(now);
                }
                if self.phase == Phase::Starting && now.saturating_sub(self.since) >= LISTEN {
                    self.nobody(peers, policy, entries, now);
                }
                None
            }
            Phase::Asking => {
                if now.saturating_sub(self.since) >= PATIENCE {
                    self.failed = self.donor;
                    self.listen(now);
                    return None;
                }
                self.request(now)
            }
            Phase::Filling => {
                let Some(donor) = donor.filter(|donor| donor.is_live(policy, now)) else {
                    self.listen(now);
                    return None;
                };
                self.fill(donor.whole_until(), peers, policy, now)
            }
            Phase::InSync | Phase::Alone => {
                if core::mem::take(&mut self.owes_ack) {
                    return self.ack(donor?.whole_until());
                }
                let donor = self.newcomer(peers, policy, now)?;
                self.ask(donor, random, now);
                self.request(now)
            }
        }
    }

    fn ask(&mut self, donor: u64, random: u32, now: u64) {
        self.was_in_sync = self.is_in_sync();
        self.donor = donor;
        self.bulk = random;
        self.last = None;
        self.whole_until = 0;
        self.enter(Phase::Asking, now);
    }

    fn request(&mut self, now: u64) -> Option<Signal> {
        if now < self.due_at {
            return None;
        }
        self.due_at = now.saturating_add(ASK_PAUSE);
        Some(Signal {
            to: self.donor,
            said: Said::Request { bulk: self.bulk },
        })
    }

    const fn ack(&self, until: u64) -> Option<Signal> {
        Some(Signal {
            to: self.donor,
            said: Said::Ack {
                bulk: self.bulk,
                until,
            },
        })
    }

    fn fill(&mut self, until: u64, peers: &Peers, policy: Policy, now: u64) -> Option<Signal> {
        if until > self.whole_until {
            self.whole_until = until;
            self.progress_at = now;
        }
        if self.last.is_some_and(|last| until >= last) {
            self.failed = 0;
            self.is_filled(Phase::InSync, peers, policy, now);
            return self.ack(until);
        }
        if now.saturating_sub(self.progress_at) >= PATIENCE {
            self.failed = self.donor;
            self.listen(now);
            return None;
        }
        if now < self.due_at {
            return None;
        }
        self.due_at = now.saturating_add(ACK_PAUSE);
        self.ack(until)
    }

    /// Of those that are in sync the one with most connections, but for one that didn't answer if
    /// there is another one.
    fn choose(&self, peers: &Peers, policy: Policy, now: u64) -> Option<u64> {
        let worth = |peer: &Peer| {
            let hello = peer.hello().filter(|hello| hello.is_in_sync)?;
            let answers = peer.boot() != self.failed;
            Some((answers, hello.entries, peer.boot()))
        };
        let live = peers.iter().filter(|peer| peer.is_live(policy, now));
        live.filter_map(worth).max().map(|(_, _, boot)| boot)
    }

    /// One that came in sync from somewhere else, whose connections may not be known.
    fn newcomer(&self, peers: &Peers, policy: Policy, now: u64) -> Option<u64> {
        let mut live = peers.iter().filter(|peer| peer.is_live(policy, now));
        let came = live.find(|peer| peer.came_in_sync() && !self.known.contains(&peer.boot()));
        came.map(Peer::boot)
    }

    /// Nobody is in sync. If others wait as well, who has most becomes the one that is asked.
    fn nobody(&mut self, peers: &Peers, policy: Policy, entries: u32, now: u64) {
        let live = peers.iter().filter(|peer| peer.is_live(policy, now));
        let others =
            live.filter_map(|peer| Some((peer.hello()?.entries, director_of(peer.boot()))));
        match others.max() {
            Some(best) if best > (entries, director_of(self.own)) => {}
            Some(_) => self.is_filled(Phase::InSync, peers, policy, now),
            None if self.was_in_sync => self.is_filled(Phase::Alone, peers, policy, now),
            None if self.has_heard_stock => self.enter(Phase::Traffic, now),
            None => self.is_filled(Phase::Alone, peers, policy, now),
        }
    }
}
