// SPDX-License-Identifier: MIT OR GPL-2.0

//! Reads what is kept of a table, and has lvs take it in again.

use nix::errno::Errno;
use std::thread;
use std::time::Duration;

use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::FAMILY_NAME;
use netlink_packet_core::DecodeError;

use crate::error::Error;
use crate::error::Operation;
use crate::model::drain::DrainRequest;
use crate::model::state::Loaded;
use crate::model::state::Placed;
use crate::model::Dest;
use crate::model::ServiceId;
use crate::model::Stats;

use super::conns;
use super::conns::ConnsMessage;
use super::drain;
use super::drain::RulesAttr;
use super::drain::RulesMessage;
use super::socket::Socket;
use super::table;

/// How often a list is asked for that others change meanwhile.
const ATTEMPTS: usize = 100;
/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(10);
/// Most bytes of records in a message: the length of an attribute has 16 bits.
const BATCH: usize = 60_000;

/// What is shown besides: of which service, or which server of it, how much; and where the
/// service's scheduler goes on.
pub type MoreCounted = (ServiceId, Option<Dest>, Stats, Option<u64>);

/// State over generic netlink.
pub struct StateNetlink {
    socket: Socket,
    family: u16,
}

impl StateNetlink {
    /// Finds the family, which lvs alone has.
    pub fn open() -> Result<Self, Error> {
        let mut socket = Socket::open()?;
        let family = socket.resolve(FAMILY_NAME)?;
        Ok(StateNetlink { socket, family })
    }

    /// The replies that list all services and servers, as they came.
    pub fn table(&mut self) -> Result<Vec<RulesMessage>, Error> {
        self.consistent(
            || table::request(None),
            |list: &mut Vec<RulesMessage>, reply| {
                list.push(reply.clone());
            },
        )
    }

    /// Records of all connections, sorted by rank.
    pub fn records(&mut self) -> Result<Vec<u8>, Error> {
        let ranks = self.consistent(conns::list, |ranks: &mut [Vec<u8>; 3], reply| {
            for record in conns::records(reply) {
                let rank = usize::from(record.get(3).copied().unwrap_or(2)).min(2);
                ranks[rank].extend_from_slice(record);
            }
        })?;
        Ok(ranks.concat())
    }

    /// A list during which nothing changed that it depends on.
    fn consistent<A, T: Default>(
        &mut self,
        request: impl Fn() -> super::lvs_message::LvsMessage<A>,
        take: impl Fn(&mut T, &super::lvs_message::LvsMessage<A>),
    ) -> Result<T, Error>
    where
        A: netlink_packet_core::Nla
            + for<'b> netlink_packet_core::Parseable<netlink_packet_core::NlaBuffer<&'b [u8]>>
            + std::fmt::Debug,
    {
        let mut last = Errno::EAGAIN;
        for _ in 0..ATTEMPTS {
            let mut list = T::default();
            let listed =
                self.socket
                    .dump_of(self.family, Operation::GetState, request(), |reply| {
                        take(&mut list, reply);
                        Ok(())
                    });
            match listed {
                Ok(true) => return Ok(list),
                Ok(false) => {}
                Err(error) if error.errno() == Some(Errno::EAGAIN) => last = Errno::EAGAIN,
                Err(error) => return Err(error),
            }
            thread::sleep(PAUSE);
        }
        Err(Error::Refused {
            operation: Operation::GetState,
            errno: last,
        })
    }

    /// Has the kernel make connections of records; `elapsed` tells how old they are at a time.
    pub fn load(&mut self, records: &[u8], elapsed: impl Fn() -> u32) -> Result<Loaded, Error> {
        let mut sum = Loaded::default();
        for batch in batches(records) {
            let request = conns::load(batch.to_vec(), elapsed());
            self.socket.request_of(
                self.family,
                Operation::LoadState,
                request,
                |reply: ConnsMessage| sum = sum.plus(conns::loaded(&reply)),
            )?;
        }
        Ok(sum)
    }

    /// Has listings show more in total.
    pub fn add_totals(&mut self, totals: &Stats) -> Result<(), Error> {
        let request = conns::counters(None, totals, None);
        self.socket
            .request_of(self.family, Operation::LoadState, request, |_| {})
    }

    /// Has listings show more. One result for each.
    pub fn add_counters(&mut self, more: &[MoreCounted]) -> Vec<Result<(), Error>> {
        let requests = more.iter().map(|(id, dest, stats, position)| {
            let request = conns::counters(Some((id, dest.as_ref())), stats, *position);
            (Operation::LoadState, request)
        });
        self.socket.pipeline_of(self.family, requests.collect())
    }

    /// Drains servers. One result for each.
    pub fn drain(&mut self, drains: &[(ServiceId, Dest, DrainRequest)]) -> Vec<Result<(), Error>> {
        let requests = drains.iter().map(|(id, dest, asked)| {
            let request = drain::drain(id, dest, asked);
            (Operation::Drain, request)
        });
        self.socket.pipeline_of(self.family, requests.collect())
    }
}

/// Whole records in pieces that fit a message.
fn batches(mut records: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let mut end = 0;
        while let Some([high, low]) = records.get(end..).and_then(|rest| rest.first_chunk::<2>()) {
            let size = usize::from(u16::from_be_bytes([*high, *low])).max(1);
            if end > 0 && end + size > BATCH {
                break;
            }
            end += size;
        }
        let (batch, rest) = records.split_at(end.min(records.len()));
        records = rest;
        (!batch.is_empty()).then_some(batch)
    })
}

/// What the list of services and servers says.
pub fn placed(table: &[RulesMessage]) -> Result<Vec<Placed>, DecodeError> {
    let mut entries = Vec::new();
    let mut positions = Vec::new();
    for reply in table {
        table::append(&mut entries, reply)?;
        if reply.cmd == cmd::SERVICE {
            positions.push(reply.attrs.iter().find_map(|attr| match attr {
                RulesAttr::Position(position) => Some(*position),
                _ => None,
            }));
        }
    }
    let positions = positions.into_iter().chain(std::iter::repeat(None));
    Ok(entries
        .into_iter()
        .zip(positions)
        .map(|(entry, position)| Placed { entry, position })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_whole_records() {
        let record = |size: u16| {
            let mut bytes = vec![7; usize::from(size)];
            bytes[..2].copy_from_slice(&size.to_be_bytes());
            bytes
        };
        let records: Vec<u8> = (0..3000).flat_map(|_| record(52)).collect();
        let sizes: Vec<usize> = batches(&records).map(<[u8]>::len).collect();
        assert_eq!(sizes, [59_956, 59_956, 36_088]);
        assert_eq!(batches(&[]).count(), 0);
    }
}
