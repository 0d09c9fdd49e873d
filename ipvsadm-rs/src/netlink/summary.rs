// SPDX-License-Identifier: MIT OR GPL-2.0

//! How the connection table is, and what was counted beside services: messages of the family `LVS`.

use lvs_uapi::drop_reason::DropReason;
use lvs_uapi::lvs::attr;
use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::summary_attr;
use lvs_uapi::lvs::summary_drop_attr;

use crate::error::Error;
use crate::error::Operation;
use crate::model::summary::Summary;

use super::attr::attributes;
use super::lvs_message::LvsMessage;
use super::socket::Socket;

attributes! {
    /// An attribute of the outermost level.
    pub enum SummaryPart {
        /// All that is told.
        Summary(Vec<SummaryAttr>) = attr::SUMMARY, nest;
    }
}

attributes! {
    /// An attribute of a summary.
    pub enum SummaryAttr {
        /// Connections and templates.
        Conns(u32) = summary_attr::CONNS, u32;
        /// Buckets.
        Buckets(u32) = summary_attr::BUCKETS, u32;
        /// Entries in the fullest one.
        Longest(u32) = summary_attr::LONGEST, u32;
        /// Memory.
        Bytes(u64) = summary_attr::BYTES, u64;
        /// Packets by the early path.
        Early(u64) = summary_attr::EARLY, u64;
        /// Packets by XDP.
        Xdp(u64) = summary_attr::XDP, u64;
        /// Dropped packets.
        Drop(Vec<DropAttr>) = summary_attr::DROP, nest;
    }
}

attributes! {
    /// An attribute of dropped packets.
    pub enum DropAttr {
        /// Why.
        Reason(String) = summary_drop_attr::REASON, string;
        /// How many.
        Count(u64) = summary_drop_attr::COUNT, u64;
    }
}

/// A message of summaries.
pub type SummaryMessage = LvsMessage<SummaryPart>;

/// Asks for it, at a family of this number.
pub fn summary(socket: &mut Socket, family: u16) -> Result<Summary, Error> {
    let request = SummaryMessage {
        cmd: cmd::GET_SUMMARY,
        attrs: Vec::new(),
    };
    let mut summary = Summary::default();
    socket.request_of(family, Operation::GetSummary, request, |reply| {
        take(&mut summary, &reply);
    })?;
    Ok(summary)
}

/// Takes a reply in. Reasons that aren't known here count nowhere.
fn take(summary: &mut Summary, reply: &SummaryMessage) {
    for part in &reply.attrs {
        let SummaryPart::Summary(attrs) = part else {
            continue;
        };
        for attr in attrs {
            match attr {
                SummaryAttr::Conns(count) => summary.conns = *count,
                SummaryAttr::Buckets(count) => summary.buckets = *count,
                SummaryAttr::Longest(count) => summary.longest = *count,
                SummaryAttr::Bytes(bytes) => summary.bytes = *bytes,
                SummaryAttr::Early(count) => summary.early = *count,
                SummaryAttr::Xdp(count) => summary.xdp = *count,
                SummaryAttr::Drop(nest) => take_drop(summary, nest),
                SummaryAttr::Other(_) => {}
            }
        }
    }
}

fn take_drop(summary: &mut Summary, attrs: &[DropAttr]) {
    let (mut reason, mut packets) = (None, 0);
    for attr in attrs {
        match attr {
            DropAttr::Reason(name) => {
                reason = DropReason::ALL.iter().find(|known| known.name() == name);
            }
            DropAttr::Count(count) => packets = *count,
            DropAttr::Other(_) => {}
        }
    }
    if let Some(reason) = reason {
        summary.drops[reason.number()] = packets;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_read_as_it_was_sent() {
        let drop = |name: &str, count| {
            SummaryAttr::Drop(vec![
                DropAttr::Reason(name.to_owned()),
                DropAttr::Count(count),
            ])
        };
        let reply = SummaryMessage {
            cmd: cmd::SUMMARY,
            attrs: vec![SummaryPart::Summary(vec![
                SummaryAttr::Conns(1),
                SummaryAttr::Buckets(2),
                SummaryAttr::Longest(3),
                SummaryAttr::Bytes(4),
                SummaryAttr::Early(5),
                SummaryAttr::Xdp(6),
                drop("ttl", 7),
                drop("of the future", 8),
            ])],
        };
        let mut summary = Summary::default();
        take(&mut summary, &reply.received());
        let mut expected = Summary {
            conns: 1,
            buckets: 2,
            longest: 3,
            bytes: 4,
            early: 5,
            xdp: 6,
            ..Summary::default()
        };
        expected.drops[DropReason::Ttl.number()] = 7;
        assert_eq!(summary, expected);
    }
}
