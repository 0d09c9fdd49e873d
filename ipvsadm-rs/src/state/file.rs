// SPDX-License-Identifier: MIT OR GPL-2.0

//! The file of `save-state`.
//!
//! | bytes | what |
//! |--|--|
//! | 0–7 | `LVSSTATE` |
//! | 8–11 | version, 1 |
//! | 12–15 | 0x01020304 in the machine's order: lists of netlink are in it |
//! | 16–31 | the boot's id |
//! | 32–39 | milliseconds since 1970 |
//! | 40–47 | milliseconds since the boot |
//! | 48–87 | the namespace's counters: connections, packets in and out, bytes in and out |
//! | 88–95 | bytes of the list |
//! | 96–103 | bytes of the records |
//! | 104–111 | checksum of all other bytes |
//! | then | services and servers: command, three zeroes, length of the attributes, the attributes |
//! | then | records of connections, which are lvs's own |
//!
//! Numbers are in network order where nothing else is said.

use std::fmt;

use netlink_packet_core::Emitable;
use netlink_packet_core::ParseableParametrized;
use netlink_packet_generic::GenlHeader;

use lvs_uapi::lvs::FAMILY_VERSION;

use crate::model::state::State;
use crate::model::Stats;
use crate::netlink::drain::RulesMessage;
use crate::netlink::state_control;

const MAGIC: &[u8; 8] = b"LVSSTATE";
const VERSION: u32 = 1;
const ORDER: u32 = 0x0102_0304;
const HEADER: usize = 112;
/// Where the checksum stands, in eight bytes.
const SUM: usize = 104;
/// Bytes of the shortest record, and of one that can't be.
const RECORD: std::ops::Range<usize> = 16..8192;

/// When something was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// During which boot.
    pub boot: [u8; 16],
    /// Milliseconds since 1970.
    pub clock: u64,
    /// Milliseconds since that boot.
    pub uptime: u64,
}

impl Moment {
    /// Milliseconds from `self` to `later`: by the clock if another boot is between them, whose
    /// time nothing else tells. `None` if the clock says that it is the other way round.
    pub fn until(&self, later: &Moment) -> Option<u64> {
        if self.boot == later.boot {
            return Some(later.uptime.saturating_sub(self.uptime));
        }
        later.clock.checked_sub(self.clock)
    }
}

/// Why a file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is something else.
    #[error("isn't a file of save-state")]
    Magic,
    /// It is of another program.
    #[error("is of version {0}; this program knows version {VERSION}")]
    Version(u32),
    /// It is of another machine.
    #[error("is of a machine with another byte order")]
    Order,
    /// Its end is missing, or there is more.
    #[error("has {present} bytes instead of {said}: it was cut off, or something was appended")]
    Size {
        /// What its header says.
        said: u64,
        /// What it has.
        present: u64,
    },
    /// Its checksum is wrong.
    #[error("is damaged: its checksum is wrong")]
    Sum,
    /// It was made by somebody else.
    #[error("makes no sense: {0}")]
    Contents(String),
}

fn contents(what: impl fmt::Display) -> Wrong {
    Wrong::Contents(what.to_string())
}

/// A checksum that each change of a few bits changes: a step for each eight bytes, which are as
/// many different numbers afterwards as before.
fn checksum(parts: [&[u8]; 3]) -> u64 {
    let mut sum: u64 = 0x6c76_7373_7461_7465;
    for part in parts {
        let mut step = |word: u64| {
            sum = (sum ^ word)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(29);
        };
        let mut words = part.chunks_exact(8);
        for word in &mut words {
            step(u64::from_le_bytes(word.try_into().unwrap_or_default()));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        step(u64::from_le_bytes(last));
    }
    sum ^ (sum >> 31)
}

/// Bytes of the file with what a moment's list and records say.
pub fn bytes(moment: &Moment, totals: &Stats, table: &[RulesMessage], records: &[u8]) -> Vec<u8> {
    let mut list = Vec::new();
    for reply in table {
        let len = reply.buffer_len();
        list.extend([reply.cmd, 0, 0, 0]);
        list.extend(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
        let start = list.len();
        list.resize(start + len, 0);
        reply.emit(&mut list[start..]);
    }
    let mut out = Vec::with_capacity(HEADER + list.len() + records.len());
    out.extend(MAGIC);
    out.extend(VERSION.to_be_bytes());
    out.extend(ORDER.to_ne_bytes());
    out.extend(moment.boot);
    let lengths = [list.len() as u64, records.len() as u64];
    let numbers = [moment.clock, moment.uptime]
        .into_iter()
        .chain(values(totals))
        .chain(lengths);
    out.extend(numbers.flat_map(u64::to_be_bytes));
    let sum = checksum([&out, &list, records]);
    out.extend(sum.to_be_bytes());
    out.extend(list);
    out.extend(records);
    out
}

fn values(stats: &Stats) -> [u64; 5] {
    [
        stats.conns,
        stats.inpkts,
        stats.outpkts,
        stats.inbytes,
        stats.outbytes,
    ]
}

/// The number of eight bytes at `at`.
fn number(bytes: &[u8], at: usize) -> u64 {
    let chunk = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    u64::from_be_bytes(chunk.copied().unwrap_or_default())
}

/// Reads a file: when it was made, and what was kept.
pub fn read(bytes: &[u8]) -> Result<(Moment, State), Wrong> {
    if !bytes.starts_with(MAGIC) {
        return Err(Wrong::Magic);
    }
    let cut = |said| Wrong::Size {
        said,
        present: bytes.len() as u64,
    };
    let (header, body) = bytes
        .split_at_checked(HEADER)
        .ok_or_else(|| cut(HEADER as u64))?;
    let word = |at| header.get(at..).and_then(|rest| rest.first_chunk::<4>());
    let version = u32::from_be_bytes(word(8).copied().unwrap_or_default());
    if version != VERSION {
        return Err(Wrong::Version(version));
    }
    if word(12) != Some(&ORDER.to_ne_bytes()) {
        return Err(Wrong::Order);
    }
    let [list_len, records_len] = [88, 96].map(|at| number(header, at));
    let said = (HEADER as u64)
        .saturating_add(list_len)
        .saturating_add(records_len);
    if said != bytes.len() as u64 {
        return Err(cut(said));
    }
    let middle = usize::try_from(list_len).map_err(contents)?;
    let (list, records) = body.split_at_checked(middle).ok_or_else(|| cut(said))?;
    if checksum([&header[..SUM], list, records]) != number(header, SUM) {
        return Err(Wrong::Sum);
    }
    check_records(records)?;
    let table = table(list)?;
    let moment = Moment {
        boot: header[16..32].try_into().unwrap_or_default(),
        clock: number(header, 32),
        uptime: number(header, 40),
    };
    let state = State {
        services: state_control::placed(&table).map_err(contents)?,
        totals: Stats {
            conns: number(header, 48),
            inpkts: number(header, 56),
            outpkts: number(header, 64),
            inbytes: number(header, 72),
            outbytes: number(header, 80),
            ..Stats::default()
        },
        records: records.to_vec(),
    };
    Ok((moment, state))
}

/// Whether there are whole records; what is in them is lvs's to judge.
fn check_records(mut records: &[u8]) -> Result<(), Wrong> {
    while let Some(size) = records.first_chunk::<2>() {
        let size = usize::from(u16::from_be_bytes(*size));
        records = records
            .get(size..)
            .filter(|_| RECORD.contains(&size) && size % 4 == 0)
            .ok_or_else(|| contents("a record's size is wrong"))?;
    }
    if records.is_empty() {
        Ok(())
    } else {
        Err(contents("a record is cut off"))
    }
}

/// The list of services and servers.
fn table(mut list: &[u8]) -> Result<Vec<RulesMessage>, Wrong> {
    let mut table = Vec::new();
    while !list.is_empty() {
        let cut = || contents("the list is cut off");
        let (head, rest) = list.split_first_chunk::<8>().ok_or_else(cut)?;
        let [cmd, _, _, _, len @ ..] = *head;
        let len = usize::try_from(u32::from_be_bytes(len)).map_err(contents)?;
        let (attrs, rest) = rest.split_at_checked(len).ok_or_else(cut)?;
        let header = GenlHeader {
            cmd,
            version: FAMILY_VERSION,
        };
        table.push(RulesMessage::parse_with_param(attrs, header).map_err(contents)?);
        list = rest;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use lvs_uapi::lvs::cmd;

    use crate::netlink::dest::DestAttr;
    use crate::netlink::drain::RulesAttr;
    use crate::netlink::service::ServiceAttr;

    use super::*;

    fn table() -> Vec<RulesMessage> {
        let service = vec![ServiceAttr::Af(2), ServiceAttr::Fwmark(5)];
        let addr = std::net::IpAddr::from([10, 0, 0, 2]);
        vec![
            RulesMessage {
                cmd: cmd::SERVICE,
                attrs: vec![RulesAttr::Service(service), RulesAttr::Position(3)],
            },
            RulesMessage {
                cmd: cmd::DEST,
                attrs: vec![RulesAttr::Dest(vec![DestAttr::Addr(addr.into())])],
            },
        ]
    }

    fn moment() -> Moment {
        Moment {
            boot: [7; 16],
            clock: 1_700_000_000_000,
            uptime: 12_345,
        }
    }

    fn records() -> Vec<u8> {
        let mut records = vec![1; 52];
        records[..2].copy_from_slice(&[0, 52]);
        records
    }

    fn file() -> Vec<u8> {
        let totals = Stats {
            conns: 4,
            outbytes: 9,
            ..Stats::default()
        };
        bytes(&moment(), &totals, &table(), &records())
    }

    #[test]
    fn what_was_written_is_read() {
        let (read_moment, state) = read(&file()).expect("a file");
        assert_eq!(read_moment, moment());
        assert_eq!(state.records, records());
        assert_eq!((state.totals.conns, state.totals.outbytes), (4, 9));
        assert_eq!(state.services.len(), 1);
        assert_eq!(state.services[0].position, Some(3));
        assert_eq!(state.services[0].entry.dests.len(), 1);
        let empty = bytes(&moment(), &Stats::default(), &[], &[]);
        assert!(read(&empty).is_ok());
    }

    #[test]
    fn other_files_are_told_from_it() {
        assert_eq!(read(b"-A -t 10.0.0.1:80\n"), Err(Wrong::Magic));
        assert_eq!(read(b""), Err(Wrong::Magic));
        let mut other = file();
        other[11] = 2;
        assert_eq!(read(&other), Err(Wrong::Version(2)));
        let mut turned = file();
        turned[12..16].reverse();
        assert_eq!(read(&turned), Err(Wrong::Order));
    }

    #[test]
    fn a_file_that_was_cut_off_is_refused() {
        let whole = file();
        for len in 0..whole.len() {
            assert!(read(&whole[..len]).is_err(), "{len} bytes");
        }
        let longer = [&whole[..], b"x"].concat();
        assert!(matches!(read(&longer), Err(Wrong::Size { .. })));
    }

    #[test]
    fn each_flipped_bit_is_noticed() {
        let whole = file();
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn time_goes_on_over_a_boot() {
        let later = Moment {
            clock: 1_700_000_060_000,
            uptime: 12_845,
            ..moment()
        };
        assert_eq!(moment().until(&later), Some(500));
        let rebooted = Moment {
            boot: [8; 16],
            ..later
        };
        assert_eq!(moment().until(&rebooted), Some(60_000));
        assert_eq!(rebooted.until(&moment()), None);
    }
}
