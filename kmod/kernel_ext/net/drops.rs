// SPDX-License-Identifier: GPL-2.0

//! Dropped packets: counted by our reasons, and told to whoever watches the kernel's.
//!
//! Relies on: freeing a packet ends it, whatever the reason that is given.
//!
//! A breach would be noticed by: `test-drop-reasons`.

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::parse::{
    self,
    protocol, //
};
use lvs_uapi::drop_reason::DropReason;

use super::bindings;
use super::netns::Net;
use super::packet::{
    Disposition,
    Packet, //
};
use crate::kernel_ext::mem::percpu::CpuCounts;
use crate::kernel_ext::trace::{
    self,
    Dropped,
    End,
    Ends, //
};

/// How many packets of a namespace were dropped, by reason.
pub(crate) struct Drops {
    counts: CpuCounts<{ DropReason::COUNT }>,
    /// The namespace's number.
    netns: u32,
}

impl Drops {
    /// None yet; may sleep. Fails with `ENOMEM`.
    pub(crate) fn new(net: Net<'_>) -> Result<Self> {
        Ok(Self {
            counts: CpuCounts::new()?,
            netns: net.number(),
        })
    }

    /// Counts a packet. Any context.
    pub(super) fn count(&self, reason: DropReason) {
        self.counts.count(reason.number());
    }

    /// The packets dropped so far, for each reason by its number.
    pub(crate) fn sums(&self) -> [u64; DropReason::COUNT] {
        self.counts.sums()
    }
}

/// The kernel's reason that says the same; `NETFILTER_DROP` where it has none.
const fn of_kernel(reason: DropReason) -> bindings::skb_drop_reason {
    use bindings as b;
    match reason {
        DropReason::NoServer => b::skb_drop_reason_SKB_DROP_REASON_NO_SOCKET,
        DropReason::NoMemory => b::skb_drop_reason_SKB_DROP_REASON_NOMEM,
        DropReason::NoRoute => b::skb_drop_reason_SKB_DROP_REASON_IP_OUTNOROUTES,
        DropReason::TooBig => b::skb_drop_reason_SKB_DROP_REASON_PKT_TOO_BIG,
        // As where it forwards.
        DropReason::Ttl => b::skb_drop_reason_SKB_DROP_REASON_IP_INHDR,
        DropReason::Malformed => b::skb_drop_reason_SKB_DROP_REASON_HDR_TRUNC,
        DropReason::Checksum => b::skb_drop_reason_SKB_DROP_REASON_ICMP_CSUM,
        DropReason::Boundary => b::skb_drop_reason_SKB_DROP_REASON_IP_LOCALNET,
        DropReason::ServerGone
        | DropReason::TableFull
        | DropReason::PortCrowded
        | DropReason::Defence
        | DropReason::StrayReply
        | DropReason::StrayError
        | DropReason::Ftp
        | DropReason::NoCallId
        | DropReason::Tracking
        | DropReason::Ended => b::skb_drop_reason_SKB_DROP_REASON_NETFILTER_DROP,
    }
}

/// From where to where a packet goes, as far as its headers say.
fn ends(packet: &Packet, netns: u32) -> Ends {
    let family = packet.family();
    let bytes = packet.linear();
    let header = match family {
        Family::V4 => parse::ipv4(bytes),
        Family::V6 => parse::ipv6(bytes),
    };
    let end = |addr, port| End { family, addr, port };
    let nowhere = end(Addr::ANY, 0);
    let Ok(ip) = header else {
        return Ends {
            netns,
            protocol: 0,
            client: nowhere,
            service: nowhere,
            server: nowhere,
        };
    };
    let transport = match ip.protocol {
        protocol::TCP | protocol::UDP | protocol::SCTP if !ip.is_later_fragment => {
            bytes.get(ip.len..).unwrap_or_default()
        }
        _ => &[],
    };
    let (source, destination) = parse::ports(transport).unwrap_or_default();
    Ends {
        netns,
        protocol: ip.protocol,
        client: end(ip.source, source),
        service: end(ip.destination, destination),
        server: nowhere,
    }
}

impl Packet {
    /// Drops the packet. Its sender, if that is a program of this host, gets `EPERM`, as from every
    /// hook that drops. Hook context; doesn't sleep.
    #[cold]
    pub(crate) fn discard(self, drops: &Drops, reason: DropReason) -> Disposition {
        self.free(drops, reason);
        Disposition::refused()
    }

    /// Frees the packet, which may not be the one the hook was called with any more, as dropped.
    #[cold]
    pub(in crate::kernel_ext) fn free(self, drops: &Drops, reason: DropReason) -> Disposition {
        drops.count(reason);
        trace::dropped(|| Dropped {
            ends: ends(&self, drops.netns),
            reason: reason.name(),
            len: self.len(),
        });
        // SAFETY: The packet is owned and given up.
        unsafe { bindings::lvs_skb_drop(self.into_raw(), of_kernel(reason)) };
        Disposition::stolen()
    }
}
