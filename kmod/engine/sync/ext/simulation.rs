// SPDX-License-Identifier: GPL-2.0

//! Directors in a network that loses, delays and repeats datagrams: in the end all know the same,
//! and nothing older ever undoes what is newer.

use std::collections::{
    BTreeMap,
    BTreeSet, //
};
use std::hash::{
    DefaultHasher,
    Hash,
    Hasher, //
};

use super::super::entry::tests::tcp;
use super::super::{
    Endpoint,
    Entry,
    Message,
    Version,
    Writer, //
};
use super::*;
use crate::addr::Addr;

/// A generator of random numbers, the same in each run.
pub(super) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn is_hit(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

fn sign(secret: u64, bytes: &[u8]) -> Tag {
    let mut hasher = DefaultHasher::new();
    (secret, bytes).hash(&mut hasher);
    let mut tag = [0; TAG];
    tag[..8].copy_from_slice(&hasher.finish().to_le_bytes());
    tag
}

/// A connection by its number; its version is told as the timeout.
fn entry(number: u32, version: u32) -> Entry<'static> {
    Entry {
        client: Endpoint {
            addr: Addr::from_v4(number.to_be_bytes()),
            port: 1,
        },
        timeout: version,
        ..tcp()
    }
}

/// A director: what the module would do, with the table as a map.
pub(super) struct Director {
    pub(super) table: BTreeMap<u32, u32>,
    /// Whose the last word was on connections that others told.
    origins: BTreeMap<u32, u64>,
    dirty: BTreeSet<u32>,
    sender: Numbering,
    kept: Vec<(Kind, u64, Vec<u32>)>,
    pub(super) peers: Peers,
    pub(super) joiner: Joiner,
    donor: Donor,
    pace: Pace,
    walked_to: u32,
    pub(super) keys: KeyIds,
    pub(super) secret: u64,
    pub(super) policy: Policy,
    pub(super) refused: BTreeMap<&'static str, u32>,
    random: Random,
    said_hello_at: u64,
    pub(super) out: Vec<Vec<u8>>,
}

impl Director {
    pub(super) fn new(boot: u64, now: u64, secret: Option<u64>) -> Self {
        Self {
            table: BTreeMap::new(),
            origins: BTreeMap::new(),
            dirty: BTreeSet::new(),
            sender: Numbering::new(boot, KEPT as usize),
            kept: vec![(Kind::Live, 0, Vec::new()); KEPT as usize],
            peers: Peers::new(boot),
            joiner: Joiner::new(boot, now),
            donor: Donor::default(),
            pace: Pace::default(),
            walked_to: 0,
            keys: KeyIds([secret.map_or(0, |_| 3), 0]),
            secret: secret.unwrap_or(0),
            policy: match secret {
                Some(_) => Policy::Signed,
                None => Policy::Any,
            },
            refused: BTreeMap::new(),
            random: Random(boot),
            said_hello_at: 0,
            out: Vec::new(),
        }
    }

    pub(super) fn boot(&self) -> u64 {
        self.sender.boot()
    }

    pub(super) fn change(&mut self, number: u32, version: u32) {
        self.table.insert(number, version);
        self.origins.remove(&number);
        self.dirty.insert(number);
    }

    fn seal(&mut self, buffer: &mut [u8], len: usize, trailer: &Trailer) {
        let secret = self.secret;
        let datagram = seal(buffer, len, trailer, |bytes| sign(secret, bytes)).unwrap();
        self.out.push(datagram.to_vec());
    }

    /// Sends the present state of these connections.
    fn tell(&mut self, numbers: &[u32], trailer: &Trailer) {
        let mut buffer = [0; 1472];
        let mut writer = Writer::new(&mut buffer[..1472 - SEAL], Version::V1, 7).unwrap();
        for number in numbers {
            if let Some(version) = self.table.get(number) {
                writer.push(&entry(*number, *version)).unwrap();
            }
        }
        let len = writer.finish().len();
        self.seal(&mut buffer, len, trailer);
    }

    fn tell_data(&mut self, numbers: &[u32], kind: Kind) {
        let (trailer, place) = self.sender.data(kind, self.keys.0[0]);
        self.kept[place.unwrap()] = (kind, 0, numbers.to_vec());
        self.sender.is_told();
        self.tell(numbers, &trailer);
    }

    fn say(&mut self, signal: &Signal) {
        let mut buffer = [0; MAX_SIGNAL];
        let len = signal.write(&mut buffer, 7).unwrap();
        let trailer = self.sender.signal(self.keys.0[0]);
        self.seal(&mut buffer, len, &trailer);
    }

    fn hello(&mut self, to: u64, nonce: u64, echo: u64) {
        let hello = Hello {
            nonce,
            echo,
            kept_from: self.sender.kept_from(),
            rules: 0,
            entries: self.table.len() as u32,
            sends: true,
            receives: true,
            is_in_sync: self.joiner.is_in_sync(),
        };
        let said = Said::Hello(hello);
        self.say(&Signal { to, said });
    }

    pub(super) fn step(&mut self, now: u64) {
        if now >= self.said_hello_at + 1000 {
            self.said_hello_at = now;
            self.hello(0, 0, 0);
        }
        while let Some((to, owed)) = self.peers.owed(0, now) {
            match owed {
                Owed::Hello { nonce, echo } => self.hello(to, nonce, echo),
                Owed::Missing(missing) => {
                    let said = Said::Missing(missing);
                    self.say(&Signal { to, said });
                }
            }
        }
        if self.peers.take_lost(self.policy, now) {
            self.joiner.lost(now);
        }
        let (entries, random) = (self.table.len() as u32, self.random.next() as u32);
        let joiner = &mut self.joiner;
        if let Some(signal) = joiner.tick(now, &self.peers, self.policy, entries, random) {
            self.say(&signal);
        }
        if now % 20 == 0 {
            let dirty: Vec<u32> = core::mem::take(&mut self.dirty).into_iter().collect();
            for numbers in dirty.chunks(39) {
                self.tell_data(numbers, Kind::Live);
            }
        }
        self.give(now);
    }

    fn give(&mut self, now: u64) {
        loop {
            let room = self.pace.room(now);
            match self.donor.step(now, self.sender.last(), room) {
                Step::Idle | Step::Wait(_) => break,
                Step::Begin => self.walked_to = 0,
                Step::Say(signal) => self.say(&signal),
                Step::Walk(_) => {
                    let rest = self.table.range(self.walked_to..);
                    let numbers: Vec<u32> = rest.take(39).map(|(number, _)| *number).collect();
                    let Some(last) = numbers.last() else {
                        self.donor.has_walked_all(self.sender.last());
                        continue;
                    };
                    self.walked_to = last + 1;
                    self.tell_data(&numbers, Kind::Bulk);
                    self.donor.walked(numbers.len() as u32);
                    self.pace.sent(1);
                }
            }
        }
    }

    pub(super) fn receive(&mut self, datagram: &[u8], now: u64) {
        let Some(sealed) = open(datagram) else {
            return;
        };
        let trailer = sealed.trailer;
        let secret = self.secret;
        let signature = Signature::of(&sealed, &self.keys, |_, bytes| sign(secret, bytes));
        let random = self.random.next();
        let peers = &mut self.peers;
        match peers.admit(datagram, &trailer, signature, self.policy, now, random) {
            Ok(Admitted::Entries(kind, _)) => {
                if kind == Kind::Bulk {
                    self.joiner.bulk_came(trailer.boot, now);
                }
                for entry in Message::read(datagram, 7).unwrap().entries() {
                    self.learn(&entry.unwrap(), kind, trailer.boot, now);
                }
            }
            Ok(Admitted::Signal(signal)) => self.hear(&signal, trailer.boot, now),
            Err(reason) => *self.refused.entry(reason.name()).or_default() += 1,
        }
    }

    fn learn(&mut self, entry: &Entry<'_>, kind: Kind, from: u64, now: u64) {
        let number = u32::from_be_bytes(entry.client.addr.v4());
        let origin = match self.origins.get(&number) {
            None => Origin::Own,
            Some(origin) if *origin == from => Origin::Sender,
            Some(origin) => match self.peers.find(*origin, self.policy) {
                Some(peer) if peer.is_live(self.policy, now) => Origin::Other,
                _ => Origin::Gone,
            },
        };
        let present = self.table.get(&number).copied();
        if present.is_some() && !may_change(kind, origin, present == Some(entry.timeout)) {
            return;
        }
        assert!(present <= Some(entry.timeout), "an older word on {number}");
        self.table.insert(number, entry.timeout);
        self.origins.insert(number, from);
    }

    fn hear(&mut self, signal: &Signal, from: u64, now: u64) {
        if signal.to != self.sender.boot() {
            return;
        }
        match signal.said {
            Said::Hello(_) => {}
            Said::Request { bulk } if self.joiner.is_in_sync() => {
                self.donor.request(from, bulk, now);
            }
            Said::Request { .. } => {}
            Said::Done { bulk, last, .. } => self.joiner.done(from, bulk, last, now),
            Said::Ack { bulk, until } => self.donor.ack(from, bulk, until, now),
            Said::Missing(missing) => {
                for number in missing.numbers() {
                    if self.pace.room(now) == 0 {
                        break;
                    }
                    if let Some(place) = self.sender.place(number) {
                        let (kind, last, numbers) = self.kept[place].clone();
                        if !may_repair(last, now) {
                            continue;
                        }
                        self.kept[place].1 = now;
                        let trailer = self.sender.repair(number, kind, self.keys.0[0]);
                        self.tell(&numbers, &trailer);
                        self.pace.sent(1);
                    }
                }
            }
        }
    }
}

/// Datagrams on their way, each with when and to whom.
pub(super) struct Network {
    random: Random,
    pub(super) loss: u64,
    duplicates: u64,
    jitter: u64,
    under_way: BTreeMap<(u64, u64), (usize, Vec<u8>)>,
    count: u64,
}

impl Network {
    pub(super) fn new(seed: u64, loss: u64, duplicates: u64, jitter: u64) -> Self {
        Self {
            random: Random(seed),
            loss,
            duplicates,
            jitter,
            under_way: BTreeMap::new(),
            count: 0,
        }
    }

    pub(super) fn send(&mut self, to: usize, datagram: &[u8], now: u64) {
        let copies = 1 + u64::from(self.random.is_hit(self.duplicates));
        for _ in 0..copies {
            if self.random.is_hit(self.loss) {
                continue;
            }
            let at = now + 1 + self.random.below(self.jitter + 1);
            self.count += 1;
            self.under_way
                .insert((at, self.count), (to, datagram.to_vec()));
        }
    }

    fn arrived(&mut self, now: u64) -> Vec<(usize, Vec<u8>)> {
        let later = self.under_way.split_off(&(now + 1, 0));
        let arrived = core::mem::replace(&mut self.under_way, later);
        arrived.into_values().collect()
    }
}

/// Lets a millisecond pass.
pub(super) fn pass(directors: &mut [Director], network: &mut Network, now: u64) {
    for (to, datagram) in network.arrived(now) {
        if let Some(director) = directors.get_mut(to) {
            director.receive(&datagram, now);
        }
    }
    for from in 0..directors.len() {
        directors[from].step(now);
        for datagram in core::mem::take(&mut directors[from].out) {
            for to in (0..directors.len()).filter(|to| *to != from) {
                network.send(to, &datagram, now);
            }
        }
    }
}

/// A master with connections, and one that joins while they change. Returns how long it took until
/// the joiner was in sync, and how long after the last change both had the same.
fn join(entries: u32, loss: u64, duplicates: u64, jitter: u64, secret: Option<u64>) -> (u64, u64) {
    let mut network = Network::new(entries.into(), loss, duplicates, jitter);
    let mut random = Random(loss + 1);
    let mut directors = vec![Director::new(11, 1, secret)];
    let mut version = 1;
    for number in 0..entries {
        directors[0].table.insert(number, version);
    }
    let mut now = 1;
    while now < 4000 {
        pass(&mut directors, &mut network, now);
        now += 1;
    }
    assert_eq!(directors[0].joiner.phase(), Phase::Alone);
    directors.push(Director::new(5, now, secret));
    let begin = now;
    let mut in_sync = None;
    let mut last_change = now;
    while in_sync.is_none() || now < begin + 3000 {
        assert!(now < begin + 60_000, "never in sync");
        for _ in 0..3 {
            version += 1;
            let number = random.below(u64::from(entries) + 100) as u32;
            directors[0].change(number, version);
        }
        pass(&mut directors, &mut network, now);
        last_change = now;
        if in_sync.is_none() && directors[1].joiner.phase() == Phase::InSync {
            // Nothing that there was before is missing.
            assert!((0..entries).all(|number| directors[1].table.contains_key(&number)));
            in_sync = Some(now);
        }
        now += 1;
    }
    while directors[0].table != directors[1].table {
        pass(&mut directors, &mut network, now);
        assert!(now < last_change + 10_000, "never the same");
        now += 1;
    }
    assert_eq!(directors[1].joiner.phase(), Phase::InSync);
    (in_sync.unwrap() - begin, now - last_change)
}

#[test]
fn a_joiner_is_filled_while_connections_change() {
    let (filled, settled) = join(20_000, 0, 0, 0, None);
    // 513 datagrams at 64 each 10 ms, once the first hello was heard.
    assert!(filled < 1200, "{filled} ms");
    assert!(settled < 30, "{settled} ms");
}

#[test]
fn losses_are_repaired() {
    for (loss, limit) in [(1, 1000), (10, 2000), (50, 8000)] {
        let (filled, settled) = join(5_000, loss, 0, 0, Some(9));
        println!("{loss} %: filled in {filled} ms, settled {settled} ms after the last change");
        assert!(filled < 2000 + limit, "{loss} %: {filled} ms");
        assert!(settled < limit, "{loss} %: {settled} ms");
    }
}

#[test]
fn order_and_copies_do_not_matter() {
    for (loss, duplicates, jitter) in [(0, 50, 0), (0, 0, 30), (10, 20, 15)] {
        let (filled, settled) = join(3_000, loss, duplicates, jitter, Some(9));
        println!("{loss} {duplicates} {jitter}: {filled} ms, {settled} ms");
        assert!(filled < 5000, "{filled} ms");
        assert!(settled < 3000, "{settled} ms");
    }
}
