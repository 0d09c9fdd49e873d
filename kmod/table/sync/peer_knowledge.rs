// SPDX-License-Identifier: GPL-2.0

//! What this director and the others know of each other, beyond ip_vs: who is there, what of them
//! is missing, who is filled by whom, and which datagrams are believed.
//!
//! The threads of both daemons share it behind a mutex, which nobody holds while he sends, or is on
//! the read side. Receiving threads take in what came ([`PeerKnowledge::hear`]); sending threads
//! ask what to send ([`PeerKnowledge::next_signal`], [`PeerKnowledge::step`]). Times are
//! milliseconds.

use kernel::prelude::*;

use lvs_engine::sync::ext::{
    boot_of,
    open,
    seal,
    thread_of,
    Admitted,
    Disbelief,
    Donor,
    Hello,
    Joiner,
    Kind,
    Numbering,
    Owed,
    Peer,
    Peers,
    Phase,
    Policy,
    Said,
    Signal,
    Step,
    Trailer,
    KEPT,
    PEERS, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::task::time;

use super::counts::SyncCounts;
use super::keys::Keys;
use super::sent_history::{
    Hashes,
    SentHistory, //
};
use super::unicast::Unicasts;

/// Milliseconds between two hellos of a sender.
const HELLO_PAUSE: u64 = 1_000;

/// For so many milliseconds after the last daemon stopped, what is known stays: one of another role
/// may start, as when keepalived switches.
const MEMORY: u64 = 5_000;

/// Of which origin a connection is that a director without a trailer told of.
pub(in crate::table) const OF_STOCK: u8 = PEERS as u8 + 1;

/// What is known, and what administrators set.
#[derive(Default)]
pub(crate) struct PeerKnowledge {
    policy: Policy,
    keys: Keys,
    talk: Option<Talk>,
    unicasts: Unicasts,
    /// The digest of the rules, as it was told last.
    rules: u64,
}

/// The present run of the daemons.
struct Talk {
    peers: KBox<Peers>,
    joiner: Joiner,
    threads: GrowVec<SendingThread>,
    /// When the last daemon stopped; none while one runs.
    stopped_at: Option<u64>,
}

/// What a thread that sends has of its own: to others it is a sender by itself.
struct SendingThread {
    numbers: Numbering,
    donor: Donor,
    history: SentHistory,
    hello_at: u64,
}

/// What of this director others are told in its hellos.
pub(super) struct OwnState {
    pub(super) entries: u32,
    /// A digest of the rules.
    pub(super) rules: u64,
    pub(super) sends: bool,
    pub(super) receives: bool,
}

/// What an entry's word is worth.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) kind: Kind,
    /// Whose it is, as connections note it.
    pub(super) origin: u8,
    /// Bits of those origins that are heard, from 1 on.
    pub(super) live: u32,
}

impl Word {
    /// Whether a director with this origin is heard.
    pub(super) fn is_live(&self, origin: u8) -> bool {
        let bits = self.live.checked_shr(origin.into());
        bits.is_some_and(|bits| bits & 1 != 0)
    }
}

/// What came of a datagram.
pub(super) enum Heard {
    /// Its entries count.
    Entries(Word),
    /// They don't, or there are none; this thread of the master has something to do.
    Wake(usize),
    /// Nothing.
    Nothing,
}

/// How far this director is.
pub(crate) struct Summary {
    /// Its boot id; 0: no daemon runs.
    pub(crate) boot: u64,
    /// None: no daemon runs.
    pub(crate) phase: Option<Phase>,
    pub(crate) is_in_sync: bool,
    /// Milliseconds in the phase.
    pub(crate) since: u64,
    /// Boot id of whom it asked; 0: nobody.
    pub(crate) donor: u64,
}

impl SendingThread {
    fn new(director: u64, number: usize, longest: usize) -> Result<Self> {
        Ok(Self {
            numbers: Numbering::new(boot_of(director, number), KEPT as usize),
            donor: Donor::default(),
            history: SentHistory::new(longest)?,
            hello_at: 0,
        })
    }
}

impl Talk {
    fn new(threads: u16, longest: usize, now: u64) -> Result<Self> {
        let director = time::random_u64();
        let own = boot_of(director, 0);
        let mut all = GrowVec::with_capacity(threads.into())?;
        for number in 0..usize::from(threads) {
            all.push(SendingThread::new(director, number, longest)?)?;
        }
        Ok(Self {
            peers: KBox::new(Peers::new(own), GFP_KERNEL)?,
            joiner: Joiner::new(own, now),
            threads: all,
            stopped_at: None,
        })
    }

    fn boot(&self) -> u64 {
        self.threads
            .first()
            .map_or(0, |thread| thread.numbers.boot())
    }

    /// A signal from the sender `from`. Returns the thread that has something to do.
    fn take_in(&mut self, signal: &Signal, from: u64, now: u64) -> Option<usize> {
        let at = thread_of(signal.to);
        let is_in_sync = self.joiner.is_in_sync();
        let thread = self.threads.get_mut(at)?;
        if let (0, Said::Hello(hello)) = (signal.to, signal.said) {
            // Who waits for somebody to ask hears of this one at once.
            let waits = is_in_sync && !hello.is_in_sync;
            if waits {
                thread.hello_at = thread.hello_at.min(now);
            }
            return waits.then_some(at);
        }
        if thread.numbers.boot() != signal.to {
            return None;
        }
        match signal.said {
            Said::Hello(_) => {}
            Said::Request { bulk } if is_in_sync => {
                thread.donor.request(from, bulk, now);
            }
            Said::Request { .. } => {}
            Said::Done { bulk, last, .. } => self.joiner.done(from, bulk, last, now),
            Said::Ack { bulk, until } => thread.donor.ack(from, bulk, until, now),
            Said::Missing(missing) => {
                for number in missing.numbers() {
                    if let Some(place) = thread.numbers.place(number) {
                        thread.history.want(place, number, now);
                    }
                }
            }
        }
        Some(at)
    }

    fn hello(&self, at: usize, to: u64, nonce: u64, echo: u64, present: &OwnState) -> Signal {
        let numbering = self.threads.get(at).map(|thread| &thread.numbers);
        Signal {
            to,
            said: Said::Hello(Hello {
                nonce,
                echo,
                kept_from: numbering.map_or(0, Numbering::kept_from),
                rules: present.rules,
                entries: present.entries,
                sends: present.sends,
                receives: present.receives,
                is_in_sync: self.joiner.is_in_sync(),
            }),
        }
    }

    fn next_signal(
        &mut self,
        at: usize,
        policy: Policy,
        now: u64,
        present: &OwnState,
    ) -> Option<Signal> {
        let thread = self.threads.get_mut(at)?;
        if now >= thread.hello_at {
            thread.hello_at = now.saturating_add(HELLO_PAUSE);
            return Some(self.hello(at, 0, 0, 0, present));
        }
        if let Some((to, owed)) = self.peers.owed(at, now) {
            return Some(match owed {
                Owed::Hello { nonce, echo } => self.hello(at, to, nonce, echo, present),
                Owed::Missing(missing) => Signal {
                    to,
                    said: Said::Missing(missing),
                },
            });
        }
        if at != 0 {
            return None;
        }
        if self.peers.take_lost(policy, now) {
            self.joiner.lost(now);
        }
        let random = time::random_u64() as u32;
        self.joiner
            .tick(now, &self.peers, policy, present.entries, random)
    }
}

impl PeerKnowledge {
    /// A daemon starts, with so many threads, which send at most `longest` bytes. What was known
    /// stays if one ran until a moment ago. Sleeps. Fails with `ENOMEM`.
    pub(super) fn start(&mut self, threads: u16, longest: usize) -> Result {
        let now = time::milliseconds();
        let stays = self.talk.as_ref().is_some_and(|talk| {
            let ran = talk
                .stopped_at
                .is_none_or(|at| now.saturating_sub(at) < MEMORY);
            ran && talk.threads.len() == usize::from(threads)
        });
        if !stays {
            self.talk = Some(Talk::new(threads, longest, now)?);
        }
        if let Some(talk) = &mut self.talk {
            talk.stopped_at = None;
        }
        Ok(())
    }

    /// The last daemon stopped.
    pub(super) fn stop(&mut self) {
        if let Some(talk) = &mut self.talk {
            talk.stopped_at = Some(time::milliseconds());
        }
    }

    /// Takes in a datagram that is a message of this group. Entries count if a backup runs
    /// (`keeps`), or if they were asked for.
    pub(super) fn hear(&mut self, datagram: &[u8], keeps: bool, counts: &SyncCounts) -> Heard {
        let now = time::milliseconds();
        let policy = self.policy;
        let Some(talk) = &mut self.talk else {
            return Heard::Nothing;
        };
        let Some(sealed) = open(datagram) else {
            if policy == Policy::Signed {
                counts.disbelieve(Disbelief::Unsigned);
                return Heard::Nothing;
            }
            if !keeps {
                return Heard::Nothing;
            }
            talk.joiner.heard_stock();
            return Heard::Entries(Word {
                kind: Kind::Live,
                origin: OF_STOCK,
                live: 0,
            });
        };
        let from = sealed.trailer.boot;
        let signature = self.keys.verify(&sealed);
        let random = time::random_u64();
        let admitted = talk
            .peers
            .admit(datagram, &sealed.trailer, signature, policy, now, random);
        match admitted {
            Ok(Admitted::Entries(kind, place)) => {
                if kind == Kind::Bulk {
                    talk.joiner.bulk_came(from, now);
                }
                let is_asked_for = kind == Kind::Bulk
                    && talk.joiner.donor() == from
                    && talk.joiner.phase() == Phase::Filling;
                if keeps || is_asked_for {
                    return Heard::Entries(Word {
                        kind,
                        origin: place.saturating_add(1) as u8,
                        live: talk.peers.live_places(policy, now) << 1,
                    });
                }
                Heard::Nothing
            }
            Ok(Admitted::Signal(signal)) => match talk.take_in(&signal, from, now) {
                Some(thread) => Heard::Wake(thread),
                None => Heard::Nothing,
            },
            Err(reason) => {
                counts.disbelieve(reason);
                // It may be asked for proof, or for what came too late.
                Heard::Wake(0)
            }
        }
    }

    /// The next signal that a thread is to send; to be called until there is none.
    pub(super) fn next_signal(&mut self, at: usize, present: &OwnState) -> Option<Signal> {
        let (policy, now) = (self.policy, time::milliseconds());
        self.rules = present.rules;
        self.talk.as_mut()?.next_signal(at, policy, now, present)
    }

    /// Whether the first thread is to look again soon, since something is missing or under way.
    pub(super) fn is_busy(&self) -> bool {
        let talk = self.talk.as_ref();
        talk.is_some_and(|talk| talk.peers.is_busy() || talk.joiner.is_busy())
    }

    /// What a thread does next for whom it fills, with room for so many datagrams.
    pub(super) fn step(&mut self, at: usize, room: u32) -> Step {
        let now = time::milliseconds();
        let thread = self.talk.as_mut().and_then(|talk| talk.threads.get_mut(at));
        thread.map_or(Step::Idle, |thread| {
            let last = thread.numbers.last();
            thread.donor.step(now, last, room)
        })
    }

    fn thread(&mut self, at: usize) -> Option<&mut SendingThread> {
        self.talk.as_mut()?.threads.get_mut(at)
    }

    /// The walk for the joiner told of all.
    pub(super) fn has_walked_all(&mut self, at: usize) {
        if let Some(thread) = self.thread(at) {
            thread.donor.has_walked_all(thread.numbers.last());
        }
    }

    /// The trailer of a thread's next datagram with entries, which are looked at after this, and
    /// the place to keep them in.
    pub(super) fn begin(&mut self, at: usize, kind: Kind) -> Option<(Trailer, Option<usize>)> {
        Some(self.thread(at)?.numbers.data(kind, 0))
    }

    /// Something that was lost is to be repaired: the trailer of the datagram that does, and in
    /// `hashes` which connections it tells of.
    pub(super) fn begin_repair(&mut self, at: usize, hashes: &mut Hashes) -> Option<Trailer> {
        let now = time::milliseconds();
        let thread = self.thread(at)?;
        let (number, kind) = thread.history.take_wanted(now, hashes)?;
        Some(thread.numbers.repair(number, kind, 0))
    }

    /// There was nothing to tell.
    pub(super) fn give_back(&mut self, at: usize) {
        if let Some(thread) = self.thread(at) {
            thread.numbers.give_back();
        }
    }

    /// The datagram of `trailer` told of `hashes`, and is about to be sent.
    pub(super) fn is_told(
        &mut self,
        at: usize,
        trailer: &Trailer,
        place: Option<usize>,
        hashes: &[u32],
    ) {
        let Some(thread) = self.thread(at) else {
            return;
        };
        thread.numbers.is_told();
        if let Some(place) = place {
            thread
                .history
                .put(place, trailer.number, trailer.kind, hashes);
        }
        if trailer.kind == Kind::Bulk {
            thread.donor.walked(hashes.len() as u32);
        }
    }

    /// Writes `signal` into `buffer` as a datagram; its length.
    pub(super) fn write_signal(
        &mut self,
        at: usize,
        signal: &Signal,
        buffer: &mut [u8],
        sync_id: u32,
    ) -> Option<usize> {
        let trailer = self.thread(at)?.numbers.signal(0);
        let len = signal.write(buffer, sync_id)?;
        self.seal(buffer, len, trailer)
    }

    /// Puts the trailer behind the message that is the first `len` bytes of `buffer`, and signs it;
    /// the datagram's length.
    pub(super) fn seal(&self, buffer: &mut [u8], len: usize, trailer: Trailer) -> Option<usize> {
        let key = self.keys.signing();
        let trailer = Trailer { key, ..trailer };
        seal(buffer, len, &trailer, |bytes| self.keys.tag(key, bytes))
            .map(|datagram| datagram.len())
    }

    /// What is taken.
    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// Which datagrams are believed from now on.
    pub(crate) fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// The keys.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The same, to be changed.
    pub(crate) fn keys_mut(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// Who is told by unicast.
    pub(crate) fn unicasts(&self) -> &Unicasts {
        &self.unicasts
    }

    /// The same, to be changed.
    pub(crate) fn unicasts_mut(&mut self) -> &mut Unicasts {
        &mut self.unicasts
    }

    /// The digest of the rules, as others were told.
    pub(crate) fn rules(&self) -> u64 {
        self.rules
    }

    fn running(&self) -> Option<&Talk> {
        self.talk.as_ref().filter(|talk| talk.stopped_at.is_none())
    }

    /// How far it is.
    pub(crate) fn summary(&self) -> Summary {
        let now = time::milliseconds();
        let talk = self.running();
        let joiner = talk.map(|talk| &talk.joiner);
        Summary {
            boot: talk.map_or(0, Talk::boot),
            phase: joiner.map(Joiner::phase),
            is_in_sync: joiner.is_some_and(Joiner::is_in_sync),
            since: joiner.map_or(0, |joiner| now.saturating_sub(joiner.since())),
            donor: joiner.map_or(0, Joiner::donor),
        }
    }

    /// The senders that were heard, and for how many milliseconds they weren't.
    pub(crate) fn peers(&self) -> impl Iterator<Item = (&Peer, u64)> {
        let now = time::milliseconds();
        let peers = self
            .running()
            .into_iter()
            .flat_map(|talk| talk.peers.iter());
        peers.map(move |peer| (peer, now.saturating_sub(peer.heard_at())))
    }
}
