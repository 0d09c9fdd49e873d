// SPDX-License-Identifier: MIT OR GPL-2.0

//! Any bytes as datagrams between two lvs: what is opened can be sealed again to the same bytes,
//! and no row of datagrams confuses a receiver.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lvs_engine::sync::ext::{
    open,
    seal,
    Admitted,
    Donor,
    Joiner,
    Peers,
    Policy,
    Said,
    Signal,
    Signature,
    MAX_SIGNAL,
    TRAILER, //
};
use lvs_engine::sync::Message;

/// The receiver's boot id.
const OWN: u64 = 5;

fuzz_target!(|bytes: &[u8]| {
    let mut receiver = Receiver::new();
    let mut rest = bytes;
    // Each datagram behind a byte of its length and one of what else happens.
    while let [len, how, tail @ ..] = rest {
        let (datagram, later) = tail.split_at(usize::from(*len).min(tail.len()));
        receiver.take(&with_size(datagram, *how), *how);
        rest = later;
    }
});

/// `datagram` with a size, and behind it a magic number, that hold.
fn with_size(datagram: &[u8], how: u8) -> Vec<u8> {
    let mut datagram = datagram.to_vec();
    if how & 1 == 0 && datagram.len() >= 8 + TRAILER {
        let size = (datagram.len() as u16).to_be_bytes();
        datagram[2..4].copy_from_slice(&size);
        let at = datagram.len() - TRAILER;
        datagram[at..at + 4].copy_from_slice(b"LVS1");
        datagram[at + 5] = 0;
    }
    datagram
}

struct Receiver {
    peers: Peers,
    joiner: Joiner,
    donor: Donor,
    now: u64,
}

impl Receiver {
    fn new() -> Self {
        Self {
            peers: Peers::new(OWN),
            joiner: Joiner::new(OWN, 1),
            donor: Donor::default(),
            now: 1,
        }
    }

    fn take(&mut self, datagram: &[u8], how: u8) {
        self.now += u64::from(how >> 4) * 100;
        let policy = match how & 2 {
            0 => Policy::Any,
            _ => Policy::Signed,
        };
        let signature = match how & 12 {
            0 => Signature::None,
            4 => Signature::UnknownKey,
            8 => Signature::Wrong,
            _ => Signature::Good,
        };
        let Some(sealed) = open(datagram) else {
            return;
        };
        again(datagram);
        let trailer = sealed.trailer;
        let taken = self
            .peers
            .admit(datagram, &trailer, signature, policy, self.now, 9);
        assert!(taken.is_err() || signature != Signature::Wrong);
        assert!(taken.is_err() || policy == Policy::Any || signature == Signature::Good);
        match taken {
            Ok(Admitted::Entries(_, _)) => {
                assert!(Message::read(datagram, 0).is_ok());
                self.joiner.bulk_came(trailer.boot, self.now);
            }
            Ok(Admitted::Signal(signal)) => self.hear(&signal, trailer.boot),
            Err(_) => {}
        }
        for _ in 0..64 {
            if self.peers.owed(0, self.now).is_none() {
                break;
            }
        }
        if self.peers.take_lost(policy, self.now) {
            self.joiner.lost(self.now);
        }
        self.joiner.tick(self.now, &self.peers, policy, 7, 8);
        self.donor.step(self.now, trailer.number, 64);
    }

    fn hear(&mut self, signal: &Signal, from: u64) {
        let mut buffer = [0; MAX_SIGNAL];
        let len = signal.write(&mut buffer, 0).expect("room");
        assert!(len + TRAILER <= MAX_SIGNAL);
        match signal.said {
            Said::Request { bulk } => {
                self.donor.request(from, bulk, self.now);
            }
            Said::Done { bulk, last, .. } => self.joiner.done(from, bulk, last, self.now),
            Said::Ack { bulk, until } => self.donor.ack(from, bulk, until, self.now),
            Said::Missing(missing) => {
                let numbers: Vec<u64> = missing.numbers().collect();
                assert!(numbers.len() <= 512 && numbers.is_sorted());
            }
            Said::Hello(_) => {}
        }
    }
}

/// Sealing what was opened gives the same datagram, but for the signature.
fn again(datagram: &[u8]) {
    let sealed = open(datagram).expect("it was opened");
    let len = datagram.len() - TRAILER;
    if len % 4 != 0 {
        return;
    }
    let mut buffer = datagram.to_vec();
    let tag = [7; 16];
    let made = seal(&mut buffer, len, &sealed.trailer, |_| tag).expect("room");
    let signed = made.len() - tag.len();
    assert_eq!(made[..signed], datagram[..signed]);
}
