// SPDX-License-Identifier: GPL-2.0

//! What a receiver knows of one sender: whether it lives, what came of it and what is missing.

use super::admission::{
    Disbelief,
    Policy, //
};
use super::numbering::{
    director_of,
    thread_of, //
};
use super::receive_window::{
    Missing,
    Number,
    ReceiveWindow, //
};
use super::signal::{
    Hello,
    Said, //
    Signal,
};
use super::trailer::{
    Kind,
    Trailer, //
};

/// Milliseconds from when something is missing until it is asked for.
const ASK_DELAY: u64 = 10;
/// Milliseconds until it is asked for again.
const ASK_PAUSE: u64 = 40;
/// Milliseconds between two attempts to have a sender prove itself, and two answers to such.
const CHALLENGE_PAUSE: u64 = 100;
/// Milliseconds of silence after which a sender isn't asked for anything any more.
pub(super) const SILENCE: u64 = 5_000;

/// One sender, by its boot id.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    boot: u64,
    is_signed: bool,
    is_proven: bool,
    /// What it shall say to prove that it lives.
    nonce: u64,
    /// What it asked to hear, until that was said.
    to_echo: u64,
    /// Which of the receiver's senders it asked.
    echo_by: usize,
    data: ReceiveWindow,
    others: ReceiveWindow,
    /// The highest number of data that was taken: older ones must not undo it.
    applied: u64,
    hello: Option<Hello>,
    /// It was in sync when it was heard of first.
    came_in_sync: bool,
    since: u64,
    heard_at: u64,
    challenge_at: u64,
    /// When to ask for what is missing; 0: nothing is.
    ask_at: u64,
}

/// What a peer is to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owed {
    /// A hello with these two fields.
    Hello {
        /// What the peer shall say.
        nonce: u64,
        /// What it asked to hear.
        echo: u64,
    },
    /// What is missing of it.
    Missing(Missing),
}

impl Peer {
    /// One of which `trailer` came at `now`. `nonce` is a random number.
    pub(super) fn new(trailer: &Trailer, is_signed: bool, nonce: u64, now: u64) -> Self {
        let before = match trailer.is_data() {
            true => trailer.number.saturating_sub(1),
            false => trailer.as_of,
        };
        Self {
            boot: trailer.boot,
            is_signed,
            is_proven: false,
            nonce: nonce.max(1),
            to_echo: 0,
            echo_by: 0,
            data: ReceiveWindow::after(before),
            others: ReceiveWindow::after(match trailer.is_data() {
                true => 0,
                false => trailer.number.saturating_sub(1),
            }),
            applied: before,
            hello: None,
            came_in_sync: false,
            since: now,
            heard_at: now,
            challenge_at: 0,
            ask_at: 0,
        }
    }

    /// Its boot id.
    pub const fn boot(&self) -> u64 {
        self.boot
    }

    /// Whether it signs by a key that is known.
    pub const fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// Whether it proved to be there now.
    pub const fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// When it was heard for the last time, in milliseconds.
    pub const fn heard_at(&self) -> u64 {
        self.heard_at
    }

    /// When it was heard first, in milliseconds.
    pub const fn since(&self) -> u64 {
        self.since
    }

    /// Its latest hello; `None` before the first.
    pub const fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Whether it said to be in sync when it was heard of first.
    pub const fn came_in_sync(&self) -> bool {
        self.came_in_sync
    }

    /// Up to which number nothing of it is missing.
    pub fn whole_until(&self) -> u64 {
        self.data.whole_until()
    }

    /// Whether it is heard, and believed under `policy`.
    pub fn is_live(&self, policy: Policy, now: u64) -> bool {
        let is_believed = self.is_proven || policy == Policy::Any;
        is_believed && now.saturating_sub(self.heard_at) < SILENCE
    }

    /// Whether something of it was missing for too long to be repaired; forgets that.
    pub fn take_lost(&mut self) -> bool {
        self.data.take_lost()
    }

    /// Takes note of a datagram of it. `own` is the receiver's boot id.
    pub(super) fn take(
        &mut self,
        trailer: &Trailer,
        signal: Option<&Signal>,
        own: u64,
        policy: Policy,
        now: u64,
    ) -> Result<(), Disbelief> {
        self.heard_at = now;
        let hello = signal.and_then(|signal| match signal.said {
            Said::Hello(hello) => Some((signal.to, hello)),
            _ => None,
        });
        if let Some((to, hello)) = hello {
            if director_of(to) == director_of(own) {
                self.prove(trailer, &hello);
                if hello.nonce != 0 {
                    self.to_echo = hello.nonce;
                    self.echo_by = thread_of(to);
                }
            }
        }
        if self.is_signed && !self.is_proven && policy == Policy::Signed {
            return Err(Disbelief::Unproven);
        }
        match trailer.kind {
            Kind::Signal => self.take_signal(trailer, hello.map(|(_, hello)| hello))?,
            _ if trailer.is_data() => self.take_data(trailer.number)?,
            _ => self.take_repair(trailer)?,
        }
        if self.ask_at == 0 && !self.data.is_whole() {
            self.ask_at = now.saturating_add(ASK_DELAY);
        }
        Ok(())
    }

    /// It has said what it was asked to: it lives, and what comes from now on is no recording.
    fn prove(&mut self, trailer: &Trailer, hello: &Hello) {
        if self.is_proven || hello.echo != self.nonce {
            return;
        }
        self.is_proven = true;
        self.data = ReceiveWindow::after(trailer.as_of);
        self.others = ReceiveWindow::after(trailer.number.saturating_sub(1));
        self.applied = trailer.as_of;
    }

    fn take_data(&mut self, number: u64) -> Result<(), Disbelief> {
        match self.data.look(number) {
            Number::New | Number::Late if number > self.applied => {
                self.data.note(number);
                self.applied = number;
                Ok(())
            }
            Number::Duplicate => Err(Disbelief::Duplicate),
            _ => Err(Disbelief::Late),
        }
    }

    fn take_repair(&mut self, trailer: &Trailer) -> Result<(), Disbelief> {
        self.take_other(trailer)?;
        match self.data.look(trailer.repeats) {
            // Made before something that was taken: it might undo that.
            Number::New | Number::Late if trailer.as_of < self.applied => Err(Disbelief::Late),
            Number::New | Number::Late => {
                self.data.note(trailer.repeats);
                Ok(())
            }
            _ => Err(Disbelief::Duplicate),
        }
    }

    fn take_signal(&mut self, trailer: &Trailer, hello: Option<Hello>) -> Result<(), Disbelief> {
        self.take_other(trailer)?;
        self.data.expect_up_to(trailer.as_of);
        if let Some(hello) = hello {
            if self.hello.is_none() {
                self.came_in_sync = hello.is_in_sync;
            }
            self.hello = Some(hello);
            self.data.give_up_before(hello.kept_from);
        }
        Ok(())
    }

    /// A number of the sequence in which order is of no importance.
    fn take_other(&mut self, trailer: &Trailer) -> Result<(), Disbelief> {
        match self.others.look(trailer.number) {
            Number::New | Number::Late => {
                self.others.note(trailer.number);
                Ok(())
            }
            Number::Duplicate | Number::TooOld => Err(Disbelief::Duplicate),
        }
    }

    /// Whether it is to be sent something soon.
    pub(super) fn is_busy(&self) -> bool {
        self.ask_at != 0 || self.to_echo != 0 || (self.is_signed && !self.is_proven)
    }

    /// What the director's `thread` is to send it at `now`; notes that it was. The first one
    /// asks for what is missing and for proof, each says again what it was asked to.
    pub(super) fn owed(&mut self, thread: usize, now: u64) -> Option<Owed> {
        if now.saturating_sub(self.heard_at) >= SILENCE {
            return None;
        }
        let lacks_proof = self.is_signed && !self.is_proven && thread == 0;
        let echoes = self.to_echo != 0 && self.echo_by == thread;
        if (lacks_proof || echoes) && now >= self.challenge_at {
            self.challenge_at = now.saturating_add(CHALLENGE_PAUSE);
            return Some(Owed::Hello {
                nonce: if lacks_proof { self.nonce } else { 0 },
                echo: if echoes {
                    core::mem::take(&mut self.to_echo)
                } else {
                    0
                },
            });
        }
        if thread != 0 {
            return None;
        }
        if self.ask_at == 0 || now < self.ask_at {
            return None;
        }
        let missing = self.data.missing();
        self.ask_at = match missing {
            Some(_) => now.saturating_add(ASK_PAUSE),
            None => 0,
        };
        missing.map(Owed::Missing)
    }
}
