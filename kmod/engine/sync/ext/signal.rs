// SPDX-License-Identifier: GPL-2.0

//! What two lvs say to each other beside connections. ip_vs reads it as a message of version 0
//! without entries.
//!
//! | off | size | field |
//! |--|--|--|
//! | 0 | u8 | 0 |
//! | 1 | u8 | synchronisation id |
//! | 2 | be16 | size of the datagram, trailer included |
//! | 4 | u8 | what it says: 1 hello, 2 request, 3 done, 4 acknowledgement, 5 missing |
//! | 5 | u8 | 0x4c |
//! | 6 | be16 | 0 |
//! | 8 | be64 | boot id of whom it is for, 0: all |
//! | 16 | | see each; more may follow and is skipped |

use super::super::bytes::{
    Input,
    Output, //
};
use super::layout::{
    is_signal,
    SIGNAL_HEADER,
    SIGNAL_VERSION,
    TRAILER, //
};
use super::receive_window::{
    Missing,
    WORDS, //
};

/// Bytes of the longest signal, trailer included.
pub const MAX_SIGNAL: usize = SIGNAL_HEADER + 8 + 8 + 8 * WORDS + TRAILER;

/// That a director is there, once a second and when it is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Hello {
    /// be64: a number that whom it is for shall say again, to show that it lives; 0: none.
    pub nonce: u64,
    /// be64: the number that whom it is for asked to hear again; 0: none.
    pub echo: u64,
    /// be64: the oldest number of data that can still be repaired.
    pub kept_from: u64,
    /// be64: a digest of the rules, to tell that they differ.
    pub rules: u64,
    /// be32: connections it has.
    pub entries: u32,
    /// u8, bit 0: it tells others of its connections.
    pub sends: bool,
    /// Bit 1: it takes what others tell.
    pub receives: bool,
    /// Bit 2: it has all that there is. Three bytes 0 follow.
    pub is_in_sync: bool,
}

/// What a signal says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    /// 1: [`Hello`], 40 bytes.
    Hello(Hello),
    /// 2: a joiner wants all connections.
    Request {
        /// be32: chosen by the joiner; be32 0 follows.
        bulk: u32,
    },
    /// 3: all have been sent.
    Done {
        /// be32: of the request.
        bulk: u32,
        /// be32: how many there were.
        entries: u32,
        /// be64: number of the last datagram with some of them.
        last: u64,
    },
    /// 4: how far the joiner is.
    Ack {
        /// be32: of the request; be32 0 follows.
        bulk: u32,
        /// be64: it misses nothing up to this number.
        until: u64,
    },
    /// 5: numbers that were lost: be64 the first that is told about, 8 be64 with a bit for each,
    /// of lowest worth first.
    Missing(Missing),
}

/// A signal: what one director says to another, or to all, beside connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signal {
    /// Boot id of whom it is for, 0: all.
    pub to: u64,
    /// What it says.
    pub said: Said,
}

impl Signal {
    /// Writes it for the group `sync_id` into `buffer`, where it lacks its trailer; returns how
    /// long it is. `None` if there is no room.
    pub fn write(&self, buffer: &mut [u8], sync_id: u32) -> Option<usize> {
        let room = buffer.len();
        let [.., id] = sync_id.to_be_bytes();
        let kind = match self.said {
            Said::Hello(_) => 1,
            Said::Request { .. } => 2,
            Said::Done { .. } => 3,
            Said::Ack { .. } => 4,
            Said::Missing(_) => 5,
        };
        let mut out = Output(buffer);
        out.put(&[0, id, 0, 0, kind, SIGNAL_VERSION, 0, 0])?;
        out.put(&self.to.to_be_bytes())?;
        match &self.said {
            Said::Hello(hello) => write_hello(&mut out, hello)?,
            Said::Request { bulk } => put_pair(&mut out, *bulk, 0)?,
            Said::Done {
                bulk,
                entries,
                last,
            } => {
                put_pair(&mut out, *bulk, *entries)?;
                out.put(&last.to_be_bytes())?;
            }
            Said::Ack { bulk, until } => {
                put_pair(&mut out, *bulk, 0)?;
                out.put(&until.to_be_bytes())?;
            }
            Said::Missing(missing) => {
                out.put(&missing.from.to_be_bytes())?;
                for word in missing.bits {
                    out.put(&word.to_be_bytes())?;
                }
            }
        }
        let len = room.checked_sub(out.0.len())?;
        let size = u16::try_from(len).ok()?;
        buffer.get_mut(2..4)?.copy_from_slice(&size.to_be_bytes());
        Some(len)
    }

    /// Reads it from `datagram`, which is sealed. `None` if it isn't one that is known.
    pub fn read(datagram: &[u8]) -> Option<Self> {
        let len = datagram.len().checked_sub(TRAILER)?;
        if !is_signal(datagram) {
            return None;
        }
        let mut input = Input(datagram.get(SIGNAL_HEADER..len)?);
        let kind = *datagram.get(4)?;
        let to = input.be64()?;
        let said = match kind {
            1 => Said::Hello(read_hello(&mut input)?),
            2 => {
                let (bulk, _) = (input.be32()?, input.be32()?);
                Said::Request { bulk }
            }
            3 => Said::Done {
                bulk: input.be32()?,
                entries: input.be32()?,
                last: input.be64()?,
            },
            4 => {
                let (bulk, _) = (input.be32()?, input.be32()?);
                let until = input.be64()?;
                Said::Ack { bulk, until }
            }
            5 => {
                let from = input.be64()?;
                let mut bits = [0; WORDS];
                for word in &mut bits {
                    *word = input.be64()?;
                }
                Said::Missing(Missing { from, bits })
            }
            _ => return None,
        };
        Some(Self { to, said })
    }
}

fn put_pair(out: &mut Output<'_>, first: u32, second: u32) -> Option<()> {
    out.put(&first.to_be_bytes())?;
    out.put(&second.to_be_bytes())
}

fn write_hello(out: &mut Output<'_>, hello: &Hello) -> Option<()> {
    for number in [hello.nonce, hello.echo, hello.kept_from, hello.rules] {
        out.put(&number.to_be_bytes())?;
    }
    let bits =
        u8::from(hello.sends) | (u8::from(hello.receives) << 1) | (u8::from(hello.is_in_sync) << 2);
    out.put(&hello.entries.to_be_bytes())?;
    out.put(&[bits, 0, 0, 0])
}

fn read_hello(input: &mut Input<'_>) -> Option<Hello> {
    let (nonce, echo, kept_from, rules) =
        (input.be64()?, input.be64()?, input.be64()?, input.be64()?);
    let entries = input.be32()?;
    let [bits, _, _, _] = input.array()?;
    Some(Hello {
        nonce,
        echo,
        kept_from,
        rules,
        entries,
        sends: bits & 1 != 0,
        receives: bits & 2 != 0,
        is_in_sync: bits & 4 != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::read::{
        Message,
        Version, //
    };
    use super::super::trailer::{
        open,
        seal,
        Kind,
        Trailer, //
    };
    use super::*;

    fn sealed(signal: &Signal) -> Vec<u8> {
        let mut buffer = [0; MAX_SIGNAL];
        let len = signal.write(&mut buffer, 0x107).unwrap();
        let trailer = Trailer {
            kind: Kind::Signal,
            key: 0,
            boot: 1,
            number: 2,
            repeats: 0,
            as_of: 3,
        };
        seal(&mut buffer, len, &trailer, |_| [0; 16])
            .unwrap()
            .to_vec()
    }

    fn all() -> [Signal; 5] {
        let hello = Hello {
            nonce: 1,
            echo: 2,
            kept_from: 3,
            rules: 4,
            entries: 5,
            sends: true,
            receives: false,
            is_in_sync: true,
        };
        let missing = Missing {
            from: 7,
            bits: [1, 2, 3, 4, 5, 6, 7, u64::MAX],
        };
        let done = Said::Done {
            bulk: 6,
            entries: 7,
            last: 8,
        };
        [
            (0, Said::Hello(hello)),
            (5, Said::Request { bulk: 6 }),
            (6, done),
            (7, Said::Ack { bulk: 8, until: 9 }),
            (u64::MAX, Said::Missing(missing)),
        ]
        .map(|(to, said)| Signal { to, said })
    }

    #[test]
    fn each_is_read_as_it_was_written() {
        for signal in all() {
            let datagram = sealed(&signal);
            assert_eq!(Signal::read(&datagram), Some(signal));
            assert!(open(&datagram).is_some());
            // A cut one isn't.
            let mut cut = datagram.clone();
            cut.drain(SIGNAL_HEADER..SIGNAL_HEADER + 4);
            assert_eq!(Signal::read(&cut), None);
        }
    }

    #[test]
    fn ip_vs_sees_no_entry_in_it() {
        for signal in all() {
            let datagram = sealed(&signal);
            let message = Message::read(&datagram, 7).unwrap();
            assert_eq!((message.version(), message.count()), (Version::V0, 0));
        }
    }

    #[test]
    fn later_ones_may_be_longer_and_others_are_unknown() {
        let mut datagram = sealed(&all()[1]);
        datagram.splice(20..20, [1, 2, 3, 4]);
        assert_eq!(Signal::read(&datagram), Some(all()[1]));
        datagram[4] = 6;
        assert_eq!(Signal::read(&datagram), None);
        datagram[5] = 1;
        assert_eq!(Signal::read(&datagram), None);
    }

    #[test]
    fn the_wire_is_as_documented() {
        let datagram = sealed(&all()[2]);
        let head = [0, 7, 0, 8 + 24 + 56, 3, 0x4c, 0, 0];
        assert_eq!(datagram[..8], head);
        let body = [
            0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 8,
        ];
        assert_eq!(datagram[8..32], body);
        assert_eq!(sealed(&all()[4]).len(), MAX_SIGNAL);
    }
}
